"""What can go wrong at each operation of a request, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from looktwice.prove.network.gate import Action, Answer, Away, Cut, CutPoint, Fail, Hang, Stale
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.schedule.breakpoints import Fault
from looktwice.prove.schedule.explorer import Place, writes

BREAK_BEFORE = Cut(CutPoint.BEFORE)
BREAK_AFTER = Cut(CutPoint.AFTER)
BREAK_MIDWAY = Cut(CutPoint.MIDWAY)


class FaultKind(Struct, frozen=True):
    """One fault with its name for people. `loses_reply`: the other side carried out the request and its reply was lost.
    `is_lie`: the other side answers 2xx with unusable content."""

    words: str
    action: Action
    loses_reply: bool = False
    is_lie: bool = False


# The connection to the database, at a statement. The errors are those that a healthy application meets in its life.
AT_STATEMENT = (
    FaultKind("the connection breaks before it", BREAK_BEFORE),
    FaultKind("the connection breaks after it took effect", BREAK_AFTER, loses_reply=True),
)
AT_WRITE = (
    *AT_STATEMENT,
    FaultKind(
        "the database requests a retry (40001)", Fail("40001", "could not serialize access due to concurrent update")
    ),
    FaultKind(
        "the database is read-only after a failover (25006)", Fail("25006", "cannot execute in a read-only transaction")
    ),
    FaultKind("the server shuts down (57P01)", Fail("57P01", "terminating connection due to administrator command")),
)
AT_COMMIT = (
    FaultKind("the connection breaks before COMMIT", BREAK_BEFORE),
    FaultKind("COMMIT is carried out and its reply lost", BREAK_AFTER, loses_reply=True),
)
# The database, before the request.
BEFORE_REQUEST = (
    FaultKind("the pool's connections have gone stale", Stale()),
    FaultKind("the database is unreachable", Away()),
)

# The outside service, at a call.
AT_CALL = (
    FaultKind("it is down (connection reset)", BREAK_BEFORE),
    FaultKind("it answers 500", Fail("500", "internal error")),
    FaultKind("it answers 503", Fail("503", "unavailable")),
    FaultKind("it answers 429", Fail("429", "slow down")),
    FaultKind("it carries out the request, then the connection breaks", BREAK_AFTER, loses_reply=True),
    FaultKind("its answer is cut off in the middle", BREAK_MIDWAY, loses_reply=True),
    FaultKind("it answers 200 with {}", Answer(200, b"{}"), is_lie=True),
    FaultKind("it answers 200 with an HTML page", Answer(200, b"<html>maintenance</html>", "text/html"), is_lie=True),
    FaultKind("it answers 200 with JSON cut short", Answer(200, b'{"id": "ab'), is_lie=True),
    FaultKind("it answers 200 with null in every field", Answer(200, b'{"id": null, "status": null}'), is_lie=True),
    FaultKind("it takes the request and never answers", Hang(has_effect=False)),
)

# Redis, at a command. What it keeps is taken for a cache: only what the application makes of the failure is judged.
AT_COMMAND = (
    FaultKind("Redis is down (connection reset)", BREAK_BEFORE),
    FaultKind("Redis is still loading", Fail("LOADING", "Redis is loading the dataset in memory")),
    FaultKind("Redis takes the command and never answers", Hang(has_effect=False)),
)


def at_database(places: Sequence[Place]) -> Iterator[tuple[Place, FaultKind]]:
    """Every fault at every database operation of a solo run, those before the request first."""
    first = next((place for place in places if place.operation.wire == "postgres"), None)
    if first is not None:
        yield from ((first, kind) for kind in BEFORE_REQUEST)
    for place in places:
        if place.operation.wire == "postgres":
            yield from ((place, kind) for kind in _table(place.operation))


def _table(operation: Operation) -> tuple[FaultKind, ...]:
    if operation.kind is OperationKind.COMMIT:
        return AT_COMMIT
    if operation.kind is OperationKind.ROLLBACK:
        return ()
    return AT_WRITE if writes(operation) else AT_STATEMENT[:1]


def at_services(places: Sequence[Place]) -> Iterator[tuple[Place, FaultKind]]:
    """Every fault at every outside call of a solo run, and at every command to Redis."""
    tables = {OperationKind.CALL: AT_CALL, OperationKind.COMMAND: AT_COMMAND}
    for place in places:
        yield from ((place, kind) for kind in tables.get(place.operation.kind, ()))


def fault_at(place: Place, kind: FaultKind) -> Fault:
    return Fault(place.lane, place.point, kind.action)
