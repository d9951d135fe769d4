"""A schema as a history of changes: those of migrations and SQL scripts, and the resulting tables."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.entities import Column, Entity, Index, Unique
from looktwice.core.event import Unread


class Change(Struct, frozen=True, array_like=True, gc=False):
    """One change. Only the relevant fields are set.

    kind: "create table", "drop table", "rename table" (to `name`), "add column", "drop column", "rename column" (of
    `column` to `name`), "add unique", "add index", "add check", "add policy", "drop" (the constraint or index `name`),
    "unread" (a statement about the table that could not be read).
    table: without its schema; "" for a drop that names none. name: of the constraint or index, "" when it has none.
    """

    kind: str
    table: str
    start: int
    end: int
    name: str = ""
    column: Column | None = None
    unique: Unique | None = None
    index: Index | None = None
    check: str = ""


class Migration(Struct, frozen=True, array_like=True, gc=False):
    """The changes of one file. `after` are the revisions it builds upon; both are empty outside of Alembic.

    unread: what of the file could not be read; note: what a reader should know of it otherwise.
    """

    path: str
    changes: tuple[Change, ...]
    revision: str = ""
    after: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    note: str = ""


class Table:
    """A table while its history is replayed."""

    def __init__(self, name: str, path: str, change: Change) -> None:
        self.name, self.path, self.start, self.end = name, path, change.start, change.end
        self.columns: dict[str, Column] = {}
        self.uniques: dict[str, Unique] = {}
        self.indexes: dict[str, Index] = {}
        self.checks: dict[str, str] = {}
        self.policies: dict[str, str] = {}
        self.is_whole = True  # every statement about it could be read

    def entity(self) -> Entity:
        """The table as an entity, to be completed by an ORM model."""
        return Entity(
            f"table:{self.name}",
            self.name,
            self.name,
            self.path,
            self.start,
            self.end,
            tuple(self.columns.values()),
            tuple(self.uniques.values()),
            tuple(self.indexes.values()),
            checks=tuple(self.checks.values()),
            policies=tuple(self.policies.values()),
            complete=bool(self.columns) and self.is_whole,
        )

    def apply(self, change: Change) -> None:
        """Replay one change on this table."""
        name = change.name or f"#{len(self.uniques) + len(self.indexes) + len(self.checks)}"
        match change.kind:
            case "add column" if change.column:
                self.columns[change.column.name] = change.column
            case "drop column":
                self.without_column(change.name)
            case "rename column" if change.column:
                self.rename_column(change.column.name, change.name)
            case "add unique" if change.unique:
                self.uniques[name] = change.unique
            case "add index" if change.index:
                self.indexes[name] = change.index
            case "add check":
                self.checks[name] = change.check
            case "add policy":
                self.policies[name] = change.check
            case "unread":
                self.is_whole = False
            case "drop":
                for kept in (self.uniques, self.indexes, self.checks, self.policies):
                    kept.pop(change.name, None)

    def without_column(self, name: str) -> None:
        """Remove a column with the keys and indexes that it is part of, as a database does."""
        self.columns.pop(name, None)
        self.uniques = {key: each for key, each in self.uniques.items() if name not in each.columns}
        self.indexes = {key: each for key, each in self.indexes.items() if name not in each.columns}

    def rename_column(self, old: str, new: str) -> None:
        def renamed(columns: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(new if each == old else each for each in columns)

        columns = [*self.columns.values()]
        self.columns = {}
        for each in columns:
            moved = Column(new, each.type, each.nullable, each.kind, each.default, each.references)
            self.columns[new if each.name == old else each.name] = moved if each.name == old else each
        self.uniques = {
            key: Unique(renamed(each.columns), each.where, each.primary) for key, each in self.uniques.items()
        }
        self.indexes = {key: Index(renamed(each.columns), each.where) for key, each in self.indexes.items()}


def tables(migrations: Iterable[Migration]) -> dict[str, Table]:
    """The tables that exist after all migrations, by lower-case name."""
    found: dict[str, Table] = {}
    holders: dict[str, list[Table]] = {}  # of the constraint or index of a name
    for migration in in_order(migrations):
        for change in migration.changes:
            key = change.table.lower()
            match change.kind:
                case "create table":
                    found.setdefault(key, Table(change.table, migration.path, change))
                case "drop table":
                    found.pop(key, None)
                case "rename table" if table := found.pop(key, None):
                    table.name = change.name
                    found[change.name.lower()] = table
                case "drop" if not key:
                    for table in holders.pop(change.name, ()):
                        table.apply(change)
                case _:
                    if key not in found:  # altered, but created in a file that was not read
                        found[key] = Table(change.table, migration.path, change)
                    found[key].apply(change)
                    if change.name and change.kind != "drop":
                        holders.setdefault(change.name, []).append(found[key])
    return found


def in_order(migrations: Iterable[Migration]) -> list[Migration]:
    """The migrations by path, each after the revisions it builds upon."""
    by_path = sorted(migrations, key=lambda migration: migration.path)
    by_revision = {migration.revision: migration for migration in by_path if migration.revision}
    ordered: list[Migration] = []
    seen: set[int] = set()
    for migration in by_path:
        waiting, around = [migration], {id(migration)}
        while waiting:
            current = waiting[-1]
            before = [by_revision[each] for each in current.after if each in by_revision]
            before = [each for each in before if id(each) not in seen and id(each) not in around]
            if before:
                waiting.extend(before)
                around.update(map(id, before))
                continue
            waiting.pop()
            if id(current) not in seen:
                seen.add(id(current))
                ordered.append(current)
    return ordered


def nullable(is_nullable: bool) -> Maybe:
    return Maybe.YES if is_nullable else Maybe.NO
