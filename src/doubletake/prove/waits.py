"""Who waits for whom at the server, asked instead of guessed from a timeout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    import psycopg

# A waiter for a row shows only the other's transaction id; its own tuple lock, held meanwhile, names the relation.
_WAITING = """
SELECT activity.pid, pg_blocking_pids(activity.pid), coalesce(wanted.locktype, ''), coalesce(wanted.mode, ''),
       coalesce(coalesce(wanted.relation, held.relation)::regclass::text, '')
FROM unnest(%s::int[]) AS activity(pid)
LEFT JOIN LATERAL (SELECT locktype, mode, relation FROM pg_locks l WHERE l.pid = activity.pid AND NOT granted LIMIT 1)
    AS wanted ON true
LEFT JOIN LATERAL (SELECT relation FROM pg_locks l WHERE l.pid = activity.pid AND granted AND locktype = 'tuple'
    LIMIT 1) AS held ON true
WHERE cardinality(pg_blocking_pids(activity.pid)) > 0
"""
_OPEN = "SELECT backend_xid::text::bigint, pid FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid = ANY(%s)"


class Waiting(Struct, frozen=True):
    """One backend that waits for a lock. `kind`: "transactionid" is a row or a unique key, "advisory", "relation" …"""

    backend: int
    blockers: tuple[int, ...]
    kind: str
    mode: str
    relation: str


class Waits:
    """Asks through a connection of its own, directly at the server: `connection` must be in autocommit."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def among(self, backends: Sequence[int]) -> list[Waiting]:
        """Those of the backends that wait for a lock now. A poll costs about 0.1 ms."""
        if not backends:
            return []
        rows = self._connection.execute(_WAITING, (list(backends),), prepare=True).fetchall()
        return [Waiting(pid, tuple(blockers), kind, mode, relation) for pid, blockers, kind, mode, relation in rows]

    def transactions(self, backends: Sequence[int]) -> dict[int, int]:
        """Transaction ids that the backends hold open now: xid → backend."""
        if not backends:
            return {}
        return {xid: pid for xid, pid in self._connection.execute(_OPEN, (list(backends),), prepare=True).fetchall()}
