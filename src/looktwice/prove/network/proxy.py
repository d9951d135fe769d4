"""The proxies of PostgreSQL and Redis: the only sockets between the application and its stores.

One listening port for each instance of the application, so that the port says who asks.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

from looktwice.prove.network.encryption import Encryption
from looktwice.prove.network.gate import Action, Answer, Cut, CutPoint, Fail, Forward, Gate, Hang, Slow
from looktwice.prove.network.relay import Address, Relay
from looktwice.prove.network.wire import postgres_frames as frames
from looktwice.prove.network.wire import redis as resp
from looktwice.prove.network.wire.operation import Chunk, Operation, Reply
from looktwice.prove.network.wire.postgres import Session

__all__ = ["Address", "PostgresProxy", "RedisProxy"]

# SQLSTATEs after which a server closes the connection. The proxy says them itself: no transaction is left to break.
_FATAL = frozenset({"57P01", "57P02", "57P03", "53300", "28000", "08006", "08P01"})


class PostgresProxy(Relay):
    """One connection of the application to PostgreSQL. Encryption ends here, for those who insist on it."""

    wire = "postgres"

    def __init__(self, gate: Gate, lane: str, numbers: Iterator[int], server: Address, encryption: Encryption) -> None:
        super().__init__(gate, lane, numbers, server)
        self._encryption = encryption
        self._was_refused = False
        self._session = Session(lane, self._connection.number, numbers, encryption.is_wanted)
        self._rules: dict[int, Action] = {}
        self._withheld: list[bytes] = []
        self._withheld_for: int | None = None

    def _chunks(self, data: bytes) -> list[Chunk]:
        chunks = self._session.client(data)
        self._note_strange(self._session.understood)
        return chunks

    def _forward(self, chunk: Chunk) -> None:
        if chunk.opens == "ssl" and self._encryption.is_wanted:
            self._encrypt()
        elif chunk.opens in ("ssl", "gssapi"):
            self._was_refused = chunk.opens == "ssl"
            self._answer(b"N")
        else:
            self._was_refused = False
            super()._forward(chunk)

    def end(self, why: str) -> None:
        if self._was_refused:  # it left on the answer that there is no encryption: the next one gets it
            self._encryption.is_wanted = True
        super().end(why)

    def _encrypt(self) -> None:
        if self._front is None:
            return
        context = self._encryption.context
        self._front.pause_reading()  # the client's hello is for the encryption, not for us
        self._front.write(b"S")
        self._start(self._change_to(context))

    async def _change_to(self, context: ssl.SSLContext) -> None:
        if self._front is None:
            return
        loop = asyncio.get_running_loop()
        try:
            self._front = await loop.start_tls(self._front, self, context, server_side=True)
        except (OSError, ssl.SSLError):
            self.end("application")

    def _perform(self, chunk: Chunk, operation: Operation, action: Action) -> None:
        assert self._back is not None
        if isinstance(action, Fail) and action.code in _FATAL:
            self._answer(frames.error("FATAL", action.code, action.words))
            self.end("fault")
            return
        if (isinstance(action, Cut) and action.point is CutPoint.BEFORE) or isinstance(action, Answer):
            self.cut()
            return
        if isinstance(action, Hang | Slow):
            self._gate.hang(self._cut_unanswered)
        if isinstance(action, Hang) and not action.has_effect:
            self._is_held = True  # for good: the connection stays unchanged until one side gives up
            return
        self._connection.outstanding += (operation.number,)
        if isinstance(action, Fail):
            sql = frames.raising(action.code, action.words, action.constraint, action.table)
            self._back.write(self._session.substitute(chunk, sql))
            return
        if not isinstance(action, Forward):
            self._session.segment()
            self._rules[operation.number] = action
        self._back.write(chunk.data)

    def replied(self, data: bytes) -> None:
        replies, results = self._session.server(data)
        for reply in replies:
            if self._rules or self._withheld_for is not None:
                self._reply_under_rule(reply)
            else:
                self._answer(reply.data)
        connection = self._connection
        connection.backend, connection.status = self._session.backend, self._session.status
        for result in results:
            self._gate.answered(connection, result)
        self._note_strange(self._session.understood)

    def _reply_under_rule(self, reply: Reply) -> None:
        # The end of a batch answers its Sync, which belongs to no operation: it is the withheld one's.
        number = reply.number if self._withheld_for is None else self._withheld_for
        action = self._rules.get(number) if number is not None else None
        if action is None:
            self._answer(reply.data)
        elif isinstance(action, Cut) and action.point is CutPoint.MIDWAY:
            self._answer(reply.data[: max(1, len(reply.data) // 2)])
            self.end("fault")  # not a reset, which would take the half that is on its way
        elif isinstance(action, Cut):
            # BindComplete may come long before the statement ran: the reply of the batch's end says that it did.
            self._withheld_for = number
            if reply.ends:
                self.cut()
        else:
            if self._withheld_for is None and isinstance(action, Slow):
                asyncio.get_running_loop().call_later(action.seconds, self._let_replies_go)
            self._withheld_for = number
            self._withheld.append(reply.data)

    def _let_replies_go(self) -> None:
        if self._withheld_for is not None:
            self._rules.pop(self._withheld_for, None)
        self._withheld_for = None
        self._answer(b"".join(self._withheld))
        self._withheld.clear()

    def _cut_unanswered(self) -> None:
        if self._withheld_for is not None:
            self.cut()
        super()._cut_unanswered()


class RedisProxy(Relay):
    """One connection of the application to Redis."""

    wire = "redis"

    def __init__(self, gate: Gate, lane: str, numbers: Iterator[int], server: Address) -> None:
        super().__init__(gate, lane, numbers, server)
        self._session = resp.Session(lane, self._connection.number, numbers)
        self._rules: dict[int, Action] = {}

    def _chunks(self, data: bytes) -> list[Chunk]:
        chunks = self._session.client(data)
        self._note_strange(self._session.understood)
        return chunks

    def _perform(self, chunk: Chunk, operation: Operation, action: Action) -> None:
        assert self._back is not None
        if isinstance(action, Cut) and action.point is CutPoint.BEFORE:
            self.cut()
            return
        if isinstance(action, Hang | Slow):
            self._gate.hang(self._cut_unanswered)
        if isinstance(action, Hang) and not action.has_effect:
            self._is_held = True
            return
        if isinstance(action, Fail | Answer):
            words = f"-{action.code} {action.words}\r\n".encode() if isinstance(action, Fail) else action.body
            # Redis answers in order: ours takes its turn behind what is still owed, by way of a PING in its place.
            self._rules[operation.number] = Answer(0, words)
            self._connection.outstanding += (operation.number,)
            self._back.write(resp.PING)
            return
        self._connection.outstanding += (operation.number,)
        if not isinstance(action, Forward):
            self._rules[operation.number] = action
        self._back.write(chunk.data)

    def replied(self, data: bytes) -> None:
        replies, results = self._session.server(data)
        for reply in replies:
            self._reply(reply)
        for result in results:
            self._gate.answered(self._connection, result)
        self._note_strange(self._session.understood)

    def _reply(self, reply: Reply) -> None:
        action = self._rules.pop(reply.number, None) if reply.number is not None else None
        if action is None:
            self._answer(reply.data)
        elif isinstance(action, Answer):
            self._answer(action.body)
        elif isinstance(action, Cut) and action.point is CutPoint.MIDWAY:
            self._answer(reply.data[: max(1, len(reply.data) // 2)])
            self.end("fault")
        elif isinstance(action, Cut):
            self.cut()
        elif isinstance(action, Slow):
            asyncio.get_running_loop().call_later(action.seconds, self._answer, reply.data)
