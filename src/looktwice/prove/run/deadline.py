"""How long a run, or one experiment on one endpoint, may take."""

from __future__ import annotations

import time
from collections.abc import Callable

from looktwice.core.errors import LooktwiceError

EXPERIMENT = 300.0
"""Seconds for one experiment on one endpoint. A budget that is given as a time gets three times as long, if that is
more: it counts the schedules only, not the proof of what one of them shows."""

_UNITS = ((3600.0, "h"), (60.0, "m"), (1.0, "s"))


class OutOfTimeError(LooktwiceError):
    """The deadline has passed before any experiment was run."""


class Deadline:
    """Begins to count when it is made.

    seconds: how long there is. name: what it is called in a sentence ("the deadline"). clock: gives seconds.
    """

    def __init__(self, seconds: float, name: str = "the deadline", clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.name, self._clock = seconds, name, clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never less than 0."""
        return max(0.0, self._end - self._clock())

    @property
    def is_over(self) -> bool:
        return self.left <= 0

    def __str__(self) -> str:
        return f"{self.name} of {spelled(self.seconds)} has passed"

    def check(self, doing: str) -> None:
        """Raises OutOfTimeError when it is over. doing: what was being done."""
        if self.is_over:
            raise OutOfTimeError(
                "no experiment was run",
                f"{self} while {doing}",
                "Set a longer one: --deadline 1h, or [prove] deadline.",
            )

    def of_experiment(self, budget: float | None = None) -> Deadline:
        """The limit of one experiment, which is never later than this one. budget: its own, in seconds."""
        longest = max(EXPERIMENT, 3 * (budget or 0.0))
        return Deadline(longest, "its limit", self._clock) if longest < self.left else self


def spelled(seconds: float) -> str:
    """ "90 s" as 90s, 1800 as 30m."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s"
