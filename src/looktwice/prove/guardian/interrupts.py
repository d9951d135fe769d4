"""Signals that must wait: cleaning up is done before Ctrl-C, or whatever it was, takes effect."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

DEFERRED = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def deferred() -> Iterator[None]:
    """Within it these signals are noted, and take effect when it is left. Elsewhere than in the main thread, which
    alone gets signals, it does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)

    usual = {number: signal.getsignal(number) for number in DEFERRED}
    # None is a handler that was not installed from Python, which could not be put back.
    changed = [number for number, handler in usual.items() if handler not in (None, signal.SIG_IGN)]
    for number in changed:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, usual[number])
        for number in dict.fromkeys(seen):
            signal.raise_signal(number)
