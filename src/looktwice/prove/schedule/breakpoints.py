"""The gate's policy during one run: which lane is stopped where, and which operation meets a fault."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from looktwice.prove.network.gate import FORWARD, Action, Away, Stale
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.schedule.schedule import Point

_POLLS, _POLLING = 10, 0.5  # as many equal operations, for so many seconds and nothing new: it waits by asking


class Fault(Struct, frozen=True):
    """Meet a lane's operation at a point with an action instead of letting it through. Stale and Away are of no point:
    they are there before the lane's request."""

    lane: str
    at: Point
    action: Action

    @property
    def has_no_point(self) -> bool:
        return isinstance(self.action, Stale | Away)


class Rules:
    """Read in the proxies' thread, written in the scheduler's."""

    def __init__(
        self, faults: tuple[Fault, ...], passes: Callable[[Operation], bool] = lambda operation: False
    ) -> None:
        """passes: whether an operation is none of its lane's request (a job in the background), and never held."""
        self._passes = passes
        self.foreign: set[int] = set()  # connections in the middle of such work
        self._own: set[int] = set()  # connections in the middle of a transaction of the request's
        self.limits: dict[str, Point | None] = {}
        self.at_point: set[str] = set()  # lanes held where their turn ends
        self.waiting: set[str] = set()  # lanes whose next operation is held because another goes first
        self._faults = {(f.lane, f.at): f.action for f in faults if not f.has_no_point}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._later: dict[int, Action] = {}
        self._latest: dict[str, Operation] = {}
        self._news: dict[str, float] = {}  # lane → when it last did what it had not done before

    def __call__(self, operation: Operation) -> Action | None:
        lane = operation.lane
        if self._is_foreign(operation) or not operation.is_scheduling_point:
            return FORWARD
        self._counts[lane, operation.fingerprint] += 1
        self._latest[lane] = operation
        if self._counts[lane, operation.fingerprint] == 1:
            self._news[lane] = time.monotonic()
        point = Point(operation.fingerprint, self._counts[lane, operation.fingerprint])
        action = self._faults.get((lane, point), FORWARD)
        if self.limits.get(lane) == point:
            self.at_point.add(lane)
        if lane in self.at_point or lane in self.waiting:
            self._later[operation.number] = action
            return None
        return action

    def _is_foreign(self, operation: Operation) -> bool:
        """Work that was begun by another request is let through to its end: it may have locks."""
        is_end = operation.kind in (OperationKind.COMMIT, OperationKind.ROLLBACK)
        goes_on = operation.status != "I" and operation.kind is not OperationKind.BEGIN
        if operation.connection in self.foreign and goes_on:
            if is_end:
                self.foreign.discard(operation.connection)
            return True
        self.foreign.discard(operation.connection)
        if not goes_on:
            self._own.discard(operation.connection)
        if is_end or not operation.is_scheduling_point:
            return False
        is_foreign = operation.connection not in self._own and self._passes(operation)
        (self.foreign if is_foreign else self._own).add(operation.connection)
        return is_foreign

    def is_held(self, lane: str) -> bool:
        return lane in self.at_point or lane in self.waiting

    def polls_with(self, lane: str) -> Operation | None:
        """The operation that a lane repeats and repeats, when that is all it does."""
        latest = self._latest.get(lane)
        if latest is None or self._counts[lane, latest.fingerprint] < _POLLS:
            return None
        return latest if time.monotonic() - self._news.get(lane, 0.0) > _POLLING else None

    def action_on_release(self, operation: Operation) -> Action:
        return self._later.pop(operation.number, FORWARD)
