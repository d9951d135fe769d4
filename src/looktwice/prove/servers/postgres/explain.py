"""Plans: does a statement read a whole table to find a few of its rows?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from looktwice.prove.servers.postgres.changes import literal
from looktwice.prove.servers.postgres.server import Server

_SELECTIVE = 0.1  # a filter that keeps less than this part of a table deserves an index
_LARGE = 1_000  # rows; below, reading all of them is the best plan there is


class Scan(Struct, frozen=True):
    """A table that is read from end to end, with the filter that keeps few of its rows (PostgreSQL's estimate)."""

    table: str
    filter: str
    rows: int
    kept: int


def scans(server: Server, sql: str, parameters: Sequence[str | None], counts: dict[str, int]) -> tuple[Scan, ...]:
    """The selective sequential scans in the plan of a query. Nothing is executed.

    sql: with $1, $2 … for `parameters` (as text). counts: rows by qualified table name, at present, analysed.
    Gives none for a statement that cannot be explained.
    """
    import psycopg

    arguments = f"({', '.join(map(literal, parameters))})" if parameters else ""
    with server.connect(search_path="public") as connection:
        try:
            # Prepared by the protocol too, which takes one statement only: nothing that follows it is executed.
            connection.execute(f"PREPARE looktwice AS {sql}", prepare=True)  # type: ignore[call-overload]
            explained = f"EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE looktwice{arguments}"
            row = connection.execute(explained).fetchone()  # type: ignore[call-overload]
        except psycopg.Error:
            return ()
    plan = row[0][0]["Plan"] if row else {}
    return tuple(_selective(plan, counts))


def _selective(plan: dict[str, Any], counts: dict[str, int]) -> Iterator[Scan]:
    if plan.get("Node Type") == "Seq Scan" and plan.get("Filter"):
        table = f"{plan.get('Schema', 'public')}.{plan['Relation Name']}"
        rows, kept = counts.get(table, 0), int(plan.get("Plan Rows", 0))
        if rows >= _LARGE and kept < rows * _SELECTIVE:
            yield Scan(table, str(plan["Filter"]), rows, kept)
    for inner in plan.get("Plans", ()):
        yield from _selective(inner, counts)
