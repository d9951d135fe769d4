"""Answers look-ups of host names, so that an attempt to reach a host is known by the host's name.

A host that is allowed gets its real addresses. Any other gets an address that nobody has (198.18.0.0/15, RFC 2544): the
connection to it is then refused like every other, and its name is known.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

_A, _AAAA = 1, 28
_HEADER = struct.Struct("!6H")
_TAIL = struct.Struct("!2H")
_ANSWER = struct.Struct("!HHHIH")
_POINTER_TO_NAME = 0xC00C
_FIRST_UNUSED = 0xC6120001  # 198.18.0.1
_MOST = 1 << 16
_SECONDS = 30
_ANSWERED, _NO_SUCH_NAME = 0x8180, 0x8183


def question(data: bytes) -> tuple[str, int] | None:
    """Name and type that a DNS message asks for, None when it is none."""
    try:
        _, _, count, *_ = _HEADER.unpack_from(data)
        labels, at = [], _HEADER.size
        while length := data[at]:
            if length > 63:
                return None
            labels.append(data[at + 1 : at + 1 + length].decode("utf-8", "replace"))
            at += 1 + length
        kind, _ = _TAIL.unpack_from(data, at + 1)
    except (struct.error, IndexError):
        return None
    return (".".join(labels).lower(), kind) if count == 1 and labels else None


def reply(query: bytes, addresses: list[bytes], exists: bool = True) -> bytes:
    """The answer to a query of one question: its addresses, 4 or 16 bytes each."""
    end = query.index(b"\0", _HEADER.size) + 1 + _TAIL.size
    (identity,) = struct.unpack_from("!H", query)
    head = _HEADER.pack(identity, _ANSWERED if exists else _NO_SUCH_NAME, 1, len(addresses), 0, 0)
    found = [
        _ANSWER.pack(_POINTER_TO_NAME, _A if len(it) == 4 else _AAAA, 1, _SECONDS, len(it)) + it for it in addresses
    ]
    return head + query[_HEADER.size : end] + b"".join(found)


class Names:
    """`socket` receives the queries. is_allowed: whether a host may be reached. note: called with other questions than
    for an address, by name."""

    def __init__(self, is_allowed: Callable[[str], bool], note: Callable[[str], None]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self._is_allowed, self._note = is_allowed, note
        self._made_up: dict[str, int] = {}
        self._known: dict[str, str] = {}
        self._suffixes = _search_list()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def of(self, address: str) -> str:
        """The name for which this address was the answer, "" when it was none."""
        return self._known.get(address, "")

    def serve(self) -> None:
        """Answer the query that has arrived."""
        with suppress(OSError):
            query, client = self.socket.recvfrom(4096)
            asked = question(query)
            if asked is None:
                return
            name, kind = asked
            if self._is_allowed(name):  # in a thread: it may take long, and everything else waits for us
                threading.Thread(target=self._resolve, args=(query, name, kind, client), daemon=True).start()
            else:
                self.socket.sendto(self._answer(query, name, kind), client)

    def _answer(self, query: bytes, name: str, kind: int) -> bytes:
        if any(name.endswith(suffix) and "." not in name.removesuffix(suffix) for suffix in self._suffixes):
            return reply(query, [], exists=False)  # the resolver tries `db.company.example` before `db`
        if kind == _A:
            return reply(query, [self._address(name)])
        if kind != _AAAA:
            self._note(name)
        return reply(query, [])

    def _address(self, name: str) -> bytes:
        number = self._made_up.setdefault(name, len(self._made_up) % _MOST)
        address = struct.pack("!I", _FIRST_UNUSED + number)
        self._known[socket.inet_ntoa(address)] = name
        return address

    def _resolve(self, query: bytes, name: str, kind: int, client: tuple[str, int]) -> None:
        family = {_A: socket.AF_INET, _AAAA: socket.AF_INET6}.get(kind)
        found: set[str] = set()
        if family is not None:
            with suppress(OSError):
                found = {str(it[4][0]) for it in socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)}
        self._known.update(dict.fromkeys(found, name))
        with suppress(OSError):
            packed = [socket.inet_pton(family or socket.AF_INET, it) for it in sorted(found)]
            self.socket.sendto(reply(query, packed), client)


def _search_list() -> list[str]:
    """Suffixes that the resolver of this machine appends, each with its dot."""
    with suppress(OSError), open("/etc/resolv.conf", encoding="utf-8", errors="replace") as file:
        lines = [line.split() for line in file.read(1 << 16).splitlines()]
        return [f".{word.strip('.')}" for line in lines if line[:1] in (["search"], ["domain"]) for word in line[1:]]
    return []
