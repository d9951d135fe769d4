"""Makes sure that the application writes to this run's database: before the first request that writes, and with each
one.

A connection to somewhere that does not belong to this run, while a write succeeds and nothing in this run changes,
means that rows elsewhere have changed. Where connections are refused this cannot happen; it is checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Plan
from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.success import is_success
from looktwice.prove.servers.postgres.server import Server
from looktwice.prove.servers.redis import RedisServer

_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"


class OwnDatabase:
    """peers: gives "host:port" of each connection of the application that is not of this run and was not allowed. A
    context manager: it has a connection of its own, to count by."""

    def __init__(
        self, plan: Plan, server: Server, redis: RedisServer | None, peers: Callable[[], Iterable[str]]
    ) -> None:
        self._plan, self._redis, self._peers = plan, redis, peers
        self._connection = server.connect()
        self._is_looked_at = self._has_changed = False
        self._without_change: dict[str, None] = {}  # in the order of the first time

    def __enter__(self) -> OwnDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def before(self, request: Request) -> None:
        """Raises StartError when the request may write, and there is a connection that may be what it writes to."""
        if request.method in _SAFE or self._is_looked_at:
            return
        if found := sorted(self._peers()):
            raise self._error(found, "before anything was written")
        self._is_looked_at = True

    def around(self, request: Request, send: Callable[[], Response]) -> Response:
        """Ask, and see that a write that succeeds changes something of ours. Raises StartError when it changes nothing
        of ours, and there is another connection."""
        self.before(request)
        if request.method in _SAFE:
            return send()
        before = self._state()
        response = send()
        self.after(request, response, has_changed=self._state() != before)
        return response

    def after(self, request: Request, response: Response, has_changed: bool) -> None:
        """has_changed: whether the request changed something of ours. Raises as `around` does."""
        if request.method in _SAFE or not is_success(request, response):
            return
        self._has_changed |= has_changed
        if not has_changed:
            self._without_change.setdefault(f"{request.method} {request.path.partition('?')[0]}")
            self._refuse_elsewhere(request, response)

    def remarks(self) -> list[str]:
        """What to say when nothing that was written was seen."""
        if self._has_changed or not self._without_change:
            return []
        requests = ", ".join(self._without_change)
        return [
            f"{requests}: answered with success, and nothing has changed in this run's database; either they write "
            "nothing, or it is kept elsewhere (in memory, in a file), where nothing is observed"
        ]

    def _refuse_elsewhere(self, request: Request, response: Response) -> None:
        if found := sorted(self._peers()):
            sent = f"{request.method} {request.path} was answered {response.status} and changed nothing of this run"
            raise self._error(found, sent)

    def _state(self) -> tuple[int, int]:
        """What grows with each transaction that writes, and with each change of a key."""
        row = self._connection.execute(_NEXT_TRANSACTION).fetchone()
        return int(row[0]) if row else 0, self._redis.changes() if self._redis is not None else 0

    def _error(self, peers: list[str], when: str) -> StartError:
        names = ", ".join(peers)
        host = peers[0].partition(" ")[0]
        return StartError(
            "prove",
            f"{when}, and the application is connected to {names}, which does not belong to this run: it may "
            "be writing there",
            command=self._plan.start,
            plan=self._plan,
            add=f'[prove]\nallow_hosts = ["{host}"]    # only when nothing of value can change there',
        )
