"""PostgreSQL protocol version 3: where one message ends and the next begins, and how to write one.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

LENGTH = struct.Struct("!I")
SHORT = struct.Struct("!h")

SSL_REQUEST = 80877103
ENCRYPTION_REQUEST = 80877104  # GSSAPI
CANCEL_REQUEST = 80877102
STARTUP_MAJOR = 3
_SASL = 10  # AuthenticationSASL

# The server's limits (PQ_LARGE_MESSAGE_LIMIT, MAX_STARTUP_PACKET_LENGTH): beyond them this is not PostgreSQL.
LONGEST_MESSAGE = 0x3FFFFFFF
LONGEST_STARTUP = 10_000


class NotUnderstoodError(Exception):
    """The bytes are not protocol version 3. The connection is passed through unread and no verdict rests on it."""


class Message(NamedTuple):
    code: str  # "" for the messages before authentication, which carry no type byte
    payload: bytes
    raw: bytes

    @property
    def startup_code(self) -> int:
        return LENGTH.unpack_from(self.payload)[0] if len(self.payload) >= 4 else 0


class Framer:
    """Cuts a byte stream into messages, however it was chunked. `starting` means the next has no type byte."""

    def __init__(self, starting: bool = False) -> None:
        self.starting = starting
        self._buffer = bytearray()
        self._offset = 0

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def messages(self) -> Iterator[Message]:
        """Every complete message received. Raises NotUnderstoodError at a length that no message can have."""
        try:
            while True:
                start, skip = self._offset, 0 if self.starting else 1
                if len(self._buffer) - start < skip + 4:
                    return
                (length,) = LENGTH.unpack_from(self._buffer, start + skip)
                if length < 4 or length > (LONGEST_STARTUP if self.starting else LONGEST_MESSAGE):
                    raise NotUnderstoodError(f"a message of {length} bytes")
                end = start + skip + length
                if len(self._buffer) < end:
                    return
                raw = bytes(self._buffer[start:end])
                self._offset = end
                yield Message(chr(raw[0]) if skip else "", raw[skip + 4 :], raw)
        finally:
            del self._buffer[: self._offset]
            self._offset = 0

    @property
    def pending(self) -> int:
        """Bytes received of a message that is not complete."""
        return len(self._buffer) - self._offset

    def rest(self) -> bytes:
        """Every byte not yet given out as a message, taken out."""
        rest = bytes(self._buffer[self._offset :])
        del self._buffer[self._offset :]
        return rest


def text(payload: bytes, offset: int = 0) -> tuple[str, int]:
    """A zero-terminated string and the offset behind it."""
    end = payload.find(b"\0", offset)
    if end < 0:
        raise NotUnderstoodError("a string without its end")
    return payload[offset:end].decode("utf-8", "replace"), end + 1


def fields(payload: bytes) -> dict[str, str]:
    """The fields of ErrorResponse and NoticeResponse by their letter."""
    found: dict[str, str] = {}
    offset = 0
    while offset < len(payload) and payload[offset]:
        letter = chr(payload[offset])
        found[letter], offset = text(payload, offset + 1)
    return found


def shorts(payload: bytes, offset: int) -> tuple[tuple[int, ...], int]:
    """A counted list of 16-bit numbers and the offset behind it."""
    (count,) = SHORT.unpack_from(payload, offset)
    if count < 0:
        raise NotUnderstoodError("a negative count")
    return struct.unpack_from(f"!{count}h", payload, offset + 2), offset + 2 + 2 * count


def values(payload: bytes, offset: int, limit: int | None = None) -> tuple[list[bytes | None], int]:
    """A counted list of length-prefixed values (parameters, a data row); length -1 is NULL."""
    (count,) = SHORT.unpack_from(payload, offset)
    offset += 2
    found: list[bytes | None] = []
    for _ in range(count & 0xFFFF if limit is None else min(count & 0xFFFF, limit)):
        (length,) = struct.unpack_from("!i", payload, offset)
        offset += 4
        if length < 0:
            found.append(None)
            continue
        if offset + length > len(payload):
            raise NotUnderstoodError("a value longer than its message")
        found.append(payload[offset : offset + length])
        offset += length
    return found, offset


def message(code: str, payload: bytes = b"") -> bytes:
    return code.encode() + LENGTH.pack(len(payload) + 4) + payload


def query(sql: str) -> bytes:
    return message("Q", sql.encode() + b"\0")


def parse(name: str, sql: str) -> bytes:
    return message("P", name.encode() + b"\0" + sql.encode() + b"\0\0\0")


def bind(portal: str, statement: str) -> bytes:
    return message("B", portal.encode() + b"\0" + statement.encode() + b"\0" + b"\0\0" * 3)


def error(severity: str, sqlstate: str, words: str) -> bytes:
    """An ErrorResponse."""
    parts = {"S": severity, "V": severity, "C": sqlstate, "M": words}
    return message("E", b"".join(f"{letter}{value}\0".encode() for letter, value in parts.items()) + b"\0")


def raising(sqlstate: str, words: str, constraint: str = "", table: str = "") -> str:
    """SQL that makes the server itself fail with an SQLSTATE, so that its transaction ends up as it really would."""
    options = {"ERRCODE": sqlstate, "MESSAGE": words, "CONSTRAINT": constraint, "TABLE": table}
    using = ", ".join(f"{name} = {_literal(value)}" for name, value in options.items() if value)
    return f"DO $fault$ BEGIN RAISE EXCEPTION USING {using}; END $fault$"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''").replace("$", "") + "'"


def without_channel_binding(found: Message) -> bytes:
    """An authentication message; of an offer of SASL mechanisms only those without channel binding."""
    if len(found.payload) < 4 or LENGTH.unpack_from(found.payload)[0] != _SASL:
        return found.raw
    names = [name for name in found.payload[4:].split(b"\0") if name and not name.endswith(b"-PLUS")]
    return message("R", LENGTH.pack(_SASL) + b"".join(name + b"\0" for name in names) + b"\0")
