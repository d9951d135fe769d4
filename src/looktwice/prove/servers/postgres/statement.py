"""The footprint of a statement from its text: the way on a server that may not be reconfigured.

A table is read or written as a whole unless the text pins one row by a unique key. What is not understood touches
everything: it costs schedules and hides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import sqlglot
from sqlglot import exp

from looktwice.prove.servers.postgres.catalogue import Schema, Table
from looktwice.prove.servers.postgres.footprint import UNKNOWN_TABLE, Footprint, Key, Read, Write

# What a statement that is not understood may do.
UNKNOWN = Footprint(frozenset({Read(UNKNOWN_TABLE, "table")}), frozenset({Write(UNKNOWN_TABLE, "unknown")}))
_KINDS = {exp.Insert: "insert", exp.Update: "update", exp.Delete: "delete"}
# Functions by which PostgreSQL reads or computes without touching a table of the application.
_HARMLESS = frozenset(
    re.findall(
        r"\w+",
        """
        now clock_timestamp statement_timestamp transaction_timestamp gen_random_uuid uuid_generate_v4 nextval
        currval lastval coalesce json_build_object jsonb_build_object json_agg jsonb_agg to_json to_jsonb row_to_json
        set_config current_setting pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock
        pg_try_advisory_xact_lock
        pg_advisory_unlock hashtext md5 version date_trunc to_char to_tsvector to_tsquery plainto_tsquery ts_rank
        similarity unaccent json_build_array jsonb_set jsonb_build_array array_length""",
    )
)


def footprint(sql: str, parameters: Sequence[str | None], schema: Schema) -> Footprint:
    """What the statement may read and write.

    sql: the text, with $1, $2 … for `parameters` (as text). Several statements are taken together. Never raises.
    """
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect="postgres") if statement is not None]
    except (sqlglot.errors.SqlglotError, RecursionError):
        return UNKNOWN
    whole = Footprint()
    for statement in statements:
        whole |= _of(statement, parameters, schema)
    return whole


def decides_inside(sql: str) -> bool:
    """Whether one statement reads rows and writes others by what it read: INSERT … SELECT … WHERE NOT EXISTS, an update
    of what a subquery chose, a function that may do both. Two of these at once may read the same; a row that an UPDATE
    finds by itself, or that the subquery locks, is looked at again."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect="postgres") if statement is not None]
    except (sqlglot.errors.SqlglotError, RecursionError):
        return True
    return any(_decides(statement) for statement in statements)


def _decides(statement: exp.Expr) -> bool:
    if any(call.name.lower() not in _HARMLESS for call in statement.find_all(exp.Anonymous)):
        return True
    if isinstance(statement, exp.Query) and not any(statement.find_all(*_KINDS)):
        return False  # it only reads
    if not isinstance(statement, exp.Query | exp.Insert | exp.Update | exp.Delete):
        return True
    written = {cte.alias_or_name for cte in statement.find_all(exp.CTE)}
    chosen = (query for query in statement.find_all(exp.Select) if not query.args.get("locks"))
    return any(
        table.name not in written or table.db
        for query in chosen
        for table in query.find_all(exp.Table)
        if table.find_ancestor(exp.Select, *_KINDS) is query
    )


def _of(statement: exp.Expr, parameters: Sequence[str | None], schema: Schema) -> Footprint:
    if isinstance(statement, exp.Set | exp.Transaction | exp.Commit | exp.Rollback | exp.Show):
        return Footprint()
    if not isinstance(statement, exp.Query | exp.Insert | exp.Update | exp.Delete | exp.Values):
        return UNKNOWN
    if any(call.name.lower() not in _HARMLESS for call in statement.find_all(exp.Anonymous)):
        return UNKNOWN  # a function of the application may touch anything
    reads: set[Read] = set()
    writes: set[Write] = set()
    targets = set()
    for kind, word in _KINDS.items():
        for change in statement.find_all(kind):
            node = change.this.this if isinstance(change.this, exp.Schema) else change.this
            if not isinstance(node, exp.Table):
                return UNKNOWN
            table = _table(node, schema)
            if table is None:
                return UNKNOWN
            targets.add(id(node))
            key = _pinned(change, table, parameters) if word != "insert" else ((), ())
            changed = frozenset(
                assignment.this.name for assignment in change.args.get("expressions") or () if word == "update"
            )
            upserts = word == "insert" and change.args.get("conflict") is not None
            writes.add(Write(table.name, "unknown" if upserts else word, key, changed))  # type: ignore[arg-type]
            if word != "insert":
                reads.add(Read(table.name, "row", key) if key[0] else Read(table.name, "table"))
    named = {cte.alias_or_name for cte in statement.find_all(exp.CTE)}
    for node in statement.find_all(exp.Table):
        if id(node) in targets or (node.name in named and not node.db):
            continue
        table = _table(node, schema)
        if table is None:
            if node.db in ("pg_catalog", "information_schema") or node.name.startswith("pg_"):
                continue
            return UNKNOWN  # a view, perhaps
        scope = node.find_ancestor(exp.Select) or statement
        key = _pinned(scope, table, parameters, node.alias_or_name)
        reads.add(Read(table.name, "row", key) if key[0] else Read(table.name, "table"))
    return Footprint(frozenset(reads), frozenset(writes))


def _table(node: exp.Table, schema: Schema) -> Table | None:
    if node.db:
        return schema.tables.get(f"{node.db}.{node.name}")
    known = [table for table in schema.tables.values() if table.relation == node.name]
    public = [table for table in known if table.schema == "public"]
    return public[0] if public else known[0] if len(known) == 1 else None


def _pinned(scope: exp.Expr, table: Table, parameters: Sequence[str | None], alias: str = "") -> Key:
    """The unique key that the WHERE of `scope` fixes, the primary key first."""
    where = scope.args.get("where")
    if where is None:
        return ((), ())
    fixed: dict[str, str | None] = {}
    for condition in _conjuncts(where.this):
        if not isinstance(condition, exp.EQ):
            continue
        for column, value in ((condition.left, condition.right), (condition.right, condition.left)):
            if isinstance(column, exp.Column) and column.table in ("", alias, table.relation):
                constant = _constant(value, parameters)
                if constant is not None:
                    fixed[column.name] = constant
    for columns in (table.primary_key, *table.uniques):
        if columns and all(name in fixed for name in columns):
            return columns, tuple(fixed[name] for name in columns)
    return ((), ())


def _conjuncts(condition: exp.Expr) -> Iterable[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _constant(value: exp.Expr, parameters: Sequence[str | None]) -> str | None:
    if isinstance(value, exp.Cast):
        value = value.this
    if isinstance(value, exp.Literal):
        return str(value.this)
    if isinstance(value, exp.Parameter | exp.Placeholder):
        text = value.name or str(value.this)
        if text.isdigit() and 0 < int(text) <= len(parameters):
            return parameters[int(text) - 1]
    return None
