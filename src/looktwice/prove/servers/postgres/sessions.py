"""The application's sessions as the server sees them: who waits for whom, which transaction is whose, what is left
open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from looktwice.prove.servers.postgres.server import Server


class Wait(Struct, frozen=True):
    """A backend that waits: for which others (pids; 0 is a prepared transaction), and for what.

    `lock` is pg_locks' kind ("transactionid", "tuple", "relation", "advisory" …), `mode` its mode, `relation` the table
    concerned where the server knows it; `statement` is what the waiting backend runs. Waiting for another transaction's
    end is how row locks and unique keys show: then `relation` is the table the statement has locked for writing.
    """

    pid: int
    blockers: tuple[int, ...]
    lock: str = ""
    mode: str = ""
    relation: str = ""
    statement: str = ""


class Leftover(Struct, frozen=True):
    """A session that is not back to rest: in a transaction, or holding advisory locks."""

    pid: int
    state: str
    advisory: int = 0


_WAIT = """
SELECT l.locktype, l.mode,
       coalesce(l.relation::regclass::text,
                (SELECT m.relation::regclass::text FROM pg_locks m JOIN pg_class c ON c.oid = m.relation
                 WHERE m.pid = l.pid AND m.granted AND m.locktype IN ('relation', 'tuple') AND c.relkind IN ('r', 'p')
                   AND m.mode IN ('RowShareLock', 'RowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                 ORDER BY m.locktype = 'tuple' DESC, m.waitstart DESC NULLS LAST LIMIT 1), ''),
       a.query
FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.pid = %s AND NOT l.granted LIMIT 1
"""
_LEFT = """
SELECT a.pid, coalesce(a.state, ''), coalesce(k.held, 0)
FROM pg_stat_activity a
LEFT JOIN (SELECT pid, count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory' AND granted GROUP BY pid) k
USING (pid) WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.application_name <>
'looktwice'
  AND a.pid <> pg_backend_pid() AND (a.state <> 'idle' OR k.held > 0)
"""


class Sessions:
    """Questions about the sessions of one server, over a connection of its own. Every answer takes well under a
    millisecond. Not for several threads at once."""

    def __init__(self, server: Server) -> None:
        # ::regclass prints names as the search path needs them: with none but pg_catalog, always qualified.
        self._connection = server.connect()
        self._usual: frozenset[Leftover] = frozenset()

    def accept(self) -> None:
        """Take the advisory locks that sessions at rest hold now for usual: one that elects a leader, say. Called once,
        when nothing is asked."""
        self._usual = frozenset(left for left in self._open() if left.state == "idle")

    def blockers(self, pid: int) -> tuple[int, ...]:
        """The backends that `pid` waits for; empty when it waits for nobody. Includes those whose open snapshot a
        deferrable serializable transaction waits for."""
        row = self._connection.execute(
            "SELECT pg_blocking_pids(%(pid)s) || pg_safe_snapshot_blocking_pids(%(pid)s)", {"pid": pid}, prepare=True
        ).fetchone()
        return tuple(row[0]) if row else ()

    def blocking(self, pid: int) -> Wait | None:
        """The same with the reason, for the record; None when `pid` waits for nobody."""
        pids = self.blockers(pid)
        if not pids:
            return None
        row = self._connection.execute(_WAIT, (pid,)).fetchone()
        return Wait(pid, pids, *(row or ()))

    def transactions(self, pids: Iterable[int]) -> dict[int, int]:
        """xid → pid of the open transactions of these backends that have written: what `change.owners` takes."""
        rows = self._connection.execute(
            """SELECT backend_xid::text::bigint, pid FROM pg_stat_activity
               WHERE pid = ANY(%s) AND backend_xid IS NOT NULL""",
            (list(pids),),
            prepare=True,
        )
        return {int(xid): int(pid) for xid, pid in rows}

    def is_known(self, pid: int) -> bool:
        """False when the server has no such backend: then something between us and PostgreSQL shares connections."""
        return self._connection.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone() is not None

    def status(self, xid: int) -> str:
        """How a transaction ended: "committed", "aborted", "in progress", or "" when the server has forgotten it."""
        row = self._connection.execute(
            """SELECT pg_xact_status(((pg_snapshot_xmax(pg_current_snapshot())::text::bigint >> 32 << 32) +
            %s)::text::xid8)""",
            (xid,),
        ).fetchone()
        return str(row[0] or "") if row else ""

    def unfinished(self) -> tuple[Leftover, ...]:
        """The application's sessions that are not at rest. Wait for this to be empty before a restore, 200 ms at
        most."""
        return tuple(left for left in self._open() if left not in self._usual)

    def _open(self) -> list[Leftover]:
        return [Leftover(*row) for row in self._connection.execute(_LEFT, prepare=True)]

    def terminate(self, pids: Iterable[int]) -> int:
        """End these backends and wait for it (a second at most). Gives how many there were."""
        rows = self._connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM unnest(%s::int[]) pid", (list(pids),)
        )
        return sum(1 for (done,) in rows if done)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Sessions:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
