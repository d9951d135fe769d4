"""Single rows: the statements that remove and make them, and how two contents of a table differ."""

from __future__ import annotations

from collections.abc import Iterable

from looktwice.prove.servers.postgres.catalogue import Table
from looktwice.prove.servers.postgres.change import RowChange, Values
from looktwice.prove.servers.postgres.changes import identifier, literal, quoted


def row_changes(table: Table, kept: list[Values], live: list[Values]) -> list[RowChange]:
    """What was done to a table whose rows were `kept` and are now `live`: without transactions (xid 0) and order."""
    identifying = table.primary_key or tuple(column.name for column in table.columns)

    def key(row: Values) -> tuple[str | None, ...]:
        return tuple(row.get(name) for name in identifying)

    found: list[RowChange] = []
    standing: dict[tuple[str | None, ...], list[Values]] = {}
    for row in kept:
        standing.setdefault(key(row), []).append(row)
    for row in live:
        if earlier := standing.get(key(row)):
            before = earlier.pop()
            if before != row:
                found.append(RowChange(0, table.name, "update", key(row), before, row))
        else:
            found.append(RowChange(0, table.name, "insert", key(row) if table.primary_key else (), None, row))
    for rows in standing.values():
        found += [RowChange(0, table.name, "delete", key(row) if table.primary_key else (), row, None) for row in rows]
    return found


def delete(table: Table, row: Values) -> str:
    """The statement that removes one row."""
    if table.primary_key:
        same = " AND ".join(f"{identifier(name)} = {literal(row[name])}" for name in table.primary_key)
        return f"DELETE FROM ONLY {quoted(table)} WHERE {same}"
    # As text, for json has no equality; one only, for equal rows may stand beside it.
    same = " AND ".join(
        f"{identifier(name)}::text IS NOT DISTINCT FROM {literal(value)}" for name, value in row.items()
    )
    one = f"SELECT ctid FROM ONLY {quoted(table)} WHERE {same} LIMIT 1"
    return f"DELETE FROM ONLY {quoted(table)} WHERE ctid = ({one})"


def insert(table: Table, row: Values) -> str:
    """The statement that makes one row as it was, keys included."""
    columns = [name for name in table.written if name in row]
    values = ", ".join(literal(row[name]) for name in columns)
    return f"INSERT INTO {quoted(table)} ({names(columns)}) OVERRIDING SYSTEM VALUE VALUES ({values})"


def names(columns: Iterable[str]) -> str:
    """Column names in SQL, with commas."""
    return ", ".join(identifier(name) for name in columns)
