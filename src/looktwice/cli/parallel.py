"""Proving in a process of its own, so that two applications can be proven at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import msgspec

from looktwice.cli import terminal
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Event, Executing

PROGRAM = "import sys; from looktwice.cli import parallel; sys.exit(parallel.main(sys.argv[1:]))"
DONE = (0, 1)
_EXECUTING = b'{"event":"executing"'
ENDS_WITHIN = 30.0
"""Seconds in which a process that was told to stop has ended what it started; its guardians do it otherwise."""


class Beside:
    """`looktwice prove` with `words`, running. Its events can be read while it goes on, and wait for their reader.

    Ctrl-C in the terminal reaches us alone; leaving the `with`, for whatever reason, tells the process to stop, and
    waits until it has ended what it started. When we are killed it notices, and stops by itself.
    """

    def __init__(self, root: Path, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, "prove", str(root), *words, "--format", "events"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        self._said = bytearray()
        self._readers = [Thread(target=self._drain, daemon=True), Thread(target=self._listen, daemon=True)]
        for reader in self._readers:
            reader.start()

    def _drain(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_EXECUTING):  # whoever reads the events may be busy with others
                terminal.say(f"runs  {msgspec.json.decode(line, type=Executing)}")
            self._lines.put(line)
        self._lines.put(b"")

    def _listen(self) -> None:
        """What it says beside its events; nobody may wait for a pipe that is full."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said += line

    def events(self) -> Iterator[Event]:
        """What it says, until it ends. Raises LooktwiceError with its own words when it could not do its work."""
        while line := self._lines.get():
            yield msgspec.json.decode(line, type=Event)
        code = self._process.wait()
        self._readers[1].join(ENDS_WITHIN)
        if code not in DONE:
            raise LooktwiceError(self._said.decode("utf-8", "replace").strip() or f"proving ended with {code}")

    def __enter__(self) -> Beside:
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
    """What such a process runs: the command line, until whoever started it is gone."""
    from looktwice.cli.main import main as command_line

    Thread(target=_stop_when_alone, daemon=True).start()
    return command_line(arguments)


def _stop_when_alone() -> None:
    """Standard input is a pipe into which nobody writes: it ends with the process at its other end."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
