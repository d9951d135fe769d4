"""What an experiment works with: the running application, its serial behaviour, and the gates of a proof."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from looktwice.core.trace import Trace
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.explorer import Budget, Place, places, writes
from looktwice.prove.gate import Arrived, Closed, Moment, Responded
from looktwice.prove.narrate import Happening, Narrator, happenings
from looktwice.prove.oracle import Checks, Judgement, Observation, confirm, judge
from looktwice.prove.oracle.acceptance import Pair, Repeat
from looktwice.prove.oracle.candidates import Order
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.oracle.verdict import spell
from looktwice.prove.postgres.catalogue import Schema
from looktwice.prove.request import Request
from looktwice.prove.schedule import Pause, Schedule, Turn, serial
from looktwice.prove.trial import Trial, Trials
from looktwice.prove.wire.operation import OperationKind

_APART = 1.1  # seconds between two serial runs: a value that counts whole seconds then differs
_FIRST_STRIDE, _NEXT_STRIDE = 1000, 7919  # each sequence its own, so that no id is taken for another's
_REPEATS = 5
_LOG_DELAY = 0.25
_FIRST_SETTLING, _LONGEST_SETTLING = 0.05, 0.5  # seconds of silence that end a run


class Baseline(Struct, frozen=True, kw_only=True):
    """How a pair of requests behaves when nobody interferes. `solos`: name → the run of that request alone."""

    requests: dict[str, Request]
    solos: dict[str, Trial]
    serial: dict[Order, tuple[Observation, ...]]
    began: float  # monotonic seconds
    prelude: tuple[Request, ...] = ()  # what was asked before, each time

    @property
    def places(self) -> dict[str, tuple[Place, ...]]:
        return {name: places(name, trial.play.journal) for name, trial in self.solos.items()}

    def unreached(self) -> str:
        """Why nothing can be shown on this pair: a request that does not succeed alone. "" when both do."""
        for name, trial in self.solos.items():
            response = trial.play.responses.get(name)
            if response is None or not response.is_success:
                said = f"is answered {response.status}" if response and response.status else "gets no answer"
                return f"{name} alone {said}"
        return ""


class Laboratory:
    """One started application.

    revive: starts instances again that have ended, and gives how many had. printed: bytes they have printed so far.
    instances: how many there are where the application is used.
    """

    def __init__(
        self,
        trials: Trials,
        schema: Schema,
        budget: Budget,
        *,
        revive: Callable[[], int] = lambda: 0,
        printed: Callable[[], int] = lambda: 0,
        environment: Mapping[str, str] = {},
        instances: int = 2,
    ) -> None:
        self.trials, self.schema, self.budget = trials, schema, budget
        self.revive, self.printed = revive, printed
        self.environment, self.instances = dict(environment), instances
        self.narrator = Narrator(schema)
        self._baselines: dict[tuple[tuple[tuple[str, Request], ...], tuple[Request, ...]], Baseline] = {}

    # ---- what happens without interference

    def baseline(self, requests: Mapping[str, Request], prelude: tuple[Request, ...] = ()) -> Baseline:
        """Each request alone, both orders, and both again with other ids on the other instance. Run once, then kept:
        a proof wants a third run of each order, a second later, and that second passes while others are looked at."""
        key = (tuple(sorted(requests.items())), prelude)
        kept = self._baselines.get(key)
        if kept is None:
            kept = self._baselines[key] = self._measure(requests, prelude)
        return kept

    def _measure(self, requests: Mapping[str, Request], prelude: tuple[Request, ...]) -> Baseline:
        began = time.monotonic()
        scheduler = self.trials.scheduler
        known, scheduler.settle = scheduler.settle, max(scheduler.settle, _FIRST_SETTLING)
        solos = {
            name: self.trials.run({name: request}, serial(name), prelude=prelude) for name, request in requests.items()
        }
        scheduler.settle = known
        self._learn_pace(solos.values())
        runs: dict[Order, tuple[Observation, ...]] = {(name,): (solo.observation,) for name, solo in solos.items()}
        runs[()] = (self.idle(0.0, prelude),)
        first = Baseline(requests=dict(requests), solos=solos, serial=runs, began=began, prelude=prelude)
        if first.unreached():
            return first
        for order in self._orders(requests):
            runs[order] = (self.serially(requests, order, prelude=prelude),)
        self._move_sequences()
        for order in [*((name,) for name in requests), *self._orders(requests)]:
            chosen = {name: requests[name] for name in order}
            runs[order] += (self.serially(chosen, order, swapped=True, prelude=prelude),)
        return first

    def _learn_pace(self, solos: Iterable[Trial]) -> None:
        """How long the application may do nothing at the boundary without being stuck, and how long after its answer
        it still works: taken from each request alone, on this machine as busy as it is now."""
        scheduler = self.trials.scheduler
        for solo in solos:
            times = sorted(moment.at for moment in solo.play.journal)
            gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
            scheduler.gap = max([scheduler.gap, *gaps])
            scheduler.settle = max(scheduler.settle, min(3 * _late_work(solo.play.journal), _LONGEST_SETTLING))

    def _orders(self, requests: Mapping[str, Request]) -> tuple[Order, ...]:
        names = tuple(sorted(requests))
        return (names, names[::-1]) if len(names) > 1 else ()

    def serially(
        self,
        requests: Mapping[str, Request],
        order: Order,
        *,
        swapped: bool = False,
        prelude: tuple[Request, ...] = (),
    ) -> Observation:
        return self.trials.run(requests, serial(*order), swapped=swapped, prelude=prelude).observation

    def idle(self, seconds: float, prelude: tuple[Request, ...] = ()) -> Observation:
        """As long a run without any request."""
        return self.trials.run({}, (Pause(seconds),), prelude=prelude).observation

    def interleaved(self, baseline: Baseline, schedule: Schedule, swapped: bool = False) -> Trial:
        """The requests of the baseline under a schedule."""
        return self.trials.run(baseline.requests, schedule, swapped=swapped, prelude=baseline.prelude)

    def reading(self, baseline: Baseline) -> Reading:
        return Reading(baseline.serial, self.schema)

    def _move_sequences(self) -> None:
        strides = {name: _FIRST_STRIDE + _NEXT_STRIDE * at for at, name in enumerate(self.schema.sequences)}
        self.trials.restore.advance(strides)

    # ---- from a suspicion to a proof

    def judged(self, trial: Trial, reading: Reading) -> Judgement:
        return judge(trial.observation, reading, self.instances)

    def confirmed(self, trial: Trial, judgement: Judgement, baseline: Baseline) -> Judgement:
        """The judgement with all its gates: repeats, controls, a third serial run of each order a second later."""
        schedule = trial.play.schedule
        length = trial.play.ended - trial.play.started
        reading = Reading(self._third_runs(baseline), self.schema)
        repeats = []
        for number in range(_REPEATS):
            swapped = number == _REPEATS - 1
            again = self.interleaved(baseline, schedule, swapped)
            repeats.append(Repeat(self.judged(again, reading), swapped))
        order = self._orders(baseline.requests)[0]
        checks = Checks(
            idle=self.idle(length),
            held={name: self._held_alone(name, baseline, trial) for name in _stopped(schedule)},
            writers=trial.writers,
            repeats=tuple(repeats),
            canary=self.serially(baseline.requests, order, prelude=baseline.prelude),
            canary_order=order,
            pair=pair(trial),
            restarts=self.revive(),
            reconnects=len(lost(trial.play.journal)),
        )
        return confirm(trial.observation, self.judged(trial, reading), reading, checks)

    def _third_runs(self, baseline: Baseline) -> dict[Order, tuple[Observation, ...]]:
        time.sleep(max(0.0, baseline.began + _APART - time.monotonic()))
        self._move_sequences()
        runs = dict(baseline.serial)
        for order in self._orders(baseline.requests):
            if len(runs[order]) < 3:
                runs[order] += (self.serially(baseline.requests, order, prelude=baseline.prelude),)
        return runs

    def _held_alone(self, name: str, baseline: Baseline, trial: Trial) -> Observation:
        """The request held at the same points for the same time, without the other one."""
        steps: list[Turn | Pause] = []
        length = trial.play.ended - trial.play.started
        for step in trial.play.schedule:
            if isinstance(step, Turn) and step.lane != name:
                steps.append(Pause(length))
            else:
                steps.append(step)
        alone = {name: baseline.requests[name]}
        return self.trials.run(alone, tuple(steps), prelude=baseline.prelude).observation

    def has_printed(self, since: int) -> bool:
        """Whether the application has logged anything; frameworks answer first and log then, so it gets a moment."""
        deadline = time.monotonic() + _LOG_DELAY
        while self.printed() == since:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    # ---- telling

    def tell(self, trial: Trial, judgement: Judgement, baseline: Baseline, title: str) -> Trace:
        """The trace with its verdict and the serial results beside it."""
        count = len(baseline.requests)
        full = {spell(order): runs[0] for order, runs in baseline.serial.items() if len(order) == count}
        trace = self.narrator.tell(trial, title, full if count > 1 else None)
        return msgspec.structs.replace(
            trace,
            verdict=judgement.verdict,
            name=judgement.name,
            explanation=judgement.explain(),
            environment=self.environment,
        )


def _late_work(journal: Sequence[Moment]) -> float:
    """The longest silence after an answer, in seconds, that work of the application then ended (a background task).
    A transaction that is still open does not count: a run waits for its end anyway."""
    answered = next((moment.at for moment in journal if isinstance(moment, Responded)), None)
    if answered is None:
        return 0.0
    longest = 0.0
    for before, moment in itertools.pairwise(journal):
        if isinstance(moment, Arrived) and moment.at > answered and moment.operation.status == "I":
            longest = max(longest, moment.at - before.at)
    return longest


def requests_of(case: Case) -> dict[str, Request]:
    return {"A": case.first, "B": case.second}


def _stopped(schedule: Schedule) -> list[str]:
    return sorted({step.lane for step in schedule if isinstance(step, Turn) and step.until is not None})


def lost(journal: Sequence[Moment]) -> list[Closed]:
    """Connections that the server's side ended; one that the application closed itself is its own affair."""
    return [moment for moment in journal if isinstance(moment, Closed) and moment.why == "server"]


def pair(trial: Trial) -> Pair | None:
    """Why the order mattered: a read of one request, a commit of the other after it, a write on what was read."""
    done = happenings(trial)
    for commit in _commits(trial, done):
        committer = commit.operation.lane
        tables = {c.table for c in trial.changes if trial.writers.get(c.xid) == trial.names.get(committer, committer)}
        at = commit.answered
        for reader in sorted({h.operation.lane for h in done} - {committer}):
            mine = [h for h in done if h.operation.lane == reader]
            reads = [h for h in mine if _reads(h, tables) and h.effective <= at and not h.waits_for]
            acts = [h for h in mine if _was_refused(h) or (writes(h.operation) and _came_after(h, commit))]
            if reads and acts:
                return Pair(
                    reader=trial.names.get(reader, reader),
                    read=reads[-1].operation.text,
                    committer=trial.names.get(committer, committer),
                    commit=commit.operation.text,
                    write=acts[0].operation.text,
                )
    return None


def _came_after(happening: Happening, commit: Happening) -> bool:
    return happening.released > commit.released or bool(happening.waits_for)


def _was_refused(happening: Happening) -> bool:
    """The database gave it up for the other's sake: a deadlock, or rows that are not as they were read."""
    failure = happening.result.failure if happening.result is not None else None
    return failure is not None and failure.code in ("40001", "40P01")


def _reads(happening: Happening, tables: set[str]) -> bool:
    operation = happening.operation
    if operation.kind is OperationKind.COMMAND:
        return True
    if operation.kind is not OperationKind.STATEMENT or writes(operation):
        return False
    return any(table.rpartition(".")[2] in operation.fingerprint for table in tables)


def _commits(trial: Trial, done: Sequence[Happening]) -> Iterator[Happening]:
    for happening in done:
        operation, result = happening.operation, happening.result
        if result is None or result.failure is not None:
            continue
        is_alone = operation.status == "I" and result.status == "I" and writes(operation)
        if operation.kind is OperationKind.COMMIT or is_alone:
            yield happening
