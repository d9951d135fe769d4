"""A run that `prove` told, as the board plays it: only the row at stake, cut into the presses of its order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from looktwice.core.trace import StepKind, Trace, TraceStep

_ENDS = (StepKind.COMMIT, StepKind.ROLLBACK)
_END_WORDS = {StepKind.COMMIT: "commits", StepKind.ROLLBACK: "rolls back"}


def retold(trace: Trace, order: str, table: str, words: Mapping[StepKind, str]) -> Trace:
    """The trace with the steps of the board.

    order: whose press it was, press by press; table: that of the row at stake; words: what a step is called before its
    values are known. A step with `held` begins a press; the steps after it, up to the next such one, followed by
    themselves: a commit after its write, or a lane that had waited for the one that moved.
    """
    kept = [_worded(step, words) for step in trace.steps if _is_shown(step, table)]
    steps = [step for press in _by_press(kept, order) for step in press]
    return replace(trace, order=order, steps=tuple(steps))


def _is_shown(step: TraceStep, table: str) -> bool:
    """Steps that wait, end a transaction, or touch the row; a look-up elsewhere (who is asking?) is left out."""
    if step.waits_for or step.kind in _ENDS:
        return True
    touches = any(row.table == table for row in (*step.before, *step.after))
    return touches or (step.kind is StepKind.WRITE and table in step.fingerprint)


def _worded(step: TraceStep, words: Mapping[StepKind, str]) -> TraceStep:
    if step.waits_for:
        return replace(step, words=f"waits: {step.waits_for} holds this row")
    return replace(step, words=_END_WORDS.get(step.kind) or words.get(step.kind, step.words))


def _by_press(steps: Sequence[TraceStep], order: str) -> Iterator[list[TraceStep]]:
    """The steps that each press set off.

    A lane's steps belong to its first press until the schedule held it, to its second from there on. A lane that had to
    wait comes later than it was pressed: its steps follow the press that let it go.
    """
    presses: list[list[TraceStep]] = [[] for _ in order]
    of_lane = {lane: [at for at, one in enumerate(order) if one == lane] for lane in set(order)}
    passed: Counter[str] = Counter()
    now = 0
    for step in steps:
        passed[step.lane] += step.held
        now = max(now, of_lane[step.lane][passed[step.lane]])
        presses[now].append(replace(step, held=False, fingerprint=""))
    waits: dict[str, TraceStep] = {}
    for at, press in enumerate(presses):
        if not press:  # the lane was pressed again while it waited, and went on waiting
            press.append(waits[order[at]])
        press[0] = replace(press[0], held=True)
        for step in press:
            if step.waits_for:
                waits[step.lane] = step
        yield press
