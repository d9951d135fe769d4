"""The way out of this machine, closed: a proxy that refuses every call and remembers where it would have gone."""

from __future__ import annotations

import asyncio
import re
from typing import cast

_FIRST_LINE = re.compile(rb"(?P<method>[A-Z]+) (?:[a-z]+://)?(?P<host>[^/\s]+)")
_LONGEST = 8192
_REFUSAL = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 51\r\n\r\n"
    b"looktwice: calls off this machine are not allowed\n"
)


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
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n" not in self._received and len(self._received) < _LONGEST:
            return
        if match := _FIRST_LINE.match(self._received):
            self._hosts.setdefault(match["host"].decode("latin-1"))
        if self._transport is not None:
            self._transport.write(_REFUSAL)
            self._transport.close()
