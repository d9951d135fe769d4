"""What a statement or a request touches, and when two of them depend on each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from looktwice.prove.servers.postgres.catalogue import Schema
from looktwice.prove.servers.postgres.change import RowChange

Key = tuple[tuple[str, ...], tuple[str | None, ...]]  # columns and their values; ((), ()) for not known


class Read(Struct, frozen=True):
    """Something read. kind: "row" (the row with this key), "gap" (that there is nothing more in a stretch of the index
    over these columns: what check-then-create rests on), "table" (all of it, or nobody knows which part)."""

    table: str
    kind: Literal["row", "gap", "table"]
    key: Key = ((), ())
    columns: tuple[str, ...] = ()  # of the index, for a gap

    def explain(self) -> str:
        if self.kind == "gap":
            return f"what is not in {self.table} by {', '.join(self.columns)}"
        return f"{self.table}{_spell(self.key)}"


class Write(Struct, frozen=True):
    """Something written. `uniques` are the unique keys that the row has afterwards, `changed` the columns an update set
    to another value."""

    table: str
    kind: Literal["insert", "update", "delete", "unknown"]
    key: Key = ((), ())
    changed: frozenset[str] = frozenset()
    uniques: frozenset[Key] = frozenset()

    def explain(self) -> str:
        return f"{self.kind} {self.table}{_spell(self.key)}"


class Footprint(Struct, frozen=True):
    reads: frozenset[Read] = frozenset()
    writes: frozenset[Write] = frozenset()

    def __or__(self, other: Footprint) -> Footprint:
        return Footprint(self.reads | other.reads, self.writes | other.writes)

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(read.table for read in self.reads) | frozenset(write.table for write in self.writes)


UNKNOWN_TABLE = "*"  # a statement that was not understood touches everything


class Dependency(Struct, frozen=True):
    """Why the order of two footprints may matter."""

    first: Read | Write
    second: Read | Write

    def explain(self) -> str:
        return f"{self.first.explain()} and {self.second.explain()}"


def dependencies(one: Footprint, other: Footprint) -> tuple[Dependency, ...]:
    """Every pair of accesses whose order may matter: the same thing, and at least one writes it."""
    found: list[Dependency] = []
    found += [Dependency(read, write) for read in one.reads for write in other.writes if depends(read, write)]
    found += [Dependency(write, read) for write in one.writes for read in other.reads if depends(read, write)]
    found += [Dependency(mine, theirs) for mine in one.writes for theirs in other.writes if collides(mine, theirs)]
    return tuple(sorted(found, key=Dependency.explain))


def depends(read: Read, write: Write) -> bool:
    """True when the write may change what the read saw."""
    if UNKNOWN_TABLE in (read.table, write.table):
        return True
    if read.table != write.table:
        return False
    if read.kind == "table" or write.kind == "unknown":
        return True
    if read.kind == "gap":
        return write.kind == "insert" or bool(write.changed & set(read.columns))
    return _same(read.key, write.key)


def collides(one: Write, other: Write) -> bool:
    """True when both write the same row, or both want the same unique key."""
    if UNKNOWN_TABLE in (one.table, other.table):
        return True
    if one.table != other.table:
        return False
    if "unknown" in (one.kind, other.kind):
        return True
    if one.kind == other.kind == "insert":
        return bool(one.uniques & other.uniques)
    return _same(one.key, other.key) or bool(one.uniques & other.uniques)


def writes_of(changes: Iterable[RowChange], schema: Schema) -> frozenset[Write]:
    """The writes in decoded changes."""
    found = set()
    for change in changes:
        table = schema.tables.get(change.table)
        if change.kind == "truncate" or table is None:
            found.add(Write(change.table, "unknown"))
            continue
        row = change.after or change.before or {}
        columns = table.primary_key
        key = (columns, tuple(row.get(name) for name in columns)) if columns else ((), ())
        made = frozenset(
            (names, values)
            for names in table.uniques
            if change.after is not None and None not in (values := tuple(change.after.get(name) for name in names))
        )
        changed = frozenset(
            name for name in row if change.before and change.after and change.before.get(name) != change.after[name]
        )
        found.add(Write(change.table, change.kind, key, changed, made))
    return frozenset(found)


def _same(one: Key, other: Key) -> bool:
    """False only when both are known by the same columns and the values differ."""
    return not (one[0] and one[0] == other[0] and one[1] != other[1])


def _spell(key: Key) -> str:
    if not key[0]:
        return ""
    return " (" + ", ".join(f"{name} {value}" for name, value in zip(*key, strict=True)) + ")"
