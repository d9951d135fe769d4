"""What a series of row changes amounts to: one entry a row, first image and last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from looktwice.prove.servers.postgres.change import RowChange, Values

Identity = tuple[str, tuple[str | None, ...]]  # the table and the values that tell its rows apart


class NetRow(Struct, frozen=True):
    """One row that differs: `before` is None when it was made, `after` None when it is gone. `xids` wrote it, in
    order."""

    table: str
    before: Values | None
    after: Values | None
    xids: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        return "insert" if self.before is None else "delete" if self.after is None else "update"


def net(changes: Iterable[RowChange], primary_keys: Mapping[str, tuple[str, ...]]) -> tuple[NetRow, ...]:
    """The net effect of `changes` (in commit order); rows that ended as they began are left out.

    primary_keys: table → columns. A row of a table without one is followed by its whole content.
    Raises ValueError for a truncate: what it removed is not in the log.
    """
    done: list[NetRow] = []
    live: dict[Identity, list[int]] = {}

    def identity(table: str, row: Values) -> Identity:
        names = primary_keys.get(table) or tuple(sorted(row))
        return table, tuple(row.get(name) for name in names)

    for change in changes:
        if change.kind == "truncate":
            raise ValueError(f"{change.table} was truncated")
        position = None
        if change.before is not None and (standing := live.get(identity(change.table, change.before))):
            position = standing.pop()
        if position is None:
            position = len(done)
            done.append(NetRow(change.table, change.before, change.after, (change.xid,)))
        else:
            first = done[position]
            done[position] = NetRow(change.table, first.before, change.after, (*first.xids, change.xid))
        if change.after is not None:
            live.setdefault(identity(change.table, change.after), []).append(position)
    return _without_returns(done, identity)


def _without_returns(rows: list[NetRow], identity: Callable[[str, Values], Identity]) -> tuple[NetRow, ...]:
    """Join a row that was deleted and made again under its old key, and drop what came back to what it was."""
    gone: dict[Identity, list[NetRow]] = {}
    for row in rows:
        if row.before is not None and row.after is None:
            gone.setdefault(identity(row.table, row.before), []).append(row)
    result = []
    for row in rows:
        if row.before is None and row.after is not None and (earlier := gone.get(identity(row.table, row.after))):
            first = earlier.pop()
            row = NetRow(row.table, first.before, row.after, first.xids + row.xids)
        if row.after is not None:
            result.append(row)
    result += [row for stayed in gone.values() for row in stayed]
    return tuple(row for row in result if row.before != row.after)
