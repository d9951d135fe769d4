"""What can be seen of a thread that waits for an answer: its memory, its descriptors, what its relatives listen at."""

from __future__ import annotations

import os
import re
import struct

from looktwice.prove.sandbox import ports

_PAGE = 4096
_LONGEST_PATH = 4096
_MOST_OPEN = 64
_HERE = -100  # AT_FDCWD
_POINTER = struct.Struct("Q")
_MESSAGE = struct.Struct("QIIQQQQII")  # struct msghdr on 64-bit machines; in a vector eight bytes more
_VECTOR_STEP = 64


class Memory:
    """Reads the memory of threads. The open files are kept: a program opens thousands of files as it starts."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}

    def read(self, thread: int, address: int, size: int) -> bytes:
        """Raises OSError when it is gone, or not ours to look at."""
        known = self._open.get(thread)
        if known is not None:
            try:
                if data := os.pread(known, size, address):
                    return data
            except OSError:
                pass
            self._forget(thread)  # another program runs in it by now, or another thread has its number
        if len(self._open) >= _MOST_OPEN:
            for other in list(self._open):
                self._forget(other)
        opened = self._open[thread] = os.open(f"/proc/{thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(opened, size, address)

    def text(self, thread: int, address: int) -> str:
        """The string of C at this address. Raises OSError."""
        found = b""
        while len(found) < _LONGEST_PATH:
            piece = self.read(thread, address + len(found), _PAGE - (address + len(found)) % _PAGE)
            head, end, _ = piece.partition(b"\0")
            found += head
            if end or not piece:
                break
        return os.fsdecode(found)

    def pointer(self, thread: int, address: int) -> int:
        """Raises OSError."""
        data = self.read(thread, address, _POINTER.size)
        return int(_POINTER.unpack(data)[0]) if len(data) == _POINTER.size else 0

    def destinations(self, thread: int, address: int, count: int) -> list[tuple[int, int]]:
        """Address and size of the destination of each message that has one. address: of a vector of `struct mmsghdr`,
        whose first part is a `struct msghdr`. Raises OSError."""
        found = []
        for number in range(count):
            data = self.read(thread, address + number * _VECTOR_STEP, _MESSAGE.size)
            if len(data) == _MESSAGE.size:
                name, size, *_ = _MESSAGE.unpack(data)
                if name:
                    found.append((name, size))
        return found

    def _forget(self, thread: int) -> None:
        os.close(self._open.pop(thread))


def located(thread: int, directory: int, path: str) -> str:
    """A path of the thread as one that we can use. directory: the descriptor it is relative to, as a 64-bit value."""
    if path.startswith("/"):
        return path.replace("/proc/self/", f"/proc/{thread}/", 1) if path.startswith("/proc/self/") else path
    number = directory & 0xFFFFFFFF
    number = number - (1 << 32) if number >= 1 << 31 else number
    return f"/proc/{thread}/cwd/{path}" if number == _HERE else f"/proc/{thread}/fd/{number}/{path}"


def protocol(thread: int, descriptor: int) -> str:
    """What a socket speaks, as the kernel names it: "TCP", "UDPv6", "UNIX-STREAM"; "" when that cannot be
    determined."""
    try:
        name = os.getxattr(f"/proc/{thread}/fd/{descriptor}", "system.sockprotoname")
    except OSError:
        return ""
    return name.rstrip(b"\0").decode("utf-8", "replace")


def flags(thread: int, descriptor: int) -> int:
    """The flags with which a descriptor is open (O_NONBLOCK, O_CLOEXEC), 0 when that cannot be determined."""
    try:
        with open(f"/proc/{thread}/fdinfo/{descriptor}", encoding="utf-8") as file:
            found = re.search(r"^flags:\s*([0-7]+)", file.read(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1], 8) if found else 0


def program(thread: int) -> str:
    """The name of the program that the thread runs, "" when it is gone."""
    try:
        return os.path.basename(os.readlink(f"/proc/{thread}/exe")).removesuffix(" (deleted)")
    except OSError:
        return ""


def listens(port: int) -> bool:
    """Whether one of our own descendants accepts connections at this TCP or UDP port."""
    return port in ports.bound(os.getpid())


def holds(path: str) -> bool:
    """Whether one of our own descendants is bound to this local socket. path: abstract ones begin with "@"."""
    return path in ports.bound_paths(os.getpid())
