"""Experiments that the time limit cuts off, and what is reported of them."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.core.trace import Verdict
from looktwice.prove.experiments.experiment import NotShown, Result, Tried
from looktwice.prove.run.deadline import Deadline


class Unfinished(NotShown, frozen=True, kw_only=True):
    """An experiment that was not run to its end, or not at all."""


def within(limit: Deadline, results: Iterator[Result], experiment: str, code: str, endpoint: str) -> Iterator[Result]:
    """The results of one experiment, stopped when its limit is over; that is a result too."""
    tried = 0
    for result in results:
        yield result
        tried += isinstance(result, Tried)
        if limit.is_over and isinstance(result, Tried):
            close = getattr(results, "close", None)
            if close is not None:
                close()
            yield unfinished(experiment, code, endpoint, f"stopped after {tried} tries: {limit}")
            return


def unfinished(experiment: str, code: str, endpoint: str, why: str) -> Unfinished:
    """The result of such an experiment."""
    return Unfinished(experiment=experiment, code=code, endpoint=endpoint, verdict=Verdict.INCONCLUSIVE, why=why)
