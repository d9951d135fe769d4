"""At which TCP ports a process and its descendants listen, as the kernel tells (Linux)."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection
from pathlib import Path
from socket import AF_INET, AF_INET6

from looktwice.prove.sandbox.network import Peer, is_local

_LISTEN, _CLOSE = "0A", "07"  # states in /proc/net/tcp and udp, see proc(5)
_TCP, _UDP = ("tcp", "tcp6"), ("udp", "udp6")


def listening(pid: int) -> list[int]:
    """Ports on which `pid` or a descendant of it accepts connections, lowest first. Empty where there is no /proc."""
    inodes = {inode for process in family(pid) for inode in _sockets(process)}
    return sorted({port for inode, port in _listeners(pid) if inode in inodes})


def bound(pid: int) -> set[int]:
    """Ports, TCP and UDP, that `pid` or a descendant of it is bound to and not connected from."""
    inodes = {inode for process in family(pid) for inode in _sockets(process)}
    waiting = [row for row in _table(pid) if row[3] == _LISTEN] + [row for row in _table(pid, _UDP) if row[3] == _CLOSE]
    return {_address(row[1])[1] for row in waiting if row[9] in inodes}


def bound_paths(pid: int) -> set[str]:
    """Local sockets, by path, that `pid` or a descendant of it is bound to; abstract ones begin with "@"."""
    inodes = {inode for process in family(pid) for inode in _sockets(process)}
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/net/unix").read_text("utf-8", "surrogateescape").splitlines()[1:]
        rows = [line.split(maxsplit=7) for line in lines]
        return {row[7] for row in rows if len(row) == 8 and row[6] in inodes}
    return set()


def foreign_peers(pid: int, ours: Collection[int] = ()) -> list[tuple[str, Peer]]:
    """The connections that `pid` or a descendant of it has now, or is making, other than to the ports of this machine
    that are `ours` and its own: for people, with the process that has it, and where it leads."""
    holders = {inode: process for process in family(pid) for inode in _sockets(process)}
    known = {*ours, *listening(pid)}
    found = {}
    for fields in _table(pid):
        if fields[9] in holders and fields[3] != _LISTEN:
            (_, own), (address, port) = _address(fields[1]), _address(fields[2])
            if port and own not in known and not (is_local(address) and port in known):
                peer = Peer(AF_INET6 if ":" in address else AF_INET, address, port)
                found[f"{peer} ({_program(holders[fields[9]])})"] = peer
    return sorted(found.items())


def _program(pid: int) -> str:
    try:
        return f"{Path(f'/proc/{pid}/exe').readlink().name}, process {pid}"
    except OSError:
        return f"process {pid}"


def family(pid: int) -> list[int]:
    """`pid` and all its descendants."""
    found, queue = [], [pid]
    while queue:
        process = queue.pop()
        found.append(process)
        for task in Path(f"/proc/{process}/task").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                queue += [int(child) for child in (task / "children").read_text().split()]
    return found


def _sockets(pid: int) -> list[str]:
    result = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry.path)):
                    result.append(match[1])
    return result


def _listeners(pid: int) -> list[tuple[str, int]]:
    return [(fields[9], _address(fields[1])[1]) for fields in _table(pid) if fields[3] == _LISTEN]


def _table(pid: int, names: tuple[str, ...] = _TCP) -> list[list[str]]:
    rows = []
    for name in names:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/net/{name}").read_text("utf-8").splitlines()[1:]
            rows += [line.split() for line in lines]
    return [row for row in rows if len(row) > 9]


def _address(text: str) -> tuple[str, int]:
    """ "0100007F:1F90" is 127.0.0.1 and 8080: words in the machine's byte order, here little-endian."""
    import ipaddress

    raw, port = text.split(":")
    words = [bytes.fromhex(raw[at : at + 8])[::-1] for at in range(0, len(raw), 8)]
    address = ipaddress.ip_address(b"".join(words))
    return str(getattr(address, "ipv4_mapped", None) or address), int(port, 16)
