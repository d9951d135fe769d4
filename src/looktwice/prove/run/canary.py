"""Whether the application still is what it was: equal serial runs must end alike, whenever they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from looktwice.prove.network.request import Response
from looktwice.prove.oracle import Observation
from looktwice.prove.oracle.candidates import Order
from looktwice.prove.oracle.observation import Answer
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.oracle.verdict import spell
from looktwice.prove.run.trial import Trial
from looktwice.prove.run.void import Cause, Void, changed

if TYPE_CHECKING:
    from looktwice.prove.run.laboratory import Baseline


def unsteady(baseline: Baseline) -> Void | None:
    """An answer of the baseline's own runs that another run of the same order did not get."""
    for runs in baseline.serial.values():
        for run in runs[1:]:
            if (found := _other_answer(baseline, run, runs[:1])) is not None:
                return found
    return None


def unlike(baseline: Baseline, order: Order, canary: Trial, reading: Reading) -> Void | None:
    """What a serial run, made now, has other than those of the baseline in the same order; None when nothing.

    reading: of the baseline.
    """
    before = baseline.serial[order]
    run = canary.observation
    if (found := _other_answer(baseline, run, before)) is not None:
        return found
    if _is_among(reading, run, before):
        return None
    # A value that moves with the clock was perhaps not seen to move until now.
    known = reading.roles.unstable
    wider = Reading({**baseline.serial, order: (*before, run)}, reading.schema)
    new = [place for place in wider.roles.unstable if place not in known and place[0] != "answer"]
    if not new and _is_among(wider, run, before):
        return None
    if len({reading.state(one, ordered=False) for one in before}) > 1:
        return None  # it never was the same twice: the gates know
    return Void(cause=Cause.CHANGED, why=f"“{spell(order)}” leaves different rows, or a different answer, than before")


def _is_among(reading: Reading, run: Observation, before: tuple[Observation, ...]) -> bool:
    mine = reading.whole(run, ordered=False)
    return any(reading.whole(one, ordered=False) == mine for one in before)


def _other_answer(baseline: Baseline, run: Observation, before: tuple[Observation, ...]) -> Void | None:
    for answer in run.answers:
        usual = [one for other in before for one in other.answers if one.lane == answer.lane]
        if usual and all((one.status, one.outcome) != (answer.status, answer.outcome) for one in usual):
            return changed(baseline.requests[answer.lane], _response(answer), _response(usual[0]))
    return None


def _response(answer: Answer) -> Response:
    return Response(status=answer.status, headers=tuple(answer.headers.items()), error="" if answer.status else "none")
