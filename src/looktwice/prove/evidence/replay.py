"""Runs the experiment of a proof again: is it still wrong?"""

from __future__ import annotations

from msgspec import Struct

from looktwice.core.errors import LooktwiceError
from looktwice.core.trace import Trace, Verdict
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiments.experiment import Experiment, NotShown, Shown, experiments
from looktwice.prove.experiments.experiment_runs import run_experiment
from looktwice.prove.experiments.time_limit import within
from looktwice.prove.network.request import NOT_SENT
from looktwice.prove.network.writable import problem
from looktwice.prove.run.deadline import EXPERIMENT, Deadline
from looktwice.prove.run.stage import Stage
from looktwice.prove.schedule.explorer import Budget

# What lets a proof rest: nothing went wrong, and something was really tried.
_HOLDS = (Verdict.PROTECTED, Verdict.COMMUTES, Verdict.RESPONSE_ONLY, Verdict.SERIAL)


class Outcome(Struct, frozen=True, kw_only=True):
    """`is_wrong`: shown again. `holds`: tried, and it held. Neither: that could not be determined, `why` says what
    stood in the way. `why` is a sentence or two for a person in every case."""

    is_wrong: bool
    holds: bool
    why: str
    verdict: str = ""
    shown: Shown | None = None
    trace: Trace | None = None

    @property
    def is_known(self) -> bool:
        """Whether it holds for a reason that was seen, or in all of the schedules; else nothing was found in some."""
        return self.verdict in (Verdict.PROTECTED.value, Verdict.COMMUTES.value)


def ask(stage: Stage, name: str, case: Case, budget: Budget | None = None, deadline: Deadline | None = None) -> Outcome:
    """Run the experiment `name` on one pair of requests.

    stage: the started application. Every schedule within the budget is tried, not only the recorded one: a fixed
    program runs other statements. deadline: for this experiment; without one it has the usual limit.
    Raises LooktwiceError when there is no such experiment.
    """
    experiment = named(name)
    if not experiment.applies(case):
        return Outcome(is_wrong=False, holds=False, why=f"`{name}` does not apply to {case.endpoint}")
    if why := problem(case.first) or problem(case.second):
        return Outcome(is_wrong=False, holds=False, why=f"{NOT_SENT}{why}")
    limit = (deadline or Deadline(EXPERIMENT, "its limit")).of_experiment(budget.seconds if budget else None)
    quiet: list[NotShown] = []
    laboratory = stage.laboratory(budget)
    laboratory.acquaint(case)
    results = run_experiment(laboratory, experiment, case)
    for result in within(limit, results, name, experiment.codes[0], case.endpoint):
        stage.check()
        if isinstance(result, Shown):
            return Outcome(
                is_wrong=True,
                holds=False,
                why=result.judgement.explain(),
                verdict=result.judgement.verdict.value,
                shown=result,
                trace=result.trace,
            )
        if isinstance(result, NotShown):
            quiet.append(result)
    return _summary(name, quiet)


def _summary(name: str, quiet: list[NotShown]) -> Outcome:
    if not quiet:
        return Outcome(is_wrong=False, holds=False, why=f"`{name}` reached no result")
    doubtful = next((result for result in quiet if result.verdict not in _HOLDS), None)
    result = doubtful or quiet[-1]
    return Outcome(
        is_wrong=False, holds=doubtful is None, why=result.why, verdict=result.verdict.value, trace=result.trace
    )


def named(name: str) -> Experiment:
    """The experiment of this name. Raises LooktwiceError when there is none."""
    found = {experiment.name: experiment for experiment in experiments()}
    if name not in found:
        raise LooktwiceError("cannot run that", f"there is no experiment `{name}`", f"Available: {', '.join(found)}.")
    return found[name]
