"""What the application reads, learnt from PostgreSQL itself: the predicate locks of a run under SERIALIZABLE.

For one profile run, live sessions are switched to SERIALIZABLE with sequential and bitmap scans discouraged, so that
reads take locks on tuples and index pages, not on tables. A lock on an index page stands for what is *not* there. Locks
of reads outside a transaction would vanish at once; they are kept while a serializable transaction that has written
stays open beside them (the keeper).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from looktwice.core.errors import LooktwiceError
from looktwice.prove.servers.postgres.catalogue import SNAPSHOT_SCHEMA, Schema
from looktwice.prove.servers.postgres.changes import identifier, quoted
from looktwice.prove.servers.postgres.footprint import Read
from looktwice.prove.servers.postgres.server import Server

_SETTINGS = {
    "default_transaction_isolation": "'serializable'",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}
_LOCKS = f"""
SELECT l.pid, n.nspname || '.' || coalesce(t.relname, c.relname), c.relkind::text, l.page, l.tuple,
       array(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum)
FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = coalesce(t.relnamespace, c.relnamespace)
WHERE l.mode = 'SIReadLock' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.pid = ANY(%s) AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '{SNAPSHOT_SCHEMA}')
"""

RawLock = tuple[int, str, str, int | None, int | None]


class Profile:
    """A context manager around one profile run. Only servers of our own may be switched.

    Raises LooktwiceError on entering when the server is somebody else's: then take the footprint from the statement's
    text. Sessions that choose their isolation level themselves in every transaction are not seen; `sample` then gives
    nothing for them.
    """

    def __init__(self, server: Server, schema: Schema) -> None:
        self._server = server
        self._schema = schema
        self._seen: set[RawLock] = set()

    def __enter__(self) -> Profile:
        if not self._server.may_configure:
            raise LooktwiceError("cannot profile the reads", "the server is not looktwice's own to reconfigure")
        self._connection = self._server.connect(default_transaction_isolation="read\\ committed")
        self._switch([f"SET {name} = {value}" for name, value in _SETTINGS.items()], "off")
        self._keeper = self._server.connect()
        self._keep()
        return self

    def __exit__(self, *_: Any) -> None:
        self._keeper.close()
        self._switch([f"RESET {name}" for name in _SETTINGS], "on")
        self._connection.close()

    def sample(self, pids: Iterable[int]) -> dict[int, frozenset[Read]]:
        """What each backend has read since the last sample: take one after every operation, before its transaction's
        COMMIT is passed on. Rows that the transaction made itself are left out."""
        found: dict[int, set[Read]] = {}
        tuples: dict[tuple[int, str], list[str]] = {}
        for pid, table, kind, page, line, columns in self._connection.execute(_LOCKS, (list(pids),)).fetchall():
            raw = (pid, f"{table}/{','.join(columns) if kind == 'i' else ''}", kind, page, line)
            if raw in self._seen:
                continue
            self._seen.add(raw)
            here = found.setdefault(pid, set())
            if kind == "i":
                here.add(Read(table, "gap", columns=tuple(columns)))
            elif line is not None:
                tuples.setdefault((pid, table), []).append(f"({page},{line})")
            else:
                here.add(Read(table, "table"))
        for (pid, table), addresses in tuples.items():
            found[pid] |= self._rows(table, addresses)
        return {pid: frozenset(reads) for pid, reads in found.items()}

    def forget(self) -> None:
        """Between two requests: release the locks kept so far."""
        self._keeper.rollback()
        self._seen.clear()
        self._keep()

    def _keep(self) -> None:
        self._keeper.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
        self._keeper.execute("CREATE TEMP TABLE looktwice_keeper (a int) ON COMMIT DROP")
        self._keeper.execute("INSERT INTO pg_temp.looktwice_keeper VALUES (1)")

    def _rows(self, table: str, addresses: list[str]) -> set[Read]:
        """The keys of tuples. Asked before the reader commits, so the versions it read are still the visible ones."""
        known = self._schema.tables.get(table)
        if known is None or not known.primary_key:
            return {Read(table, "table")}
        columns = ", ".join(f"{identifier(name)}::text" for name in known.primary_key)
        selected = f"SELECT {columns} FROM ONLY {quoted(known)}".replace("%", "%%")  # in a name it is no placeholder
        rows = self._connection.execute(f"{selected} WHERE ctid = ANY(%s::tid[])", (addresses,)).fetchall()
        found = {Read(table, "row", (known.primary_key, tuple(row))) for row in rows}
        # A version that is gone was read and then changed by the transaction itself: some row, whichever.
        return found if len(rows) == len(addresses) else found | {Read(table, "row")}

    def _switch(self, statements: list[str], sequential_scans: str) -> None:
        """Change settings of sessions that are connected now. The postmaster tells them one by one and lets nobody in
        meanwhile: once our own session has read the file, and a new one was let in, all have been notified. Each reads
        the file before its next statement."""
        for statement in statements:
            self._connection.execute(f"ALTER SYSTEM {statement}")
        self._connection.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            row = self._connection.execute("SHOW enable_seqscan").fetchone()
            if row and row[0] == sequential_scans:
                self._server.connect().close()
                return
        raise LooktwiceError("cannot profile the reads", "the server did not take its new settings")
