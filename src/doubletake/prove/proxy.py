"""The proxies: the only sockets between the application and its database.

One listening port for each instance of the application, so that the port says who asks. A connection's operations go
through the gate in the order in which they arrived; what is behind a held one waits, nothing is ever reordered.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, cast

from doubletake.prove.gate import (
    Action,
    Answer,
    Connection,
    Cut,
    CutPoint,
    Fail,
    Forward,
    Gate,
    Hang,
    NotUnderstood,
    Slow,
)
from doubletake.prove.wire import postgres_frames as frames
from doubletake.prove.wire.operation import Operation
from doubletake.prove.wire.postgres import Chunk, Reply, Session

# SQLSTATEs after which a server closes the connection. The proxy says them itself: no transaction is left to break.
_FATAL = frozenset({"57P01", "57P02", "57P03", "53300", "28000", "08006", "08P01"})
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


class PostgresProxy(asyncio.Protocol):
    """One connection of the application to PostgreSQL: this object faces the application, `_Back` the server."""

    def __init__(
        self,
        gate: Gate,
        lane: str,
        numbers: Iterator[int],
        server: Address,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        number = next(numbers)
        self._gate, self._server, self._tls = gate, server, tls
        self._session = Session(lane, number, numbers)
        self._connection = Connection(lane, number, "postgres")
        self._queue: deque[Chunk] = deque()
        self._is_held = False
        self._front: asyncio.Transport | None = None
        self._back: asyncio.Transport | None = None
        self._reply_rules: dict[int, Action] = {}
        self._withheld: list[bytes] = []
        self._withheld_for: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()

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
        self._gate.opened(self._connection)
        self._start(self._dial())

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: _Back(self), self._server.host, self._server.port)
        except OSError:
            self.end("server")

    def _start(self, coroutine: object) -> None:
        task = asyncio.ensure_future(coroutine)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def dialled(self, transport: asyncio.Transport) -> None:
        self._back = transport
        if self._front is None or self._front.is_closing():
            transport.close()
            return
        self._pump()

    def data_received(self, data: bytes) -> None:
        before = self._session.understood
        self._queue.extend(self._session.client(data))
        if before and not self._session.understood:
            self._gate.record(NotUnderstood(time.time(), self._connection.lane, self._connection.number))
        self._pump()

    def _pump(self) -> None:
        """Send on what has arrived, up to an operation that is held or a server that is not dialled yet."""
        while self._queue and not self._is_held and self._back is not None:
            chunk = self._queue.popleft()
            if chunk.opens in ("ssl", "gssapi"):
                self._answer_encryption(chunk.opens)
            elif chunk.operation is None:
                self._back.write(chunk.data)
            else:
                operation = chunk.operation
                action = self._gate.arrive(operation, lambda action, chunk=chunk: self._proceed(chunk, action))
                if action is None:
                    self._is_held = True
                    return
                self._perform(chunk, operation, action)

    def _answer_encryption(self, asked: str) -> None:
        assert self._front is not None
        if asked == "ssl" and self._tls is not None:
            self._front.write(b"S")
            self._start(self._encrypt(self._tls))
        else:
            self._front.write(b"N")

    async def _encrypt(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        assert self._front is not None
        try:
            transport = await loop.start_tls(self._front, self, context, server_side=True)
        except (OSError, ssl.SSLError):
            self.end("application")
            return
        self._front = transport

    def _proceed(self, chunk: Chunk, action: Action) -> None:
        self._is_held = False
        if self._back is None or chunk.operation is None:
            return
        self._perform(chunk, chunk.operation, action)
        self._pump()

    def _perform(self, chunk: Chunk, operation: Operation, action: Action) -> None:
        assert self._back is not None
        if isinstance(action, Fail) and action.code in _FATAL:
            if self._front is not None:
                self._front.write(frames.error("FATAL", action.code, action.words))
                self._front.close()
            self.end("fault")
            return
        if (isinstance(action, Cut) and action.point is CutPoint.BEFORE) or isinstance(action, Answer):
            self.cut()
            return
        if isinstance(action, Hang | Slow):
            self._gate.hang(self._cut_unanswered)
        if isinstance(action, Hang) and not action.has_effect:
            self._is_held = True  # for good: the connection stays as it is until somebody gives up
            return
        self._connection.outstanding += (operation.number,)
        if isinstance(action, Fail):
            sql = frames.raising(action.code, action.words, action.constraint, action.table)
            self._back.write(self._session.substitute(chunk, sql))
            return
        if not isinstance(action, Forward):
            self._session.segment()
            self._reply_rules[operation.number] = action
        self._back.write(chunk.data)

    # ---- the server's side

    def replied(self, data: bytes) -> None:
        replies, results = self._session.server(data)
        rules = self._reply_rules
        for reply in replies:
            if rules or self._withheld_for is not None:
                self._reply_under_rule(reply)
            elif self._front is not None:
                self._front.write(reply.data)
        connection = self._connection
        connection.backend, connection.status = self._session.backend, self._session.status
        for result in results:
            self._gate.answered(connection, result)

    def _reply_under_rule(self, reply: Reply) -> None:
        # The end of a batch answers its Sync, which belongs to no operation: it is the withheld one's.
        number = reply.number if self._withheld_for is None else self._withheld_for
        action = self._reply_rules.get(number) if number is not None else None
        if action is None and self._withheld_for is None:
            if self._front is not None:
                self._front.write(reply.data)
            return
        if isinstance(action, Cut) and action.point is CutPoint.MIDWAY:
            if self._front is not None:
                self._front.write(reply.data[: max(1, len(reply.data) // 2)])
            self.cut()
        elif isinstance(action, Cut):
            # BindComplete may come long before the statement ran: the reply of the batch's end says that it did.
            self._withheld_for = reply.number
            if reply.ends:
                self.cut()
        else:
            first = self._withheld_for is None
            self._withheld_for = reply.number if first else self._withheld_for
            self._withheld.append(reply.data)
            if first and isinstance(action, Slow):
                asyncio.get_running_loop().call_later(action.seconds, self._let_replies_go)

    def _let_replies_go(self) -> None:
        if self._withheld_for is not None:
            self._reply_rules.pop(self._withheld_for, None)
        self._withheld_for = None
        if self._front is not None:
            self._front.write(b"".join(self._withheld))
        self._withheld.clear()

    # ---- the end

    def _cut_unanswered(self) -> None:
        if self._is_held or self._withheld_for is not None or self._connection.outstanding:
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
    """The half of a connection that faces PostgreSQL."""

    def __init__(self, proxy: PostgresProxy) -> None:
        self._proxy = proxy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._proxy.dialled(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._proxy.replied(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy.end("server")

    def pause_writing(self) -> None:
        self._proxy.pause_front()

    def resume_writing(self) -> None:
        self._proxy.resume_front()
