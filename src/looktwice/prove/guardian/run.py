"""A run and its processes, as the main process sees them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import looktwice
from looktwice.core.errors import LooktwiceError
from looktwice.prove.guardian import leftovers
from looktwice.prove.guardian.child_process import Account

_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); from looktwice.prove.guardian.program import main; main(sys.argv[2:])"
)
_ANSWER_WITHIN = 60.0  # seconds; ending what a run has started is the longest of what is asked
_END_WITHIN = 30.0
_KILLED = -9  # the exit code of a child that the keeper has ended and forgotten
_LONGEST_PAUSE = 0.02
_LONGEST_LINE = 1000  # characters of one line of output that are shown


class RunEndedError(LooktwiceError):
    """A run has ended before it was meant to: something that it cannot go on without is gone."""


class GuardianLostError(RunEndedError):
    """The guardians of a run were ended, and the run with them."""


class Child:
    """A process of a run. A context manager; `close` ends it with all that it started, and removes its folders.

    `pid` is its process id, `directory` its own folder, `control` the one in which only we write; None when it has
    none.
    """

    def __init__(self, run: Run, number: int, pid: int, directory: Path | None, control: Path | None = None) -> None:
        self._run, self._number, self.pid = run, number, pid
        self.directory, self.control = directory, control
        self._status: int | None = None
        self._is_closed = False

    @property
    def status(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs. Raises GuardianLostError."""
        if self._status is None and not self._is_closed:
            self._status = self._run.ask("status", number=self._number).get("status", _KILLED)
        return self._status

    @property
    def printed(self) -> int:
        """Bytes that it has printed so far. Raises GuardianLostError."""
        return 0 if self._is_closed else int(self._run.ask("status", number=self._number).get("printed", 0))

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or None when it still runs after so many seconds. Raises GuardianLostError."""
        deadline, pause = time.monotonic() + seconds, 0.001
        while (status := self.status) is None and time.monotonic() < deadline:
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(2 * pause, _LONGEST_PAUSE)
        return status

    def output(self, lines: int = 20) -> str:
        """The last lines that it printed."""
        return "\n".join(line[:_LONGEST_LINE] for line in self.kept().splitlines()[-lines:])

    def kept(self) -> str:
        """The beginning and the end of what it printed, as text; a line between says how much is left out."""
        if self._is_closed:
            return ""
        with suppress(GuardianLostError):
            printed: str = self._run.ask("output", number=self._number).get("output", "")
            return printed.encode("latin-1").decode("utf-8", "replace")
        return ""

    def close(self) -> None:
        """End it with all that it started, and remove its folders. May be called twice."""
        if self._is_closed:
            return
        with suppress(GuardianLostError):  # then the whole run is ended, folders and all
            self._run.ask("end", number=self._number)
            self._is_closed = True
            for folder in (self.directory, self.control):
                if folder is not None:
                    leftovers.remove(folder)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Run:
    """Started before anything else of a run, ended after everything else. A context manager.

    Raises LooktwiceError, also when it is used first, if there is nowhere to put its folders.
    """

    def __init__(self) -> None:
        leftovers.sweep()
        self._reported: dict[str, Any] | None = None
        self._lock = threading.Lock()
        self._orders = 0
        self._received = b""
        self._why_lost = ""
        self._limit, self._why_limit = float("inf"), ""
        self._is_closed = False
        self._needed: dict[str, Child] = {}
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_ANSWER_WITHIN)
        reading, self._life = os.pipe()
        self._guardian: subprocess.Popen[bytes] | None = None
        try:
            self._start(theirs, reading)
        except BaseException:
            self._end()
            raise

    def _start(self, theirs: socket.socket, reading: int) -> None:
        words = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(Path(looktwice.__file__).parents[1])]
        words += [str(os.getpid()), str(reading)]
        try:
            self._guardian = subprocess.Popen(
                words,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.PIPE,
                pass_fds=(reading,),
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle
            )
        except OSError as error:
            raise LooktwiceError("cannot start a run", str(error), "Check that Python can be executed.") from None
        finally:
            theirs.close()
            os.close(reading)

    # ---- what belongs to it

    @property
    def number(self) -> int:
        """What its folders are named by. Raises LooktwiceError."""
        return int(self._begun()["run"])

    @property
    def folders(self) -> list[Path]:
        """Its own folders, in which `folder` makes others. Raises LooktwiceError."""
        return [Path(it) for it in self._begun()["folders"]]

    def _begun(self) -> dict[str, Any]:
        """What the guardians report first. Asked for when it is needed: meanwhile the caller can import its modules."""
        if self._reported is None:
            try:
                self._reported = self._answer()
            except OSError:
                why = f"the two processes that guard it are gone: {self._why_they_ended()}"
                raise GuardianLostError("cannot start a run", why, "Run it again.") from None
        if "run" not in self._reported:
            raise _no_room(self._reported.get("place"), self._reported.get("error"))
        return self._reported

    def folder(self, account: Account | None = None, size: int = 0) -> Path:
        """A fresh folder that only the account can read (and root), removed with the run.

        account: ourselves when left out. size: bytes it may grow to. When that fits four times into memory-backed
        storage it lies there: making a thousand small files takes 50 ms instead of up to a second. Raises
        LooktwiceError.
        """
        chosen, *others = self.folders
        for other in others if size else ():
            with suppress(OSError):
                status = os.statvfs(other)
                if status.f_bavail * status.f_frsize >= 4 * size:
                    chosen = other
        try:
            made = Path(tempfile.mkdtemp(dir=chosen))
            if account is not None:
                account.own(made)
        except OSError as error:
            if why := self.trouble():  # then the folder is gone with the run
                raise RunEndedError("the run has ended early", why, "Everything it had started is ended.") from None
            raise _no_room(chosen, error.strerror) from None
        return made

    def start(
        self,
        words: Sequence[str],
        directory: Path,
        environment: Mapping[str, str],
        account: Account,
        *,
        folder: Path | None = None,
        control: Path | None = None,
        stop: str = "KILL",
        source: Path | None = None,
        name: str = "",
    ) -> Child:
        """Start a process. It reads nothing unless it is given `source`, a file, and what it prints is kept in bounds.

        directory: where it works. folder: its own one, control: ours about it; both are removed with it. stop: name of
        the signal that ends it ("QUIT" is PostgreSQL's immediate shutdown). name: what to call it when the run cannot
        go on without it.
        Raises OSError when it cannot be executed, GuardianLostError.
        """
        answer = self.ask(
            "start",
            words=list(words),
            folder=str(directory),
            environment=dict(environment),
            user=account.uid,
            group=account.gid,
            stop=stop,
            input=None if source is None else str(source),
        )
        if "errno" in answer:
            raise OSError(answer["errno"], answer["error"], answer["path"])
        child = Child(self, answer["number"], answer["pid"], folder, control)
        if name:
            self._needed[name] = child
        return child

    def limit(self, seconds: float, why: str) -> None:
        """End all processes of the run in so many seconds, whatever somebody may be waiting for then. why: what
        `trouble` says from then on."""
        self.ask("limit", seconds=seconds)
        self._limit, self._why_limit = time.monotonic() + seconds, why

    def trouble(self) -> str:
        """Why the run cannot go on: a server or a guardian that was ended. "" as long as nothing is wrong."""
        if time.monotonic() >= self._limit:
            return self._why_limit
        try:
            self.ask("respond")
            for name, child in self._needed.items():
                if not child._is_closed and child.status is not None:
                    return f"{name} {ended(child.status)} while it was needed"
        except GuardianLostError as error:
            return error.why
        return ""

    # ---- its end

    def close(self) -> None:
        """End everything that the run has started and remove its folders. May be called twice."""
        if self._is_closed:
            return
        if self._reported is not None:
            with suppress(LooktwiceError):
                self.ask("finish")
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        """Close the connection, which the guardians take for our end, and wait until they have exited."""
        self._control.close()
        with suppress(OSError):
            os.close(self._life)
        if self._guardian is None:
            return
        try:
            self._guardian.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            self._guardian.kill()
            self._guardian.wait()
        finally:
            if self._guardian.stderr is not None:
                self._guardian.stderr.close()
            if self._reported is not None and "run" in self._reported:
                # What they do, once more: it matters when they were killed.
                leftovers.clear(self.number, self.folders)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- orders

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Send an order to the keeper and wait for its answer. Raises GuardianLostError."""
        with self._lock:
            if self._why_lost or self._is_closed:
                raise self._lost()
            self._begun()
            self._orders += 1
            order = {"order": self._orders, "do": do, **more}
            try:
                self._control.sendall(json.dumps(order).encode() + b"\n")
                while (answer := self._answer()).get("order") != self._orders:
                    pass  # the answer to an order that was interrupted here
                return answer
            except OSError as error:
                self._why_lost = "they do not respond" if isinstance(error, TimeoutError) else self._why_they_ended()
                raise self._lost() from None

    def _answer(self) -> dict[str, Any]:
        while b"\n" not in self._received:
            data = self._control.recv(1 << 16)
            if not data:
                raise ConnectionResetError
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        with suppress(ValueError):  # the rest of an answer whose beginning was lost to an interrupt
            answer: dict[str, Any] = json.loads(line)
            return answer
        return {}

    def _why_they_ended(self) -> str:
        """Why the guardians have exited: an error of their own, or a signal."""
        stderr = self._guardian.stderr if self._guardian is not None else None
        if stderr is not None:
            os.set_blocking(stderr.fileno(), False)
            output = (stderr.read() or b"").decode("utf-8", "replace").strip()
            if output:
                return output.splitlines()[-1]
        return "they were ended"

    def _lost(self) -> GuardianLostError:
        if self._is_closed:
            return GuardianLostError("the run is over", "nothing more can be started in it")
        return GuardianLostError(
            "the run has ended early",
            f"the two processes that guard it are gone: {self._why_lost}",
            "Everything it had started was ended with them. Run it again.",
        )


def ended(status: int) -> str:
    """How a process ended, in words. status: its exit code, negative for a signal."""
    import signal

    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _no_room(place: object, why: object) -> LooktwiceError:
    advice = "Set TMPDIR to a folder with room to write in."
    return LooktwiceError(f"cannot make a folder in {place}", str(why).lower(), advice)
