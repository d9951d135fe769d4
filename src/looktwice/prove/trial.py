"""One trial: a schedule played from the snapshot, what it left, and the way back to the snapshot."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from looktwice.prove.breakpoints import Fault
from looktwice.prove.invariants import Invariants
from looktwice.prove.observe import observation, windows
from looktwice.prove.oracle.observation import Observation
from looktwice.prove.postgres.change import RowChange, owners
from looktwice.prove.postgres.changes import Changes
from looktwice.prove.postgres.restore import Restore, Restored
from looktwice.prove.redis import RedisServer
from looktwice.prove.request import Request
from looktwice.prove.schedule import Pause, Schedule, Turn, serial
from looktwice.prove.scheduler import Play, Scheduler
from looktwice.prove.upstream import Service

_OPEN_AT_MOST = 0.2  # seconds to wait for the application's sessions to come to rest before a restore


class Trial(Struct, frozen=True, kw_only=True):
    """`requests` by name; `writers` says which of them wrote which transaction (xid), where that is known.

    `play` speaks of instances, which `names` translates: when swapped, request A ran on instance B.
    """

    requests: dict[str, Request]
    play: Play
    observation: Observation
    writers: dict[int, str]
    restored: Restored = Restored("undo", 0.0)
    faults: tuple[Fault, ...] = ()
    names: dict[str, str] = {}  # instance → the request that ran there

    @property
    def changes(self) -> tuple[RowChange, ...]:
        return self.observation.changes


class Part(Struct, frozen=True):
    """One schedule of a trial."""

    requests: dict[str, Request]
    schedule: Schedule
    faults: tuple[Fault, ...] = ()
    swapped: bool = False


class Trials:
    """Runs trials on a started application. Every run begins at the snapshot and ends there again."""

    def __init__(
        self,
        scheduler: Scheduler,
        changes: Changes,
        restore: Restore,
        services: Sequence[Service] = (),
        keys: RedisServer | None = None,
        invariants: Invariants | None = None,
    ) -> None:
        self.invariants = invariants
        self.scheduler, self.restore = scheduler, restore
        self._changes, self._services, self._keys = changes, tuple(services), keys
        self.count = 0
        self._lanes_by_backend: dict[int, str] = {}

    def run(
        self,
        requests: Mapping[str, Request],
        schedule: Schedule,
        faults: Sequence[Fault] = (),
        swapped: bool = False,
        prelude: Sequence[Request] = (),
    ) -> Trial:
        """Play the schedule. With `swapped` the requests change instances: what A asks goes to instance B.

        prelude: requests that are sent one after the other before it, on instance A.
        """
        ahead = [Part({"A": request}, serial("A")) for request in prelude]
        return self.run_on([*ahead, Part(dict(requests), schedule, tuple(faults), swapped)])[-1]

    def successes(self, request: Request, most: int) -> int:
        """How often in a row the request succeeds before it is refused, at most `most` times."""
        changes: list[RowChange] = []
        try:
            for number in range(most):
                trial = self._play(Part({"A": request}, serial("A")), changes, None)
                self.count += 1
                if not all(response.is_success for response in trial.play.responses.values()):
                    return number
        finally:
            self._back(changes)
        return most

    def run_on(self, parts: Sequence[Part]) -> list[Trial]:
        """Play one part after the other without going back to the snapshot between. Each trial holds what was left by
        all parts up to it, but only its own answers."""
        for service in self._services:
            service.forget()
        trials: list[Trial] = []
        changes: list[RowChange] = []
        try:
            for part in parts:
                self.count += 1
                trials.append(self._play(part, changes, trials[-1] if trials else None))
        finally:
            restored = self._back(changes)
        return [replace(trial, restored=restored) for trial in trials]

    def _back(self, changes: Sequence[RowChange]) -> Restored:
        if self._keys and self._keys.differences():
            self._keys.restore()
        return self.restore.undo(changes)

    def _play(self, part: Part, changes: list[RowChange], before: Trial | None) -> Trial:
        lane_of = _instances(part.requests, part.swapped)
        names = {lane: name for name, lane in lane_of.items()}
        asked = {lane_of[name]: request for name, request in part.requests.items()}
        plan = tuple(_on(step, lane_of) for step in part.schedule)
        met = tuple(Fault(lane_of[fault.lane], fault.at, fault.action) for fault in part.faults)
        play = self.scheduler.play(asked, plan, met)
        own = self._settled_changes()
        changes += own
        seen = observation(play, asked, changes, self._keys.differences() if self._keys else (), names)
        broken = self.invariants.broken() if self.invariants else ()
        seen = replace(seen, broken=tuple((one.name, one.rows[0]) for one in broken))
        if before is not None:
            seen = replace(seen, upstream=before.observation.upstream + seen.upstream)
        writers = {xid: names.get(lane, lane) for xid, lane in self._writers(play, own).items()}
        return Trial(
            requests=part.requests,
            play=play,
            observation=seen,
            faults=part.faults,
            writers=(before.writers if before else {}) | writers,
            names=names,
        )

    def _settled_changes(self) -> list[RowChange]:
        deadline = time.monotonic() + _OPEN_AT_MOST
        sessions = self.scheduler.sessions
        left = sessions.unsettled()
        while left and time.monotonic() < deadline:
            time.sleep(0.001)
            left = sessions.unsettled()
        if left:
            sessions.terminate(session.pid for session in left)
        return self._changes.since()

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


def _instances(requests: Mapping[str, Request], swapped: bool) -> dict[str, str]:
    """Which instance each request goes to: its own, or with `swapped` the next one."""
    lanes = sorted({"A", "B", *requests})
    if not swapped:
        return {name: name for name in lanes}
    return dict(zip(lanes, [*lanes[1:], lanes[0]], strict=True))


def _on(step: Turn | Pause, lane_of: Mapping[str, str]) -> Turn | Pause:
    return step if isinstance(step, Pause) else Turn(lane_of[step.lane], step.until)
