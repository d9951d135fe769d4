"""How much of what a request does was done, compared with a run without fault: counted, never assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from msgspec.structs import replace

from looktwice.prove.network.wire.http import path_without_identifiers
from looktwice.prove.oracle import Observation
from looktwice.prove.oracle.document import pattern
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.servers.postgres.net import NetRow

Call = tuple[str, str]  # method and path, without identifiers
Change = tuple[str, str, tuple[tuple[str, str], ...]]  # table, kind, the values that are compared
_MOST_NAMED = 3
_MADE = "a value made for it"  # a token, a moment, a reference: its own in every run, so that only null tells


class Amount(StrEnum):
    NONE = "none"
    PART = "part"  # some of it, and nothing else
    ALL = "all"
    MORE = "more"  # all of it or part, and some of it once too often
    OTHER = "other"  # something that a run without fault does not leave


class Extent:
    """What one request leaves when nothing is in its way, and how far another run came.

    full: the run without fault. reading: its serial runs, which say what can be compared.
    """

    def __init__(self, full: Observation, reading: Reading) -> None:
        self._reading = reading
        self._state = reading.state(replace(full, upstream=()))
        self._rows = self._changes(full)
        self._net = reading.rows(full)
        self._calls = _calls(full)
        self.has_calls = bool(self._calls)
        self._has_rows = bool(full.changes or full.keys)

    def rows(self, run: Observation) -> Amount:
        """Of rows and Redis keys; ALL when there are none to write and none were."""
        if not run.changes and not run.keys:
            return Amount.NONE if self._has_rows else Amount.ALL
        if self._reading.state(replace(run, upstream=())) == self._state:
            return Amount.ALL
        mine = self._changes(run)
        is_part = not mine - self._rows and mine != self._rows
        return Amount.OTHER if not is_part else Amount.PART if mine else Amount.NONE

    def shares(self, run: Observation) -> bool:
        """Whether the run left, or had done outside, anything that one without fault does too."""
        return bool(self._changes(run) & self._rows or _calls(run) & self._calls)

    def calls(self, run: Observation) -> Amount:
        """Of what the outside services carried out; ALL when there is nothing to have."""
        done = _calls(run)
        if done == self._calls:
            return Amount.ALL
        if not done:
            return Amount.NONE
        return Amount.MORE if done - self._calls else Amount.PART

    def is_whole(self, run: Observation) -> bool:
        return self.rows(run) is Amount.ALL and self.calls(run) is Amount.ALL

    def is_complete(self, run: Observation) -> bool:
        """Whole, but for what else stands in tables that the request alone never writes: a note of the failure."""
        mine = self._changes(run)
        elsewhere = {change[0] for change in mine - self._rows}.isdisjoint(change[0] for change in self._rows)
        return self.is_whole(run) or (
            not self._rows - mine and elsewhere and self.calls(run) is Amount.ALL and self._has_rows
        )

    def doubled(self, run: Observation) -> str:
        """What was done twice of that which the request does once, as a clause; "" when nothing was. Rows of its own
        beside it (a note that the message came again) are no second effect."""
        done = _calls(run)
        parts = [self.tell_calls(run)] if any(done[call] >= 2 * count for call, count in self._calls.items()) else []
        usual, now = _inserted(self._net), _inserted(self._reading.rows(run))
        parts += [
            f"{table.removeprefix('public.')} has {now[table]} new rows instead of {count}"
            for table, count in sorted(usual.items())
            if now[table] >= 2 * count
        ]
        steps = _steps(self._reading.rows(run))
        parts += [
            f"{table.removeprefix('public.')}.{name} changes by {_number(2 * by)} instead of {_number(by)}"
            for (table, row, name), by in sorted(_steps(self._net).items(), key=repr)
            if steps.get((table, row, name)) == 2 * by
        ]
        return ", ".join(parts)

    def is_nothing(self, run: Observation) -> bool:
        return not run.changes and not run.keys and not run.upstream

    # ---- in words

    def tell_rows(self, run: Observation) -> str:
        """What of the rows is there, as a clause: "no row is written", "nothing is written to undo_history"."""
        amount = self.rows(run)
        if amount is Amount.ALL:
            return "every row is written" if self._has_rows else "there are no rows to write"
        if amount is Amount.NONE:
            return "no row is written"
        mine = self._changes(run)
        missing, extra, usual = self._rows - mine, mine - self._rows, _by_table(self._rows)
        tables = sorted({change[0] for change in (*missing, *extra)})
        parts = [_clause(name, _in(missing, name), _in(extra, name), usual[name]) for name in tables[:_MOST_NAMED]]
        return ", ".join(parts) or "the rows are not those of a run without the fault"

    def tell_difference(self, run: Observation) -> str:
        """What of rows and calls is not as without the fault, as a clause."""
        rows = self.rows(run) is not Amount.ALL
        calls = self.calls(run) is not Amount.ALL
        parts = [self.tell_rows(run)] if rows or not calls else []
        return ", ".join([*parts, self.tell_calls(run)] if calls else parts)

    def tell_calls(self, run: Observation) -> str:
        """What the outside services carried out, as a clause."""
        done = _calls(run)
        if not done and len(self._calls) == 1:
            (call,) = self._calls
            return f"{' '.join(call)} is not carried out"
        parts = [
            f"{' '.join(call)} is carried out {_times(done[call])}"
            + (f" instead of {_times(self._calls[call])}" if done[call] != self._calls[call] else "")
            for call in sorted({*done, *self._calls})
        ]
        return ", ".join(parts)

    def _changes(self, run: Observation) -> Counter[Change]:
        """The rows that differ from the snapshot, by the values that two runs can be compared in, and the keys."""
        if any(change.kind == "truncate" for change in run.changes):
            return Counter()
        found = Counter(self._change(row) for row in self._reading.rows(run))
        found.update((f"Redis key {pattern(key.key)}", key.type, ()) for key in run.keys)
        return found

    def _change(self, row: NetRow) -> Change:
        image = row.after or row.before or {}
        roles = self._reading.roles.positions
        plain = []
        for name, value in sorted(image.items()):
            role = roles.get(("row", row.table, name))
            if role is not None and role.kind == "literal":
                plain.append((name, "null" if value is None else value))
            elif role is not None and role.kind != "unstable":
                plain.append((name, "null" if value is None else _MADE))
        return row.table, row.kind, tuple(plain)


def _inserted(rows: Iterable[NetRow]) -> Counter[str]:
    return Counter(row.table for row in rows if row.before is None)


def _steps(rows: Iterable[NetRow]) -> dict[tuple[str, str, str], Decimal]:
    """By how much each number of a standing row changed."""
    found: dict[tuple[str, str, str], Decimal] = {}
    for row in rows:
        for name, after in (row.after or {}).items():
            before = (row.before or {}).get(name)
            if before is not None and after is not None and before != after:
                with suppress(InvalidOperation):
                    found[row.table, _identity(row), name] = Decimal(after) - Decimal(before)
    return found


def _identity(row: NetRow) -> str:
    """The row by what did not change in it."""
    before, after = row.before or {}, row.after or {}
    return repr(sorted((name, value) for name, value in before.items() if after.get(name) == value))


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _calls(run: Observation) -> Counter[Call]:
    return Counter((call.method, path_without_identifiers(call.path)) for call in run.upstream)


def _by_table(changes: Counter[Change]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (table, _, _), count in changes.items():
        found[table] += count
    return found


def _in(changes: Counter[Change], table: str) -> list[Change]:
    return [change for change in changes.elements() if change[0] == table]


def _clause(table: str, missing: list[Change], extra: list[Change], usual: int) -> str:
    """What is other in one table than without the fault."""
    name = table.removeprefix("public.")
    if not extra:
        return (
            f"nothing is written to {name}"
            if len(missing) == usual
            else (f"{usual - len(missing)} of {usual} rows are written to {name}")
        )
    if not missing:
        return f"{usual + len(extra)} rows are written to {name} instead of {usual}"
    before, after = dict(missing[0][2]), dict(extra[0][2])
    other = next((column for column in after if before.get(column) != after[column]), "")
    if len(missing) == len(extra) == 1 and other:
        return f"{name}.{other} is {after[other]} instead of {before.get(other)}"
    return f"what is written to {name} is not the same"


def _times(count: int) -> str:
    return {0: "not once", 1: "once", 2: "twice"}.get(count, f"{count} times")
