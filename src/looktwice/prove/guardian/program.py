"""The two guardians of a run, in one program. The package explains what each of them does.

Called as `program.main([process id of the main process, descriptor that closes when it exits])`, with the control
socket as standard input. The protocol is one JSON object a line: first the guardians report the number of the run and
its folders, or why there are none; then come orders, and answers that carry the number of their order.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from looktwice.prove.guardian import kernel, leftovers, members
from looktwice.prove.guardian.children import IGNORED, Child, Children

_KEEPER_ENDS_WITHIN = 20.0  # seconds in which the keeper may end everything before the standby does


class Guarded(NamedTuple):
    """The run, and how the death of the main process is noticed."""

    run: int
    folders: tuple[Path, ...]
    endings: tuple[int, ...]  # descriptors that become readable when the main process is gone


def main(arguments: list[str]) -> None:
    """Watch until the run has ended, and end what is left of it. Returns only when it could not begin."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    pid, life = map(int, arguments)
    watched = kernel.watch(pid)
    endings = (life,) if watched is None else (life, watched)
    # Not made by the main process: when it is killed right after that, nobody would know of them.
    try:
        run, folders = leftovers.make_all()
    except OSError as error:
        _report({"error": error.strerror, "place": error.filename})
        return
    guarded = Guarded(run, tuple(it.path for it in folders), endings)
    kernel.adopt_orphans()
    ours, theirs = socket.socketpair()
    keeper = os.fork()
    if keeper == 0:
        ours.close()
        kernel.adopt_orphans()
        _report({"run": run, "folders": [str(it.path) for it in folders]})
        Keeper(guarded, theirs).work()
    theirs.close()
    os.close(0)  # the control socket: it must close when the keeper is gone
    os.close(1)
    stand_by(guarded, ours, keeper)


def _report(what: dict[str, Any]) -> None:
    with suppress(OSError):  # the main process is gone
        os.write(0, json.dumps(what).encode() + b"\n")


def stand_by(guarded: Guarded, keeper: socket.socket, pid: int) -> None:
    """Wait until the keeper or the main process is gone, then make sure that nothing is left. Never returns."""
    _readable([*guarded.endings, keeper.fileno()])
    _readable([keeper.fileno()], _KEEPER_ENDS_WITHIN)  # the keeper notices too and does the work
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)

    def reap() -> None:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    members.end(lambda: members.descendants(os.getpid()), reap=reap)
    leftovers.clear(guarded.run, guarded.folders)
    os._exit(0)


class Keeper:
    """Starts what it is asked to start, and ends it in the end."""

    def __init__(self, guarded: Guarded, standby: socket.socket) -> None:
        self._guarded, self._standby = guarded, standby
        self._children = Children(guarded.run)
        self._control = socket.socket(fileno=os.dup(0))
        self._control.setblocking(True)
        self._received = b""
        self._limit = float("inf")  # when all processes are ended, even if somebody waits for them
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def work(self) -> None:
        """Never returns."""
        try:
            while self._turn():
                pass
        except Exception:
            traceback.print_exc()  # an error of ours: the main process reads it, and the run ends
        finally:
            self._children.end_all()
            leftovers.clear(self._guarded.run, self._guarded.folders)
            os._exit(0)

    def _turn(self) -> bool:
        """Wait for something to do, and do it. False at the end."""
        printing = self._children.by_output()
        watched = [*self._guarded.endings, self._standby.fileno(), self._control.fileno(), self._wake, *printing]
        left = self._limit - time.monotonic()
        ready = _readable(watched, None if left == float("inf") else max(left, 0.0))
        if time.monotonic() >= self._limit:
            self._children.end_all()
            self._limit = float("inf")
        if self._wake in ready:
            with suppress(BlockingIOError):
                os.read(self._wake, 4096)
            self._children.reap()
        for descriptor in ready & set(printing):
            self._drain(printing[descriptor])
        if self._control.fileno() in ready:
            return self._listen()
        return not ready & {*self._guarded.endings, self._standby.fileno()}

    def _drain(self, child: Child) -> None:
        if child.output.is_open and not child.output.drain():
            child.output.close()

    def _listen(self) -> bool:
        data = self._control.recv(1 << 16)
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            with suppress(ValueError):  # half an order: the main process was interrupted
                order = json.loads(line)
                answer = {"order": order["order"], **self._obey(order)}
                self._control.sendall(json.dumps(answer).encode() + b"\n")
                if order["do"] == "finish":
                    return False
        return bool(data)

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        self._children.reap()
        match order["do"]:
            case "start":
                try:
                    number, started = self._children.start(order)
                except OSError as error:
                    return {"errno": error.errno, "error": error.strerror, "path": error.filename}
                return {"number": number, "pid": started.pid}
            case "status" if child := self._children.get(order["number"]):
                return {"status": child.status, "printed": child.output.total}
            case "output" if child := self._children.get(order["number"]):
                self._drain(child)
                return {"output": child.output.kept().decode("latin-1")}
            case "end" if order["number"] in self._children:
                self._children.end(order["number"])
            case "limit":
                self._limit = time.monotonic() + order["seconds"]
            case "finish":
                self._children.end_all()
                left = leftovers.clear(self._guarded.run, self._guarded.folders)
                return {"left": sorted(left)}
        return {}


def _readable(descriptors: list[int], seconds: float | None = None) -> set[int]:
    """Which of these can be read, or are closed at the other end, within so many seconds. None: no limit."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)}


if __name__ == "__main__":
    main(sys.argv[1:])
