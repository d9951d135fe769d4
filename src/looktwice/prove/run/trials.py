"""Trials: schedules run from the snapshot, and the way back to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec.structs import replace

from looktwice.prove.network.gate import Arrived
from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.success import is_success
from looktwice.prove.network.upstream import Service
from looktwice.prove.run.background import Background, Judged
from looktwice.prove.run.invariants import Invariants
from looktwice.prove.run.observe import observation, windows
from looktwice.prove.run.ownership import MEANINGFUL
from looktwice.prove.run.recovery import Recovery, Remedy
from looktwice.prove.run.trial import Ledger, Part, Trial, instances, on_instances
from looktwice.prove.run.void import Void, VoidRunError, changed, limited
from looktwice.prove.schedule.breakpoints import Fault
from looktwice.prove.schedule.schedule import Pause, Schedule, serial
from looktwice.prove.schedule.scheduler import Play, Scheduler
from looktwice.prove.servers.postgres.change import RowChange, owners
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.restore import Restore, Restored
from looktwice.prove.servers.redis import RedisServer

_OPEN_AT_MOST = 0.2  # seconds to wait for the application's sessions to come to rest before a restore


class Trials:
    """Runs trials on a started application. Every run begins at the snapshot and ends there again.

    recovery: what to do when a run is void; without it such a run is an error at once. background: what is known of
    the writers that belong to no request. wears: gives a request the credentials of now.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        changes: Changes,
        restore: Restore,
        services: Sequence[Service] = (),
        keys: RedisServer | None = None,
        invariants: Invariants | None = None,
        *,
        recovery: Recovery | None = None,
        background: Background | None = None,
        wears: Callable[[Request], Request] = lambda request: request,
    ) -> None:
        self.invariants, self.recovery = invariants, recovery
        self.background = background or Background()
        self.scheduler, self.restore = scheduler, restore
        self._changes, self._services, self._keys = changes, tuple(services), keys
        self._wears = wears
        self.count = 0
        self.usual: dict[Request, Response] = {}  # how a request is answered when it runs alone and succeeds
        self.contested: set[str] = set()  # of all runs since it was last emptied
        self._lanes_by_backend: dict[int, str] = {}
        restore.set_aside(self.background)

    def run(
        self,
        requests: Mapping[str, Request],
        schedule: Schedule,
        faults: Sequence[Fault] = (),
        swapped: bool = False,
        prelude: Sequence[Request] = (),
    ) -> Trial:
        """Run the schedule. With `swapped` the requests change instances: what A sends goes to instance B.

        prelude: requests that are sent one after the other before it, on instance A. Raises VoidRunError when the
        answers say nothing of the requests, whatever was tried.
        """
        ahead = [Part({"A": request}, serial("A")) for request in prelude]
        last = Part(dict(requests), schedule, tuple(faults), swapped)
        return self.run_on([*ahead, last], ahead=len(ahead))[-1]

    def run_on(self, parts: Sequence[Part], ahead: int = 0) -> list[Trial]:
        """Run one part after the other without going back to the snapshot between. Each trial holds what was left by
        all parts up to it, but only its own answers.

        ahead: how many of the first only lead up to the rest. A run that is void is repeated, once whatever can be
        done against that is done. Raises VoidRunError when it stays void.
        """
        trials, void = self._attempt(parts, ahead)
        if void is None:
            return trials
        kept: list[Trial] = []

        def again() -> Void | None:
            kept[:], left = self._attempt(parts, ahead, is_second=True)
            return left

        self.recover(void, again, parts[-1])
        return kept

    def recover(self, void: Void, check: Callable[[], Void | None], part: Part) -> None:
        """Do what can be done until `check` finds nothing. part: whose requests an application that was started again
        is asked first, to be warm. Raises VoidRunError when nothing helps."""
        if self.recovery is None:
            raise VoidRunError(void)

        def fresh() -> Void | None:
            self.discard()
            self._warm_up(part)
            return check()

        self.recovery.until_good(void, fresh)

    def successes(self, request: Request, most: int) -> tuple[int, Void | None]:
        """How often in a row the request succeeds before it is refused, or is answered as if all were well and does
        nothing: at most `most` times. And what ended it in place of a refusal: a limiter.

        A refusal is one only if the same request succeeds again from the snapshot.
        """
        for _ in range(2):
            count, void = self._in_a_row(request, most)
            if void is not None or count == most or (void := self._refused_alone(request)) is None:
                break
            self.afresh(Part({"A": request}, serial("A")))
        return count, void

    def _in_a_row(self, request: Request, most: int) -> tuple[int, Void | None]:
        ledger = Ledger()
        part = Part({"A": request}, serial("A"))
        try:
            self._drain(ledger)
            for number in range(most):
                known = len(ledger.judged)
                trial, void = self._past_limits(part, ledger, None)
                self.count += 1
                if void is not None:
                    return number, void
                did_something = len(ledger.judged) > known or bool(trial.observation.keys or trial.observation.upstream)
                if "A" not in trial.succeeded or (number and not did_something):
                    return number, None
        finally:
            self._back(ledger)
        return most, None

    def _refused_alone(self, request: Request) -> Void | None:
        trial = self.run({"A": request}, serial("A"))
        usual = self.usual.get(request)
        if "A" in trial.succeeded or usual is None:
            return None
        return changed(request, trial.play.responses["A"], usual)

    def watch(self, seconds: float) -> None:
        """Ask nothing for so long, and learn what is written all the same: in the second half, for in the first the
        requests of before may still have something to do."""
        self.run({}, (Pause(seconds / 2),))
        ledger = Ledger()
        try:
            play = self.scheduler.play({}, (Pause(seconds / 2),))
            ledger.every += self._changes.since()
            keys = self._keys.differences() if self._keys else ()
            self.background.watched(play, ledger.every, keys)
        finally:
            self._back(ledger)

    def afresh(self, part: Part) -> None:
        """Start the application again, and send it the part's requests so that it is warm."""
        if self.recovery is not None:
            self.recovery.afresh()
            self.discard()
            self._warm_up(part)

    def discard(self) -> None:
        """Go back to the snapshot from whatever was written meanwhile, and learn nothing from it: an application that
        starts again writes what it writes at its start."""
        self.restore.undo(self._changes.since())

    # ---- one attempt

    def _attempt(
        self, parts: Sequence[Part], ahead: int = 0, is_second: bool = False
    ) -> tuple[list[Trial], Void | None]:
        for service in self._services:
            service.forget()
        trials: list[Trial] = []
        ledger = Ledger()
        void: Void | None = None
        try:
            self._drain(ledger)
            for number, part in enumerate(parts):
                self.count += 1
                before = trials[-1] if trials else None
                if number < ahead:
                    trial, void = self._past_limits(part, ledger, before)
                else:
                    if is_second and 0 < number == ahead and self.recovery is not None:
                        self._afresh(ledger)  # what leads up has used up what was left
                    trial = self._play(part, ledger, before)
                    void = self.void_of(trial)
                trials.append(trial)
                if void is not None:
                    break
        finally:
            restored = self._back(ledger)
        return [replace(trial, restored=restored) for trial in trials], void

    def _past_limits(self, part: Part, ledger: Ledger, before: Trial | None) -> tuple[Trial, Void | None]:
        """A part that only leads up to something: a limiter in the application's memory may stand in its way once."""
        trial = self._play(part, ledger, before)
        void = self.void_of(trial)
        if void is None or self.recovery is None or not self.recovery.may_help(void, Remedy.RESTART):
            return trial, void
        self._afresh(ledger)
        trial = self._play(part, ledger, before)
        return trial, self.void_of(trial)

    def _afresh(self, ledger: Ledger) -> None:
        """Start the application again in the middle of a run. What it writes at its start is undone at the end."""
        assert self.recovery is not None
        self.recovery.afresh()
        ledger.every += self._changes.since()

    def void_of(self, trial: Trial) -> Void | None:
        """What the answers of a run say of a limiter. The answer to a fault that was really there is the fault's."""
        if trial.faults and trial.meets_its_faults:
            return None
        for lane, response in trial.play.responses.items():
            request = trial.requests[trial.names.get(lane, lane)]
            if (void := limited(request, response, self.usual.get(request))) is not None:
                return void
        return None

    def _warm_up(self, part: Part) -> None:
        """The first request to an instance that has just started opens its connections."""
        for name, request in part.requests.items():
            ledger = Ledger()
            try:
                self._play(Part({name: request}, serial(name), swapped=part.swapped), ledger, None)
            finally:
                self._back(ledger)

    def _drain(self, ledger: Ledger) -> None:
        """What came since the last run belongs to no request. Go back from that first."""
        strays, self.restore.strays = [*self.restore.strays, *self._changes.since()], []
        if strays:
            self.background.note(strays)
            ledger.every += strays
            self._back(ledger)
            ledger.every.clear()

    def _back(self, ledger: Ledger) -> Restored:
        if self._keys and self._keys.differences():
            self._keys.restore()
        return self.restore.undo(ledger.every)

    def _play(self, part: Part, ledger: Ledger, before: Trial | None) -> Trial:
        lane_of = instances(part.requests, part.swapped)
        names = {lane: name for name, lane in lane_of.items()}
        asked = {lane_of[name]: request for name, request in part.requests.items()}
        plan = tuple(on_instances(step, lane_of) for step in part.schedule)
        met = tuple(Fault(lane_of[fault.lane], fault.at, fault.action) for fault in part.faults)
        worn = {lane: self._wears(request) for lane, request in asked.items()}
        self.scheduler.passes = lambda operation: self.background.passes(operation, asked.get(operation.lane))
        play = self.scheduler.play(worn, plan, met)
        every = self._completed_changes(play)
        ledger.every += every
        succeeded = self._succeeded(part, play, names)
        judged = self._judged(play, every, asked, part, len(succeeded) == len(part.requests))
        ledger.judged += judged.changes
        self.contested |= judged.contested
        seen = observation(judged.play, asked, ledger.judged, judged.keys, names, self.usual)
        broken = self.invariants.broken() if self.invariants else ()
        seen = replace(seen, broken=tuple((one.name, one.rows[0]) for one in broken))
        if before is not None:
            seen = replace(seen, upstream=before.observation.upstream + seen.upstream)
        writers = {xid: names.get(lane, lane) for xid, lane in self._writers(judged.play, judged.changes).items()}
        return Trial(
            requests=part.requests,
            play=judged.play,
            observation=seen,
            faults=part.faults,
            writers=(before.writers if before else {}) | writers,
            names=names,
            succeeded=succeeded,
            aside=judged.aside | (before.aside if before else frozenset()),
            contested=judged.contested | (before.contested if before else frozenset()),
            silence=judged.silence,
            every=tuple(every),
        )

    def _succeeded(self, part: Part, play: Play, names: Mapping[str, str]) -> frozenset[str]:
        found = set()
        for lane, response in play.responses.items():
            name = names.get(lane, lane)
            request = part.requests[name]
            if is_success(request, response, self.usual.get(request)):
                found.add(name)
                if len(part.requests) == 1 and not part.faults and limited(request, response) is None:
                    self.usual.setdefault(request, response)
        return frozenset(found)

    def _judged(
        self, play: Play, every: Sequence[RowChange], asked: Mapping[str, Request], part: Part, succeeded: bool
    ) -> Judged:
        keys = self._keys.differences() if self._keys else ()
        is_plain = not part.faults and not self.scheduler.has_strangers
        return self.background.see(play, every, keys, asked, is_plain, succeeded)

    def _completed_changes(self, play: Play) -> list[RowChange]:
        """What was written, once the sessions that the requests used are at rest. A job of the background may go on."""
        arrived = (moment.operation for moment in play.journal if isinstance(moment, Arrived))
        used = {it.backend for it in arrived if it.kind in MEANINGFUL and not self.scheduler.passes(it)}
        deadline = time.monotonic() + _OPEN_AT_MOST
        while left := self._unfinished(used):
            if time.monotonic() > deadline:
                self.scheduler.sessions.terminate(left)
                break
            time.sleep(0.001)
        return self._changes.since()

    def _unfinished(self, backends: Collection[int | None]) -> list[int]:
        return [session.pid for session in self.scheduler.sessions.unfinished() if session.pid in backends]

    def _writers(self, play: Play, changes: Sequence[RowChange]) -> dict[int, str]:
        for connection in list(self.scheduler.boundary.gate.connections.values()):
            if connection.backend is not None:
                self._lanes_by_backend[connection.backend] = connection.lane
        for moment in play.journal:
            operation = getattr(moment, "operation", None)
            if operation is not None and operation.backend is not None:
                self._lanes_by_backend[operation.backend] = operation.lane
        found = owners(changes, play.transactions, windows(play.journal))
        return {xid: self._lanes_by_backend[pid] for xid, pid in found.items() if pid in self._lanes_by_backend}
