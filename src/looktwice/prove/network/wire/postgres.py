"""One PostgreSQL connection seen from the middle: both directions' bytes in, chunks to forward and events out.

The client's bytes become chunks; a chunk that begins an operation carries it, so that whoever forwards can hold it.
An operation begins at Query or Bind, where PostgreSQL takes the snapshot, together with the Parse and Describe in
front of it that nobody has asked an answer for yet (no Sync or Flush): parsing fixes the snapshot of a REPEATABLE READ
transaction, so a held Bind must hold its Parse too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from looktwice.prove.network.wire import postgres_frames as frames
from looktwice.prove.network.wire.operation import Chunk, Operation, Reply, Result
from looktwice.prove.network.wire.postgres_answers import ANSWERS
from looktwice.prove.network.wire.postgres_frames import Framer, Message, NotUnderstoodError
from looktwice.prove.network.wire.postgres_state import Owed, Running, State, Statement
from looktwice.prove.network.wire.postgres_values import decode_all
from looktwice.prove.network.wire.sql_text import fingerprint, kind_of, statements

# Client messages that make the server answer: what was gathered before them must go out with them.
_FLUSHING = frozenset("SHQEFX")


class Session(State):
    """The state of one connection. No sockets: `client` and `server` take bytes and return what to do with them.

    lane, connection: who dialled; numbers: gives the next operation's number, shared between connections.
    strips_channel_binding: take SCRAM-SHA-256-PLUS out of the server's offer, which binds to a TLS that ends before it.
    """

    def __init__(
        self, lane: str, connection: int, numbers: Iterator[int], strips_channel_binding: bool = False
    ) -> None:
        super().__init__()
        self.lane, self.connection, self._numbers = lane, connection, numbers
        self._strips_channel_binding = strips_channel_binding
        self.understood = True
        self.terminated = False  # the client sent Terminate
        self._from_client = Framer(starting=True)
        self._from_server = Framer()
        self._gathered = bytearray()
        self._injected = 0
        self._known: dict[str, Statement] = {}
        self._is_segmented = False
        self._forwarded = 0  # bytes of an incomplete server message that went out before segmenting began

    @property
    def outstanding(self) -> bool:
        """Whether the server still owes an answer."""
        return bool(self.owed_answers)

    # ---- client to server

    def client(self, data: bytes) -> list[Chunk]:
        """What the client sent, as chunks to forward in order. Never raises: what is not understood passes through."""
        if not self.understood:
            late = bytes(self._gathered) + self._from_client.rest()
            self._gathered.clear()
            return [Chunk(late + data)]
        chunks: list[Chunk] = []
        self._from_client.feed(data)
        try:
            for message in self._from_client.messages():
                self._client_message(message, chunks)
        except (NotUnderstoodError, struct.error, IndexError):
            self.understood = False
            chunks.append(Chunk(bytes(self._gathered) + self._from_client.rest()))
            self._gathered.clear()
        return chunks

    def _client_message(self, message: Message, chunks: list[Chunk]) -> None:
        self._gathered += message.raw  # before its meaning is asked: what is not understood is passed on all the same
        code, opens, operation = message.code, "", None
        if code == "":
            opens = self._opening(message)
        elif self.is_ready:
            operation = self._client_meaning(code, message.payload)
        if not self.is_ready or operation is not None or code in _FLUSHING or code in "dcf":
            chunks.append(Chunk(bytes(self._gathered), operation, opens))
            self._gathered.clear()

    def _opening(self, message: Message) -> str:
        code = message.startup_code
        named = {
            frames.SSL_REQUEST: "ssl",
            frames.ENCRYPTION_REQUEST: "gssapi",
            frames.CANCEL_REQUEST: "cancel",
        }.get(code)
        if named is None:
            if code >> 16 != frames.STARTUP_MAJOR:
                raise NotUnderstoodError(f"protocol {code >> 16}")
            self._from_client.starting = False
            return "startup"
        return named

    def _client_meaning(self, code: str, payload: bytes) -> Operation | None:
        if code == "Q":
            return self._query(payload)
        if code == "B":
            return self._bind(payload)
        if code == "P":
            self._parse(payload)
        elif code == "E":
            portal, _ = frames.text(payload)
            self.owed_answers.append(Owed("E", self.portals.get(portal)))
        elif code == "D":
            name, _ = frames.text(payload, 1)
            self.owed_answers.append(Owed("D", self.portals.get(name)) if payload[:1] == b"P" else Owed("D", name=name))
        elif code == "C":
            name, _ = frames.text(payload, 1)
            self.owed_answers.append(Owed("C"))
            (self.statements if payload[:1] == b"S" else self.portals).pop(name, None)
        elif code == "S" and not self.is_copying_in:
            self.owed_answers.append(Owed("S"))
        elif code == "F":
            number = next(self._numbers)
            self.owed_answers.append(Owed("F", number))
            self.running[number] = Running()
            return self._operation(number, self._read("function call"), ())
        elif code in "cf":
            self.is_copying_in = False
        elif code == "X":
            self.terminated = True
        return None

    def _read(self, text: str) -> Statement:
        known = self._known.get(text)
        if known is None:
            print_ = fingerprint(text)
            known = Statement(text, print_, kind_of(print_), ())
            if len(self._known) < 2000:
                self._known[text] = known
        return known

    def _query(self, payload: bytes) -> Operation:
        text, _ = frames.text(payload)
        number = next(self._numbers)
        self.owed_answers.append(Owed("Q", number))
        self.running[number] = Running()
        return self._operation(number, self._read(text), ())

    def _parse(self, payload: bytes) -> None:
        name, offset = frames.text(payload)
        text, offset = frames.text(payload, offset)
        count = frames.SHORT.unpack_from(payload, offset)[0]
        oids = struct.unpack_from(f"!{max(count, 0)}I", payload, offset + 2)
        owed = Owed("P", name=name)
        owed.before = self.statements.get(name)
        self.statements[name] = self._read(text)._replace(oids=oids)
        self.described.pop(name, None)
        self.owed_answers.append(owed)

    def _bind(self, payload: bytes) -> Operation | None:
        portal, offset = frames.text(payload)
        name, offset = frames.text(payload, offset)
        formats, offset = frames.shorts(payload, offset)
        raw, offset = frames.values(payload, offset)
        results, _ = frames.shorts(payload, offset)
        statement = self.statements.get(name)
        if statement is None:  # prepared by SQL's PREPARE, or before we looked
            statement = self._read(f"prepared statement {name}")
        number = next(self._numbers)
        self.portals[portal] = number
        running = self.running[number] = Running(results)
        running.columns, running.oids = self.described.get(name, ((), ()))
        self.portal_statement[portal] = name
        self.owed_answers.append(Owed("B", number))
        return self._operation(number, statement, decode_all(raw, statement.oids, formats))

    def _operation(self, number: int, statement: Statement, parameters: tuple[str | None, ...]) -> Operation:
        return Operation(
            number=number,
            lane=self.lane,
            wire="postgres",
            connection=self.connection,
            kind=statement.kind,
            text=statement.text,
            fingerprint=statement.fingerprint,
            parameters=parameters,
            backend=self.backend,
            status=self.status,
            atomic=len(statements(statement.fingerprint)) > 1,
        )

    def substitute(self, chunk: Chunk, sql: str) -> bytes:
        """The bytes to send instead of a held operation so that the server runs `sql` in its place.

        Meant for SQL that fails: the client then sees a true error and the server's transaction is truly broken.
        """
        operation = chunk.operation
        if operation is None:
            return chunk.data
        framer = Framer()
        framer.feed(chunk.data)
        messages = list(framer.messages())
        if messages[-1].code == "Q":
            return frames.query(sql)
        portal, _ = frames.text(messages[-1].payload)
        self._injected += 1
        name = f"looktwice_{self._injected}"
        place = next(
            i for i, owed in enumerate(self.owed_answers) if owed.code == "B" and owed.number == operation.number
        )
        hidden = Owed("P", name=name)
        hidden.hidden = True
        self.owed_answers.insert(place, hidden)
        self.segment()
        ahead = b"".join(message.raw for message in messages[:-1])
        return ahead + frames.parse(name, sql) + frames.bind(portal, name)

    # ---- server to client

    def segment(self) -> None:
        """From the next message on `server` gives its bytes out message by message (a fault may want one of them)."""
        if not self._is_segmented:
            self._is_segmented, self._forwarded = True, self._from_server.pending

    def server(self, data: bytes) -> tuple[list[Reply], list[Result]]:
        """What the server sent: bytes to forward, with the operation they answer, and the results now complete.

        Unless `segment` was called the bytes are given out as they came, which is what makes an idle proxy cheap.
        """
        if not self.understood:
            return [Reply(self._late_replies() + data, None)], []
        if self._strips_channel_binding and not self.is_ready:
            self.segment()
        replies: list[Reply] = [] if self._is_segmented else [Reply(data, None)]
        results: list[Result] = []
        self._from_server.feed(data)
        try:
            for message in self._from_server.messages():
                self._server_message(message, replies, results)
        except (NotUnderstoodError, struct.error, IndexError):
            self.understood = False
            replies.append(Reply(self._late_replies(), None))
        return replies, results

    def _late_replies(self) -> bytes:
        """What was kept back to be given out message by message, now that messages are not understood."""
        rest = self._from_server.rest()
        late = rest[self._forwarded :] if self._is_segmented else b""
        self._forwarded = 0
        return late

    def _server_message(self, message: Message, replies: list[Reply], results: list[Result]) -> None:
        owed = self.owed_answers[0] if self.owed_answers else None
        meaning = ANSWERS.get(message.code)
        number = owed.number if owed else None
        is_hidden = owed is not None and owed.hidden and message.code == "1"
        if self._is_segmented and not is_hidden:
            raw = message.raw
            if message.code == "R" and self._strips_channel_binding:
                raw = frames.without_channel_binding(message)
            replies.append(Reply(raw[self._forwarded :], number, message.code == "Z"))
            self._forwarded = 0
        if meaning is not None:
            meaning(self, message.payload, owed, results)
