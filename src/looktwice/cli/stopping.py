"""How a command ends when it is told to stop: by Ctrl-C, by a service manager, by a terminal that is closed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """Raised where the program is when a signal comes. `code` is the exit code that shells know it by."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def code(self) -> int:
        return 128 + self.number

    @property
    def name(self) -> str:
        return "Ctrl-C" if self.number == signal.SIGINT else signal.Signals(self.number).name


def listen() -> None:
    """Turn the first of these signals into `Stopped`. Those that follow are ignored: what was begun is being ended, and
    ends by itself. Signals that whoever started us has ignored (nohup) stay ignored."""
    seen: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if not seen:
            seen.append(number)
            raise Stopped(number)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


@contextmanager
def saying(kept: Callable[[], str] = lambda: "nothing was written") -> Iterator[None]:
    """Have the person told, in one line, what is kept of a command that was told to stop. kept: says it."""
    from looktwice.cli.terminal import say

    try:
        yield
    except KeyboardInterrupt as error:
        name = error.name if isinstance(error, Stopped) else "Ctrl-C"
        with suppress(OSError):  # the terminal may be gone
            say(f"Stopped by {name}: {kept()}.")
        raise
