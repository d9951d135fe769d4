"""Which connections a child may make: to the ports it was given, to itself, and to what was allowed by name."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - for names of hosts; once rights are dropped it may be out of reach
import errno
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_LOCAL, _KERNEL = getattr(socket, "AF_UNIX", -1), getattr(socket, "AF_NETLINK", -1)  # not on every system
# System services that the C library asks by itself (for names, users): refused, and no attempt of the application's.
_SYSTEM = (
    "/var/run/nscd/",
    "/run/nscd/",
    "/run/systemd/",
    "/var/lib/sss/",
    "/run/dbus/",
    "/var/run/dbus/",
    "/run/avahi-daemon/",
    "/var/run/avahi-daemon/",
)


class Peer(NamedTuple):
    """Where a connection leads. `path` is that of a local socket; abstract ones begin with "@"."""

    family: int
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Refusal(NamedTuple):
    """`error` is the errno that the child gets; one that is `quiet` is not worth a word."""

    error: int
    quiet: bool = False


def parse(data: bytes) -> Peer:
    """The peer that a `struct sockaddr` names."""
    if len(data) < 2:
        return Peer(socket.AF_UNSPEC)
    (family,) = struct.unpack_from("=H", data)
    if family == socket.AF_INET and len(data) >= 8:
        return Peer(family, socket.inet_ntoa(data[4:8]), struct.unpack_from("!H", data, 2)[0])
    if family == socket.AF_INET6 and len(data) >= 24:
        address = IPv6Address(data[8:24])
        return Peer(family, str(address.ipv4_mapped or address), struct.unpack_from("!H", data, 2)[0])
    if family == _LOCAL:
        name = data[2:]
        if name.startswith(b"\0"):
            return Peer(family, path="@" + name[1:].decode("utf-8", "replace"))
        return Peer(family, path=name.partition(b"\0")[0].decode("utf-8", "surrogateescape"))
    return Peer(family)


class Network:
    """ports: of ours, on this machine. allowed: hosts, "host:port", or paths of local sockets. listens, holds: whether
    the child itself, or what it started, accepts at a port or is bound to a path. name_of: the name by which the child
    knows an address, "" for none."""

    def __init__(
        self,
        ports: Iterable[int],
        allowed: Iterable[str],
        listens: Callable[[int], bool],
        holds: Callable[[str], bool],
        name_of: Callable[[str], str] = lambda address: "",
    ) -> None:
        self._ports, self._allowed = frozenset(ports), tuple(allowed)
        self._listens, self._holds, self._name_of = listens, holds, name_of
        self._literal: dict[str, frozenset[str]] = {}

    def refusal(self, peer: Peer) -> Refusal | None:
        """None when the connection may be made."""
        if peer.family == _LOCAL:
            return self._of_path(peer.path)
        if peer.family not in _FAMILIES:
            allowed = peer.family in (socket.AF_UNSPEC, _KERNEL)
            return None if allowed else Refusal(errno.EAFNOSUPPORT)
        if peer.port == 0:  # no connection: a look at the routing table
            return None
        if is_local(peer.host):
            if peer.port in self._ports or self._listens(peer.port):
                return None
            return None if self._is_allowed(peer) else Refusal(errno.ECONNREFUSED)
        return None if self._is_allowed(peer) else Refusal(errno.ENETUNREACH)

    def is_allowed_name(self, name: str) -> bool:
        """Whether some port of this host may be reached."""
        return any(host == name.rstrip(".") for host, _ in map(divided, self._allowed))

    def _of_path(self, path: str) -> Refusal | None:
        if not path or path in self._allowed or self._holds(path):
            return None
        return Refusal(errno.ECONNREFUSED, quiet=path.startswith(_SYSTEM))

    def _is_allowed(self, peer: Peer) -> bool:
        name = self._name_of(peer.host)
        for host, port in map(divided, self._allowed):
            if port in (0, peer.port) and (host in (peer.host, name) or peer.host in self._addresses(host)):
                return True
        return False

    def _addresses(self, host: str) -> frozenset[str]:
        """Those of a name that was not looked up through us: "localhost", or one that the child has from elsewhere."""
        if host not in self._literal:
            found: set[str] = set()
            with suppress(OSError):
                found = {str(it[4][0]) for it in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
            self._literal[host] = frozenset(found)
        return self._literal[host]


def divided(text: str) -> tuple[str, int]:
    """Host and port of "host", "host:port" or "[::1]:port"; the port is 0 when any will do."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or (":" in host and not host.startswith("[")):
        return text.strip("[]").lower(), 0
    return host.strip("[]").lower(), int(port)


def is_local(host: str) -> bool:
    """Whether an address is this machine's own, and no other machine can be meant."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
