"""Runs a command and answers for the kernel what it may open and where it may connect.

Executed by a bare interpreter with one argument, the path of a JSON object with the fields of `Orders`. It ends as the
command ends. Each thing that was refused is a line of JSON in the report, written once.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import NamedTuple

from looktwice.prove.sandbox import target
from looktwice.prove.sandbox.files import Decision, Files
from looktwice.prove.sandbox.listening import instead_of
from looktwice.prove.sandbox.mounts import put_over
from looktwice.prove.sandbox.names import Names, question
from looktwice.prove.sandbox.network import Network, Peer, parse
from looktwice.prove.sandbox.seccomp import Call, Listener, install

IMPOSSIBLE = 125  # the exit status when the command was not run, as the kernel does not let us supervise it
_NOT_RUN = 127
_ADOPT_ORPHANS, _END_WITH_PARENT, _ENDS_WITH_PARENT, _BE_OPEN = 36, 1, 2, 4  # prctl(2)
_MOST_MESSAGES = 16
_MOST_NOTES = 500
_NAME_SERVICE = 53
_PERIOD = 1000  # milliseconds between two looks at orphans that have ended
_OPENING = ("open", "creat", "openat", "openat2")
_CHANGING = ("truncate", "unlink", "unlinkat", "rename", "renameat", "renameat2")


class Orders(NamedTuple):
    """What to run and what it may see. See `Files` and `Network` for the rest."""

    words: list[str]
    report: str
    user: int | None
    group: int | None
    ports: list[int]
    allowed: list[str]
    replaced: dict[str, str]
    hidden: list[str]
    kept: list[str]
    since: int


def main(path: str) -> int:
    """Gives the exit status; does not return when the command was ended by a signal."""
    with open(path, encoding="utf-8") as file:
        orders = Orders(**json.load(file))
    report = os.open(orders.report, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)  # whatever the command starts stays among our descendants
    put_over(orders.replaced, keeps_user=orders.user is None)
    ends_with_parent = ctypes.c_int()
    libc.prctl(_ENDS_WITH_PARENT, ctypes.byref(ends_with_parent), 0, 0, 0)
    _drop_rights(orders)
    libc.prctl(_END_WITH_PARENT, ends_with_parent, 0, 0, 0)  # another user has another's, which is none
    libc.prctl(_BE_OPEN, 0, 0, 0, 0)  # who runs as the same user opens nothing of ours through /proc
    command = _Command(orders.words)
    if command.failure is not None:
        _write(report, {"kind": "impossible", "what": command.failure.strerror or str(command.failure)})
        return IMPOSSIBLE
    _write(report, {"kind": "started", "what": orders.words[0], "pid": command.pid})
    Supervisor(orders, command.listener, report).serve(command.pid)
    return _end_as(command.pid)


def _drop_rights(orders: Orders) -> None:
    if orders.user is not None:
        group = orders.group or 0
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(orders.user, orders.user, orders.user)


class _Command:
    """The command, started by a thread of its own: a filter belongs to a thread and what it starts, so this process
    itself is not supervised. The thread stays, for the command ends with the thread that started it."""

    def __init__(self, words: list[str]) -> None:
        self.failure: OSError | None = None
        self.listener, self.pid = -1, 0
        self._words, self._is_started = words, threading.Event()
        threading.Thread(target=self._start, daemon=True).start()
        self._is_started.wait()

    def _start(self) -> None:
        try:
            self.listener = install()
            self.pid = os.fork()
        except OSError as error:
            self.failure = error
        if self.failure is None and self.pid == 0:
            self._execute()
        self._is_started.set()
        threading.Event().wait()

    def _execute(self) -> None:
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        try:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.execv(self._words[0], self._words)
        except OSError as error:
            os.write(2, f"cannot execute {self._words[0]}: {error.strerror}\n".encode())
        os._exit(_NOT_RUN)


class Supervisor:
    """Answers the calls of one command and all that it starts."""

    def __init__(self, orders: Orders, listener: int, report: int) -> None:
        self._listener, self._report = Listener(listener), report
        self._memory = target.Memory()
        ours = (orders.report, os.path.dirname(orders.report))
        self._files = Files(orders.replaced, (*orders.hidden, *ours), orders.kept, orders.since)
        self._names = Names(self._is_allowed, self._note_name)
        self._network = Network(orders.ports, orders.allowed, target.listens, target.holds, self._names.of)
        self._written: set[tuple[str, str]] = set()

    def _is_allowed(self, name: str) -> bool:
        return self._network.is_allowed_name(name)

    def serve(self, pid: int) -> None:
        """Until the process `pid` has ended."""
        ended, waiting = os.pidfd_open(pid), select.poll()
        for descriptor in (self._listener.fd, self._names.socket.fileno(), ended):
            waiting.register(descriptor, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in waiting.poll(_PERIOD)}
            if self._listener.fd in ready and (call := self._listener.receive()):
                self._answer(call)
            if self._names.socket.fileno() in ready:
                self._names.serve()
            if ended in ready:
                return
            if not ready:
                _bury_orphans(pid)

    def _answer(self, call: Call) -> None:
        try:
            if call.name in _OPENING:
                self._open(call)
            elif call.name in _CHANGING:
                self._change(call)
            elif call.name == "bind":
                self._bind(call)
            else:
                self._connect(call)
        except Exception:  # it is gone, or hides its memory: what we cannot see is not done, and the others go on
            self._listener.refuse(call, errno.EACCES)

    # ---- files

    def _open(self, call: Call) -> None:
        directory, path, flags = self._opened(call)
        place = target.located(call.thread, directory, path)
        decision = self._files.opening(place, flags, lambda: target.program(call.thread))
        if not decision.instead and not decision.error:
            self._listener.allow(call)
            return
        self._note_file(call, place, decision)
        if decision.error:
            self._listener.refuse(call, decision.error)
            return
        ours = os.open(decision.instead, (flags & ~(os.O_CREAT | os.O_EXCL)) | os.O_CLOEXEC)
        try:
            self._listener.give(call, ours, flags & os.O_CLOEXEC)
        finally:
            os.close(ours)

    def _opened(self, call: Call) -> tuple[int, str, int]:
        """Directory, path and flags of a call that opens a file."""
        first, second, third, *_ = call.arguments
        if call.name in ("open", "creat"):
            flags = second if call.name == "open" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            return -100, self._memory.text(call.thread, first), flags & 0xFFFFFFFF
        flags = self._memory.pointer(call.thread, third) if call.name == "openat2" else third
        return first, self._memory.text(call.thread, second), flags & 0xFFFFFFFF

    def _change(self, call: Call) -> None:
        first, second, third, fourth, *_ = call.arguments
        places = {
            "truncate": [(-100, first)],
            "unlink": [(-100, first)],
            "rename": [(-100, first), (-100, second)],
            "unlinkat": [(first, second)],
        }.get(call.name, [(first, second), (third, fourth)])
        for directory, address in places:
            place = target.located(call.thread, directory, self._memory.text(call.thread, address))
            decision = self._files.changing(place)
            if decision.error:
                self._note_file(call, place, decision)
                self._listener.refuse(call, decision.error)
                return
        self._listener.allow(call)

    # ---- connections

    def _connect(self, call: Call) -> None:
        descriptor = call.arguments[0]
        for address, size in self._destinations(call):
            peer = parse(self._memory.read(call.thread, address, min(size, 128)))
            refusal = self._network.refusal(peer)
            speaks = target.protocol(call.thread, descriptor) if refusal or peer.port == _NAME_SERVICE else ""
            if peer.port == _NAME_SERVICE and speaks.startswith("UDP"):
                self._ask_us(call, descriptor, speaks)
                return
            if refusal is not None:
                if not refusal.quiet:
                    self._note_peer(call, peer, speaks)
                is_stream = not speaks.startswith("UDP")
                self._listener.refuse(call, errno.ECONNREFUSED if is_stream else refusal.error)
                return
        self._listener.allow(call)

    def _bind(self, call: Call) -> None:
        """A port to listen at is taken by us, and given on: see `listening`."""
        descriptor, address, size, *_ = call.arguments
        wanted = parse(self._memory.read(call.thread, address, min(size, 128)))
        is_stream = target.protocol(call.thread, descriptor).startswith("TCP")
        if wanted.family not in (socket.AF_INET, socket.AF_INET6) or not wanted.port or not is_stream:
            self._listener.allow(call)
            return
        with instead_of(wanted) as ours:
            self._exchange(call, descriptor, ours)
            self._note("listens", f"127.0.0.1:{ours.getsockname()[1]}", call.thread)

    def _exchange(self, call: Call, descriptor: int, ours: socket.socket) -> None:
        """Put our socket in the place of the caller's, open as that was."""
        flags = target.flags(call.thread, descriptor)
        ours.setblocking(not flags & os.O_NONBLOCK)
        self._listener.replace(call, descriptor & 0xFFFFFFFF, ours.fileno(), flags & os.O_CLOEXEC)

    def _destinations(self, call: Call) -> list[tuple[int, int]]:
        """Where in its memory the call says where to: address and size of each `struct sockaddr`."""
        _, second, third, _, fifth, sixth = call.arguments
        if call.name == "connect":
            return [(second, third)]
        if call.name == "sendto":
            return [(fifth, sixth)]
        count = min(third & 0xFFFFFFFF, _MOST_MESSAGES) if call.name == "sendmmsg" else 1
        return self._memory.destinations(call.thread, second, count)

    def _ask_us(self, call: Call, descriptor: int, speaks: str) -> None:
        """A name is to be looked up: the socket is exchanged for one that leads to us. One that is not connected first
        (musl's) cannot be, as its owner believes answers of the name server only: the name is noted."""
        if call.name != "connect":
            if call.name == "sendto" and (asked := question(self._memory.read(call.thread, call.arguments[1], 512))):
                self._note_name(asked[0])
            self._listener.refuse(call, errno.ENETUNREACH)
            return
        is_new = speaks.endswith("6")
        with socket.socket(socket.AF_INET6 if is_new else socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.connect(("::ffff:127.0.0.1" if is_new else "127.0.0.1", self._names.port))
            self._exchange(call, descriptor, ours)

    # ---- what is reported

    def _note_file(self, call: Call, place: str, decision: Decision) -> None:
        if decision.worth:
            self._note(decision.worth, os.path.realpath(place), call.thread)

    def _note_peer(self, call: Call, peer: Peer, speaks: str) -> None:
        name = self._names.of(peer.host)
        what = (
            str(peer._replace(host=name)) if name else str(peer) if peer.path or peer.host else f"family {peer.family}"
        )
        self._note("datagram" if speaks.startswith("UDP") else "connect", what, call.thread)

    def _note_name(self, name: str) -> None:
        self._note("name", name, 0)

    def _note(self, kind: str, what: str, thread: int) -> None:
        if (kind, what) not in self._written and len(self._written) < _MOST_NOTES:
            self._written.add((kind, what))
            _write(self._report, {"kind": kind, "what": what, "program": target.program(thread), "pid": thread})


def _write(report: int, entry: dict[str, object]) -> None:
    with suppress(OSError):
        os.write(report, json.dumps(entry).encode() + b"\n")


def _bury_orphans(pid: int) -> None:
    """Take note of the end of processes that we have adopted. The command's own end is for `_end_as`."""
    with suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if found.si_pid == pid:
                return
            os.waitpid(found.si_pid, 0)


def _end_as(pid: int) -> int:
    """End in the way the process did."""
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(-status, signal.SIG_DFL) if -status not in (signal.SIGKILL, signal.SIGSTOP) else None
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    status = main(sys.argv[1])
    sys.stdout.flush()
    os._exit(status)
