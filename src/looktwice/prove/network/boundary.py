"""The boundary of a run: the thread with the event loop in which all proxies live, and their listening ports."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from looktwice.prove.network.client import send
from looktwice.prove.network.encryption import Encryption
from looktwice.prove.network.gate import FORWARD, Action, Asked, Failed, Gate, Responded
from looktwice.prove.network.proxy import Address, PostgresProxy, RedisProxy
from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.upstream import Service, UpstreamConnection

T = TypeVar("T")
_LOOPBACK = "127.0.0.1"


class Boundary:
    """Start with `with Boundary() as boundary:`; leaving closes every port and connection and ends the thread."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.numbers = itertools.count(1)
        self._encryption = Encryption()
        self._loop = _new_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._run, name="looktwice-boundary", daemon=True)
        self._thread.start()

    def __enter__(self) -> Boundary:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._failed)
        self._loop.run_forever()

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error in a callback of the loop, which nobody else would hear of: what was going on counts for nothing."""
        error = context.get("exception")
        if isinstance(error, OSError):  # a connection that was broken off
            return
        why = f"{type(error).__name__}: {error}" if error is not None else str(context.get("message", ""))
        self.gate.record(Failed(time.time(), why), wake=True)

    # ---- called from the scheduler's thread

    def listen(self, protocol: Callable[[], asyncio.Protocol]) -> int:
        """Accept connections on a free loopback port, each served by a new `protocol()`. Gives the port."""

        async def start() -> asyncio.Server:
            return await self._loop.create_server(protocol, _LOOPBACK, 0, backlog=100)

        server = self.run(start()).result(10)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def listen_postgres(self, lane: str, server: Address) -> int:
        """A port at which the instance `lane` reaches PostgreSQL at `server`, encrypted if it insists."""
        return self.listen(lambda: PostgresProxy(self.gate, lane, self.numbers, server, self._encryption))

    def listen_redis(self, lane: str, server: Address) -> int:
        """A port at which the instance `lane` reaches Redis at `server`."""
        return self.listen(lambda: RedisProxy(self.gate, lane, self.numbers, server))

    def listen_upstream(self, lane: str, service: Service) -> int:
        """A port at which the instance `lane` reaches the stand-in of an outside service."""
        return self.listen(lambda: UpstreamConnection(self.gate, lane, self.numbers, service))

    def send(self, lane: str, request: Request, port: int, timeout: float) -> Future[Response]:
        """Send a request to the instance `lane`, whose application listens at `port`; it wakes the scheduler."""

        async def exchange() -> Response:
            self.gate.record(Asked(time.time(), lane, request))
            try:
                response = await send(request, port, timeout)
            except Exception as error:  # a fault of ours: whoever waits for the answer must not wait for ever
                response = Response(error=f"{type(error).__name__}: {error}")
            self.gate.record(Responded(time.time(), lane, request, response), wake=True)
            return response

        return self.run(exchange())

    def release(self, number: int, action: Action = FORWARD) -> None:
        """Let a held operation go."""
        self._loop.call_soon_threadsafe(self.gate.release, number, action)

    def cut_off(self, lane: str, refusing: bool) -> None:
        """Break an instance's connections to the database; with `refusing` new ones as well, until `release_all`."""

        async def cut() -> None:
            if refusing:
                self.gate.refusing |= {lane}
            self.gate.cut_all(lane, "postgres")

        self.run(cut()).result(5)

    def end_hanging(self) -> None:
        """Break the connections that were left without a reply."""
        self._loop.call_soon_threadsafe(self.gate.end_hanging)

    def release_all(self) -> None:
        """Let everything go and hold nothing any more; done when it returns, so that the next policy stays."""

        async def release() -> None:
            self.gate.release_all()

        self.run(release()).result(5)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in the proxies' loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        """Close every port and connection. May be called twice."""
        if not self._thread.is_alive():
            return

        async def stop() -> None:
            self.gate.release_all()
            for server in self._servers:
                server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()

        try:
            self.run(stop()).result(5)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            self._loop.close()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
