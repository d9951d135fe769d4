"""The processes that the keeper has started: each with its mark, its output and, in the end, its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

from looktwice.prove.guardian import kernel, members
from looktwice.prove.guardian.output import Output

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGQUIT)
"""What the guardians ignore: such a signal is meant for the main process, and they end with it."""
_GRACE = 1.0  # seconds that a server has for an orderly shutdown


class Child:
    """A process that was started, and what it printed. `status` is None while it runs, negative for a signal."""

    def __init__(self, process: subprocess.Popen[bytes], output: Output, order: dict[str, Any]) -> None:
        self.process, self.output = process, output
        self.stop = getattr(signal, f"SIG{order.get('stop', 'KILL')}")
        self.status: int | None = None

    @property
    def pid(self) -> int:
        return self.process.pid


class Children:
    """All that one run has started, by number."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._numbered: dict[int, Child] = {}
        self._count = 0

    def __contains__(self, number: int) -> bool:
        return number in self._numbered

    def get(self, number: int) -> Child | None:
        """The child of this number; None when it was ended."""
        return self._numbered.get(number)

    def by_output(self) -> dict[int, Child]:
        """Those that may still print, by the descriptor that their output is read from."""
        return {it.output.descriptor: it for it in self._numbered.values() if it.output.is_open}

    def start(self, order: dict[str, Any]) -> tuple[int, Child]:
        """Start a process; gives its number and it. `order` has words, folder, environment, and may have user, group,
        input (path of a file that it reads) and stop (name of the signal that ends it).

        Raises OSError when it cannot be executed.
        """
        number = self._count + 1
        keeper, (limit,) = os.getpid(), kernel.marks(self._run, number)

        def begin() -> None:
            kernel.mark(limit)
            kernel.end_with(keeper)
            for ignored in IGNORED:
                signal.signal(ignored, signal.SIG_DFL)

        source = _source(order.get("input"))
        reading, writing = os.pipe()
        try:
            process = subprocess.Popen(
                order["words"],
                cwd=order["folder"],
                env=order["environment"],
                stdin=source,
                stdout=writing,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=begin,  # noqa: PLW1509 - there is one thread here
                **_account(order),
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
            os.close(source)
        self._count = number
        child = self._numbered[number] = Child(process, Output(reading), order)
        return number, child

    def reap(self) -> None:
        """Collect exit codes: those of our children, and of those that we have adopted."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for child in self._numbered.values():
                if child.pid == pid and child.status is None:
                    child.status = child.process.returncode = os.waitstatus_to_exitcode(status)

    def members(self) -> set[int]:
        """Process ids of everything that the run has started."""
        running = (it.pid for it in self._numbered.values() if it.status is None)
        groups = set() if kernel.LINUX else members.of_groups(running)
        return members.descendants(os.getpid()) | kernel.marked(kernel.marks(self._run)) | groups

    def end(self, number: int) -> None:
        """End one child with all that it has started, and forget it."""
        child = self._numbered[number]
        self._stop([child])
        mark = kernel.marks(self._run, number)

        def find() -> set[int]:
            own = {child.pid} if child.status is None else set()
            below = members.descendants(child.pid) if own else set()
            groups = set() if kernel.LINUX or not own else members.of_groups(own)
            return own | below | groups | kernel.marked(mark)

        members.end(find, reap=self.reap)
        child.output.close()  # nobody is left who could print
        del self._numbered[number]

    def end_all(self) -> None:
        """End everything."""
        self._stop(list(self._numbered.values()))
        members.end(self.members, reap=self.reap)

    def _stop(self, chosen: list[Child]) -> None:
        """Ask those to shut down that have a signal for it, and wait a moment: PostgreSQL releases its memory."""
        self.reap()
        asked = [it for it in chosen if it.stop != signal.SIGKILL and it.status is None]
        for child in asked:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child.pid, child.stop)
        deadline = time.monotonic() + _GRACE
        while any(it.status is None for it in asked) and time.monotonic() < deadline:
            time.sleep(0.002)
            self.reap()


def _source(path: str | None) -> int:
    """The standard input of a child: a file, or an empty pipe. No device: that may be missing."""
    if path is not None:
        return os.open(path, os.O_RDONLY)
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def _account(order: dict[str, Any]) -> dict[str, Any]:
    if order.get("user") is None:
        return {}
    return {"user": order["user"], "group": order["group"], "extra_groups": []}
