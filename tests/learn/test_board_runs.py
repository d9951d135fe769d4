"""How a run is divided into the moves of its order: a table of runs, each step written as lane and kind."""

from __future__ import annotations

import pytest

from looktwice.core.trace import Row, StepKind, Trace, TraceStep
from looktwice.learn.board_runs import board_trace

ROW = Row("wallets", {"id": "1"}, {"balance": "100"})
OTHER = Row("users", {"id": "1"}, {"email": "anna@example.com"})
WORDS = {StepKind.READ: "reads", StepKind.LOCK: "locks", StepKind.WRITE: "writes"}


def step(text: str) -> TraceStep:
    """Parse `A read`, `B |write` (held there by the schedule), `B lock waits A` or `A read users`."""
    lane, kind, *rest = text.split()
    row = OTHER if "users" in rest else ROW
    return TraceStep(
        lane=lane,
        kind=StepKind(kind.removeprefix("|")),
        words="?",
        held=kind.startswith("|"),
        waits_for=rest[1] if "waits" in rest else "",
        before=(row,) if kind in ("read", "lock") and "waits" not in rest else (),
        after=(row,) if kind.endswith("write") else (),
    )


def moves(trace: Trace) -> list[str]:
    """The steps of each move, as one text per move."""
    made: list[str] = []
    for one in trace.steps:
        text = f"{one.lane} {one.words}"
        made = [*made, text] if one.held else [*made[:-1], f"{made[-1]}, {text}"]
    return made


CASES = [
    (
        "ABAB",
        ["A read", "B read", "A |write", "A commit", "B |write", "B commit"],
        ["A reads", "B reads", "A writes, A commits", "B writes, B commits"],
    ),
    (
        "AABB",
        ["A read users", "A read", "A |write", "A commit", "B read users", "B read", "B |write", "B commit"],
        ["A reads", "A writes, A commits", "B reads", "B writes, B commits"],
    ),
    (
        "ABAB",
        ["A lock", "B lock waits A", "A |write", "A commit", "B lock", "B |write", "B commit"],
        ["A locks", "B waits: A holds this row", "A writes, A commits, B locks", "B writes, B commits"],
    ),
    (  # B moves twice while it waits: the second move waits too, and all of B's steps follow A's
        "ABBA",
        ["A lock", "B lock waits A", "A |write", "A commit", "B lock", "B |write", "B commit"],
        [
            "A locks",
            "B waits: A holds this row",
            "B waits: A holds this row",
            "A writes, A commits, B locks, B writes, B commits",
        ],
    ),
    (
        "BAAB",
        ["B write", "A write waits B", "B |commit", "A write", "A |commit"],
        ["B writes", "A waits: B holds this row", "A waits: B holds this row", "B commits, A writes, A commits"],
    ),
]


@pytest.mark.parametrize(("order", "run", "expected"), CASES)
def test_steps_belong_to_the_move_that_caused_them(order: str, run: list[str], expected: list[str]) -> None:
    trace = board_trace(Trace(title="", lanes=(), steps=tuple(map(step, run))), order, "wallets", WORDS)
    assert moves(trace) == expected
    assert trace.order == order
