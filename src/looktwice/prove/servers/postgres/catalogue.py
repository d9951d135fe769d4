"""What the database says of its tables: columns, keys, references, and where a value comes from when nobody gives
one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    import psycopg

SNAPSHOT_SCHEMA = "looktwice_snapshot"


class Column(Struct, frozen=True, kw_only=True):
    """`type` is format_type's spelling ("timestamp with time zone", domains resolved). `filled` says who fills it when
    the statement does not: "" (nobody or a constant), "sequence", "uuid", "clock", "expression", "generated" (a
    generated column, never written), "virtual" (one that is not stored either) or "default" (any other call)."""

    name: str
    type: str
    category: str  # pg_type.typcategory: N number, B bool, S string, D date/time, U user, E enum, A array …
    filled: str = ""
    identity: bool = False
    nullable: bool = True


class Reference(Struct, frozen=True):
    """A foreign key: these columns name that table's columns."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


class Table(Struct, frozen=True, kw_only=True):
    """`name` is schema-qualified. `persistence`: "p" logged, "u" unlogged. `kind`: "r" table or leaf partition."""

    name: str
    schema: str
    relation: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()  # column sets of unique indexes, primary key included
    references: tuple[Reference, ...] = ()
    persistence: str = "p"
    identity_full: bool = False  # REPLICA IDENTITY FULL is set

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def is_decoded(self) -> bool:
        """True when the log carries its rows whole. A virtual column cannot be published, and a replica identity must
        hold no unpublished one, so such a table would refuse the application's updates."""
        return self.persistence == "p" and all(column.filled != "virtual" for column in self.columns)

    @property
    def written(self) -> tuple[str, ...]:
        """Names of the columns that a statement may write: all but the generated ones."""
        return tuple(column.name for column in self.columns if column.filled not in ("generated", "virtual"))


class Schema(Struct, frozen=True):
    """All ordinary tables of one database, by qualified name, and its sequences."""

    tables: dict[str, Table] = {}
    sequences: tuple[str, ...] = ()
    materialized_views: tuple[str, ...] = ()

    def root(self, table: str, column: str) -> tuple[str, str]:
        """The column whose values this one holds: foreign keys are followed to where the value is made."""
        seen = set()
        while (table, column) not in seen:
            seen.add((table, column))
            for reference in self.tables[table].references if table in self.tables else ():
                if column in reference.columns:
                    table, column = reference.table, reference.targets[reference.columns.index(column)]
                    break
        return table, column


_USER_SCHEMAS = f"n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '{SNAPSHOT_SCHEMA}')"

_COLUMNS = f"""
SELECT n.nspname, c.relname, c.relpersistence::text, c.relreplident = 'f', a.attname,
       format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL), b.typcategory::text,
       a.attidentity <> '', a.attgenerated::text, NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {_USER_SCHEMAS}
ORDER BY n.nspname, c.relname, a.attnum
"""
_UNIQUES = f"""
SELECT n.nspname || '.' || c.relname, i.indisprimary,
       array(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, position)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
             WHERE k.position <= i.indnkeyatts ORDER BY k.position)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND {_USER_SCHEMAS}
"""
_REFERENCES = f"""
SELECT n.nspname || '.' || c.relname, tn.nspname || '.' || tc.relname,
       array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(attnum, position)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum ORDER BY u.position),
       array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(attnum, position)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum ORDER BY u.position)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class tc ON tc.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
WHERE k.contype = 'f' AND {_USER_SCHEMAS}
"""
_RELATIONS = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('S', 'm') AND c.relpersistence <> 't' AND {_USER_SCHEMAS} ORDER BY 1
"""
_SHAPE = f"""
SELECT count(*), coalesce(sum(hashtextextended(concat_ws('/', c.oid, c.relname, c.relnamespace, c.relnatts, c.relkind,
       CASE WHEN c.relkind IN ('r', 'p') THEN c.relfilenode END), 0)::numeric), 0)::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'S', 'm') AND
{_USER_SCHEMAS}
"""


def read(connection: psycopg.Connection[tuple[Any, ...]]) -> Schema:
    """The schema of the connection's database: its own tables, none of PostgreSQL's nor ours."""
    uniques: dict[str, list[tuple[str, ...]]] = {}
    primary: dict[str, tuple[str, ...]] = {}
    for table, is_primary, columns in connection.execute(_UNIQUES):
        uniques.setdefault(table, []).append(tuple(columns))
        if is_primary:
            primary[table] = tuple(columns)
    references: dict[str, list[Reference]] = {}
    for table, target, columns, targets in connection.execute(_REFERENCES):
        references.setdefault(table, []).append(Reference(tuple(columns), target, tuple(targets)))
    rows: dict[tuple[str, str, str, bool], list[Column]] = {}
    for schema, relation, persistence, full, *described in connection.execute(_COLUMNS):
        rows.setdefault((schema, relation, persistence, full), []).append(_column(tuple(described)))
    tables = {}
    for (schema, relation, persistence, full), columns_of in rows.items():
        name = f"{schema}.{relation}"
        tables[name] = Table(
            name=name,
            schema=schema,
            relation=relation,
            columns=tuple(columns_of),
            primary_key=primary.get(name, ()),
            uniques=tuple(uniques.get(name, ())),
            references=tuple(references.get(name, ())),
            persistence=persistence,
            identity_full=full,
        )
    relations = connection.execute(_RELATIONS).fetchall()
    return Schema(
        tables,
        tuple(name for name, kind in relations if kind == "S"),
        tuple(name for name, kind in relations if kind == "m"),
    )


def shape(connection: psycopg.Connection[tuple[Any, ...]]) -> tuple[int, str]:
    """A value that changes when a table is made, dropped, rewritten or truncated, or gets a column: decoding shows
    no DDL."""
    row = connection.execute(_SHAPE).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def _column(described: tuple[Any, ...]) -> Column:
    name, kind, category, identity, generated, nullable, default = described
    return Column(
        name=name,
        type=kind,
        category=category,
        filled={"s": "generated", "v": "virtual"}.get(generated) or ("sequence" if identity else _filled(default)),
        identity=identity,
        nullable=nullable,
    )


def _filled(default: str | None) -> str:
    if default is None:
        return ""
    text = default.lower()
    if "nextval(" in text:
        return "sequence"
    if "uuid" in text and "(" in text:
        return "uuid"
    if any(word in text for word in ("now()", "current_", "clock_timestamp", "localtime", "statement_timestamp")):
        return "clock"
    return "default" if "(" in text else ""
