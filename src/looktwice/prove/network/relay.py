"""A connection between the application and a server, with the gate in between: what all proxied wires share.

A connection's operations go through the gate in the order in which they arrived; what is behind a held one waits,
nothing is ever reordered.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections import deque
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

from looktwice.prove.network.gate import Action, Connection, Gate, NotUnderstood
from looktwice.prove.network.wire.operation import Chunk, Operation

_DIAL = 10.0  # seconds to reach the server
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER 0: closing sends RST, as a crashed peer or a firewall does


class Address(NamedTuple):
    host: str
    port: int


def reset(transport: asyncio.Transport | None) -> None:
    """Close so that the peer sees a reset, not an orderly end."""
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family != socket.AF_UNIX:
        with contextlib.suppress(OSError):  # closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


class Relay(asyncio.Protocol):
    """This object faces the application, `_Back` the server. Subclasses know the protocol."""

    wire = ""

    def __init__(self, gate: Gate, lane: str, numbers: Iterator[int], server: Address) -> None:
        self._gate, self._server = gate, server
        self._connection = Connection(lane, next(numbers), self.wire)
        self._queue: deque[Chunk] = deque()
        self._is_held = False
        self._is_strange = False
        self._front: asyncio.Transport | None = None
        self._back: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # ---- what a wire says

    def _chunks(self, data: bytes) -> list[Chunk]:
        """The application's bytes, cut where operations begin."""
        raise NotImplementedError

    def _forward(self, chunk: Chunk) -> None:
        """Send on bytes that begin no operation."""
        assert self._back is not None
        self._back.write(chunk.data)

    def _perform(self, chunk: Chunk, operation: Operation, action: Action) -> None:
        """Do with an operation what the gate decided."""
        raise NotImplementedError

    def replied(self, data: bytes) -> None:
        """Bytes from the server."""
        raise NotImplementedError

    # ---- the application's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        front = cast(asyncio.Transport, transport)  # uvloop's is one in everything but its class
        if self._front is not None:  # the same connection again, now inside TLS
            self._front = front
            return
        self._front = front
        if self._connection.lane in self._gate.refusing:
            reset(front)
            return
        self._gate.opened(self._connection, self.cut)
        self._start(self._dial())

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_DIAL):
                await loop.create_connection(lambda: _Back(self), self._server.host, self._server.port)
        except OSError:  # a time-out is one
            self.end("server")

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.cut()
            asyncio.get_running_loop().call_exception_handler({"message": "a proxy's task failed", "exception": error})

    def dialled(self, transport: asyncio.Transport) -> None:
        self._back = transport
        if self._front is None or self._front.is_closing():
            transport.close()
            return
        self._pump()

    def data_received(self, data: bytes) -> None:
        self._queue.extend(self._chunks(data))
        self._pump()

    def _pump(self) -> None:
        """Send on what has arrived, up to an operation that is held or a server that is not dialled yet."""
        while self._queue and not self._is_held and self._back is not None:
            chunk = self._queue.popleft()
            if chunk.operation is None:
                self._forward(chunk)
                continue
            operation = chunk.operation
            action = self._gate.arrive(operation, partial(self._proceed, chunk))
            if action is None:
                self._is_held = True
                return
            self._perform(chunk, operation, action)

    def _proceed(self, chunk: Chunk, action: Action) -> None:
        self._is_held = False
        if self._back is None or chunk.operation is None:
            return
        self._perform(chunk, chunk.operation, action)
        self._pump()

    def _note_strange(self, understood: bool) -> None:
        if not understood and not self._is_strange:
            self._is_strange = self._connection.is_strange = True
            self._gate.record(NotUnderstood(time.time(), self._connection.lane, self._connection.number))

    def _answer(self, data: bytes) -> None:
        if self._front is not None:
            self._front.write(data)

    # ---- the end

    def _cut_unanswered(self) -> None:
        if self._is_held or self._connection.outstanding:
            self.cut()

    def cut(self) -> None:
        """Break both halves with a reset, as a failing network does."""
        front, back = self._front, self._back
        self._front = self._back = None
        reset(front)
        reset(back)
        self._gate.closed(self._connection, "fault")

    def end(self, why: str) -> None:
        """Either side went away: the other follows, after what is written has gone out."""
        front, back = self._front, self._back
        self._front = self._back = None
        if back is not None:
            if why == "application" and not self._is_held and not back.is_closing():
                back.write(b"".join(chunk.data for chunk in self._queue if chunk.operation is None))
            back.close()
        if front is not None:
            front.close()
        self._queue.clear()
        self._gate.closed(self._connection, why)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._front is not None:
            self.end("application")

    def pause_writing(self) -> None:
        if self._back is not None:
            self._back.pause_reading()

    def resume_writing(self) -> None:
        if self._back is not None:
            self._back.resume_reading()

    def pause_front(self) -> None:
        if self._front is not None:
            self._front.pause_reading()

    def resume_front(self) -> None:
        if self._front is not None:
            self._front.resume_reading()


class _Back(asyncio.Protocol):
    """The half of a connection that faces the server."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._relay.dialled(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._relay.replied(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._relay.end("server")

    def pause_writing(self) -> None:
        self._relay.pause_front()

    def resume_writing(self) -> None:
        self._relay.resume_front()
