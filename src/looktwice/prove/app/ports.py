"""At which TCP ports a process and its descendants listen, as the kernel tells (Linux)."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

_LISTEN = "0A"  # state in /proc/net/tcp, see proc(5)


def listening(pid: int) -> list[int]:
    """Ports on which `pid` or a descendant of it accepts connections, lowest first. Empty where there is no /proc."""
    inodes = {inode for process in family(pid) for inode in _sockets(process)}
    return sorted({port for inode, port in _listeners(pid) if inode in inodes})


def foreign_peers(pid: int) -> list[str]:
    """Addresses off this machine to which `pid` or a descendant has a connection now."""
    inodes = {inode for process in family(pid) for inode in _sockets(process)}
    peers = set()
    for fields in _table(pid):
        if fields[9] in inodes and fields[3] != _LISTEN:
            address, port = _address(fields[2])
            if port and not _is_local(address):
                peers.add(f"{address}:{port}")
    return sorted(peers)


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


def _table(pid: int) -> list[list[str]]:
    rows = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/net/{name}").read_text("ascii").splitlines()[1:]
            rows += [line.split() for line in lines]
    return [row for row in rows if len(row) > 9]


def _address(text: str) -> tuple[str, int]:
    """ "0100007F:1F90" is 127.0.0.1 and 8080: words in the machine's byte order, here little-endian."""
    import ipaddress

    raw, port = text.split(":")
    words = [bytes.fromhex(raw[at : at + 8])[::-1] for at in range(0, len(raw), 8)]
    return str(ipaddress.ip_address(b"".join(words))), int(port, 16)


def _is_local(address: str) -> bool:
    import ipaddress

    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback or (mapped or parsed).is_unspecified
