"""One row that changed, as the write-ahead log tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Values = dict[str, str | None]  # column → PostgreSQL's text of it, None for NULL


class RowChange(Struct, frozen=True):
    """One row inserted, updated or deleted by a committed transaction; or a table truncated.

    `table` is schema-qualified ("public.wallet"). `key` holds the primary key's values (empty without one), of the row
    after an insert or update, before a delete. `before` is None for an insert, `after` for a delete, both for a
    truncate. `committed` is the commit's time, seconds since the epoch by the server's clock, to the microsecond.
    """

    xid: int
    table: str
    kind: Literal["insert", "update", "delete", "truncate"]
    key: tuple[str | None, ...]
    before: Values | None
    after: Values | None
    committed: float = 0.0


class Window(Struct, frozen=True):
    """A stretch of time (seconds since the epoch) in which one backend may have committed: from the moment the
    statement or COMMIT was passed to the server until its ready message came back."""

    pid: int
    start: float
    end: float


def owners(changes: Iterable[RowChange], sightings: dict[int, int], windows: Iterable[Window] = ()) -> dict[int, int]:
    """Which backend wrote which transaction: xid → pid.

    sightings: xid → pid as seen in pg_stat_activity while a transaction was held (certain). windows: for transactions
    that were never held, the only window that the commit's time falls into; when two fit, the transaction has no owner.
    """
    spans = tuple(windows)
    found: dict[int, int] = {}
    for change in changes:
        if change.xid in found:
            continue
        if change.xid in sightings:
            found[change.xid] = sightings[change.xid]
            continue
        pids = {window.pid for window in spans if window.start <= change.committed <= window.end}
        if len(pids) == 1:
            found[change.xid] = pids.pop()
    return found
