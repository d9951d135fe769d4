"""`prove` in a separate process, so that two applications can be proven concurrently."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from looktwice.core import isolation
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Event
from looktwice.render.data import decoded

DONE = (0, 1)


class BackgroundProve:
    """A running `looktwice prove` with the arguments `words`. Its events are queued and can be read while it runs.

    Ctrl-C in the terminal reaches the parent only; leaving the `with`, for whatever reason, interrupts the process once
    and waits until it has stopped everything it started.
    """

    def __init__(self, root: Path, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            isolation.command(["prove", str(root), *words, "--format", "events"]),
            env=isolation.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def events(self) -> Iterator[Event]:
        """Its events, until it ends. Raises LooktwiceError with its error message when it failed."""
        while line := self._lines.get():
            yield decoded(line, Event)
        assert self._process.stderr is not None
        message = self._process.stderr.read().decode("utf-8", "replace").strip()
        if self._process.wait() not in DONE:
            what, _, rest = message.partition("\n")
            raise LooktwiceError(what or f"`prove` ended with exit code {self._process.returncode}", next=rest)

    def __enter__(self) -> BackgroundProve:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.wait()
