"""Whose doing each operation and each change of a run was: a request's own, or a background writer's.

A port tells the instance, and an instance does other things than answer: it beats a heart, empties a queue, flushes
what it has gathered. So a piece of work (a transaction, a statement outside one, a command, a call) belongs to a
request only when it began while that request was in flight on its instance, and is not what the instance does anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from looktwice.prove.network.gate import Accepted, Answered, Arrived, Asked, Moment, Released, Responded
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.run.observe import commits
from looktwice.prove.schedule.scheduler import Play
from looktwice.prove.servers.postgres.change import RowChange, Window

_LITERAL = re.compile(r"(?<![\w.$])\d+(?![\w.])|(?<=')[^']*(?=')")
MEANINGFUL = (OperationKind.STATEMENT, OperationKind.COPY, OperationKind.COMMAND, OperationKind.CALL)
_SLACK = 0.001  # seconds between the server's clock for a commit and ours for its answer
_NOTICED = 0.001  # seconds until we know of an answer that the application has sent


class Owner(Enum):
    REQUEST = auto()
    LATE = auto()  # began after the answer
    NOBODY = auto()  # began with no request in flight there, or is what the instance does without any


class Work(Struct, frozen=True):
    """Operations of one connection that belong together, in order. `ended`: when the last of them was answered that
    was answered at all."""

    began: float
    ended: float
    operations: tuple[Operation, ...]

    @property
    def lane(self) -> str:
        return self.operations[0].lane

    @property
    def fingerprints(self) -> set[str]:
        return {operation.fingerprint for operation in self.operations if operation.kind in MEANINGFUL}


class Owned(Struct, frozen=True, kw_only=True):
    """A run sorted by owner. `play` holds the requests' own operations alone. `changes` by owner; one that no
    operation of the run explains is NOBODY's. `silence`: the longest wait for work after an answer, in seconds."""

    play: Play
    changes: dict[Owner, tuple[RowChange, ...]]
    works: dict[Owner, tuple[Work, ...]]
    silence: float = 0.0


def sort(play: Play, changes: Sequence[RowChange], lanes: Collection[str], is_habit: Callable[[Work], bool]) -> Owned:
    """Sort one run.

    lanes: instances that were asked something. is_habit: whether the instance does such work without any request.
    """
    found = tuple(_works(play.journal))
    flights = _flights(play.journal, lanes)
    owner = {id(work): _owner(work, flights, is_habit) for work in found}
    works = {kind: tuple(work for work in found if owner[id(work)] is kind) for kind in Owner}
    foreign = {o.number for kind in (Owner.LATE, Owner.NOBODY) for work in works[kind] for o in work.operations}
    writers = matched(changes, play.transactions, _committed(play.journal, found))
    sorted_: dict[Owner, list[RowChange]] = {kind: [] for kind in Owner}
    for change in changes:
        work = writers.get(change.xid)
        sorted_[owner[id(work)] if work is not None else Owner.NOBODY].append(change)
    return Owned(
        play=_without(play, foreign) if foreign else play,
        changes={kind: tuple(listed) for kind, listed in sorted_.items()},
        works=works,
        silence=_silence(play.journal, works[Owner.LATE]),
    )


def _works(journal: Sequence[Moment]) -> Iterator[Work]:
    """What a connection did from rest to rest: from BEGIN, or a statement outside a transaction, on."""
    answered = {moment.result.number: moment.at for moment in journal if isinstance(moment, Answered)}
    for began, operations in _stretches(journal):
        yield Work(began, max(answered.get(operation.number, began) for operation in operations), operations)


def _stretches(journal: Iterable[Moment]) -> Iterator[tuple[float, tuple[Operation, ...]]]:
    open_: dict[int, tuple[float, list[Operation]]] = {}
    begun: set[int] = set()
    for moment in journal:
        if not isinstance(moment, Arrived):
            continue
        operation, connection = moment.operation, moment.operation.connection
        continues = operation.wire == "postgres" and (operation.status != "I" or connection in begun)
        if not continues and connection in open_:
            began, operations = open_.pop(connection)
            yield began, tuple(operations)
        began = 0.0 if continues else moment.at  # what was in the middle of something began before all this
        open_.setdefault(connection, (began, []))[1].append(operation)
        if operation.kind is OperationKind.BEGIN:
            begun.add(connection)
        elif operation.kind in (OperationKind.COMMIT, OperationKind.ROLLBACK):
            begun.discard(connection)
    for began, operations in open_.values():
        yield began, tuple(operations)


def _flights(journal: Iterable[Moment], lanes: Collection[str]) -> dict[str, tuple[float, float]]:
    """From when to when each instance had a request to answer."""
    asked: dict[str, float] = {}
    answered: dict[str, float] = {}
    for moment in journal:
        if isinstance(moment, Asked):
            asked[moment.lane] = moment.at
        elif isinstance(moment, Responded):
            answered[moment.lane] = moment.at
    return {lane: (asked[lane], answered.get(lane, float("inf"))) for lane in lanes if lane in asked}


def _owner(work: Work, flights: Mapping[str, tuple[float, float]], is_habit: Callable[[Work], bool]) -> Owner:
    began, ended = flights.get(work.lane, (float("inf"), float("inf")))
    if work.began < began or is_habit(work):
        return Owner.NOBODY
    # What begins as the answer goes out and ends after it has followed it.
    has_followed = work.began > ended or (work.began > ended - _NOTICED and work.ended > ended)
    return Owner.LATE if has_followed else Owner.REQUEST


# ---- which work wrote which transaction


def matched(
    changes: Iterable[RowChange], sightings: Mapping[int, int], committed: Sequence[tuple[Work, Window]]
) -> dict[int, Work]:
    """xid → the work that committed it, for those that one did.

    sightings: xid → pid, for transactions seen while they were open. committed: each work with the stretch of time in
    which it may have committed. Where several fit, that one is taken which names the tables and the values written,
    then one whose stretch holds the commit without any slack, else the one that was answered first after it; none
    commits twice in one stretch.
    """
    written: dict[int, list[RowChange]] = {}
    for change in changes:
        written.setdefault(change.xid, []).append(change)
    pairs = [
        (*_likeness(work, rows), _holds(window, rows[0]), rows[0].committed - window.end, number, xid)
        for xid, rows in written.items()
        for number, (work, window) in enumerate(committed)
        if _fits(rows[0], window, sightings.get(xid))
    ]
    found: dict[int, Work] = {}
    taken: set[int] = set()
    for *_, number, xid in sorted(pairs, reverse=True):
        if xid not in found and number not in taken:
            found[xid] = committed[number][0]
            taken.add(number)
    return found


def _committed(journal: Sequence[Moment], works: Iterable[Work]) -> list[tuple[Work, Window]]:
    of = {operation.number: work for work in works for operation in work.operations}
    return [(of[operation.number], window) for operation, window in commits(journal)]


def _fits(change: RowChange, window: Window, pid: int | None) -> bool:
    return pid in (None, window.pid) and window.start - _SLACK <= change.committed <= window.end + _SLACK


def _holds(window: Window, change: RowChange) -> bool:
    return window.start <= change.committed <= window.end


def _likeness(work: Work, rows: Sequence[RowChange]) -> tuple[int, int]:
    """How well a transaction fits a work: tables named, then values given."""
    text = " ".join(operation.fingerprint for operation in work.operations)
    tables = {row.table.rpartition(".")[2].lower() for row in rows}
    given = {value for operation in work.operations for value in operation.parameters if value is not None}
    given |= set(_LITERAL.findall(" ".join(operation.text for operation in work.operations)))
    values = {value for row in rows for value in (*row.key, *(row.after or {}).values())}
    return sum(table in text for table in tables), sum(value in given for value in values)


def _without(play: Play, numbers: set[int]) -> Play:
    return replace(
        play,
        journal=tuple(moment for moment in play.journal if _number(moment) not in numbers),
        blocked=tuple(blocked for blocked in play.blocked if blocked.number not in numbers),
    )


def _number(moment: Moment) -> int | None:
    if isinstance(moment, Arrived | Released | Accepted):
        return moment.operation.number
    return moment.result.number if isinstance(moment, Answered) else None


def _silence(journal: Sequence[Moment], late: Sequence[Work]) -> float:
    """How long one must wait after an answer, or after work that followed it, to see the next of it."""
    responded = [moment.at for moment in journal if isinstance(moment, Responded)]
    marks = sorted({*(work.began for work in late), *responded[:1]})
    return max((later - earlier for earlier, later in pairwise(marks)), default=0.0)
