"""What an experiment is, and what it may find."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from msgspec import Struct

from looktwice.core.trace import Trace, Verdict
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.network.request import Request
from looktwice.prove.oracle.verdict import Judgement
from looktwice.prove.run.laboratory import Laboratory
from looktwice.prove.schedule.breakpoints import Fault
from looktwice.prove.schedule.schedule import Schedule


class Shown(Struct, frozen=True, kw_only=True):
    """A defect, proven. All that is needed to show it again: the requests, the schedule and the faults."""

    experiment: str
    code: str  # of the pattern, "" when none is known for this outcome
    endpoint: str
    requests: dict[str, Request]
    schedule: Schedule
    faults: tuple[Fault, ...] = ()
    judgement: Judgement
    trace: Trace
    prelude: tuple[Request, ...] = ()  # sent one after the other before the snapshot, to come to the brink
    runs: int = 0  # that it took


class NotShown(Struct, frozen=True, kw_only=True):
    """Nothing proven, and why: protected, commutes, not reached, inconclusive, or something worth knowing."""

    experiment: str
    code: str
    endpoint: str
    verdict: Verdict
    why: str
    name: str = ""
    trace: Trace | None = None
    explored: int = 0
    total: int = 0
    rests_on_rows: bool = True  # whether it speaks of what the requests left; a count of statements does not


class Tried(Struct, frozen=True, kw_only=True):
    """One run, for the display of progress."""

    experiment: str
    endpoint: str
    text: str
    done: int
    total: int


Result = Shown | NotShown | Tried


@runtime_checkable
class Experiment(Protocol):
    """One check. `name` is spelled as in a pattern's page ("twice"), `codes` are the patterns it can show."""

    name: str
    codes: tuple[str, ...]

    def applies(self, case: Case) -> bool:
        """Whether the experiment makes sense for these requests."""
        ...

    def run(self, laboratory: Laboratory, case: Case) -> Iterator[Result]:
        """Ask it. Every run begins and ends at the snapshot."""
        ...


def experiments() -> list[Experiment]:
    """All of them, by name."""
    from looktwice.prove import experiments as package

    found = []
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        made = getattr(importlib.import_module(info.name), "EXPERIMENT", None)
        if isinstance(made, Experiment):
            found.append(made)
    return sorted(found, key=lambda experiment: experiment.name)
