"""How much of a recorded run is drawn: a proof file may come from anywhere, and hold more than anybody looks at."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from msgspec.structs import replace

from looktwice.core.trace import Lane, Row, Trace, TraceStep

FIRST_STEPS, LAST_STEPS = 150, 50
MOST_LANES, MOST_ROWS, MOST_COLUMNS, MOST_ORDERS, MOST_PARAMETERS = 10, 30, 30, 6, 30
LONGEST = 2000  # letters of one text


def bounded(trace: Trace) -> Trace:
    """The trace with no more of anything than is drawn. Its explanation says which steps are left out."""
    steps, explanation = trace.steps, short(trace.explanation)
    if (left := len(steps) - FIRST_STEPS - LAST_STEPS) > 0:
        steps = steps[:FIRST_STEPS] + steps[-LAST_STEPS:]
        explanation = (
            f"{explanation} {left} of {len(trace.steps)} steps, those after the first {FIRST_STEPS}, are not drawn."
        ).strip()
    return replace(
        trace,
        title=short(trace.title),
        name=short(trace.name),
        explanation=explanation,
        lanes=tuple(map(_lane, trace.lanes[:MOST_LANES])),
        steps=tuple(map(_step, steps)),
        initial=_rows(trace.initial),
        final=_rows(trace.final),
        serial=tuple((short(order), _rows(rows)) for order, rows in trace.serial[:MOST_ORDERS]),
        environment={short(name): short(value) for name, value in islice(trace.environment.items(), MOST_COLUMNS)},
    )


def short(text: str) -> str:
    """The text, or its beginning when it is very long."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _lane(lane: Lane) -> Lane:
    texts = {name: short(getattr(lane, name)) for name in ("name", "method", "path", "body", "answer")}
    return replace(lane, **texts)


def _step(step: TraceStep) -> TraceStep:
    texts = {name: short(getattr(step, name)) for name in ("lane", "words", "statement", "waits_for", "error")}
    given = tuple(value if value is None else short(value) for value in step.parameters[:MOST_PARAMETERS])
    return replace(step, parameters=given, before=_rows(step.before), after=_rows(step.after), **texts)


def _rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(
        Row(short(row.table), _columns(row.key), _columns(row.values))  # type: ignore[arg-type]
        for row in islice(rows, MOST_ROWS)
    )


def _columns(values: dict[str, str] | dict[str, str | None]) -> dict[str, str | None]:
    return {
        short(name): value if value is None else short(value) for name, value in islice(values.items(), MOST_COLUMNS)
    }
