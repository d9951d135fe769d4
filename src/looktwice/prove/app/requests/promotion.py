"""Makes one of the people that we signed up an administrator, as an operator would: in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_FLAGS = (
    "is_superuser", "is_admin", "is_staff", "superuser", "admin", "is_administrator", "isadmin", "issuperuser",
    "is_active", "is_verified", "email_verified", "isactive", "isverified",
)  # fmt: skip
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, t.typname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
_TEXT = {"text", "varchar", "citext", "bpchar"}


def promote(connection: psycopg.Connection[Any], address: str) -> bool:
    """Set every flag of rank in the row that has this e-mail address. connection: in autocommit.

    Gives whether there was such a row with such a flag.
    """
    from psycopg import sql

    tables: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, column, kind in connection.execute(_COLUMNS).fetchall():
        tables.setdefault((schema, table), []).append((column, kind))
    done = False
    for name, columns in tables.items():
        flags = [column for column, kind in columns if kind == "bool" and column.lower() in _FLAGS]
        addresses = [column for column, kind in columns if kind in _TEXT and "mail" in column.lower()]
        if not flags or not addresses:
            continue
        statement = sql.SQL("UPDATE {} SET {} WHERE {} = {}").format(
            sql.Identifier(*name),
            sql.SQL(", ").join(sql.SQL("{} = true").format(sql.Identifier(flag)) for flag in flags),
            sql.Identifier(addresses[0]),
            sql.Literal(address),  # no parameter: a `%` in a name would be taken for one
        )
        done = connection.execute(statement).rowcount > 0 or done
    return done
