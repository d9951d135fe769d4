"""Back to the snapshot between runs, with every connection kept: the row changes of the run are undone one by one.

Where that cannot be trusted (a truncate, a change of structure, a server that does not decode, a hash that differs) all
tables are compared with the snapshot and brought back. Sequences never go backwards: with CACHE, sessions would hand
out ids that exist again.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from looktwice.core.errors import LooktwiceError
from looktwice.prove.servers.postgres import catalogue
from looktwice.prove.servers.postgres.catalogue import SNAPSHOT_SCHEMA, Schema, Table
from looktwice.prove.servers.postgres.change import RowChange, Values
from looktwice.prove.servers.postgres.changes import Changes, identifier, literal, quoted
from looktwice.prove.servers.postgres.net import net
from looktwice.prove.servers.postgres.rows import delete, insert, names, row_changes
from looktwice.prove.servers.postgres.server import Server

if TYPE_CHECKING:
    import psycopg

_VERIFIED_AT_FIRST = 3
_VERIFIED_EVERY = 50
_MOST_TERMINATED = 200  # sessions of the application that one restore ends
_VACUUM_EVERY = 500
_TRIES = 5  # to bring back tables that are written meanwhile
_MOST_CHANGES = 5_000  # beyond, comparing whole tables takes less time than undoing row by row


class Restored(Struct, frozen=True):
    """How the tables came back: by undoing changes, or by comparing with the snapshot and then for which reason.
    `terminated` sessions of the application held locks that stood in the way."""

    method: Literal["undo", "difference"]
    milliseconds: float
    verified: bool = False
    reason: str = ""
    terminated: int = 0


class Restore:
    """Takes one snapshot of a server's database and goes back to it as often as asked. Not for several threads at once.

    `changes` may be None (a server that does not decode); then every restore compares.
    """

    def __init__(self, server: Server, changes: Changes | None) -> None:
        self.server = server
        self._connection = _connect(server)
        self._changes = changes
        self._schema = Schema()
        self._shape: tuple[int, str] = (0, "")
        self._hashes: dict[str, tuple[int, str]] = {}
        self._count = 0
        self.is_grown = False
        self._aside: Container[str] = ()
        self.strays: list[RowChange] = []  # written while tables were brought back, by none of the requests

    def set_aside(self, tables: Container[str]) -> None:
        """Tables that somebody else writes all the time: nobody can say that they came back to the snapshot. More may
        be among them later."""
        self._aside = tables

    def snapshot(self) -> Schema:
        """Remember all present rows. Gives the schema. Requests must be silent; log in before."""
        self._schema = self._changes.prepare() if self._changes else catalogue.read(self._connection)
        script = [f"DROP SCHEMA IF EXISTS {SNAPSHOT_SCHEMA} CASCADE", f"CREATE SCHEMA {SNAPSHOT_SCHEMA}"]
        for table in self._schema.tables.values():
            copy = self._copy(table)
            script.append(f"CREATE UNLOGGED TABLE {copy} AS SELECT * FROM ONLY {quoted(table)}")
            if table.primary_key:
                script.append(f"CREATE INDEX ON {copy} ({names(table.primary_key)})")
        with self._connection.transaction():
            self._connection.execute("; ".join(script))
        self._hashes = self._hash()
        self._shape = catalogue.shape(self._connection)
        self._count = 0
        return self._schema

    def undo(self, changes: Iterable[RowChange]) -> Restored:
        """Bring every table back to the snapshot.

        changes: all that `Changes.since` gave since the snapshot or the last restore. Raises LooktwiceError when the
        structure changed so that the snapshot does not fit any more.
        """
        began = time.perf_counter()
        changed = tuple(changes)
        terminated = 0
        while True:
            try:
                method, verified, reason = self._back(changed)
                break
            except _locked() as error:
                stopped = self._terminate_holders()
                terminated += stopped
                if not stopped or terminated > _MOST_TERMINATED:  # it takes new locks as fast as we end their holders
                    raise LooktwiceError("cannot restore the database between runs", str(error).strip()) from None
        self._count += 1
        if self._count % _VACUUM_EVERY == 0:
            self._connection.execute("VACUUM")  # nobody else does it on our server, and every undo leaves dead rows
        return Restored(method, (time.perf_counter() - began) * 1000, verified, reason, terminated)

    def grow(self, statements: Sequence[str]) -> None:
        """Change the tables in one transaction that `Changes` does not report and `undo` leaves alone, with triggers
        and foreign keys off: rows to measure with. `refill` ends it."""
        self.is_grown = True
        self._transact(list(statements))
        self._connection.execute("ANALYZE")

    def counts(self) -> dict[str, int]:
        """How many rows each table has in the snapshot."""
        return {name: count for name, (count, _) in self._hashes.items()}

    def refill(self) -> None:
        """Compare every table with the snapshot and bring it back: after `grow`, or when nothing else is trusted."""
        self.is_grown = False
        self._compare()
        self._verify()

    def difference(self) -> list[RowChange]:
        """What differs from the snapshot now, without decoding: xid 0, whole rows. Ten times dearer than
        `Changes.since`."""
        found: list[RowChange] = []
        for table in self._schema.tables.values():
            live, kept = (self._rows(table, source) for source in (quoted(table), self._copy(table)))
            found += row_changes(table, kept, live)
        return found

    def advance(self, strides: Mapping[str, int]) -> None:
        """Move sequences forward, each by its own stride, so that no id is taken for another's.

        strides: sequence as the schema spells it → by how much. One that has no room left stays.
        """
        for name, stride in strides.items():
            self._connection.execute(
                """SELECT setval(%(name)s::regclass, last + %(stride)s * greatest(sign(increment), 1)::bigint) FROM (
                     SELECT coalesce(pg_sequence_last_value(%(name)s::regclass), seqstart) AS last, seqincrement AS
                     increment,
                            seqmax FROM pg_sequence WHERE seqrelid = %(name)s::regclass) s
                   WHERE increment > 0 AND last + %(stride)s < seqmax / 2""",
                {"name": name, "stride": stride},
            )

    def close(self) -> None:
        import contextlib

        import psycopg

        with contextlib.suppress(psycopg.Error):
            self._connection.execute(f"DROP SCHEMA IF EXISTS {SNAPSHOT_SCHEMA} CASCADE")
        self._connection.close()

    def __enter__(self) -> Restore:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _back(self, changes: tuple[RowChange, ...]) -> tuple[Literal["undo", "difference"], bool, str]:
        if self.is_grown:
            self._undo(changes)
            return "undo", False, "between two measurements"
        if reason := self._distrust(changes):
            self._compare()
            self._verify()
            return "difference", True, reason
        self._undo(changes)
        if self._count >= _VERIFIED_AT_FIRST and (self._count + 1) % _VERIFIED_EVERY:
            return "undo", False, ""
        if wrong := self._differing():
            self._compare()
            self._verify()
            return "difference", True, f"undoing left {', '.join(wrong)} different"
        return "undo", True, ""

    def _distrust(self, changes: tuple[RowChange, ...]) -> str:
        """Why the changes alone do not lead back; empty when they do."""
        if self._changes is None:
            return "the server does not decode its log"
        if truncated := {change.table for change in changes if change.kind == "truncate"}:
            return f"{', '.join(sorted(truncated))} was truncated"
        if unseen := [table.name for table in self._schema.tables.values() if not table.is_decoded]:
            return f"{', '.join(unseen)} is not in the log"
        if len(changes) > _MOST_CHANGES:
            return f"{len(changes)} rows changed"
        if catalogue.shape(self._connection) != self._shape:
            return "the structure changed"
        return ""

    def _undo(self, changes: tuple[RowChange, ...]) -> None:
        keys = {name: table.primary_key for name, table in self._schema.tables.items()}
        rows = net(changes, keys)
        if not rows:
            return
        deletes, inserts = [], []
        for row in rows:
            table = self._schema.tables[row.table]
            if row.after is not None:
                deletes.append(delete(table, row.after))
            if row.before is not None:
                inserts.append(insert(table, row.before))
        refresh = [f"REFRESH MATERIALIZED VIEW {name}" for name in self._schema.materialized_views]
        self._transact([*deletes, *inserts, *refresh])

    def _compare(self) -> None:
        """The slow way back: every table against its copy. Triggers and foreign keys are off in this session."""
        now = catalogue.read(self._connection).tables
        script = []
        for table in self._schema.tables.values():
            if table.name not in now or now[table.name].columns != table.columns:
                raise LooktwiceError(
                    "cannot restore the database between runs",
                    f"the application changed the structure of {table.name} while requests were sent",
                    "Run its migrations in `[prove] setup`, before the requests.",
                )
            script += self._refill(table)
        refresh = [f"REFRESH MATERIALIZED VIEW {name}" for name in self._schema.materialized_views]
        # Tables made meanwhile are emptied only: dropping them would break an application that made them on purpose.
        made = [f"DELETE FROM ONLY {quoted(now[name])}" for name in now if name not in self._schema.tables]
        self._transact([*script, *made, *refresh])
        self._shape = catalogue.shape(self._connection)

    def _refill(self, table: Table) -> list[str]:
        live, copy = quoted(table), self._copy(table)
        columns = names(table.written)
        fill = f"INSERT INTO {live} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {copy} s"
        if not table.primary_key:
            return [f"DELETE FROM ONLY {live}", fill]
        same = " AND ".join(f"t.{identifier(name)} = s.{identifier(name)}" for name in table.primary_key)
        return [
            f"DELETE FROM ONLY {live} t WHERE NOT EXISTS (SELECT FROM {copy} s WHERE {same} AND s::text = t::text)",
            f"{fill} WHERE NOT EXISTS (SELECT FROM ONLY {live} t WHERE {same})",
        ]

    def _transact(self, statements: list[str]) -> None:
        """One transaction in one message; its own changes are not reported as the application's."""
        script = ";\n".join(["BEGIN", *statements, "SELECT pg_current_xact_id()::xid::text", "COMMIT"])
        cursor = self._connection.cursor()
        try:
            cursor.execute(script)  # type: ignore[arg-type]
        except BaseException:
            self._connection.rollback()
            raise
        while True:
            if cursor.description and self._changes:
                row = cursor.fetchone()
                if row and isinstance(row[0], str) and row[0].isdigit():
                    self._changes.ignore(int(row[0]))
            if not cursor.nextset():
                return

    def _verify(self) -> None:
        """After a comparison all is as in the snapshot, but for what somebody has written since."""
        wrong = self._differing()
        for _ in range(_TRIES):
            if not wrong or self._changes is None:
                break
            self.strays += self._changes.since()
            self._compare()
            wrong = self._differing()
        if wrong and not {*wrong} <= {change.table for change in self.strays}:
            raise LooktwiceError(
                "cannot restore the database between runs",
                f"{', '.join(wrong)} differs from the snapshot after it was compared and refilled",
                "Another program may be writing to it; give looktwice a database of its own.",
            )

    def _differing(self) -> list[str]:
        now = self._hash()
        return [n for n, value in self._hashes.items() if now.get(n) != value and n not in self._aside]

    def _hash(self) -> dict[str, tuple[int, str]]:
        """Per table the number of rows and the sum of their hashes, which does not depend on their order."""
        if not self._schema.tables:
            return {}
        parts = (
            f"SELECT {literal(table.name)}, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text "
            f"FROM ONLY {quoted(table)} t"
            for table in self._schema.tables.values()
        )
        query = " UNION ALL ".join(parts)
        return {name: (count, total) for name, count, total in self._connection.execute(query)}

    def _terminate_holders(self) -> int:
        """End the sessions whose open transactions hold rows or tables we must change."""
        rows = self._connection.execute(
            """SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'looktwice'
                 AND backend_type = 'client backend' AND (state <> 'idle' OR backend_xid IS NOT NULL)"""
        ).fetchall()
        return len(rows)

    def _rows(self, table: Table, source: str) -> list[Values]:
        columns = table.written
        listed = ", ".join(f"{identifier(name)}::text" for name in columns)
        found = self._connection.execute(f"SELECT {listed} FROM ONLY {source}")  # type: ignore[call-overload]
        return [dict(zip(columns, row, strict=True)) for row in found]

    def _copy(self, table: Table) -> str:
        position = list(self._schema.tables).index(table.name)
        return f"{SNAPSHOT_SCHEMA}.t{position}"


def _connect(server: Server) -> psycopg.Connection[tuple[Any, ...]]:
    import psycopg

    try:
        return server.connect(session_replication_role="replica", lock_timeout="200ms")
    except psycopg.Error as error:
        raise LooktwiceError(
            "cannot restore the database between runs",
            str(error).strip(),
            "Name a superuser in its URL, or GRANT SET ON PARAMETER session_replication_role to the role.",
        ) from None


def _locked() -> type[Exception]:
    from psycopg.errors import LockNotAvailable

    return LockNotAvailable
