"""Ways back to an application that answers as it did: each remedy is tried in turn until a run is good again.

What an application remembers of earlier requests lies in its memory (start it again), in Redis (delete its
counters), in tables (they return to the snapshot with every run) or in time (wait until its window is over).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from looktwice.prove.run.void import Cause, Void, VoidRunError

_WINDOW = 61.0  # seconds: most limiters count by the minute
_LONGEST_WAIT = 75.0
_TRIES = 2
_MOST_WAITING = 240.0  # seconds of one whole run of looktwice


class Remedy(StrEnum):
    RESTART = "start it again"
    SIGN_IN = "sign in again"
    WAIT = "wait"


# In this order. Starting again comes first where it is enough so often: it takes a second, a window takes a minute.
_REMEDIES: Mapping[Cause, Sequence[Remedy]] = {
    Cause.RATE_LIMITED: (Remedy.RESTART, Remedy.WAIT),
    Cause.LOCKED_OUT: (Remedy.SIGN_IN, Remedy.RESTART, Remedy.WAIT),
    Cause.LOGGED_OUT: (Remedy.SIGN_IN, Remedy.RESTART),
    Cause.CHANGED: (Remedy.SIGN_IN, Remedy.RESTART),
}


class Recoverable(Protocol):
    """What can be done to a started application."""

    def restart(self) -> None:
        """End every instance and start it again, its short-lived counters in Redis forgotten."""
        ...

    def sign_in_again(self) -> bool:
        """Log in again all users whom looktwice logged in; False when there are none."""
        ...


class Recovery:
    """Tries remedies. `seconds` is the time that all of it has taken, which no budget counts.

    say: called with what is being done. sleep: waits.
    """

    def __init__(
        self,
        application: Recoverable,
        say: Callable[[str], None] = lambda text: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._application, self._say, self._sleep = application, say, sleep
        self._waited = 0.0
        self._helped: set[tuple[Cause, Remedy]] = set()
        self._failed: Counter[tuple[Cause, Remedy]] = Counter()
        self.seconds = 0.0
        self.causes: dict[Cause, int] = {}  # how often each was met

    def until_good(
        self, void: Void, check: Callable[[], Void | None], remedies: Sequence[Remedy] | None = None
    ) -> None:
        """Try one remedy after the other until `check` finds nothing. Raises VoidRunError when none helps.

        check: repeats what was void, and gives what is still wrong. remedies: fewer than the cause's own.
        """
        began = time.monotonic()
        self.causes[void.cause] = self.causes.get(void.cause, 0) + 1
        left: Void | None = void
        try:
            for remedy in self._of(void, remedies):
                if not self._apply(remedy, left or void):
                    continue
                left = check()
                if left is None:
                    self._helped.add((void.cause, remedy))
                    return
                self._failed[void.cause, remedy] += 1
        finally:
            self.seconds += time.monotonic() - began
        raise VoidRunError(left or void)

    def afresh(self) -> None:
        """Start the application again, whatever is wrong."""
        began = time.monotonic()
        self._application.restart()
        self.seconds += time.monotonic() - began

    def may_help(self, void: Void, remedy: Remedy) -> bool:
        """False for what was tried before against the like, more than once, and never helped."""
        kind = (void.cause, remedy)
        return remedy in _REMEDIES[void.cause] and (kind in self._helped or self._failed[kind] < _TRIES)

    def _of(self, void: Void, remedies: Sequence[Remedy] | None) -> Iterator[Remedy]:
        for remedy in remedies if remedies is not None else _REMEDIES[void.cause]:
            if self.may_help(void, remedy):
                yield remedy

    def _apply(self, remedy: Remedy, void: Void) -> bool:
        """Whether anything was done."""
        if remedy is Remedy.SIGN_IN:
            return self._application.sign_in_again()
        if remedy is Remedy.RESTART:
            self._say(f"{void.why}: starting it again")
            self._application.restart()
            return True
        seconds = void.wait + 1 if void.wait else _WINDOW
        if seconds > _LONGEST_WAIT or self._waited + seconds > _MOST_WAITING:
            return False
        self._say(f"{void.why}: waiting {seconds:.0f} s")
        self._waited += seconds
        self._sleep(seconds)
        return True
