"""The decision: a run is compared with the serial histories that could explain it, check by check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from looktwice.core.trace import Outcome, Verdict
from looktwice.prove.oracle.candidates import Order, admissible, orders
from looktwice.prove.oracle.difference import find, name
from looktwice.prove.oracle.observation import Observation
from looktwice.prove.oracle.protection import explain, protecting
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.oracle.verdict import Difference, Judgement, spell

# What a request may be repeated for: the second one finds the work done and says so.
_IDEMPOTENT = ("DELETE", "PUT")
_CONFLICT = ("23505", "23P01")
_RULE = ("23514", "23503", "23502")
_SERIALIZATION = ("40001", "40P01")


class Case:
    """One run beside the serial runs that may explain it."""

    def __init__(self, run: Observation, reading: Reading, instances: int) -> None:
        self.run = run
        self.reading = reading
        self.instances = instances
        self.statuses = {answer.lane: answer for answer in run.answers}
        self.admissible: Mapping[Order, Sequence[Observation]] = {
            order: fitting
            for order, runs in reading.serial.items()
            if (fitting := tuple(serial for serial in runs if admissible(order, run.answers, serial)))
        }
        # A list whose elements stand in an order that no serial run has is recognised later, and is no defect.
        self.matched = self._matching(ordered=True) or self._matching(ordered=False)

    def _matching(self, ordered: bool) -> dict[Order, tuple[Observation, ...]]:
        seen = self.reading.state(self.run, ordered)
        return {
            order: same
            for order, runs in self.admissible.items()
            if (same := tuple(serial for serial in runs if self.reading.state(serial, ordered) == seen))
        }

    def serial_outcomes(self, serial: Observation) -> dict[str, Outcome]:
        return {answer.lane: answer.outcome for answer in serial.answers}


def judge(run: Observation, reading: Reading, instances: int = 2) -> Judgement:
    """What one run came to, before the gates.

    reading: the serial runs. instances: how many the application has where it is used (`[system]`); a lock inside one
    process protects only one. The checks are made in this order and the first that gives a judgement decides.
    """
    case = Case(run, reading, instances)
    for check in _CHECKS:
        if (answer := check(case)) is not None:
            return answer
    return Judgement(
        verdict=Verdict.COMMUTES,
        why=f"the run ended as {_either(case.matched)} does, and nothing was seen to keep the requests apart",
        matched=tuple(case.matched),
    )


def summarize(judgements: Sequence[Judgement], total: int) -> Judgement:
    """The verdict on a pair from its schedules. Protection and commuting are claimed only when all `total` classes of
    schedules were run; otherwise nothing was found in as many as were."""
    worst = min(judgements, key=lambda one: (not one.is_defect, _ORDER.index(one.verdict)), default=None)
    if worst is None:
        return Judgement(verdict=Verdict.NOT_REACHED, why="no schedule was run")
    unplayed = [one for one in judgements if one.verdict is Verdict.NOT_REACHED]
    if worst.verdict in (Verdict.PROTECTED, Verdict.COMMUTES) and unplayed:
        why = f"{len(unplayed)} of {total} schedules could not be run as planned: {unplayed[0].why}"
        return Judgement(verdict=Verdict.INCONCLUSIVE, why=why)
    if worst.verdict in (Verdict.PROTECTED, Verdict.COMMUTES) and len(judgements) < total:
        return Judgement(verdict=Verdict.SERIAL, why=f"nothing was found in {len(judgements)} of {total} schedules")
    return worst


_ORDER = [
    Verdict.DATA_WRONG,
    Verdict.DOUBLE_SUCCESS,
    Verdict.STATUS_WRONG,
    Verdict.INCONCLUSIVE,
    Verdict.RESPONSE_ONLY,
    Verdict.PROTECTED,
    Verdict.COMMUTES,
    Verdict.SERIAL,
    Verdict.NOT_REACHED,
]


def _was_it_reached(case: Case) -> Judgement | None:
    for lane in case.reading.lanes:
        alone = case.reading.serial.get((lane,), ())
        answer = next((answer for run in alone for answer in run.answers if answer.lane == lane), None)
        if answer is not None and answer.outcome is not Outcome.OK:
            why = f"{lane} alone is answered {answer.status or 'nothing'}"
            return Judgement(verdict=Verdict.NOT_REACHED, why=why)
    if not case.run.overlapped:
        return Judgement(verdict=Verdict.NOT_REACHED, why=case.run.unreached or "the requests never overlapped")
    return None


def _does_what_must_hold(case: Case) -> Judgement | None:
    """The user's invariants: what serial runs keep and this one breaks. What they break as well is a defect without any
    concurrency, and no matter of order."""
    serially = {name for runs in case.reading.serial.values() for serial in runs for name, _ in serial.broken}
    broken = [(name, row) for name, row in case.run.broken if name not in serially]
    if not broken:
        return None
    return Judgement(
        verdict=Verdict.DATA_WRONG,
        name=f"breaks {broken[0][0]}",
        why="what must always hold does not, and every serial order keeps it",
        matched=tuple(case.matched),
        differences=tuple(Difference("", f"`{name}`", f"broken by {row}") for name, row in broken),
    )


def _is_the_data_possible(case: Case) -> Judgement | None:
    if case.matched:
        return None
    missing = _missing(case)
    if missing:
        why = f"no serial run of {', '.join(map(spell, missing))} is available for comparison"
        return Judgement(verdict=Verdict.INCONCLUSIVE, why=why)
    if not case.reading.roles.is_calibrated:
        why = "no serial order was run twice, so it is not known which values vary on their own"
        return Judgement(verdict=Verdict.INCONCLUSIVE, why=why)
    found = find(case.run, case.admissible, case.reading)
    return Judgement(
        verdict=Verdict.DATA_WRONG,
        name=name(case.run, found, case.reading),
        why="the state is that of no serial order that fits the answers",
        differences=found.differences,
    )


def _missing(case: Case) -> list[Order]:
    """Orders that might explain the run and were never run serially."""
    lost = []
    for order in orders(case.reading.lanes):
        if order in case.reading.serial:
            continue
        accepted = {lane for lane, answer in case.statuses.items() if answer.outcome is Outcome.OK}
        refused = {lane for lane, answer in case.statuses.items() if answer.outcome is Outcome.REFUSED}
        if accepted <= set(order) and not refused & set(order):
            lost.append(order)
    return lost


def _could_all_succeed(case: Case) -> Judgement | None:
    accepted = {lane for lane, answer in case.statuses.items() if answer.outcome is Outcome.OK}
    for serial in _serials(case):
        outcomes = case.serial_outcomes(serial)
        if all(outcomes.get(lane) is Outcome.OK for lane in accepted):
            return None
    refused = {
        lane
        for serial in _serials(case)
        for lane, outcome in case.serial_outcomes(serial).items()
        if lane in accepted and outcome is not Outcome.OK
    }
    harmless = all(case.statuses[lane].method.upper() in _IDEMPOTENT for lane in refused)
    given = ", ".join(f"{lane} {case.statuses[lane].status}" for lane in sorted(accepted))
    return Judgement(
        verdict=Verdict.DOUBLE_SUCCESS,
        is_information=harmless,
        why=f"the state is that of {_either(case.matched)}, where not all of them succeed, "
        f"but the answers were {given}",
        matched=tuple(case.matched),
    )


def _is_every_failure_due(case: Case) -> Judgement | None:
    states = dict(case.run.errors)
    for lane, answer in case.statuses.items():
        if answer.outcome is not Outcome.UNKNOWN or (answer.status is not None and answer.status < 500):
            continue
        usual = {other.status for serial in _serials(case) for other in serial.answers if other.lane == lane}
        if answer.status in usual:
            continue
        state = states.get(lane, "")
        advice = ""
        if state in _CONFLICT:
            advice = f"; the database had refused a row ({state}), which is a conflict: 409 was due"
        elif state in _RULE:
            advice = f"; the database had refused a row ({state}), which is the request's fault: a 4xx was due"
        elif state in _SERIALIZATION:
            count = sum(lane == other and code == state for other, code in case.run.errors)
            times = f" {count} times" if count > 1 else ""
            advice = f"; the database had requested a retry ({state}){times}: that, or a 409, was due"
        answered = f"{lane} was answered {answer.status}" if answer.status else f"{lane} got no answer"
        return Judgement(
            verdict=Verdict.STATUS_WRONG,
            why=f"{answered}, which it is in no serial order that leaves this state, {_either(case.matched)}{advice}",
            matched=tuple(case.matched),
            sqlstate=state,
            mechanism=protecting(case.run, case.reading),
        )
    return None


def _was_any_accepted(case: Case) -> Judgement | None:
    if len(case.statuses) < 2 or any(answer.outcome is not Outcome.REFUSED for answer in case.statuses.values()):
        return None
    full = [runs for order, runs in case.reading.serial.items() if len(order) == len(case.reading.lanes)]
    everywhere = [
        all(outcome is not Outcome.OK for outcome in case.serial_outcomes(serial).values())
        for runs in full
        for serial in runs
    ]
    if not everywhere or any(everywhere):
        return None
    return Judgement(
        verdict=Verdict.STATUS_WRONG,
        name="nobody won",
        is_information=True,
        why="every request was refused, and serially one of them succeeds",
        matched=tuple(case.matched),
    )


def _are_the_answers_possible(case: Case) -> Judgement | None:
    reading, run = case.reading, case.run
    for is_ordered in (True, False):
        for order, runs in case.matched.items():
            mine = reading.whole(run, is_ordered, order)
            for serial in runs:
                if reading.whole(serial, is_ordered, order) == mine:
                    return None
    return Judgement(
        verdict=Verdict.RESPONSE_ONLY,
        is_information=True,
        why=f"the state is that of {_either(case.matched)}, but the answers together are those of no serial order",
        matched=tuple(case.matched),
    )


def _is_it_known(case: Case) -> Judgement | None:
    """All fits, as far as it can be compared: a column that differs between equal serial runs cannot be."""
    mine = {position for document in case.reading.documents(case.run) for position in _positions(document)}
    blind = [position for position in case.reading.roles.unstable if position in mine and position[0] != "answer"]
    if not blind:
        return None
    places = ", ".join(".".join(position[1:]).removeprefix("public.") for position in blind[:3])
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        why=f"{places} differs between serial runs that should be equal, so it cannot be compared",
        matched=tuple(case.matched),
    )


def _positions(document: object) -> list[tuple[str, ...]]:
    from looktwice.prove.oracle.document import Document, leaves

    assert isinstance(document, Document)
    return [leaf.position for leaf in leaves(document.tree)]


def _was_it_protected(case: Case) -> Judgement | None:
    mechanism = protecting(case.run, case.reading)
    if mechanism is None:
        return None
    if mechanism.kind == "application lock" and case.instances > 1:
        return Judgement(
            verdict=Verdict.NOT_REACHED,
            why="something inside the application (a lock, a pool, a worker) kept one waiting: they never overlapped",
        )
    return Judgement(
        verdict=Verdict.PROTECTED,
        why=explain(mechanism, case.run),
        matched=tuple(case.matched),
        mechanism=mechanism,
    )


def _is_only_the_order_new(case: Case) -> Judgement | None:
    reading, run = case.reading, case.run
    same = any(
        reading.whole(serial, True, order) == reading.whole(run, True, order)
        for order, runs in case.matched.items()
        for serial in runs
    )
    if same:
        return None
    return Judgement(
        verdict=Verdict.COMMUTES,
        name="order only",
        why="the same elements stand in another order, which no serial run has",
        matched=tuple(case.matched),
    )


_CHECKS: tuple[Callable[[Case], Judgement | None], ...] = (
    _was_it_reached,
    _does_what_must_hold,
    _is_the_data_possible,
    _could_all_succeed,
    _is_every_failure_due,
    _was_any_accepted,
    _are_the_answers_possible,
    _is_it_known,
    _was_it_protected,
    _is_only_the_order_new,
)


def _serials(case: Case) -> list[Observation]:
    return [serial for runs in case.matched.values() for serial in runs]


def _either(matched: Mapping[Order, object]) -> str:
    return " or ".join(f"“{spell(order)}”" for order in matched) or "a serial order"
