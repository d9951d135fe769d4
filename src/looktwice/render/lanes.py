"""A recorded run as a picture: a lane for each request, the rows at stake between them, and the value that was lost.

This module decides what is shown; `terminal.lanes` and `html.lanes` decide how.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set

from msgspec import Struct

from looktwice.core.trace import Lane, Outcome, Row, StepKind, Trace, TraceStep, Verdict
from looktwice.render.bounds import bounded
from looktwice.render.statement import abridged

WRONG = frozenset(
    {Verdict.DATA_WRONG, Verdict.DOUBLE_SUCCESS, Verdict.STATUS_WRONG, Verdict.RESPONSE_ONLY, Verdict.GROWS}
)
FINE = frozenset({Verdict.PROTECTED, Verdict.COMMUTES, Verdict.SERIAL})

CHANGES = frozenset({StepKind.WRITE, StepKind.CACHE, StepKind.CALL})

_CLOCK = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")

ENDS_WITH = "It ends with"

LONGEST_VALUE = 24
"""Letters of a value that are shown: a hash says no more in full."""

MOST_NEW_COLUMNS = 3
"""Columns of a row that was added; the lane's own words name them all."""

RowKey = tuple[tuple[str, str], ...]
Key = tuple[str, RowKey, str]
"""A cell: table, key of the row, column."""


class Cell(Struct, frozen=True):
    """One value of one row as a step left it. `before` is None when nothing changed, `after` None when the row went."""

    row: str
    column: str
    before: str | None
    after: str | None
    is_change: bool
    is_lost: bool = False  # somebody who had not seen this value wrote over it


class Moment(Struct, frozen=True):
    """One drawn step, on the side of its lane."""

    side: int
    lane: str
    kind: StepKind
    words: str
    statement: str
    cells: tuple[Cell, ...]
    waits_for: str
    held: bool
    error: str
    is_stale: bool = False  # it writes what was computed from a value that had changed since


class Result(Struct, frozen=True):
    """One end state, as far as the end states differ: `rows` that were there before, and `added` ones counted."""

    label: str
    rows: tuple[Cell, ...]
    added: tuple[tuple[str, int], ...]  # table, number of rows


class Picture(Struct, frozen=True):
    """All that a drawing of a trace says."""

    title: str
    verdict: Verdict
    name: str
    explanation: str
    environment: str
    lanes: tuple[Lane, ...]
    unanswered: tuple[Lane, ...]  # lanes whose end no step tells
    start: tuple[Cell, ...]
    moments: tuple[Moment, ...]
    results: tuple[Result, ...]  # how it ended, then how each serial order ends
    is_wrong: bool
    is_fine: bool
    names_rows: bool  # more than one row is at stake, so that each value says whose it is


def picture(trace: Trace) -> Picture:
    """What a drawing of `trace` says, which is not more than `bounds` allows."""
    trace = bounded(trace)
    sides = {lane.name: min(number, 1) for number, lane in enumerate(trace.lanes)}
    lost, stale = overwritten(trace.steps)
    answered = {step.lane for step in trace.steps if step.kind is StepKind.RESPOND}
    moments = tuple(
        moment(step, sides.get(step.lane, 0), number in stale, lost) for number, step in enumerate(trace.steps)
    )
    known = {cell.row for it in moments for cell in it.cells if cell.before is not None or not cell.is_change}
    return Picture(
        title=trace.title,
        verdict=trace.verdict,
        name=trace.name,
        explanation=trace.explanation,
        environment=" · ".join(
            f"{name} {value}" if name[:1].isupper() else f"{value} {name}" if value.isdigit() else value
            for name, value in trace.environment.items()
        ),
        lanes=trace.lanes,
        unanswered=tuple(it for it in trace.lanes if it.name not in answered),
        start=standing(trace.initial),
        moments=moments,
        results=results(trace),
        is_wrong=trace.verdict in WRONG,
        is_fine=trace.verdict in FINE,
        names_rows=len(known) > 1,
    )


def overwritten(steps: Iterable[TraceStep]) -> tuple[frozenset[tuple[Key, str | None]], frozenset[int]]:
    """Values written over by a lane that had read the cell before they were there, and the steps that did it."""
    writes: dict[Key, list[tuple[int, str, str | None]]] = {}
    reads: dict[tuple[str, Key], int] = {}
    lost: set[tuple[Key, str | None]] = set()
    stale: set[int] = set()
    for number, step in enumerate(steps):
        if step.waits_for:
            continue
        changed = dict(cells_of(step.after)) if step.kind in CHANGES else {}
        for key, value in changed.items():
            seen = reads.get((step.lane, key))
            for when, lane, written in writes.get(key, ()):
                unseen = seen is not None and lane != step.lane and when > seen
                if unseen and written != value and not is_clock(written) and was_computed(step, value):
                    lost.add((key, written))
                    stale.add(number)
            writes.setdefault(key, []).append((number, step.lane, value))
            reads[step.lane, key] = number
        if not changed:
            for key, _ in cells_of(step.before):
                reads[step.lane, key] = number
    return frozenset(lost), frozenset(stale)


def was_computed(step: TraceStep, value: str | None) -> bool:
    """Whether the program sent this value; a statement like `balance = balance + 50` leaves the sum to the database."""
    if value is None:
        return None in step.parameters
    plain = value.replace('"', "")
    if any(plain == sent.replace('"', "") for sent in step.parameters if sent is not None):
        return True
    return re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", step.statement.replace('"', "")) is not None


def is_clock(value: str | None) -> bool:
    """A moment in time; that a later one stands over it is no loss."""
    return value is not None and _CLOCK.match(value) is not None


def moment(step: TraceStep, side: int, is_stale: bool, lost: frozenset[tuple[Key, str | None]]) -> Moment:
    is_change = step.kind in CHANGES or bool(step.after)
    before, after = dict(cells_of(step.before)), dict(cells_of(step.after))
    if is_change and step.rows == 0:
        before = {}  # the condition did not hold: nothing changed
    cells = []
    for key in dict.fromkeys([*before, *after]):
        table, row, column = key
        old, new = before.get(key), after.get(key)
        if is_change and key in before and key in after and old == new:
            continue
        value = new if is_change else old
        is_lost = is_change and (key, new) in lost
        cells.append(Cell(row_name(table, row), column, short(old), short(value), is_change, is_lost))
    if is_change and not before:
        cells = cells[:MOST_NEW_COLUMNS]
    return Moment(
        side=side,
        lane=step.lane,
        kind=step.kind,
        words=step.words,
        statement=spoken(step),
        cells=tuple(cells),
        waits_for=step.waits_for,
        held=step.held,
        error=step.error,
        is_stale=is_stale,
    )


def cells_of(rows: Iterable[Row]) -> Iterable[tuple[Key, str | None]]:
    for row in rows:
        key = tuple(sorted(row.key.items()))
        for column, value in row.values.items():
            yield (row.table, key, column), value


def standing(rows: Iterable[Row]) -> tuple[Cell, ...]:
    return tuple(
        Cell(row_name(table, row), column, None, short(value), False) for (table, row, column), value in cells_of(rows)
    )


def results(trace: Trace) -> tuple[Result, ...]:
    """The end state beside the serial ones: what differs between them, or all of it when nothing does."""
    if not trace.final and not trace.serial:
        return ()
    states = [
        (ENDS_WITH, dict(cells_of(trace.final))),
        *((order, dict(cells_of(rows))) for order, rows in trace.serial),
    ]
    known = {(row.table, tuple(sorted(row.key.items()))) for row in trace.initial}
    keys = dict.fromkeys(key for _, state in states for key in state if key[:2] in known)
    telling = [key for key in keys if tells({state.get(key, "gone") for _, state in states})] or list(keys)
    return tuple(
        Result(
            label,
            tuple(Cell(row_name(*key[:2]), key[2], None, short(state[key]), False) for key in telling if key in state),
            added(state, known),
        )
        for label, state in states
    )


def tells(values: Set[str | None]) -> bool:
    """Whether the end states differ here, and not only by when they were written."""
    return len(values) > 1 and not all(map(is_clock, values))


def added(state: Mapping[Key, str | None], known: Set[tuple[str, RowKey]]) -> tuple[tuple[str, int], ...]:
    """How many rows of each table were not there before."""
    tables = [table for table, _ in dict.fromkeys(key[:2] for key in state) if (table, _) not in known]
    return tuple((table, tables.count(table)) for table in dict.fromkeys(tables))


def row_name(table: str, key: tuple[tuple[str, str], ...]) -> str:
    """ "wallets 1", or "members user=3 team=7" when the key has several columns."""
    if len(key) == 1:
        return f"{table} {key[0][1]}"
    return " ".join((table, *(f"{name}={value}" for name, value in key)))


def spoken(step: TraceStep) -> str:
    """The statement with its parameters behind it."""
    text = abridged(step.statement)
    given = ", ".join("NULL" if value is None else value for value in step.parameters)
    return f"{text}  ← {given}" if given else text


def short(value: str | None) -> str | None:
    """The value, or its beginning when it is long."""
    return value if value is None or len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"


def ending(lane: Lane) -> str:
    """How a request ended: "200", "409 refused", "no answer"."""
    if lane.status is None:
        return "no answer" if lane.outcome is Outcome.UNKNOWN else lane.outcome
    return f"{lane.status} refused" if lane.outcome is Outcome.REFUSED else str(lane.status)
