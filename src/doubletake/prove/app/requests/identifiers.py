"""Identifiers of rows that exist: from the answers of the application, else from its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_ID_FIELDS = ("id", "uuid", "_id", "slug", "code")


class Identifiers:
    """What is known of the rows that one user may name. Nouns are singular, lower case, without underscores."""

    def __init__(self, from_tables: Callable[[str, str], Any] = lambda noun, field: None) -> None:
        """from_tables: gives a key of the table for a noun, None when there is no such table or row."""
        self._seen: dict[str, list[Any]] = {}
        self._from_tables = from_tables

    def learn(self, path: str, content: Any) -> None:
        """Note the identifiers in an answer to a request for `path`."""
        noun = noun_of_path(path)
        for row in _rows(content):
            for field in _ID_FIELDS:
                if isinstance(row.get(field), str | int) and not isinstance(row.get(field), bool):
                    self._note(noun, row[field])
                    break
            for name, value in row.items():
                if isinstance(value, str | int) and not isinstance(value, bool) and (other := noun_of_field(name)):
                    self._note(other, value, last=True)

    def for_field(self, name: str) -> Any:
        """An identifier for a field like `product_id` or `productIds`; None when none is known."""
        return self.find(noun_of_field(name) or "")

    def for_parameter(self, path: str, parameter: str) -> Any:
        """An identifier for a parameter in the path: by its own name, else by the word before it."""
        before = path.partition("{" + parameter)[0]
        nouns = (noun_of_field(parameter), noun_of_path(before), noun(parameter))
        return next((found for word in nouns if word and (found := self.find(word, parameter)) is not None), None)

    def find(self, word: str, field: str = "id") -> Any:
        if self._seen.get(word):
            return self._seen[word][0]
        return self._from_tables(word, field) if word else None

    def _note(self, word: str, value: Any, last: bool = False) -> None:
        known = self._seen.setdefault(word, [])
        if value not in known:
            known.append(value) if last or not known else known.insert(0, value)


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
        column = field if field in columns and field not in ("id",) else key
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
    if any(field in content for field in _ID_FIELDS):
        return [content]
    return [row for value in content.values() if isinstance(value, dict | list) for row in _rows(value, depth + 1)]
