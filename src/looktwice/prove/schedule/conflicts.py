"""Which operations of a request have anything to do with the other request: the rest need not be scheduling points.

Stopping before an operation differs from stopping before the next one only by that operation. When it touches nothing
that the other request touches, the two schedules are of one class, and one of them is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from looktwice.prove.network.wire.http import path_without_identifiers
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.schedule.explorer import Place, writes
from looktwice.prove.servers.postgres.catalogue import Schema
from looktwice.prove.servers.postgres.change import RowChange
from looktwice.prove.servers.postgres.footprint import UNKNOWN_TABLE, Footprint, Read, Write, dependencies, writes_of
from looktwice.prove.servers.postgres.statement import UNKNOWN, footprint

_ENDS = (OperationKind.COMMIT, OperationKind.ROLLBACK)


def touching(
    solos: Mapping[str, Sequence[Place]],
    changes: Mapping[str, Iterable[RowChange]],
    schema: Schema,
    reads: Mapping[str, frozenset[Read]] = {},
) -> Callable[[Place], bool]:
    """The question for `explorer.candidates`.

    solos: lane → its operations when it runs alone. changes: the rows that it changed then, by whatever way (triggers
    and functions do not show in the text). reads: what the server saw it read, where that was asked. A statement that
    is not understood touches all of that, and everything when it was not asked.
    """
    written = {lane: writes_of(found, schema) for lane, found in changes.items()}
    prints = {}
    for lane, found in solos.items():
        own = written.get(lane, frozenset())
        texts = {place.point: _of(place.operation, schema, own) for place in found}
        known = _seen(texts.values(), reads.get(lane, frozenset()), own)
        prints[lane] = {point: known if UNKNOWN_TABLE in print_.tables else print_ for point, print_ in texts.items()}
    whole = {lane: _union(found.values()) for lane, found in prints.items()}

    def matters(place: Place) -> bool:
        others = [lane for lane in solos if lane != place.lane]
        kind = place.operation.kind
        if kind is OperationKind.CALL:
            return any(_calls_alike(place.operation, other.operation) for lane in others for other in solos[lane])
        if kind is OperationKind.COMMAND:
            theirs = (other.operation for lane in others for other in solos[lane])
            return any(_commands_depend(place.operation, other) for other in theirs)
        mine = Footprint(writes=whole[place.lane].writes) if kind in _ENDS else prints[place.lane][place.point]
        return any(dependencies(mine, whole[lane]) for lane in others)

    return matters


def is_understood(solos: Mapping[str, Sequence[Place]], schema: Schema) -> bool:
    """True when the text of every statement says what it touches."""
    return not any(
        UNKNOWN_TABLE in _of(place.operation, schema, frozenset()).tables for found in solos.values() for place in found
    )


def _seen(texts: Iterable[Footprint], reads: frozenset[Read], written: frozenset[Write]) -> Footprint:
    """What a statement that was not understood may touch: all that the server saw of its request. It is believed only
    if it saw what other statements say they read: a session may have chosen an isolation that shows nothing."""
    named = {read.table for print_ in texts for read in print_.reads} - {UNKNOWN_TABLE}
    if reads and named <= {read.table for read in reads} | {write.table for write in written}:
        return Footprint(reads, written)
    return UNKNOWN


def _of(operation: Operation, schema: Schema, written: frozenset[Write]) -> Footprint:
    """A statement's footprint by its text. One that writes has written the rows of its table that the request is known
    to have written, with their unique keys, and perhaps those of tables that no text names: a trigger."""
    if operation.kind not in (OperationKind.STATEMENT, OperationKind.COPY):
        return Footprint()
    known = footprint(operation.text, operation.parameters, schema)
    if not known.writes:
        return known
    named = {write.table for write in known.writes}
    seen = frozenset(write for write in written if write.table in named or write.table not in known.tables)
    return known | Footprint(writes=seen)


def _union(prints: Iterable[Footprint]) -> Footprint:
    whole = Footprint()
    for each in prints:
        whole |= each
    return whole


def _calls_alike(one: Operation, other: Operation) -> bool:
    """The same outside resource, and one of the two may change it."""
    if other.kind is not OperationKind.CALL:
        return False
    (method, _, path), (other_method, _, other_path) = one.text.partition(" "), other.text.partition(" ")
    safe = ("GET", "HEAD", "OPTIONS")
    same = path_without_identifiers(path) == path_without_identifiers(other_path)
    return same and not (method in safe and other_method in safe)


def _commands_depend(one: Operation, other: Operation) -> bool:
    return other.kind is OperationKind.COMMAND and (writes(one) or writes(other))
