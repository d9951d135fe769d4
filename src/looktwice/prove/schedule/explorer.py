"""Which schedules are worth running: one lane stopped before one of its operations while the other runs whole.

One preemption is where lost updates, duplicates, overspending and skew all are (lock order needs two). What the points
are is learned from runs of each request alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from looktwice.prove.network.gate import Arrived, Moment
from looktwice.prove.network.wire import redis
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.schedule.schedule import Point, Schedule, preempted

_WRITES = ("update", "insert", "delete", "merge", "copy", "truncate")


class Place(Struct, frozen=True):
    """A point of a request's solo run, and the operation there."""

    lane: str
    point: Point
    operation: Operation


class Candidate(Struct, frozen=True):
    """A schedule that may show something; a lower `rank` is tried earlier. `place` is where the first lane stops."""

    schedule: Schedule
    place: Place
    rank: int


class Budget(Struct, frozen=True):
    """How much may be tried for a pair of requests."""

    schedules: int = 200
    seconds: float = 20.0


def places(lane: str, journal: Iterable[Moment]) -> tuple[Place, ...]:
    """The scheduling points of `lane` in a solo run, in order."""
    counts: Counter[str] = Counter()
    found = []
    for moment in journal:
        if isinstance(moment, Arrived) and moment.operation.lane == lane and moment.operation.is_scheduling_point:
            operation = moment.operation
            counts[operation.fingerprint] += 1
            found.append(Place(lane, Point(operation.fingerprint, counts[operation.fingerprint]), operation))
    return tuple(found)


def writes(operation: Operation) -> bool:
    """Whether the operation's text says that it changes data. A function called by SELECT may hide a write."""
    if operation.kind is OperationKind.STATEMENT:
        return operation.fingerprint.startswith(_WRITES) or "; " in operation.fingerprint
    if operation.kind is OperationKind.COMMAND:
        return operation.fingerprint.split(" ", 1)[0] not in redis.READS
    return operation.kind in (OperationKind.COPY, OperationKind.CALL)


def candidates(
    solos: Mapping[str, Sequence[Place]], matters: Callable[[Place], bool] = lambda place: True
) -> tuple[Candidate, ...]:
    """Every schedule with one preemption, both ways round, the most promising first.

    solos: lane → its places. matters: whether an operation has anything to do with the other request; one that has
    not is left out, and so is the first of a lane, because stopping there is running one after the other.
    """
    found = []
    for lane, other in _pairs(solos):
        before: list[Place] = []
        for place in solos[lane]:
            if before and matters(place):
                found.append(Candidate(preempted(lane, place.point, other), place, _rank(place, before)))
            before.append(place)
    return tuple(sorted(found, key=lambda candidate: candidate.rank))


def candidates_at_the_start(
    solos: Mapping[str, Sequence[Place]], matters: Callable[[Place], bool]
) -> tuple[Candidate, ...]:
    """For requests that meet in their first operation only (often it is the only one): one lane has received its
    request and stops before that operation while the other runs whole. Rows come out as in a serial order; what the
    application had decided before it asked is older."""
    first = {lane: found[0] for lane, found in solos.items() if found}
    return tuple(
        Candidate(preempted(lane, first[lane].point, other), first[lane], _rank(first[lane], ()))
        for lane, other in _pairs(solos)
        if lane in first and matters(first[lane])
    )


def _pairs(solos: Mapping[str, Sequence[Place]]) -> Iterator[tuple[str, str]]:
    lanes = sorted(solos)
    for lane in lanes:
        for other in lanes:
            if lane != other:
                yield lane, other


def _rank(place: Place, before: Sequence[Place]) -> int:
    """Before the first write after a read is where most is lost; a commit or a later statement comes second."""
    has_read = any(not writes(b.operation) and b.operation.kind is OperationKind.STATEMENT for b in before)
    has_written = any(writes(b.operation) for b in before)
    if writes(place.operation):
        return 0 if has_read and not has_written else 1
    if place.operation.kind is OperationKind.COMMIT:
        return 2 if has_written else 4
    if place.operation.kind is OperationKind.ROLLBACK:
        return 5
    return 3
