"""The serial histories that could explain a run: every order of every subset of its requests that may have happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, permutations

from looktwice.core.trace import Outcome
from looktwice.prove.oracle.observation import Answer, Observation

Order = tuple[str, ...]  # lanes, first to last; () is the history in which nothing happened


def orders(lanes: Sequence[str]) -> tuple[Order, ...]:
    """Every order of every subset, longest first: for A and B that is AB, BA, A, B and the empty one; 16 for three."""
    return tuple(
        order
        for size in range(len(lanes), -1, -1)
        for subset in combinations(lanes, size)
        for order in permutations(subset)
    )


def admissible(order: Order, answers: Iterable[Answer], serial: Observation) -> bool:
    """True when the serial run of `order` may explain these answers.

    A request that was ok happened. One that was refused did not, unless the serial run refuses it with the same status
    (then what a refusal leaves, a counter of attempts or an audit row, belongs to the history). Unknown: both ways.
    """
    theirs = {answer.lane: answer for answer in serial.answers}
    for answer in answers:
        included = answer.lane in order
        if answer.outcome is Outcome.OK and not included:
            return False
        if answer.outcome is Outcome.REFUSED and included:
            other = theirs.get(answer.lane)
            if other is None or other.outcome is not Outcome.REFUSED or other.status != answer.status:
                return False
    return True
