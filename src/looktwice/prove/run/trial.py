"""One run: what was sent under which schedule, and what it left."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from looktwice.prove.network.gate import Forward, Released
from looktwice.prove.network.request import Request
from looktwice.prove.oracle.observation import Observation
from looktwice.prove.schedule.breakpoints import Fault
from looktwice.prove.schedule.schedule import Pause, Schedule, Turn
from looktwice.prove.schedule.scheduler import Play
from looktwice.prove.servers.postgres.change import RowChange
from looktwice.prove.servers.postgres.restore import Restored


class Trial(Struct, frozen=True, kw_only=True):
    """`requests` by name; `writers` says which of them wrote which transaction (xid), where that is known.

    `play` speaks of instances, which `names` translates: when swapped, request A ran on instance B. It holds what the
    requests did, and nothing of what the application does by itself. `aside`, `contested`: see `background.Judged`.
    `silence`: how long it took after an answer until the next work that followed it, in seconds.
    """

    requests: dict[str, Request]
    play: Play
    observation: Observation
    writers: dict[int, str]
    restored: Restored = Restored("undo", 0.0)
    faults: tuple[Fault, ...] = ()
    names: dict[str, str] = {}  # instance → the request that ran there
    succeeded: frozenset[str] = frozenset()  # requests that were answered with success
    aside: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()
    silence: float = 0.0
    every: tuple[RowChange, ...] = ()  # all that was written meanwhile, by whomever

    @property
    def changes(self) -> tuple[RowChange, ...]:
        return self.observation.changes

    @property
    def meets_its_faults(self) -> bool:
        """Whether each fault was really there: one at an operation that never came was not. Those without a point
        always are."""
        met = {
            moment.operation.lane
            for moment in self.play.journal
            if isinstance(moment, Released) and not isinstance(moment.action, Forward)
        }
        lanes = {name: lane for lane, name in self.names.items()}
        return all(fault.has_no_point or lanes.get(fault.lane, fault.lane) in met for fault in self.faults)


class Part(Struct, frozen=True):
    """One schedule of a trial."""

    requests: dict[str, Request]
    schedule: Schedule
    faults: tuple[Fault, ...] = ()
    swapped: bool = False


class Ledger:
    """What changed since the snapshot: all of it, to go back, and what is judged."""

    def __init__(self) -> None:
        self.every: list[RowChange] = []
        self.judged: list[RowChange] = []


def instances(requests: Mapping[str, Request], swapped: bool) -> dict[str, str]:
    """Which instance each request goes to: its own, or with `swapped` the next one."""
    lanes = sorted({"A", "B", *requests})
    if not swapped:
        return {name: name for name in lanes}
    return dict(zip(lanes, [*lanes[1:], lanes[0]], strict=True))


def on_instances(step: Turn | Pause, lane_of: Mapping[str, str]) -> Turn | Pause:
    return step if isinstance(step, Pause) else Turn(lane_of[step.lane], step.until)
