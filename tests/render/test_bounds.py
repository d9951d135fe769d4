"""A recorded run of any size is drawn in bounds, and what is left out is reported."""

from __future__ import annotations

import pytest

from looktwice.core.trace import Lane, Row, StepKind, Trace, TraceStep, Verdict
from looktwice.render.bounds import FIRST_STEPS, LAST_STEPS, bounded
from looktwice.render.html.lanes import lanes
from looktwice.render.terminal.lanes import draw


def trace(steps: int = 2, value: str = "5", columns: int = 1, rows: int = 1, text: str = "writes") -> Trace:
    many = tuple(
        Row(table="wallet", key={"id": str(at)}, values={f"c{column}": value for column in range(columns)})
        for at in range(rows)
    )
    one = TraceStep(lane="A", kind=StepKind.WRITE, words=text, statement=text, before=many, after=many, rows=10**20)
    return Trace(
        title=text,
        lanes=(Lane(name="A", method="POST", path="/a", body=text, status=10**20),) * min(steps, 10_000),
        steps=(one,) * steps,
        initial=many,
        final=many,
        serial=(("A", many),) * 3,
        verdict=Verdict.DATA_WRONG,
        explanation="It is wrong.",
    )


LARGE = {
    "steps": trace(steps=100_000),
    "long values": trace(value="9" * 1_000_000),
    "columns": trace(columns=50_000),
    "rows": trace(rows=50_000),
    "long texts": trace(text="SELECT x " * 200_000),
}


@pytest.mark.parametrize("what", LARGE)
def test_what_is_drawn_is_bounded(what: str) -> None:
    assert len(draw(LARGE[what])) < 2_000_000
    assert len(lanes(LARGE[what])) < 4_000_000


def test_steps_that_are_left_out_are_reported() -> None:
    more = 17
    large = trace(steps=FIRST_STEPS + LAST_STEPS + more)
    expected = f"{more} of {len(large.steps)} steps"
    assert expected in " ".join(draw(large).split()) and expected in lanes(large)


def test_an_ordinary_trace_is_unchanged() -> None:
    assert bounded(trace()) == trace()
    assert bounded(bounded(trace(steps=500))) == bounded(trace(steps=500))
