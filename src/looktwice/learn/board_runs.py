"""A recorded run of `prove`, as the board plays it: only the row at stake, divided into the moves of its order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from looktwice.core.trace import StepKind, Trace, TraceStep

_ENDS = (StepKind.COMMIT, StepKind.ROLLBACK)
_END_WORDS = {StepKind.COMMIT: "commits", StepKind.ROLLBACK: "rolls back"}


def board_trace(trace: Trace, order: str, table: str, words: Mapping[StepKind, str]) -> Trace:
    """The trace with the steps that the board shows.

    order: the lane of each move; table: the table of the row at stake; words: a step's label before its values are
    known. A step with `held` begins a move; the steps up to the next such one followed from it: a commit after its
    write, or a lane that had waited for the one that moved.
    """
    shown = [_labelled(step, words) for step in trace.steps if _is_shown(step, table)]
    steps = [step for move in _by_move(shown, order) for step in move]
    return replace(trace, order=order, steps=tuple(steps))


def _is_shown(step: TraceStep, table: str) -> bool:
    """Steps that wait, end a transaction, or touch the row; reads of other tables (the signed-in user) are left out."""
    if step.waits_for or step.kind in _ENDS:
        return True
    touches = any(row.table == table for row in (*step.before, *step.after))
    return touches or (step.kind is StepKind.WRITE and table in step.fingerprint)


def _labelled(step: TraceStep, words: Mapping[StepKind, str]) -> TraceStep:
    if step.waits_for:
        return replace(step, words=f"waits: {step.waits_for} holds this row")
    return replace(step, words=_END_WORDS.get(step.kind) or words.get(step.kind, step.words))


def _by_move(steps: Sequence[TraceStep], order: str) -> Iterator[list[TraceStep]]:
    """The steps of each move.

    A lane's steps belong to its first move until the schedule held it, and to its second from then on. A lane that had
    to wait runs later than its move: its steps follow the move that released the lock.
    """
    moves: list[list[TraceStep]] = [[] for _ in order]
    of_lane = {lane: [at for at, one in enumerate(order) if one == lane] for lane in set(order)}
    passed: Counter[str] = Counter()
    now = 0
    for step in steps:
        passed[step.lane] += step.held
        now = max(now, of_lane[step.lane][passed[step.lane]])
        moves[now].append(replace(step, held=False, fingerprint=""))
    waits: dict[str, TraceStep] = {}
    for at, move in enumerate(moves):
        if not move:  # the lane was moved again while it waited, and went on waiting
            move.append(waits[order[at]])
        move[0] = replace(move[0], held=True)
        for step in move:
            if step.waits_for:
                waits[step.lane] = step
        yield move
