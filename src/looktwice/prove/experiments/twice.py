"""What happens if this runs twice at the same time? Two requests, one stopped where the other can do harm."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from msgspec.structs import replace

from looktwice.core.trace import Verdict
from looktwice.prove.app.requests.cases import Case, endpoint
from looktwice.prove.experiments.experiment import NotShown, Result, Shown, Tried
from looktwice.prove.experiments.read_profile import reads_of
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.network.wire.sql_text import summary, tables
from looktwice.prove.oracle.judge import summarize
from looktwice.prove.oracle.verdict import Judgement
from looktwice.prove.run.laboratory import Baseline, Laboratory, requests_of
from looktwice.prove.run.observe import completed
from looktwice.prove.run.trial import Trial
from looktwice.prove.schedule.conflicts import is_understood, touching
from looktwice.prove.schedule.explorer import Candidate, Place, candidates, candidates_at_the_start, writes
from looktwice.prove.schedule.schedule import explain
from looktwice.prove.servers.postgres.statement import decides_inside

# Which pattern an outcome is an example of: by the name of wrong data, or by the database error behind a wrong status.
# What is not here belongs to none that is known, and says so.
_PATTERNS = {
    (Verdict.DATA_WRONG, "lost update"): "LT301",
    (Verdict.DATA_WRONG, "lost effect"): "LT301",
    (Verdict.DATA_WRONG, "duplicate"): "LT303",  # unless the rows themselves were looked for: see `code_of`
    (Verdict.DATA_WRONG, "over limit"): "LT303",
    (Verdict.DATA_WRONG, "write skew"): "LT303",
    (Verdict.DOUBLE_SUCCESS, ""): "LT303",
    (Verdict.STATUS_WRONG, "23505"): "LT302",
    (Verdict.STATUS_WRONG, "40001"): "LT603",
    (Verdict.STATUS_WRONG, "40P01"): "LT603",
}
_WORST = (Verdict.DATA_WRONG, Verdict.DOUBLE_SUCCESS)
_HELD = (Verdict.PROTECTED, Verdict.COMMUTES, Verdict.SERIAL)
_APART = "nothing that one of them reads or writes is written by the other"
_ONE_STATEMENT = (
    "each does all of it in one statement, and the database looks at a row again when another has changed it"
)
_ATTEMPTS = 2  # schedules to confirm: a gate that closes is mostly closed for all of them
_BRINK = 20  # times that a request is repeated to find where it begins to be refused


class Twice:
    """Every schedule with one preemption, both ways round, against the serial histories; where nothing shows, once
    more at the brink, where one more request would be refused."""

    name = "twice"
    codes = ("LT301", "LT302", "LT303", "LT603")

    def applies(self, case: Case) -> bool:
        return not (case.first.is_safe and case.second.is_safe)

    def run(self, laboratory: Laboratory, case: Case) -> Iterator[Result]:
        baseline = laboratory.baseline(requests_of(case))
        if why := baseline.unreached():
            yield self._not(case, Verdict.NOT_REACHED, why)
            return
        if not _writes_anything(baseline):
            yield self._not(case, Verdict.COMMUTES, "neither request was seen to write anything")
            return
        found = yield from self._explore(laboratory, case, baseline)
        if isinstance(found, Shown) or found.verdict is Verdict.INCONCLUSIVE:
            yield found
            return
        yield (yield from self._explore_at_brink(laboratory, case, found))

    def _explore_at_brink(
        self, laboratory: Laboratory, case: Case, found: NotShown
    ) -> Generator[Result, None, Shown | NotShown]:
        """Double spending shows only where one of the two would have been refused. Gives what was found before when
        there is no such place, or nothing more is to be seen there."""
        count, void = laboratory.trials.successes(case.first, _BRINK)
        if void is not None:
            words = f"{found.why.rstrip('.')}; where it begins to be refused was not reached, as after {count} in a row"
            return replace(found, why=f"{words} {void.why}")
        if not 1 < count < _BRINK:
            return found
        prelude = (case.first,) * (count - 1)
        baseline = laboratory.baseline(requests_of(case), prelude)
        if baseline.unreached():
            return found
        there = yield from self._explore(laboratory, case, baseline)
        if isinstance(there, NotShown) and there.verdict is Verdict.INCONCLUSIVE:
            return replace(there, why=f"where one more would be refused, {there.why}")
        return there if isinstance(there, Shown) else found

    def _explore(
        self, laboratory: Laboratory, case: Case, baseline: Baseline
    ) -> Generator[Result, None, Shown | NotShown]:
        reading = laboratory.reading(baseline)
        plans = _plans(laboratory, baseline)
        if not plans:
            return self._not(case, Verdict.COMMUTES, _APART)
        began = laboratory.clock()
        judged: list[tuple[Trial, Judgement]] = []
        attempts = 0
        for number, plan in enumerate(plans[: laboratory.budget.schedules]):
            if laboratory.clock() - began > laboratory.budget.seconds:
                break
            text = explain(plan.schedule)
            yield Tried(experiment=self.name, endpoint=case.endpoint, text=text, done=number, total=len(plans))
            trial = laboratory.interleaved(baseline, plan.schedule)
            judgement = laboratory.judged(trial, reading)
            if judgement.verdict in _WORST and attempts < _ATTEMPTS:
                attempts += 1
                judgement = laboratory.confirmed(trial, judgement, baseline)
                if judgement.is_proven:
                    return self._shown(laboratory, case, baseline, trial, judgement)
            judged.append((trial, judgement))
        for number, (trial, judgement) in enumerate(judged):
            if judgement.is_defect and attempts < _ATTEMPTS:
                attempts += 1
                confirmed = laboratory.confirmed(trial, judgement, baseline)
                if confirmed.is_proven:
                    return self._shown(laboratory, case, baseline, trial, confirmed)
                judged[number] = (trial, confirmed)
        return self._summary(laboratory, case, baseline, judged, len(plans))

    def _summary(
        self,
        laboratory: Laboratory,
        case: Case,
        baseline: Baseline,
        judged: list[tuple[Trial, Judgement]],
        total: int,
    ) -> NotShown:
        word = summarize([judgement for _, judgement in judged], total)
        shown = next((trial for trial, judgement in judged if judgement.verdict is word.verdict), None)
        if word.is_defect:  # every gate is checked for two suspicions only, and neither passed
            held_back = next((it.why for _, it in judged if it.verdict is Verdict.INCONCLUSIVE), "no gate was checked")
            why = f"it looks like {word.verdict.value}, and is not confirmed: {held_back}"
            word = replace(word, verdict=Verdict.INCONCLUSIVE, name="", why=why, differences=())
        if word.verdict in _HELD and (doubt := _unheld(baseline)):
            word = replace(word, verdict=Verdict.INCONCLUSIVE, name="", why=doubt)
        elif word.verdict is Verdict.COMMUTES and _is_one_statement(baseline):
            word = replace(word, why=f"{word.why}: {_ONE_STATEMENT}")
        return NotShown(
            experiment=self.name,
            code=_pattern(word) if word.is_defect else self.codes[0],
            endpoint=case.endpoint,
            verdict=word.verdict,
            name=word.name,
            why=word.explain(),
            trace=laboratory.tell(shown, word, baseline, self._title(case)) if shown else None,
            explored=len(judged),
            total=total,
        )

    def _shown(
        self, laboratory: Laboratory, case: Case, baseline: Baseline, trial: Trial, judgement: Judgement
    ) -> Shown:
        return Shown(
            experiment=self.name,
            code=code_of(judgement, trial),
            endpoint=case.endpoint,
            requests=trial.requests,
            schedule=trial.play.schedule,
            judgement=judgement,
            trace=laboratory.tell(trial, judgement, baseline, self._title(case)),
            prelude=baseline.prelude,
            runs=laboratory.trials.count,
        )

    def _title(self, case: Case) -> str:
        other = endpoint(case.second)
        if other in (case.endpoint, endpoint(case.first)):
            return f"{case.endpoint}, twice at the same time"
        return f"{case.endpoint} and {other} at the same time"

    def _not(self, case: Case, verdict: Verdict, why: str) -> NotShown:
        return NotShown(experiment=self.name, code=self.codes[0], endpoint=case.endpoint, verdict=verdict, why=why)


def code_of(judgement: Judgement, trial: Trial) -> str:
    """The pattern behind a proven run, "" when none is known: the check that lied decides. Rows were made twice though
    each request had looked for one and found nothing (check-then-create), or something found was no longer true: a row
    of another table that was tested, a count (check-then-act), a value (lost update)."""
    wrong = {difference.table for difference in judgement.differences if difference.table}
    if judgement.name in ("duplicate", "over limit") and wrong & _found_empty(trial) & _inserted(trial):
        return "LT302"
    return _pattern(judgement)


def _pattern(judgement: Judgement) -> str:
    detail = judgement.sqlstate if judgement.verdict is Verdict.STATUS_WRONG else judgement.name
    return _PATTERNS.get((judgement.verdict, detail), "")


def _found_empty(trial: Trial) -> set[str]:
    """Tables in which a plain read found nothing; EXISTS answers in a row of its own."""
    return {
        _qualified(trial, table)
        for operation, result in completed(trial.play.journal)
        if operation.kind is OperationKind.STATEMENT
        and not writes(operation)
        and (result.rows == 0 or "exists" in operation.fingerprint)
        for table in tables(operation.fingerprint)[:1]
    }


def _inserted(trial: Trial) -> set[str]:
    return {change.table for change in trial.changes if change.kind == "insert"}


def _qualified(trial: Trial, table: str) -> str:
    """A table as the changes of the trial name it."""
    names = {change.table.rpartition(".")[2]: change.table for change in trial.changes}
    return names.get(table, table)


def _plans(laboratory: Laboratory, baseline: Baseline) -> tuple[Candidate, ...]:
    """The schedules worth running: one of each class."""
    changes = {name: solo.changes for name, solo in baseline.solos.items()}
    places, schema = baseline.places, laboratory.schema
    reads = {}
    if not is_understood(places, schema):
        reads = reads_of(laboratory.trials, baseline.requests, schema, baseline.prelude)
    matters = touching(places, changes, schema, reads)
    return candidates(places, matters) or candidates_at_the_start(places, matters)


def _unheld(baseline: Baseline) -> str:
    """Why a statement that commits by itself may still go wrong beside its like, as a clause; "" when none may. In a
    transaction it is held before COMMIT, and the other one meets what it has read."""
    for places in baseline.places.values():
        for operation in (place.operation for place in places):
            if operation.status == "I" and _may_decide(operation, is_alone=len(places) == 1):
                return (
                    f"`{summary(operation.fingerprint)}` reads rows and writes by what it has read in one statement "
                    "that commits by itself: nothing can be held inside it, and two at once may read the same"
                )
    return ""


def _may_decide(operation: Operation, is_alone: bool) -> bool:
    """is_alone: whether it is all that its request does, so that a SELECT which calls a function did the writing."""
    is_candidate = is_alone or writes(operation) or operation.fingerprint.startswith("with")
    return operation.kind is OperationKind.STATEMENT and is_candidate and decides_inside(operation.text)


def _is_one_statement(baseline: Baseline) -> bool:
    """Whether each request is one statement to the database that commits by itself, and nothing else."""
    return all(
        len(places) == 1 and places[0].operation.kind is OperationKind.STATEMENT and places[0].operation.status == "I"
        for places in baseline.places.values()
    )


def _writes_anything(baseline: Baseline) -> bool:
    """By what was sent, and by what was seen: a function that is called may hide it."""
    left = (solo.observation for solo in baseline.solos.values())
    return any(_may_write(place) for places in baseline.places.values() for place in places) or any(
        run.changes or run.keys or run.upstream for run in left
    )


def _may_write(place: Place) -> bool:
    return writes(place.operation) or place.operation.kind is OperationKind.COMMIT


EXPERIMENT = Twice()
