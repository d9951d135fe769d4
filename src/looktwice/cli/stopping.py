"""How a command ends when a signal stops it: Ctrl-C, a service manager, a terminal that is closed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """Raised wherever the program is when the signal arrives. `code` is the exit code by shell convention."""

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
    """Turn the first of these signals into `Stopped`. Later ones are ignored, so that they do not interrupt the
    cleaning up. Signals that were ignored when we were started (nohup) stay ignored."""
    seen: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if not seen:
            seen.append(number)
            raise Stopped(number)

    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


@contextmanager
def report_stop(kept: Callable[[], str] = lambda: "nothing was written") -> Iterator[None]:
    """Report in one line what is kept when a signal stops the command. kept: gives it in words."""
    from looktwice.cli.terminal import say

    try:
        yield
    except KeyboardInterrupt as error:
        name = error.name if isinstance(error, Stopped) else "Ctrl-C"
        with suppress(OSError):  # the terminal may be gone
            say(f"Stopped by {name}: {kept()}.")
        raise
