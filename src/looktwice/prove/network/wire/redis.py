"""One Redis connection seen from the middle (RESP 2 and 3): commands in, replies matched to them.

A transaction is one operation: its commands are queued by the server and happen at EXEC, which is where it can be held.
https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from looktwice.prove.network.wire.operation import Chunk, Failure, Operation, OperationKind, Reply, Result

PING = b"*1\r\n$4\r\nPING\r\n"

# Commands that concern the connection and no key.
_OF_SESSION = """
AUTH HELLO SELECT CLIENT PING ECHO INFO COMMAND CONFIG QUIT RESET READONLY READWRITE WATCH UNWATCH MULTI DISCARD
SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE
"""
_OF_READING = """
GET MGET EXISTS TTL PTTL TYPE STRLEN GETRANGE HGET HMGET HGETALL HEXISTS HLEN HKEYS HVALS LRANGE LLEN LINDEX SMEMBERS
SISMEMBER SMISMEMBER SCARD ZRANGE ZRANGEBYSCORE ZREVRANGE ZSCORE ZRANK ZCARD ZCOUNT SCAN HSCAN SSCAN ZSCAN KEYS DBSIZE
RANDOMKEY EXPIRETIME PEXPIRETIME HTTL HPTTL HEXPIRETIME HPEXPIRETIME HRANDFIELD HSTRLEN OBJECT DUMP LPOS LCS SUBSTR
SINTER SINTERCARD SUNION SDIFF SRANDMEMBER ZMSCORE ZREVRANK ZREVRANGEBYSCORE ZRANGEBYLEX ZLEXCOUNT ZRANDMEMBER ZINTER
ZUNION ZDIFF XRANGE XREVRANGE XLEN XINFO XPENDING GETBIT BITCOUNT BITPOS BITFIELD_RO GEOPOS GEODIST GEOSEARCH SORT_RO
EVAL_RO EVALSHA_RO FCALL_RO
"""
# Commands that wait for something to come: a worker's idle state, which no run may wait for the end of.
_OF_WAITING = "BLPOP BRPOP BLMOVE BLMPOP BRPOPLPUSH BZPOPMIN BZPOPMAX BZMPOP WAIT MONITOR"
_SESSION = frozenset((_OF_SESSION + _OF_WAITING).split())
READS = frozenset(_OF_READING.split())
_IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,}|\d+")
_LONGEST_LINE = 64 * 1024
_LONGEST_VALUE = 512 << 20  # proto-max-bulk-len
_MOST_ITEMS = 1 << 20
_AGGREGATES = {b"*": 1, b"~": 1, b">": 1, b"%": 2, b"|": 2}
_BULK = (b"$", b"=", b"!")
_LINES = (b"+", b"-", b":", b"_", b"#", b",", b"(")


class _NotUnderstoodError(Exception):
    """The bytes are not RESP."""


class Session:
    """The state of one connection. No sockets; never raises."""

    def __init__(self, lane: str, connection: int, numbers: Iterator[int]) -> None:
        self.lane, self.connection, self._numbers = lane, connection, numbers
        self.understood = True
        self._from_client = bytearray()
        self._from_server = bytearray()
        self._owed: deque[Operation | None] = deque()
        self._queued: list[str] | None = None  # commands since MULTI

    # ---- client to server

    def client(self, data: bytes) -> list[Chunk]:
        """What the client sent, one chunk a command."""
        self._from_client += data
        if not self.understood:
            return [Chunk(_taken(self._from_client))]
        chunks: list[Chunk] = []
        offset = 0
        try:
            while (end := _end_of_command(self._from_client, offset)) is not None:
                raw = bytes(self._from_client[offset:end])
                chunks.append(Chunk(raw, self._command(_words(raw))))
                offset = end
        except _NotUnderstoodError:
            self.understood = False
        del self._from_client[:offset]
        if not self.understood:
            chunks.append(Chunk(_taken(self._from_client)))
        return chunks

    def _command(self, words: list[str]) -> Operation | None:
        name = words[0].upper() if words else ""
        operation = None
        if name == "MULTI":
            self._queued = []
        elif name == "DISCARD":
            self._queued = None
        elif self._queued is not None and name != "EXEC" and name not in _SESSION:
            self._queued.append(" ".join(words))
        elif name == "EXEC":
            operation = self._operation("; ".join(["MULTI", *(self._queued or ()), "EXEC"]))
            self._queued = None
        elif name and name not in _SESSION and not (name.startswith("XREAD") and "BLOCK" in map(str.upper, words)):
            operation = self._operation(" ".join([name, *words[1:]]))
        if words:
            self._owed.append(operation)
        return operation

    def _operation(self, text: str) -> Operation:
        shown = text[:400]
        return Operation(
            number=next(self._numbers),
            lane=self.lane,
            wire="redis",
            connection=self.connection,
            kind=OperationKind.COMMAND,
            text=shown,
            fingerprint=fingerprint(text),
        )

    # ---- server to client

    def server(self, data: bytes) -> tuple[list[Reply], list[Result]]:
        """What the server sent, one reply a command, and the results."""
        self._from_server += data
        if not self.understood:
            return [Reply(_taken(self._from_server), None)], []
        replies: list[Reply] = []
        results: list[Result] = []
        offset = 0
        try:
            while (end := _end_of_value(self._from_server, offset)) is not None:
                raw = bytes(self._from_server[offset:end])
                offset = end
                # A push is nobody's answer; an attribute goes before one.
                operation = None if raw[:1] in (b">", b"|") or not self._owed else self._owed.popleft()
                replies.append(Reply(raw, operation.number if operation else None, True))
                if operation is not None:
                    results.append(_result(operation, raw))
        except _NotUnderstoodError:
            self.understood = False
        del self._from_server[:offset]
        if not self.understood:
            replies.append(Reply(_taken(self._from_server), None))
        return replies, results


def fingerprint(text: str) -> str:
    """The command with its keys' identifiers and its values taken out: `SET user:17 x` → `SET user:?`."""
    parts = []
    for command in text.split("; "):
        name, _, rest = command.partition(" ")
        key = rest.partition(" ")[0]
        parts.append(f"{name} {_IDENTIFIER.sub('?', key)}".strip())
    return "; ".join(parts)


def _result(operation: Operation, raw: bytes) -> Result:
    line = raw.split(b"\r\n", 1)[0].decode("utf-8", "replace")
    failure = None
    if line.startswith("-"):
        code, _, words = line[1:].partition(" ")
        failure = Failure(code=code, message=words)
    is_nothing = line in ("$-1", "*-1", "_")
    return Result(number=operation.number, tag=line[:80], rows=0 if is_nothing else 1, failure=failure)


def _taken(buffer: bytearray) -> bytes:
    """All of a buffer, which is then empty."""
    content = bytes(buffer)
    buffer.clear()
    return content


def _line(buffer: bytearray, offset: int) -> tuple[bytes, int] | None:
    end = buffer.find(b"\r\n", offset)
    if end < 0:
        if len(buffer) - offset > _LONGEST_LINE:
            raise _NotUnderstoodError
        return None
    return bytes(buffer[offset:end]), end + 2


def _count(text: bytes, most: int) -> int:
    if not re.fullmatch(rb"-1|\d{1,10}", text) or int(text) > most:
        raise _NotUnderstoodError
    return int(text)


def _end_of_command(buffer: bytearray, offset: int) -> int | None:
    if offset >= len(buffer):
        return None
    if buffer[offset : offset + 1] == b"*":
        return _end_of_value(buffer, offset)
    line = _line(buffer, offset)  # an inline command, as typed by hand
    return None if line is None else line[1]


def _end_of_value(buffer: bytearray, offset: int) -> int | None:
    """Where the value that begins at `offset` ends; None when it is not complete. Nesting is counted, not recursed."""
    missing = 1
    while missing:
        line = _line(buffer, offset)
        if line is None:
            return None
        text, offset = line
        kind = text[:1]
        missing -= 1
        if kind in _BULK:
            length = _count(text[1:], _LONGEST_VALUE)
            offset += length + 2 if length >= 0 else 0
            if offset > len(buffer):
                return None
        elif kind in _AGGREGATES:
            missing += max(0, _count(text[1:], _MOST_ITEMS)) * _AGGREGATES[kind]
        elif kind not in _LINES:
            raise _NotUnderstoodError
    return offset


def _words(raw: bytes) -> list[str]:
    if not raw.startswith(b"*"):
        return raw.decode("utf-8", "replace").split()
    words: list[str] = []
    offset = raw.find(b"\r\n") + 2
    while offset < len(raw):
        end = raw.find(b"\r\n", offset)
        if raw[offset : offset + 1] != b"$":
            raise _NotUnderstoodError
        length = _count(raw[offset + 1 : end], _LONGEST_VALUE)
        words.append(raw[end + 2 : end + 2 + max(0, length)].decode("utf-8", "replace"))
        offset = end + 2 + length + 2
    return words
