"""`prove` in a separate process, so that two applications can be proven concurrently."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from looktwice.cli import terminal
from looktwice.core import isolation
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Event, Executing
from looktwice.render.data import decoded

DONE = (0, 1)
_EXECUTING = b'{"event":"executing"'
ENDS_WITHIN = 30.0
"""Seconds in which a stopped process has ended what it started; its guardians do it otherwise."""


class BackgroundProve:
    """A running `looktwice prove` with the arguments `words`. Its events are queued and can be read while it runs.

    Ctrl-C in the terminal reaches the parent only; leaving the `with`, for whatever reason, tells the process to stop
    and waits until it has stopped everything it started. When the parent is killed, the process stops by itself.
    """

    def __init__(self, root: Path, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            isolation.command(["prove", str(root), *words, "--format", "events"], __name__),
            env=isolation.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        self._errors = bytearray()
        self._readers = [Thread(target=self._drain, daemon=True), Thread(target=self._listen, daemon=True)]
        for reader in self._readers:
            reader.start()

    def _drain(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_EXECUTING):  # whoever reads the events may be busy with others
                terminal.say(f"runs  {decoded(line, Executing)}")
            self._lines.put(line)
        self._lines.put(b"")

    def _listen(self) -> None:
        """Read standard error as it comes: a full pipe would stop the process."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors += line

    def events(self) -> Iterator[Event]:
        """Its events, until it ends. Raises LooktwiceError with its error message when it failed."""
        while line := self._lines.get():
            yield decoded(line, Event)
        code = self._process.wait()
        self._readers[1].join(ENDS_WITHIN)
        if code not in DONE:
            what, _, rest = self._errors.decode("utf-8", "replace").strip().partition("\n")
            raise LooktwiceError(what or f"`prove` ended with exit code {code}", next=rest)

    def __enter__(self) -> BackgroundProve:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(arguments: list[str]) -> int:
    """Run the command line, until the process that started this one is gone."""
    from looktwice.cli.main import main as command_line

    Thread(target=_stop_when_alone, daemon=True).start()
    return command_line(arguments)


def _stop_when_alone() -> None:
    """Standard input is a pipe that stays empty: it ends with the process at its other end."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
