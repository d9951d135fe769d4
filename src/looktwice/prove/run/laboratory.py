"""What an experiment works with: the running application, its serial behaviour, and runs that are not void."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from looktwice.core.trace import Trace
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.app.requests.reach import complaint
from looktwice.prove.network.request import Request
from looktwice.prove.network.success import describe
from looktwice.prove.oracle import Judgement, Observation, judge
from looktwice.prove.oracle.candidates import Order
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.oracle.verdict import spell
from looktwice.prove.run.canary import unlike, unsteady
from looktwice.prove.run.confirmation import confirmed
from looktwice.prove.run.narrate import Narrator
from looktwice.prove.run.trial import Part, Trial
from looktwice.prove.run.trials import Trials
from looktwice.prove.run.void import Void, changed
from looktwice.prove.schedule.explorer import Budget, Place, places
from looktwice.prove.schedule.schedule import Schedule, serial
from looktwice.prove.servers.postgres.catalogue import Schema

_FIRST_STRIDE, _NEXT_STRIDE = 1000, 7919  # each sequence its own, so that no id is taken for another's
_LOG_DELAY = 0.25
_FIRST_QUIET, _LONGEST_QUIET = 0.05, 0.5  # seconds of silence that end a run
_IDLE = 1.0  # seconds of watching
_TRUSTED = 3  # times that an unexpected refusal was found to be the schedule's doing: then it is believed


class Baseline(Struct, frozen=True, kw_only=True):
    """How a pair of requests behaves when nothing interferes. `solos`: name → the run of that request alone."""

    requests: dict[str, Request]
    solos: dict[str, Trial]
    serial: dict[Order, tuple[Observation, ...]]
    began: float  # monotonic seconds
    prelude: tuple[Request, ...] = ()  # what was sent before, each time

    @property
    def places(self) -> dict[str, tuple[Place, ...]]:
        return {name: places(name, trial.play.journal) for name, trial in self.solos.items()}

    @property
    def orders(self) -> tuple[Order, ...]:
        """Both orders of all requests; of one request alone, that one."""
        return full_orders(self.requests) or ((*self.requests,),)

    @property
    def statuses(self) -> set[tuple[str, int | None]]:
        """(request, status) for every answer that a serial run gave."""
        return {(a.lane, a.status) for runs in self.serial.values() for run in runs for a in run.answers}

    def unreached(self) -> str:
        """Why nothing can be shown on this pair: a request that does not succeed alone. "" when both do."""
        for name, trial in self.solos.items():
            if name not in trial.succeeded:
                response = trial.play.responses.get(name)
                return f"{name} alone is answered {describe(response)}" if response else f"{name} alone gets no answer"
        return ""


class Laboratory:
    """One started application.

    revive: starts instances again that have ended, and gives how many had. printed: bytes they have printed so far.
    output: the last lines of that.
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
        output: Callable[[], str] = lambda: "",
        environment: Mapping[str, str] = {},
        instances: int = 2,
    ) -> None:
        self.trials, self.schema, self.budget = trials, schema, budget
        self._revive, self.printed, self._output = revive, printed, output
        self.environment, self.instances = dict(environment), instances
        self.narrator = Narrator(schema)
        self._baselines: dict[tuple[tuple[tuple[str, Request], ...], tuple[Request, ...]], Baseline] = {}
        self._readings: dict[int, tuple[Baseline, Reading]] = {}
        self._explained: Counter[tuple[Request, int | None]] = Counter()
        self._version = trials.background.version

    def clock(self) -> float:
        """Seconds for budgets: what recovering from a rate limit takes is not counted."""
        return time.monotonic() - (self.trials.recovery.seconds if self.trials.recovery else 0.0)

    def revive(self) -> int:
        """Start instances again that have ended. Gives how many had."""
        if count := self._revive():
            self.trials.discard()
        return count

    def acquaint(self, *cases: Case) -> None:
        """Ask each case's first request alone on both instances, which are warm then, and watch what the application
        does without requests: before anything is measured."""
        for case in cases:
            for swapped in (True, False):
                self.trials.run({"A": case.first}, serial("A"), swapped=swapped)
        self.trials.watch(_IDLE)

    # ---- what happens without interference

    def baseline(self, requests: Mapping[str, Request], prelude: tuple[Request, ...] = ()) -> Baseline:
        """Each request alone, both orders, and both again with other ids on the other instance. Run once, then kept:
        a proof wants a third run of each order, a second later, and that second passes while others are looked at.

        Raises VoidRunError when equal runs are answered differently, whatever was tried."""
        if self._version != self.trials.background.version:
            self.forget()
        key = (tuple(sorted(requests.items())), prelude)
        kept = self._baselines.get(key)
        if kept is None:
            kept = self._baselines[key] = self._steady(requests, prelude)
        return kept

    def forget(self) -> None:
        """Forget every baseline: something is known now that they rest on."""
        self._baselines.clear()
        self._readings.clear()
        self._explained.clear()
        self._version = self.trials.background.version

    def _steady(self, requests: Mapping[str, Request], prelude: tuple[Request, ...]) -> Baseline:
        for name, request in requests.items():
            for _ in range(self.trials.background.runs_wanted(request)):
                self.trials.run({name: request}, serial(name))
        measured = [self._measure(requests, prelude)]
        if (void := unsteady(measured[0])) is not None:

            def again() -> Void | None:
                measured[0] = self._measure(requests, prelude)
                return unsteady(measured[0])

            self.trials.recover(void, again, Part(dict(requests), serial(*requests)))
        return measured[0]

    def _measure(self, requests: Mapping[str, Request], prelude: tuple[Request, ...]) -> Baseline:
        began = time.monotonic()
        scheduler = self.trials.scheduler
        known, scheduler.quiet = scheduler.quiet, max(scheduler.quiet, _FIRST_QUIET)
        try:
            solos = {name: self.alone(name, request, prelude) for name, request in requests.items()}
        finally:
            scheduler.quiet = known
        self._learn_pace(solos.values())
        runs: dict[Order, tuple[Observation, ...]] = {(name,): (solo.observation,) for name, solo in solos.items()}
        runs[()] = (self.trials.run({}, (), prelude=prelude).observation,)
        first = Baseline(requests=dict(requests), solos=solos, serial=runs, began=began, prelude=prelude)
        if first.unreached():
            return first
        for order in full_orders(requests):
            runs[order] = (self.serially(first, order),)
        self.move_sequences()
        for order in [*((name,) for name in requests), *full_orders(requests)]:
            runs[order] += (self.serially(first, order, swapped=True),)
        return first

    def alone(self, name: str, request: Request, prelude: tuple[Request, ...] = ()) -> Trial:
        """The request alone. When it succeeded before, from the same rows, and does not now, something else stands in
        its way: it is sent again once that is gone. Raises VoidRunError when it never is."""
        trial = self.trials.run({name: request}, serial(name), prelude=prelude)
        usual = self.trials.usual.get(request)
        if name in trial.succeeded or usual is None or prelude:
            return trial

        def again() -> Void | None:
            nonlocal trial
            trial = self.trials.run({name: request}, serial(name))
            return None if name in trial.succeeded else changed(request, trial.play.responses[name], usual)

        void = changed(request, trial.play.responses[name], usual)
        self.trials.recover(void, again, Part({name: request}, serial(name)))
        return trial

    def _learn_pace(self, solos: Iterable[Trial]) -> None:
        """How long the application may do nothing at the boundary without being stuck, and how long after its answer
        it still works: taken from each request alone, on this machine under its present load."""
        scheduler = self.trials.scheduler
        for solo in solos:
            times = sorted(moment.at for moment in solo.play.journal)
            gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
            scheduler.gap = max([scheduler.gap, *gaps])
            scheduler.quiet = max(scheduler.quiet, min(3 * solo.silence, _LONGEST_QUIET))

    def serially(self, baseline: Baseline, order: Order, *, swapped: bool = False) -> Observation:
        """The requests named in `order`, one after the other."""
        return self._serial(baseline, order, swapped).observation

    def _serial(self, baseline: Baseline, order: Order, swapped: bool = False) -> Trial:
        chosen = {name: baseline.requests[name] for name in order}
        return self.trials.run(chosen, serial(*order), swapped=swapped, prelude=baseline.prelude)

    def interleaved(self, baseline: Baseline, schedule: Schedule, swapped: bool = False) -> Trial:
        """The requests of the baseline under a schedule. A refusal that no serial run gave may come from elsewhere: a
        serial run tells, and when it is not as before either, the schedule is run again on an application that is.

        Raises VoidRunError when the application never is.
        """

        def play() -> Trial:
            return self.trials.run(baseline.requests, schedule, swapped=swapped, prelude=baseline.prelude)

        trial = play()
        if not (unexpected := self._unexpected(trial, baseline)):
            return trial
        void = self.doubt(baseline)
        if void is None:
            self._explained.update(unexpected)
            return trial

        def again() -> Void | None:
            nonlocal trial
            if (left := self.doubt(baseline)) is None:
                trial = play()
            return left

        self.trials.recover(void, again, Part(baseline.requests, schedule))
        return trial

    def _unexpected(self, trial: Trial, baseline: Baseline) -> list[tuple[Request, int | None]]:
        found = []
        for lane, response in trial.play.responses.items():
            name = trial.names.get(lane, lane)
            is_new = name not in trial.succeeded and (name, response.status) not in baseline.statuses
            if is_new and self._explained[trial.requests[name], response.status] < _TRUSTED:
                found.append((trial.requests[name], response.status))
        return found

    # ---- the canary

    def doubt(self, baseline: Baseline) -> Void | None:
        """Why the application is not as it was when the baseline was taken, by one serial run; None when it is."""
        if baseline.unreached():
            return None
        order = baseline.orders[0]
        return unlike(baseline, order, self._serial(baseline, order), self.reading(baseline))

    def canary(self, case: Case) -> Void | None:
        """The same for the two requests of a case: sent after every experiment."""
        return self.doubt(self.baseline(requests_of(case)))

    def hidden(self, case: Case) -> frozenset[str]:
        """The tables and keys that a request of the case writes, when not one of them is judged; else nothing."""
        solos = self.baseline(requests_of(case)).solos.items()
        unseen = [
            (n, s) for n, s in solos if not (s.observation.changes or s.observation.keys or s.observation.upstream)
        ]
        late = (self.trials.background.late(solo.requests[name]) for name, solo in unseen)
        return frozenset().union(*(solo.aside for _, solo in unseen), *late)

    def reading(self, baseline: Baseline) -> Reading:
        # Kept with the baseline, so that its identity is not given to another meanwhile.
        if id(baseline) not in self._readings:
            self._readings[id(baseline)] = (baseline, Reading(baseline.serial, self.schema))
        return self._readings[id(baseline)][1]

    def move_sequences(self) -> None:
        """Move every sequence forward by a stride of its own."""
        strides = {name: _FIRST_STRIDE + _NEXT_STRIDE * at for at, name in enumerate(self.schema.sequences)}
        self.trials.restore.advance(strides)

    # ---- from a suspicion to a proof

    def judged(self, trial: Trial, reading: Reading) -> Judgement:
        return judge(trial.observation, reading, self.instances)

    def confirmed(self, trial: Trial, judgement: Judgement, baseline: Baseline) -> Judgement:
        """The judgement with all its gates."""
        return confirmed(self, trial, baseline)

    def has_printed(self, since: int) -> bool:
        """Whether the application has logged anything; frameworks answer first and log then, so it gets a moment."""
        deadline = time.monotonic() + _LOG_DELAY
        while self.printed() == since:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def complaint(self, since: int) -> str:
        """The latest line in which the application has named an error, of what it has printed since; "" without one."""
        return complaint(self._output(), only_errors=True) if self.has_printed(since) else ""

    # ---- telling

    def tell(
        self,
        trial: Trial,
        judgement: Judgement,
        baseline: Baseline,
        title: str,
        beside: Mapping[str, Observation] | None = None,
    ) -> Trace:
        """The trace with its verdict and the serial results, or other runs by name, beside it."""
        count = len(baseline.requests)
        full = {spell(order): runs[0] for order, runs in baseline.serial.items() if len(order) == count}
        trace = self.narrator.tell(trial, title, beside or (full if count > 1 else None))
        return msgspec.structs.replace(
            trace,
            verdict=judgement.verdict,
            name=judgement.name,
            explanation=judgement.explain(),
            environment=self.environment,
        )


def full_orders(requests: Mapping[str, Request]) -> tuple[Order, ...]:
    """Both orders of two requests; none of one."""
    names = tuple(sorted(requests))
    return (names, names[::-1]) if len(names) > 1 else ()


def requests_of(case: Case) -> dict[str, Request]:
    return {"A": case.first, "B": case.second}
