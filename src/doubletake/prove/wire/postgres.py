"""One PostgreSQL connection seen from the middle: both directions' bytes in, chunks to forward and events out.

The client's bytes become chunks; a chunk that begins an operation carries it, so that whoever forwards can hold it.
An operation begins at Query or Bind, where PostgreSQL takes the snapshot, together with the Parse and Describe in
front of it that nobody has asked an answer for yet (no Sync or Flush): parsing fixes the snapshot of a REPEATABLE READ
transaction, so a held Bind must hold its Parse too.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from doubletake.prove.wire import postgres_frames as frames
from doubletake.prove.wire.operation import Chunk, Failure, Operation, OperationKind, Reply, Result
from doubletake.prove.wire.postgres_frames import Framer, Message, NotUnderstoodError
from doubletake.prove.wire.postgres_values import decode_all
from doubletake.prove.wire.sql_text import fingerprint, kind_of, statements

_SAMPLE_ROWS = 5
_SAMPLE_COLUMNS = 40

# Which client message is owed which answer; the owed ones wait in a queue that the server's messages shorten.
_OWED = frozenset("PBDECSQF")
# Client messages that make the server answer: what was gathered before them must go out with them.
_FLUSHING = frozenset("SHQEFX")


class _Statement(NamedTuple):
    text: str
    fingerprint: str
    kind: OperationKind
    oids: tuple[int, ...]


class _Owed:
    """An answer that the server owes for a client message."""

    __slots__ = ("before", "code", "hidden", "name", "number")

    def __init__(self, code: str, number: int | None = None, name: str | None = None) -> None:
        self.code, self.number, self.name, self.hidden = code, number, name, False
        self.before: _Statement | None = None  # what a Parse replaced: an error in its batch brings it back


class _Running:
    """What has come back so far for an operation."""

    __slots__ = ("columns", "failure", "formats", "is_news", "oids", "rows", "sample", "suspended", "tag")

    def __init__(self, formats: tuple[int, ...] = ()) -> None:
        self.tag, self.rows, self.suspended, self.is_news = "", 0, False, True
        self.failure: Failure | None = None
        self.columns: tuple[str, ...] = ()
        self.oids: tuple[int, ...] = ()
        self.formats: tuple[int, ...] = formats
        self.sample: list[tuple[str | None, ...]] = []


class Session:
    """The state of one connection. No sockets: `client` and `server` take bytes and return what to do with them.

    lane, connection: who dialled; numbers: gives the next operation's number, shared between connections.
    strips_channel_binding: take SCRAM-SHA-256-PLUS out of the server's offer, which binds to a TLS that ends before it.
    """

    def __init__(
        self, lane: str, connection: int, numbers: Iterator[int], strips_channel_binding: bool = False
    ) -> None:
        self.lane, self.connection, self._numbers = lane, connection, numbers
        self._strips_channel_binding = strips_channel_binding
        self.backend: int | None = None
        self.status = "I"
        self.is_ready = False  # authenticated
        self.understood = True
        self.terminated = False  # the client said goodbye
        self._from_client = Framer(starting=True)
        self._from_server = Framer()
        self._gathered = bytearray()
        self._owed: deque[_Owed] = deque()
        self._statements: dict[str, _Statement] = {}
        self._described: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {}
        self._portals: dict[str, int] = {}
        self._portal_statement: dict[str, str] = {}
        self._running: dict[int, _Running] = {}
        self._copying_in = False
        self._injected = 0
        self._known: dict[str, _Statement] = {}
        self._is_segmented = False
        self._forwarded = 0  # bytes of an incomplete server message that went out before segmenting began

    @property
    def outstanding(self) -> bool:
        """Whether the server still owes an answer."""
        return bool(self._owed)

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
            self._owed.append(_Owed("E", self._portals.get(portal)))
        elif code == "D":
            name, _ = frames.text(payload, 1)
            self._owed.append(_Owed("D", self._portals.get(name)) if payload[:1] == b"P" else _Owed("D", name=name))
        elif code == "C":
            name, _ = frames.text(payload, 1)
            self._owed.append(_Owed("C"))
            (self._statements if payload[:1] == b"S" else self._portals).pop(name, None)
        elif code == "S" and not self._copying_in:
            self._owed.append(_Owed("S"))
        elif code == "F":
            number = next(self._numbers)
            self._owed.append(_Owed("F", number))
            self._running[number] = _Running()
            return self._operation(number, self._read("function call"), ())
        elif code in "cf":
            self._copying_in = False
        elif code == "X":
            self.terminated = True
        return None

    def _read(self, text: str) -> _Statement:
        known = self._known.get(text)
        if known is None:
            print_ = fingerprint(text)
            known = _Statement(text, print_, kind_of(print_), ())
            if len(self._known) < 2000:
                self._known[text] = known
        return known

    def _query(self, payload: bytes) -> Operation:
        text, _ = frames.text(payload)
        number = next(self._numbers)
        self._owed.append(_Owed("Q", number))
        self._running[number] = _Running()
        return self._operation(number, self._read(text), ())

    def _parse(self, payload: bytes) -> None:
        name, offset = frames.text(payload)
        text, offset = frames.text(payload, offset)
        count = frames.SHORT.unpack_from(payload, offset)[0]
        oids = struct.unpack_from(f"!{max(count, 0)}I", payload, offset + 2)
        owed = _Owed("P", name=name)
        owed.before = self._statements.get(name)
        self._statements[name] = self._read(text)._replace(oids=oids)
        self._described.pop(name, None)
        self._owed.append(owed)

    def _bind(self, payload: bytes) -> Operation | None:
        portal, offset = frames.text(payload)
        name, offset = frames.text(payload, offset)
        formats, offset = frames.shorts(payload, offset)
        raw, offset = frames.values(payload, offset)
        results, _ = frames.shorts(payload, offset)
        statement = self._statements.get(name)
        if statement is None:  # prepared by SQL's PREPARE, or before we looked
            statement = self._read(f"prepared statement {name}")
        number = next(self._numbers)
        self._portals[portal] = number
        running = self._running[number] = _Running(results)
        running.columns, running.oids = self._described.get(name, ((), ()))
        self._portal_statement[portal] = name
        self._owed.append(_Owed("B", number))
        return self._operation(number, statement, decode_all(raw, statement.oids, formats))

    def _operation(self, number: int, statement: _Statement, parameters: tuple[str | None, ...]) -> Operation:
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
        name = f"doubletake_{self._injected}"
        place = next(i for i, owed in enumerate(self._owed) if owed.code == "B" and owed.number == operation.number)
        hidden = _Owed("P", name=name)
        hidden.hidden = True
        self._owed.insert(place, hidden)
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
        owed = self._owed[0] if self._owed else None
        meaning = _SERVER.get(message.code)
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

    def _done(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        if owed is not None:
            self._owed.popleft()

    def _parameters_described(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        if owed is not None and owed.name is not None and owed.name in self._statements:
            count = frames.SHORT.unpack_from(payload)[0] & 0xFFFF
            oids = struct.unpack_from(f"!{count}I", payload, 2)
            self._statements[owed.name] = self._statements[owed.name]._replace(oids=oids)

    def _rows_described(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        if owed is None:
            return
        names, oids, formats = [], [], []
        offset = 2
        for _ in range(frames.SHORT.unpack_from(payload)[0] & 0xFFFF):
            name, offset = frames.text(payload, offset)
            oid, _, _, form = struct.unpack_from("!IhiH", payload, offset + 6)
            offset += 18
            names.append(name)
            oids.append(oid)
            formats.append(form)
        running = self._running.get(owed.number) if owed.number is not None else None
        if running is not None:
            running.columns, running.oids = tuple(names), tuple(oids)
            if owed.code == "Q":
                running.formats = tuple(formats)
        elif owed.name is not None:
            self._described[owed.name] = (tuple(names), tuple(oids))
            self._describe_running(owed.name, tuple(names), tuple(oids))
        if owed.code == "D":
            self._owed.popleft()

    def _describe_running(self, name: str, names: tuple[str, ...], oids: tuple[int, ...]) -> None:
        for portal, number in self._portals.items():
            running = self._running.get(number)
            if running is not None and not running.columns and self._portal_statement.get(portal) == name:
                running.columns, running.oids = names, oids

    def _row(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        running = self._running.get(owed.number) if owed is not None and owed.number is not None else None
        if running is None:
            return
        running.rows += 1
        running.is_news = True
        if len(running.sample) < _SAMPLE_ROWS:
            raw, _ = frames.values(payload, 0, _SAMPLE_COLUMNS)
            running.sample.append(decode_all(raw, running.oids, running.formats))

    def _complete(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        if owed is None:
            return
        running = self._running.get(owed.number) if owed.number is not None else None
        if running is not None:
            tag = frames.text(payload)[0] if payload else ""
            running.tag, running.suspended, running.is_news = tag, False, True
            self._forget_prepared(tag)
        if owed.code == "E":
            self._owed.popleft()

    def _forget_prepared(self, tag: str) -> None:
        if tag in ("DISCARD ALL", "DEALLOCATE ALL"):
            self._statements.clear()
            self._described.clear()

    def _suspended(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        running = self._running.get(owed.number) if owed is not None and owed.number is not None else None
        if running is not None:
            running.suspended = running.is_news = True
        self._done(payload, owed, results)

    def _failed(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        found = frames.fields(payload)
        failure = Failure(
            code=found.get("C", ""),
            message=found.get("M", ""),
            constraint=found.get("n", ""),
            table=found.get("t", ""),
            detail=found.get("D", ""),
        )
        self._copying_in = False
        blamed = next((o.number for o in self._owed if o.number is not None), None) if owed is not None else None
        if blamed is not None and blamed in self._running:
            self._running[blamed].failure = failure
            self._running[blamed].suspended = False
        if owed is None or owed.code in "QF":
            return
        while self._owed and self._owed[0].code != "S":
            skipped = self._owed.popleft()
            if skipped.code == "P" and skipped.name is not None:
                self._undo_parse(skipped.name, skipped.before)
            if skipped.number is not None and skipped.number != blamed:
                self._running.pop(skipped.number, None)

    def _undo_parse(self, name: str, before: _Statement | None) -> None:
        if before is None:
            self._statements.pop(name, None)
        else:
            self._statements[name] = before

    def _copy_in(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        self._copying_in = True
        # A Sync that arrived before the data is ignored by the server while it copies.
        self._owed = deque(o for o in self._owed if o.code != "S")

    def _ready(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        self.status = chr(payload[0])
        self.is_ready = True
        while self._owed and self._owed.popleft().code not in "SQF":
            pass
        still = {o.number for o in self._owed}
        for number in [n for n, running in self._running.items() if n not in still]:
            running = self._running[number]
            if running.is_news:
                results.append(self._result(number, running))
            # A portal with rows left lives until its transaction ends.
            if not running.suspended or self.status == "I":
                del self._running[number]

    def _result(self, number: int, running: _Running) -> Result:
        running.is_news = False
        return Result(
            number=number,
            tag=running.tag,
            rows=running.rows,
            columns=running.columns,
            sample=tuple(running.sample),
            failure=running.failure,
            status=self.status,
            suspended=running.suspended,
        )

    def _key(self, payload: bytes, owed: _Owed | None, results: list[Result]) -> None:
        # The secret behind the process id has any length since protocol 3.2.
        self.backend = frames.LENGTH.unpack_from(payload)[0]


_Meaning = Callable[[Session, bytes, "_Owed | None", list[Result]], None]

# FunctionCallResponse (V: ReadyForQuery ends the call), ParameterStatus (S), notices (N), notifications (A),
# authentication (R), protocol negotiation (v) and copy data (d, c) change nothing here and pass.
_SERVER: dict[str, _Meaning] = {
    "1": Session._done,  # ParseComplete
    "2": Session._done,  # BindComplete
    "3": Session._done,  # CloseComplete
    "n": Session._done,  # NoData
    "t": Session._parameters_described,
    "T": Session._rows_described,
    "D": Session._row,
    "C": Session._complete,
    "I": Session._complete,  # EmptyQueryResponse
    "s": Session._suspended,
    "E": Session._failed,
    "G": Session._copy_in,
    "Z": Session._ready,
    "K": Session._key,
}
