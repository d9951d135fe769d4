"""Alembic migrations: the changes made by the `op` calls of `upgrade()`."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.entities import Column, Index, Unique
from looktwice.code.schema.changes import Change, Migration
from looktwice.code.schema.columns import (
    Constraints,
    is_true,
    keyword,
    last_name,
    literal_items,
    names_in,
    positional,
    predicate,
    read_column,
    read_constraint,
    text_of,
)
from looktwice.code.schema.reader import Reader
from looktwice.code.syntax.languages import Parsed
from looktwice.code.syntax.tree import Assignment, Call, Expression, Function, Literal, Module, Name, Node, With


def is_migration(module: Module) -> bool:
    """Whether a module is an Alembic migration: it imports `op` and has an `upgrade`."""
    return (
        any(each.module == "alembic" and each.name == "op" for each in module.imports) and upgrade(module) is not None
    )


def upgrade(module: Module) -> Function | None:
    return next((node for node in module.body if isinstance(node, Function) and node.name == "upgrade"), None)


def read_migration(parsed: Parsed) -> Migration:
    """The changes of one migration, in order; those inside conditions and loops count as made."""
    module = parsed.outline()
    function = upgrade(module)
    changes: list[Change] = []
    if function is not None:
        for call, table in operations(parsed.body(function), ""):
            changes.extend(changes_of(call, table))
    assignments = [node for node in module.body if isinstance(node, Assignment)]
    constants = {name: node.value for node in assignments for name in names_of(node)}
    before = literal_items(constants.get("down_revision"))
    after = tuple(each.value for each in before if isinstance(each, Literal) and isinstance(each.value, str))
    return Migration(parsed.source.path, tuple(changes), text_of(constants.get("revision")), after)


def names_of(node: Assignment) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, Name)]


def operations(body: tuple[Node, ...], table: str) -> Iterator[tuple[Call, str]]:
    """Calls that are statements, with the table of the enclosing `batch_alter_table`."""
    for node in body:
        if isinstance(node, Expression | Assignment) and isinstance(node.value, Call):
            yield node.value, table
        elif isinstance(node, With):
            subject = node.items[0].value if node.items else None
            is_batch = isinstance(subject, Call) and last_name(subject.callee) == "batch_alter_table"
            inner = text_argument(subject, 0, "table_name") if is_batch and isinstance(subject, Call) else table
            yield from operations(node.body, inner)
        else:
            for part in ("then", "otherwise", "body", "final"):
                yield from operations(getattr(node, part, ()) if not isinstance(node, Function) else (), table)


def argument(call: Call, position: int, name: str) -> Node | None:
    arguments = positional(call)
    return arguments[position] if position < len(arguments) else keyword(call, name)


def text_argument(call: Call, position: int, name: str) -> str:
    node = argument(call, position, name)
    return str(node.value) if isinstance(node, Literal) and node.value is not None else ""


def changes_of(call: Call, batch: str) -> Iterator[Change]:
    """The changes of one operation. Inside `batch_alter_table`, the table's name is not among the arguments."""
    at = (call.start, call.end)
    shift = 0 if batch else 1

    def table(position: int) -> str:
        return batch or text_argument(call, position, "table_name")

    match last_name(call.callee):
        case "create_table":
            name = text_argument(call, 0, "table_name")
            yield Change("create table", name, *at)
            yield from table_parts(positional(call)[1:], name, at)
        case "drop_table":
            yield Change("drop table", text_argument(call, 0, "table_name"), *at)
        case "rename_table":
            yield Change(
                "rename table",
                text_argument(call, 0, "old_table_name"),
                *at,
                name=text_argument(call, 1, "new_table_name"),
            )
        case "add_column":
            yield from table_parts([each] if (each := argument(call, shift, "column")) else [], table(0), at)
        case "drop_column":
            yield Change("drop column", table(0), *at, name=text_argument(call, shift, "column_name"))
        case "alter_column" if new := keyword(call, "new_column_name"):
            old = text_argument(call, shift, "column_name")
            yield Change("rename column", table(0), *at, name=text_of(new), column=Column(old))
        case "create_unique_constraint":
            columns = names_in(literal_items(argument(call, 1 + shift, "columns")))
            yield Change(
                "add unique", table(1), *at, name=text_argument(call, 0, "constraint_name"), unique=Unique(columns)
            )
        case "create_primary_key":
            columns = names_in(literal_items(argument(call, 1 + shift, "columns")))
            yield Change("add unique", table(1), *at, unique=Unique(columns, primary=True))
        case "create_check_constraint":
            check = text_of(argument(call, 1 + shift, "condition"))
            yield Change("add check", table(1), *at, name=text_argument(call, 0, "constraint_name"), check=check)
        case "create_index":
            yield from index_changes(call, table(1), names_in(literal_items(argument(call, 1 + shift, "columns"))))
        case "drop_constraint" | "drop_index":
            yield Change(
                "drop",
                table(1),
                *at,
                name=text_argument(call, 0, "constraint_name") or text_argument(call, 0, "index_name"),
            )
        case "execute":
            yield from executed(call)


def index_changes(call: Call, table: str, columns: tuple[str, ...]) -> Iterator[Change]:
    name, at = text_argument(call, 0, "index_name"), (call.start, call.end)
    if is_true(keyword(call, "unique")):
        yield Change("add unique", table, *at, name=name, unique=Unique(columns, predicate(call)))
    else:
        yield Change("add index", table, *at, name=name, index=Index(columns, predicate(call)))


def table_parts(parts: list[Node], table: str, at: tuple[int, int]) -> Iterator[Change]:
    """The columns and constraints in the arguments of `create_table`."""
    found = Constraints([], [], [])
    for part in parts:
        if not isinstance(part, Call):
            continue
        if last_name(part.callee) == "Column":
            read = read_column(part, "", None, part.start, part.end)
            yield Change("add column", table, *at, column=read.column)
            if (unique := read.unique()) is not None:
                name = "" if unique.primary else f"{table}_{read.column.name}_key"
                yield Change("add unique", table, *at, name=name, unique=unique)
            if (index := read.index()) is not None:
                yield Change("add index", table, *at, index=index)
            continue
        before = len(found.uniques), len(found.indexes), len(found.checks)
        read_constraint(part, found)
        name = text_of(keyword(part, "name"))
        if len(found.uniques) > before[0]:
            yield Change("add unique", table, *at, name=name, unique=found.uniques[-1])
        if len(found.indexes) > before[1]:
            yield Change("add index", table, *at, name=name, index=found.indexes[-1])
        if len(found.checks) > before[2]:
            yield Change("add check", table, *at, name=name, check=found.checks[-1])


def executed(call: Call) -> Iterator[Change]:
    """The changes in SQL that a migration runs directly."""
    from looktwice.code.schema.script import cut, dialect_of
    from looktwice.code.schema.sql import DEFINES
    from looktwice.code.schema.sql import changes_of as sql_changes

    text = text_of(argument(call, 0, "sqltext"))
    dialect = dialect_of(text)
    for start, end in cut(text, dialect).statements:
        if DEFINES.match(text[start:end]):
            yield from sql_changes(text[start:end], dialect, (call.start, call.end))


READER = Reader(is_migration=is_migration, read_migration=read_migration)
