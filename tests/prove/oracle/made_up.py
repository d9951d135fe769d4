"""Observations written by hand: a small shop's tables, and runs spelled in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from looktwice.prove.oracle import Answer, KeyValue, Mechanism, Observation, Reading, UpstreamCall, outcome
from looktwice.prove.servers.postgres.catalogue import Column, Reference, Schema, Table
from looktwice.prove.servers.postgres.change import RowChange, Values

START = 1_700_000_000.0


def column(name: str, kind: str = "text", category: str = "S", filled: str = "") -> Column:
    return Column(name=name, type=kind, category=category, filled=filled)


def integer(name: str, filled: str = "") -> Column:
    return column(name, "integer", "N", filled)


def table(name: str, *columns: Column, references: Sequence[Reference] = (), uniques: Sequence[str] = ()) -> Table:
    return Table(
        name=f"public.{name}",
        schema="public",
        relation=name,
        columns=columns,
        primary_key=("id",),
        uniques=(("id",), *((unique,) for unique in uniques)),
        references=tuple(references),
        identity_full=True,
    )


WALLET = table("wallet", integer("id", "sequence"), column("balance", "numeric", "N"), integer("version"))
PURCHASE = table(
    "purchase",
    integer("id", "sequence"),
    integer("wallet_id"),
    column("token"),
    column("total", "double precision", "N"),
    column("made", "timestamp with time zone", "D", "clock"),
    column("expires", "timestamp with time zone", "D"),
    column("note", "jsonb", "U"),
    integer("code"),
    column("tags", "text[]", "A"),
    references=[Reference(("wallet_id",), "public.wallet", ("id",))],
)
LINE = table(
    "line",
    integer("id", "sequence"),
    integer("purchase_id"),
    column("item"),
    references=[Reference(("purchase_id",), "public.purchase", ("id",))],
)
SCHEMA = Schema({one.name: one for one in (WALLET, PURCHASE, LINE)}, ("public.purchase_id_seq",))
_XIDS = count(1000)


def update(name: str, before: Mapping[str, Any], **after: Any) -> RowChange:
    old = _text(before)
    return _change("update", name, old, old | _text(after))


def insert(name: str, **row: Any) -> RowChange:
    return _change("insert", name, None, _text(row))


def delete(name: str, **row: Any) -> RowChange:
    return _change("delete", name, _text(row), None)


def moment(at: float) -> str:
    """PostgreSQL's spelling of a time in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")


def run(
    answers: Mapping[str, tuple[int | None, Any]],
    changes: Iterable[RowChange] = (),
    *,
    at: float = START,
    method: str = "POST",
    requests: Mapping[str, Any] | None = None,
    upstream: Iterable[UpstreamCall] = (),
    keys: Iterable[KeyValue] = (),
    mechanisms: Iterable[Mechanism] = (),
    errors: Iterable[tuple[str, str]] = (),
    overlapped: bool = True,
) -> Observation:
    """One run: lane → (status, body), and the rows that changed. It took a tenth of a second from `at` on."""
    return Observation(
        answers=tuple(
            Answer(
                lane=lane,
                method=method,
                path="/it",
                status=status,
                outcome=outcome(status),
                body=body,
                request=(requests or {}).get(lane),
            )
            for lane, (status, body) in answers.items()
        ),
        changes=tuple(changes),
        keys=tuple(keys),
        upstream=tuple(upstream),
        started=at,
        ended=at + 0.1,
        mechanisms=tuple(mechanisms),
        errors=tuple(errors),
        overlapped=overlapped,
    )


def read(serial: Mapping[str, Sequence[Observation] | Observation], schema: Schema = SCHEMA) -> Reading:
    """Serial runs by their order spelled as a word ("AB", "" for none); the empty one is added."""
    runs = {tuple(order): [found] if isinstance(found, Observation) else list(found) for order, found in serial.items()}
    return Reading({(): [run({})], **runs}, schema)


def _change(kind: str, name: str, before: Values | None, after: Values | None) -> RowChange:
    row = after or before or {}
    key = (row.get("id"),)
    return RowChange(next(_XIDS), f"public.{name}", kind, key, before, after, START)  # type: ignore[arg-type]


def _text(row: Mapping[str, Any]) -> Values:
    return {name: None if value is None else str(value) for name, value in row.items()}
