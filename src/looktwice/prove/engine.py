"""The engine of `prove`: start the application, run every experiment on every endpoint, report what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from looktwice.core import config
from looktwice.core.errors import ConfigurationError
from looktwice.core.event import Event, Finished, Noted, NotProven, Progress, Proven, Ran, Reach, Reached, Started
from looktwice.core.route import is_route
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiments.experiment import Experiment, NotShown, Result, Shown, Tried, experiments
from looktwice.prove.experiments.experiment_runs import run_experiment
from looktwice.prove.experiments.time_limit import Unfinished, within
from looktwice.prove.experiments.time_limit import unfinished as cut_off
from looktwice.prove.guardian.run import RunEndedError
from looktwice.prove.run.deadline import Deadline
from looktwice.prove.run.laboratory import requests_of
from looktwice.prove.run.stage import Stage
from looktwice.prove.run.void import VoidRunError
from looktwice.prove.schedule.explorer import Budget

Users = Mapping[str, Mapping[str, str]]
# Keeps a proof: gives the path of its file and of the test that was written, "" for what was not.
Keep = Callable[[Shown, Case, Users], tuple[str, str]]


class Job(Struct, frozen=True, kw_only=True):
    """What to prove. Empty choices mean all: `only` holds names of experiments, `endpoints` words that one contains.

    `first` are (code of a pattern, route) where something is suspected: there it begins, in this order; with
    `suspected_only` nothing else is run.
    """

    root: Path
    settings: config.Config
    only: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    first: tuple[tuple[str, str], ...] = ()
    suspected_only: bool = False


def keep_nothing(shown: Shown, case: Case, users: Users) -> tuple[str, str]:
    """Neither a file nor a test."""
    return "", ""


def prove(job: Job, keep: Keep = keep_nothing) -> Iterator[Event]:
    """Do it. Everything is torn down when the generator ends, is closed, or is left by an exception.

    Raises StartError, ConfigurationError, MissingExtraError before anything was run.
    """
    began = time.monotonic()
    deadline = Deadline(config.duration(job.settings.prove.deadline, "deadline"))
    yield Started("prove", str(job.root))
    tally = _Tally()
    yield Progress("start", 0, 1, "starting the application with a database of its own")
    try:
        yield from _asked(job, keep, deadline, tally)
    except RunEndedError as error:
        if not tally.endpoints:
            deadline.check(tally.doing)
            raise
        why = str(deadline) if deadline.is_over else error.why
        yield Noted(f"{error.what}: {error.why}, while {tally.doing}", ended_early=True)
        for number, (experiment, case) in enumerate(tally.waiting):
            begun = "stopped" if number == 0 and tally.is_running else "not run"
            cut = cut_off(experiment.name, experiment.codes[0], case.endpoint, f"{begun}: {why}")
            tally.unfinished.append(f"{experiment.name} on {case.endpoint}")
            yield from _events(cut, keep, case, {})
    if tally.unfinished and deadline.is_over:
        yield Noted(f"{deadline}: not completed: {', '.join(tally.unfinished)}", ended_early=True)
    yield Finished(
        verb="prove",
        seconds=round(time.monotonic() - began, 3),
        findings=tally.proven,
        statistics={"runs": float(tally.runs), "endpoints": float(tally.endpoints), "reached": float(tally.reached)},
    )


class _Tally(Struct):
    """What has come of it so far, and what is being done. `waiting`: the experiments without a result, with their
    cases, the one that `is_running` first. `unfinished`: those that were cut off."""

    proven: int = 0
    runs: int = 0
    endpoints: int = 0
    reached: int = 0
    doing: str = "starting the application"
    is_running: bool = False
    waiting: list[tuple[Experiment, Case]] = msgspec.field(default_factory=list)
    unfinished: list[str] = msgspec.field(default_factory=list)


def _asked(job: Job, keep: Keep, deadline: Deadline, tally: _Tally) -> Iterator[Event]:
    messages: list[str] = []
    with Stage(job.root, job.settings.prove, deadline, messages.append) as stage:
        yield from stage.start()
        tally.doing = "sending each request once"
        _refuse_unknown(
            job.endpoints, [*(endpoint for endpoint, _ in stage.without_request), *(it.endpoint for it in stage.cases)]
        )
        rows = stage.reach([case for case in stage.cases if _is_chosen(case.endpoint, job)])
        chosen = [row.case for row in rows if row.is_reached and row.case is not None]
        left_out = [(endpoint, why) for endpoint, why in stage.without_request if _is_chosen(endpoint, job)]
        yield Reach(len(chosen), len(rows) + len(left_out))
        yield from (Reached(endpoint, None, why) for endpoint, why in left_out)
        yield from (Reached(row.endpoint, row.status, row.why) for row in rows)
        tally.endpoints, tally.reached = len(rows) + len(left_out), len(chosen)
        tally.waiting = _planned(chosen, job)
        laboratory = stage.laboratory(_budget(job), job.settings.system.instances)
        if chosen:
            tally.doing = "watching the application without requests"
            laboratory.acquaint()
        for number, case in enumerate(chosen, 1):
            if not deadline.is_over:
                yield Progress("measure", number, len(chosen), case.endpoint)
                tally.doing = f"measuring {case.endpoint}"
                with suppress(VoidRunError):  # run again, and reported, by every experiment
                    laboratory.baseline(requests_of(case))
                stage.check()
        seconds, _ = config.budget(job.settings.prove.budget)
        while tally.waiting:
            experiment, case = tally.waiting[0]
            name, code, endpoint = experiment.name, experiment.codes[0], case.endpoint
            tally.doing, tally.is_running = f"running {name} on {endpoint}", not deadline.is_over
            results: Iterator[Result] = iter((cut_off(name, code, endpoint, f"not run: {deadline}"),))
            if not deadline.is_over:
                limit = deadline.of_experiment(seconds)
                results = within(limit, run_experiment(laboratory, experiment, case), name, code, endpoint)
            for result in results:
                stage.check()
                yield from _messages(messages)
                tally.proven += isinstance(result, Shown)
                if isinstance(result, Unfinished):
                    tally.unfinished.append(f"{name} on {endpoint}")
                yield from _events(result, keep, case, stage.users)
            tally.waiting.pop(0)
            tally.runs = stage.trials.count
        yield from (Noted(text) for text in stage.remarks())


def _budget(job: Job) -> Budget:
    seconds, count = config.budget(job.settings.prove.budget)
    default = Budget()
    return Budget(schedules=count or default.schedules, seconds=seconds or default.seconds)


def _refuse_unknown(words: tuple[str, ...], endpoints: list[str]) -> None:
    for word in words:
        if not any(word in endpoint for endpoint in endpoints):
            there = ", ".join(dict.fromkeys(endpoints))
            raise ConfigurationError("cannot choose", f"no endpoint contains `{word}`", f"There are: {there}.")


def _messages(messages: list[str]) -> Iterator[Event]:
    """What the stage has reported since the last call."""
    texts = list(messages)
    messages.clear()
    yield from (Progress("start", number, len(texts), text) for number, text in enumerate(texts, 1))


def _is_chosen(endpoint: str, job: Job) -> bool:
    if job.suspected_only and not any(is_route(route, endpoint) for _, route in job.first):
        return False
    return not job.endpoints or any(word in endpoint for word in job.endpoints)


def _planned(cases: Iterable[Case], job: Job) -> list[tuple[Experiment, Case]]:
    """Every experiment with every case that it makes sense for, suspected ones first."""
    chosen = [experiment for experiment in experiments() if not job.only or experiment.name in job.only]
    questions = [(experiment, case) for case in cases for experiment in chosen if experiment.applies(case)]

    def suspicion(question: tuple[Experiment, Case]) -> int:
        experiment, case = question
        suspected = (
            number
            for number, (code, route) in enumerate(job.first)
            if code in experiment.codes and is_route(route, case.endpoint)
        )
        return next(suspected, len(job.first))

    ordered = sorted(questions, key=suspicion)
    return [it for it in ordered if suspicion(it) < len(job.first)] if job.suspected_only else ordered


def _events(result: Result, keep: Keep, case: Case, users: Users) -> Iterator[Event]:
    if isinstance(result, Tried):
        yield Progress(result.experiment, result.done, result.total, f"{result.endpoint}: {result.text}")
    elif isinstance(result, NotShown):
        if result.trace is not None:
            yield Ran(result.experiment, result.trace)
        explored = f" ({result.explored} of {result.total} tried)" if result.total else ""
        yield NotProven(result.experiment, result.code, result.verdict.value, result.why + explored, result.endpoint)
    else:
        proof, test = keep(result, case, users)
        yield Proven(result.experiment, result.code, proof, test, result.trace)
