"""Linux seccomp with notification of a supervisor, see seccomp_unotify(2): the filter and the calls about it."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from contextlib import suppress
from typing import NamedTuple

# Numbers of the system calls that the supervisor is asked about, by machine.
_CALLS: dict[str, dict[str, int]] = {
    "x86_64": {
        "open": 2,
        "creat": 85,
        "openat": 257,
        "openat2": 437,
        "connect": 42,
        "bind": 49,
        "sendto": 44,
        "sendmsg": 46,
        "sendmmsg": 307,
        "truncate": 76,
        "rename": 82,
        "renameat": 264,
        "renameat2": 316,
        "unlink": 87,
        "unlinkat": 263,
    },
    "aarch64": {
        "openat": 56,
        "openat2": 437,
        "connect": 203,
        "bind": 200,
        "sendto": 206,
        "sendmsg": 211,
        "sendmmsg": 269,
        "truncate": 45,
        "renameat": 38,
        "renameat2": 276,
        "unlinkat": 35,
    },
}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_IO_URING_SETUP = 425  # it would open and connect without a system call: refused, and everybody has another way
_X32 = 0x40000000

# From <linux/seccomp.h>, <linux/bpf_common.h> and <linux/prctl.h>.
_ALLOW, _NOTIFY, _ERROR = 0x7FFF0000, 0x7FC00000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_SET_MODE_FILTER, _NEW_LISTENER, _WAIT_KILLABLE = 1, 1 << 3, 1 << 5
_NO_NEW_PRIVILEGES = 38
_RECEIVE, _SEND, _ADD_FD, _SET_FLAGS = 0xC0502100, 0xC0182101, 0x40182103, 0x40082104
_CONTINUE, _AT_NUMBER, _WAKE_SYNCHRONOUSLY = 1, 1, 1

_NOTIFICATION = struct.Struct("QIIiIQ6Q")
_RESPONSE = struct.Struct("QqiI")
_ADDED = struct.Struct("QIIII")
_INSTRUCTION = struct.Struct("HBBI")


class Call(NamedTuple):
    """A system call that waits for us. `thread` is the id of the calling thread."""

    identity: int
    thread: int
    name: str
    arguments: tuple[int, ...]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def program(machine: str) -> bytes:
    """The filter, in the kernel's form. Raises KeyError for a machine that is not known."""
    refused = _ERROR | errno.ENOSYS
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        (_RETURN, 0, 0, refused),  # a program of another architecture has other numbers
        (_LOAD, 0, 0, _NUMBER_AT),
        (_EQUAL, 0, 1, _IO_URING_SETUP),
        (_RETURN, 0, 0, refused),
    ]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, refused)]
    calls = _CALLS[machine]
    for name, number in calls.items():
        if name != "sendto":
            lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOTIFY)]
    address = _ARGUMENTS_AT + 4 * 8  # of sendto: none on a connected socket, which is most of them
    lines += [
        (_EQUAL, 1, 0, calls["sendto"]),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, address),
        (_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, address + 4),
        (_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _NOTIFY),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(_INSTRUCTION.pack(*line) for line in lines)


def install() -> int:
    """Put the filter on the calling thread and on all that it will start; gives the supervisor's descriptor.

    Raises OSError where the kernel or what confines us does not allow it.
    """
    machine = os.uname().machine
    if machine not in _CALLS:
        raise OSError(errno.ENOSYS, f"no filter is known for {machine}")
    libc = ctypes.CDLL(None, use_errno=True)
    code = program(machine)
    held = ctypes.create_string_buffer(code, len(code))
    whole = _Program(len(code) // _INSTRUCTION.size, ctypes.addressof(held))
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER):  # the second for kernels before 5.19
        found = libc.syscall(_SECCOMP[machine], _SET_MODE_FILTER, flags, ctypes.byref(whole))
        if found >= 0:
            return int(found)
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Listener:
    """The supervisor's side of a filter. `fd` is readable when a call waits."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._names = {number: name for name, number in _CALLS[os.uname().machine].items()}
        with suppress(OSError):  # before 6.6; it is only faster
            fcntl.ioctl(fd, _SET_FLAGS, _WAKE_SYNCHRONOUSLY)

    def receive(self) -> Call | None:
        """The next call that waits; None when the one that was announced is gone."""
        buffer = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self.fd, _RECEIVE, buffer)
        except OSError:
            return None
        identity, thread, _, number, _, _, *arguments = _NOTIFICATION.unpack(buffer)
        return Call(identity, thread, self._names.get(number, ""), tuple(arguments))

    def allow(self, call: Call) -> None:
        """Let the kernel carry it out."""
        self._respond(call, 0, 0, _CONTINUE)

    def refuse(self, call: Call, error: int) -> None:
        """Have it fail with this errno."""
        self._respond(call, 0, -error, 0)

    def answer(self, call: Call, value: int = 0) -> None:
        """Have it succeed with this value, without being carried out."""
        self._respond(call, value, 0, 0)

    def give(self, call: Call, fd: int, flags: int = 0) -> None:
        """Answer with a copy of our descriptor, which is a new one of the caller. flags: O_CLOEXEC or 0."""
        self.answer(call, self._add(call, fd, 0, flags))

    def replace(self, call: Call, at: int, fd: int, flags: int = 0) -> None:
        """Put a copy of our descriptor in the place of the caller's descriptor `at`, and have the call succeed."""
        self._add(call, fd, at, flags, _AT_NUMBER)
        self.answer(call)

    def _add(self, call: Call, fd: int, at: int, flags: int, where: int = 0) -> int:
        added = bytearray(_ADDED.pack(call.identity, where, fd, at, flags))  # of bytes, a copy would be the result
        return fcntl.ioctl(self.fd, _ADD_FD, added)

    def _respond(self, call: Call, value: int, error: int, flags: int) -> None:
        with suppress(OSError):  # the caller was killed while it waited
            fcntl.ioctl(self.fd, _SEND, _RESPONSE.pack(call.identity, value, error, flags))
