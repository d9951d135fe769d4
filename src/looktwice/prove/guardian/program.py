"""The two watchers of a run, as one program: see the package for what each of them is there for.

Called as `program.main([pid of whom they serve, descriptor that closes with that one])`, with the control socket as
standard input. What is said there is JSON, one object a line: first by the watchers, which run it is and where its
folders are, or why there are none; then orders, and answers that have the number of their order.
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

_LAST_WORD = 20.0  # seconds that the second waits for the keeper to end everything by itself


class Served(NamedTuple):
    """The run, and how its end is noticed."""

    run: int
    folders: tuple[Path, ...]
    endings: tuple[int, ...]  # descriptors that can be read when whom we serve is gone


def main(arguments: list[str]) -> None:
    """Watch until the run has ended, and end what is left of it. Returns only when it could not begin."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    pid, life = map(int, arguments)
    watched = kernel.watch(pid)
    endings = (life,) if watched is None else (life, watched)
    # Here and not by whom we serve: a folder that somebody makes who is killed then would stay.
    try:
        run, folders = leftovers.make_all()
    except OSError as error:
        _say({"error": error.strerror, "place": error.filename})
        return
    served = Served(run, tuple(it.path for it in folders), endings)
    kernel.adopt_orphans()
    ours, theirs = socket.socketpair()
    keeper = os.fork()
    if keeper == 0:
        ours.close()
        kernel.adopt_orphans()
        _say({"run": run, "folders": [str(it.path) for it in folders]})
        Keeper(served, theirs).work()
    theirs.close()
    os.close(0)  # the control socket: it must close when the keeper is gone
    os.close(1)
    second(served, ours, keeper)


def _say(what: dict[str, Any]) -> None:
    with suppress(OSError):  # who is not there any more needs to hear nothing
        os.write(0, json.dumps(what).encode() + b"\n")


def second(served: Served, keeper: socket.socket, pid: int) -> None:
    """Wait for the end of the keeper, or of whom we serve; then make sure that nothing is left."""
    _readable([*served.endings, keeper.fileno()])
    _readable([keeper.fileno()], _LAST_WORD)  # the keeper has seen it as well, and is at work
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)

    def reap() -> None:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    members.end(lambda: members.descendants(os.getpid()), reap=reap)
    leftovers.clear(served.run, served.folders)
    os._exit(0)


class Keeper:
    """Starts what it is told to, and answers for it until the end."""

    def __init__(self, served: Served, second: socket.socket) -> None:
        self._served, self._second = served, second
        self._children = Children(served.run)
        self._control = socket.socket(fileno=os.dup(0))
        self._control.setblocking(True)
        self._received = b""
        self._limit = float("inf")  # when everything is ended, whoever may still wait for it
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
            traceback.print_exc()  # a fault of ours: whom we serve finds it, and the run ends
        finally:
            self._children.end_all()
            leftovers.clear(self._served.run, self._served.folders)
            os._exit(0)

    def _turn(self) -> bool:
        """Wait for something to do, and do it. False at the end."""
        printing = self._children.by_output()
        watched = [*self._served.endings, self._second.fileno(), self._control.fileno(), self._wake, *printing]
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
        return not ready & {*self._served.endings, self._second.fileno()}

    def _drain(self, child: Child) -> None:
        if child.output.is_open and not child.output.drain():
            child.output.close()

    def _listen(self) -> bool:
        data = self._control.recv(1 << 16)
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            with suppress(ValueError):  # half an order: whoever gave it was interrupted
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
                    number = self._children.start(order)
                except OSError as error:
                    return {"errno": error.errno, "error": error.strerror, "path": error.filename}
                return {"number": number, "pid": self._children[number].pid}
            case "status":
                child = self._children[order["number"]]
                return {"status": child.status, "printed": child.output.total}
            case "output":
                child = self._children[order["number"]]
                self._drain(child)
                return {"output": child.output.kept().decode("latin-1")}
            case "end":
                self._children.end(order["number"])
            case "limit":
                self._limit = time.monotonic() + order["seconds"]
            case "finish":
                self._children.end_all()
                left = leftovers.clear(self._served.run, self._served.folders)
                return {"left": sorted(left)}
        return {}


def _readable(descriptors: list[int], seconds: float | None = None) -> set[int]:
    """Which of these can be read, or are closed at their other end, within so many seconds; None waits for ever."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)}


if __name__ == "__main__":
    main(sys.argv[1:])
