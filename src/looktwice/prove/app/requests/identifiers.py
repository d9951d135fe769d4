"""Identifiers of rows that exist: from the answers of the application, else from its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_ID_FIELDS = ("id", "uuid", "_id", "slug", "code")
_NAMES = ("username", "user_name", "login", "handle", "email", "name")
_MYSELF = (
    "me",
    "profile",
    "whoami",
    "self",
    "currentuser",
    "account",
    "user",
)  # nouns of paths that identify the caller


class Identifiers:
    """What is known of the rows that one user may name. Nouns are singular, lower case, without underscores."""

    def __init__(self, from_tables: Callable[[str, str], Any] = lambda noun, field: None) -> None:
        """from_tables: gives a column's value of the table for a noun, None when there is no such table or row."""
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._from_tables = from_tables

    def learn(self, path: str, content: Any) -> None:
        """Note the rows in an answer to a request for `path`; what is learned later is used first."""
        known = self._rows.setdefault(noun_of_path(path), [])
        for row in reversed(_rows(content)):
            known.insert(0, {name: value for name, value in row.items() if _is_scalar(value)})

    def for_field(self, name: str) -> Any:
        """An identifier for a field like `product_id` or `productIds`; None when none is known."""
        return self.find(noun_of_field(name) or "")

    def for_parameter(self, path: str, parameter: str) -> Any:
        """A value for a parameter in the path: `{order_id}` and `/orders/{id}` name an order, `/users/{username}` and
        `{user_name}` a user by another field."""
        before = noun_of_path(path.partition("{" + parameter)[0])
        word, _, field = parameter.rpartition("_")
        tries = (
            (noun_of_field(parameter), "id"),
            (before, parameter),
            (noun(word), field),
            *((mine, parameter) for mine in _MYSELF),
            (before, "id" if _is_key(parameter) else ""),
            (noun(parameter), "id"),
        )
        return next((found for word, field in tries if field and (found := self.find(word, field)) is not None), None)

    def find(self, word: str, field: str = "id") -> Any:
        """A value of the field in a row of the noun; for "id", of whatever the row is known by."""
        if not word:
            return None
        names = _ID_FIELDS if field == "id" else (field,)
        for row in self._rows.get(word, []):
            if (found := next((row[name] for name in names if name in row), None)) is not None:
                return found
        if (found := self._from_tables(word, field)) is not None:
            return found
        return self._pointer(word) if field == "id" else None

    def _pointer(self, word: str) -> Any:
        """What another row says: an order's `product_id` is a product."""
        for rows in self._rows.values():
            for row in rows:
                if (found := next((v for name, v in row.items() if noun_of_field(name) == word), None)) is not None:
                    return found
        return None


def _is_key(parameter: str) -> bool:
    return bool(re.fullmatch(r"(?:\w*_)?(?:id|uuid|pk|key)|\w*(?:Id|Uuid)", parameter))


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def noun(word: str) -> str:
    """ "Orders", "order_items" and "orderItem" as one spelling: "order", "orderitem"."""
    word = re.sub(r"[_-]", "", word).lower()
    if word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(?:ss|sh|ch|x)es$", word):
        return word[:-2]
    return word if word.endswith("ss") else word.removesuffix("s")


def noun_of_path(path: str) -> str:
    """The noun of the last word in a path that is no parameter: "/api/v1/orders/{id}" is about an order."""
    words = [part for part in path.partition("?")[0].split("/") if part and not part.startswith(("{", ":"))]
    words = [part for part in words if not re.fullmatch(r"\d+|[0-9a-f-]{32,36}", part)]
    return noun(words[-1]) if words else ""


def noun_of_field(name: str) -> str:
    match = re.fullmatch(r"(\w+?)_?(?:ids?|uuid)", name) if "_" in name else re.fullmatch(r"(\w+?)(?:Ids?|Uuid)", name)
    return noun(match[1]) if match else ""


def table_keys(connection: psycopg.Connection[Any], refuse: Iterable[str] = ()) -> Callable[[str, str], Any]:
    """A look-up in the database: the first key of the table whose name is the noun."""
    from psycopg import sql

    query = (
        "SELECT n.nspname, c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
    )
    tables: dict[str, tuple[str, str, str]] = {}
    for schema, table, key in connection.execute(query).fetchall():
        if schema not in refuse:
            tables.setdefault(noun(table), (schema, table, key))

    def look_up(word: str, field: str) -> Any:
        if word not in tables:
            return None
        schema, table, key = tables[word]
        columns = _columns(connection, schema, table)
        if field != "id" and field not in columns:
            return None
        column = key if field == "id" else field
        statement = sql.SQL("SELECT {}::text FROM {} ORDER BY {} LIMIT 1").format(
            sql.Identifier(column), sql.Identifier(schema, table), sql.Identifier(key)
        )
        row = connection.execute(statement).fetchone()
        if row is None:
            return None
        return int(row[0]) if re.fullmatch(r"\d{1,18}", str(row[0])) else row[0]

    return look_up


def _columns(connection: psycopg.Connection[Any], schema: str, table: str) -> set[str]:
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
    return {name for (name,) in connection.execute(query, (schema, table)).fetchall()}


def _rows(content: Any, depth: int = 0) -> list[dict[str, Any]]:
    """Objects in an answer: the answer itself, a list, or a list inside an envelope ({"data": […]})."""
    if isinstance(content, list):
        return [item for item in content[:20] if isinstance(item, dict)]
    if not isinstance(content, dict) or depth > 2:
        return []
    if any(field in content for field in (*_ID_FIELDS, *_NAMES)):
        return [content]
    return [row for value in content.values() if isinstance(value, dict | list) for row in _rows(value, depth + 1)]
