"""The way out of this machine, closed: a proxy that refuses every call and remembers where it would have gone."""

from __future__ import annotations

import asyncio
import re
from typing import cast

_FIRST_LINE = re.compile(rb"(?P<method>[A-Z]+) (?:[a-z]+://)?(?P<host>[^/\s]+)")
_LONGEST = 8192
_WORDS = b"looktwice: calls off this machine are not allowed\n"
_REFUSAL = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    % len(_WORDS)
)
_LEAVE = 2.0  # seconds in which the other side may still be sending unread data


class Outside:
    """Shared by all instances. `hosts` holds "host:port" of each refused call, in the order of the first one."""

    def __init__(self) -> None:
        self._hosts: dict[str, None] = {}

    @property
    def hosts(self) -> list[str]:
        return list(self._hosts)

    def protocol(self) -> asyncio.Protocol:
        """A connection to the proxy, for `loop.create_server`."""
        return _Refusal(self._hosts)


class _Refusal(asyncio.Protocol):
    def __init__(self, hosts: dict[str, None]) -> None:
        self._hosts, self._received = hosts, b""
        self._is_over = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._received += data
        if b"\r\n" not in self._received and len(self._received) < _LONGEST:
            return
        self._is_over = True
        match = _FIRST_LINE.match(self._received)
        if match:
            self._hosts.setdefault(match["host"].decode("latin-1"))
        if self._transport is not None:
            is_head = match is not None and match["method"] == b"HEAD"
            self._transport.write(_REFUSAL if is_head else _REFUSAL + _WORDS)
            # Not closed at once: that resets the connection of one who still sends, and the answer is lost.
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(_LEAVE, self._transport.close)
