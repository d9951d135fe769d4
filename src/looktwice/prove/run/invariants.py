"""What the user says must always hold: queries that give the rows which break it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from itertools import islice
from typing import Any

from msgspec import Struct

from looktwice.core.errors import ConfigurationError
from looktwice.prove.servers.postgres.server import Server

_SHOWN = 3
_LONGEST = 10  # seconds for one query: it is run after every schedule


class Broken(Struct, frozen=True):
    """An invariant that does not hold now, with the first rows that break it, as text."""

    name: str
    rows: tuple[str, ...]


class Invariants:
    """The `[prove.invariants]` of a project. queries: name → SQL that gives the rows that break it, none when it holds.

    Raises ConfigurationError when a query cannot be run, or when rows violate it before any request was sent.
    """

    def __init__(self, server: Server, queries: Mapping[str, str]) -> None:
        self._queries = dict(queries)
        if not self._queries:
            return
        # Read only: a query that writes would be taken for the application's doing.
        self._connection = server.connect(
            search_path="public", default_transaction_read_only="on", statement_timeout=f"{_LONGEST}s"
        )
        for name in self._queries:
            if (found := self._ask(name)) is not None:
                raise _unusable(name, f"it is violated before any request is sent: {found.rows[0]}")

    def broken(self) -> tuple[Broken, ...]:
        """Those that do not hold now."""
        return tuple(found for name in self._queries if (found := self._ask(name)) is not None)

    def close(self) -> None:
        if self._queries:
            self._connection.close()

    def __enter__(self) -> Invariants:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _ask(self, name: str) -> Broken | None:
        import psycopg

        cursor = self._connection.cursor()
        try:
            answer: Any = cursor.stream(self._queries[name])  # type: ignore[arg-type]
            with closing(answer) as found:
                rows = list(islice(found, _SHOWN))  # of any number: the others are not fetched
                columns = [column.name for column in cursor.description or ()]
        except psycopg.errors.QueryCanceled:
            raise _unusable(name, f"it takes longer than {_LONGEST} s, and it is run after every schedule") from None
        except psycopg.Error as error:
            raise _unusable(name, str(error).strip()) from None
        spelled = (", ".join(f"{key} {value}" for key, value in zip(columns, row, strict=True)) for row in rows)
        return Broken(name, tuple(spelled)) if rows else None


def _unusable(name: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"cannot use the invariant `{name}` of [prove.invariants]",
        why,
        "Write a query that returns the rows that violate it, and none when it holds.",
    )
