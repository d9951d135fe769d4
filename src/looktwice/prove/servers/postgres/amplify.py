"""More rows of the kind that are there: one table's rows copied, with everything that hangs below them.

What the copied rows point to stays, so a customer gets ten times the orders, each with its own lines; what points to
them is copied with them. Keys are generated again, unique values are varied, all else is as in the row that was copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from looktwice.prove.servers.postgres.catalogue import Column, Reference, Schema, Table
from looktwice.prove.servers.postgres.changes import identifier, quoted

_MOST_ROWS = 20_000
_TEXT = "S"
_NUMBER = "N"


class Growth(Struct, frozen=True):
    """How to grow along one table. `tables` are copied (the axis first), `statements` do it, `factor` is how many times
    the axis' rows there are afterwards; it is smaller than asked where that would be too many rows."""

    axis: str
    tables: tuple[str, ...]
    factor: int
    statements: tuple[str, ...]


def grow(axis: str, factor: int, schema: Schema, counts: Mapping[str, int]) -> Growth | str:
    """The statements that make `factor` times the rows of the table `axis`.

    counts: rows that each table has. Gives the reason instead, in words, when that cannot be done.
    """
    if not counts.get(axis):
        return f"{axis} has no rows to copy"
    tables = _below(axis, schema)
    tables = [axis, *(name for name in tables if name != axis and counts.get(name))]
    largest = max(counts[name] for name in tables)
    factor = min(factor, max(1, _MOST_ROWS // largest))
    if factor < 2:
        return f"{axis} has {counts[axis]} rows already"
    copied = _with_parents(tables, schema)
    if isinstance(copied, str):
        return copied
    statements = [_map(schema.tables[name], factor) for name in copied if _key(schema.tables[name])]
    statements += [_copy(schema.tables[name], copied, schema, factor) for name in copied]
    statements += [f"DROP TABLE {_map_name(name)}" for name in copied if _key(schema.tables[name])]
    return Growth(axis, tuple(copied), factor, tuple(statements))


def _below(axis: str, schema: Schema) -> list[str]:
    """The tables whose rows hang below those of `axis`, nearest first."""
    found = [axis]
    for name in found:
        for table in schema.tables.values():
            if table.name not in found and any(reference.table == name for reference in table.references):
                found.append(table.name)
    return found


def _with_parents(tables: list[str], schema: Schema) -> list[str] | str:
    """The tables to copy, and parents with them where a unique pair of references leaves no other way: a second review
    by the same customer needs a second product."""
    copied = list(tables)
    for name in copied:  # grows while it is walked
        table = schema.tables[name]
        for unique in table.uniques:
            if any(_is_new(table, column, copied) for column in unique):
                continue
            references = [reference for column in unique if (reference := _reference(table, column))]
            if not references:
                return f"no second row of {name} can have its own {', '.join(unique)}"
            copied.append(references[-1].table)  # the first is whose it is, the last what it is about
    return copied


def _is_new(table: Table, column: str, copied: list[str]) -> bool:
    """True when a copy gets a value of its own in this column."""
    reference = _reference(table, column)
    if reference is not None:
        return reference.table in copied
    known = table.column(column)
    return known is not None and (column == _key(table) or _varied(known, "", "", "") is not None)


def _key(table: Table) -> str:
    """The single column that identifies a row, and that others point to; "" when there is none of its own."""
    if len(table.primary_key) != 1 or _reference(table, table.primary_key[0]) is not None:
        return ""
    return table.primary_key[0]


def _reference(table: Table, column: str) -> Reference | None:
    return next((reference for reference in table.references if column in reference.columns), None)


def _map_name(table: str) -> str:
    return f"pg_temp.{identifier('looktwice_' + table)}"


def _map(table: Table, factor: int) -> str:
    """Old key and number of the copy → new key."""
    key, source = identifier(_key(table)), quoted(table)
    return (
        f"CREATE TEMP TABLE {identifier('looktwice_' + table.name)} AS "
        f"SELECT t.{key} AS old, k, {_new_key(table, source)} AS new "
        f"FROM ONLY {source} t CROSS JOIN generate_series(1, {factor - 1}) k"
    )


def _new_key(table: Table, source: str) -> str:
    column = table.column(_key(table))
    assert column is not None
    return _varied(column, f"t.{identifier(column.name)}", source, "k") or "gen_random_uuid()"


def _varied(column: Column, value: str, source: str, number: str) -> str | None:
    """Another value of the same kind for copy `number`; None for kinds that cannot be varied.

    Numbers leave a stretch free above those in use, so that what the application makes meanwhile does not collide.
    """
    if column.type == "uuid":
        return "gen_random_uuid()"
    if column.category == _TEXT:
        return f"(left({value}::text, 12) || '-' || left(md5({value}::text || '/' || {number}), 10))::{column.type}"
    if column.category == _NUMBER and column.type not in ("money", "oid", "regclass"):
        free = 0 if column.type == "smallint" else 1_000_000
        largest = f"(SELECT max({identifier(column.name)}) FROM ONLY {source})"
        return f"({largest} + {free} + row_number() OVER ())::{column.type}"
    if column.type.startswith("timestamp") or column.type == "date":
        return f"({value} + {number} * interval '1 day')::{column.type}"
    return None


def _copy(table: Table, copied: list[str], schema: Schema, factor: int) -> str:
    source = quoted(table)
    key = _key(table)
    uniques = {column for unique in table.uniques for column in _to_vary(table, unique, copied)}
    columns: list[str] = []
    values: list[str] = []
    joins: list[str] = []
    for column in table.columns:
        if column.filled in ("generated", "virtual"):
            continue
        name, reference = identifier(column.name), _reference(table, column.name)
        columns.append(name)
        if column.name == key:
            values.append("m.new")
        elif reference is not None and reference.table in copied and _points_to_key(reference, schema):
            alias = f"p{len(joins)}"
            joins.append(
                f"LEFT JOIN {_map_name(reference.table)} {alias} ON {alias}.old = t.{name} AND {alias}.k = m.k"
            )
            values.append(f"coalesce({alias}.new, t.{name})")
        elif column.name in uniques:
            values.append(_varied(column, f"t.{name}", source, "m.k") or f"t.{name}")
        else:
            values.append(f"t.{name}")
    numbers = (
        f"JOIN {_map_name(table.name)} m ON m.old = t.{identifier(key)}"
        if key
        else (f"CROSS JOIN generate_series(1, {factor - 1}) m(k)")
    )
    return (
        f"INSERT INTO {source} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE "
        f"SELECT {', '.join(values)} FROM ONLY {source} t {numbers} {' '.join(joins)}"
    )


def _to_vary(table: Table, unique: tuple[str, ...], copied: list[str]) -> Iterable[str]:
    """One column of a unique key to give another value, when nothing else in it is new."""
    key = _key(table)
    for name in unique:
        reference = _reference(table, name)
        if name == key or (reference is not None and reference.table in copied):
            return
    for name in unique:
        column = table.column(name)
        if column is not None and _reference(table, name) is None and _varied(column, "", "", "") is not None:
            yield name
            return


def _points_to_key(reference: Reference, schema: Schema) -> bool:
    target = schema.tables.get(reference.table)
    return target is not None and len(reference.columns) == 1 and reference.targets == (_key(target),)
