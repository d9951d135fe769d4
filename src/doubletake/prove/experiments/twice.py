"""What happens if this runs twice at the same time? Two requests, one stopped where the other can do harm."""

from __future__ import annotations

import time
from collections.abc import Iterator

from doubletake.core.trace import Verdict
from doubletake.prove.app.requests.cases import Case
from doubletake.prove.experiment import NotShown, Result, Shown, Tried
from doubletake.prove.explorer import Candidate, Place, candidates, writes
from doubletake.prove.laboratory import Baseline, Laboratory, pair, requests_of
from doubletake.prove.oracle.judge import summarize
from doubletake.prove.oracle.verdict import Judgement
from doubletake.prove.schedule import explain
from doubletake.prove.trial import Trial
from doubletake.prove.wire.operation import OperationKind

_BY_NAME = {
    "lost update": "DT301",
    "duplicate": "DT302",
    "over limit": "DT303",
    "write skew": "DT303",
    "lost effect": "DT301",
    "not serializable": "DT303",
}


class Twice:
    """Every schedule with one preemption, both ways round, against the serial histories."""

    name = "twice"
    codes = ("DT301", "DT302", "DT303", "DT307", "DT309", "DT310")

    def applies(self, case: Case) -> bool:
        return not (case.first.is_safe and case.second.is_safe)

    def run(self, laboratory: Laboratory, case: Case) -> Iterator[Result]:
        baseline = laboratory.baseline(requests_of(case))
        why = baseline.unreached()
        if why:
            yield self._not(case, Verdict.NOT_REACHED, why)
            return
        plans = candidates(baseline.places)
        if not _writes_anything(baseline) or not plans:
            yield self._not(case, Verdict.COMMUTES, "neither request writes anything")
            return
        yield from self._explore(laboratory, case, baseline, plans)

    def _explore(
        self, laboratory: Laboratory, case: Case, baseline: Baseline, plans: tuple[Candidate, ...]
    ) -> Iterator[Result]:
        reading = laboratory.reading(baseline)
        began = time.monotonic()
        judged: list[tuple[Trial, Judgement]] = []
        for number, plan in enumerate(plans[: laboratory.budget.schedules]):
            if time.monotonic() - began > laboratory.budget.seconds:
                break
            yield Tried(
                experiment=self.name,
                endpoint=case.endpoint,
                text=explain(plan.schedule),
                done=number,
                total=len(plans),
            )
            trial = laboratory.trials.run(baseline.requests, plan.schedule)
            judgement = laboratory.judged(trial, reading)
            if judgement.verdict is Verdict.DATA_WRONG or judgement.verdict is Verdict.DOUBLE_SUCCESS:
                judgement = laboratory.confirmed(trial, judgement, baseline)
                if judgement.is_proven:
                    yield self._shown(laboratory, case, baseline, trial, judgement, number + 1)
                    return
            judged.append((trial, judgement))
        yield self._summary(laboratory, case, baseline, judged, len(plans))

    def _summary(
        self,
        laboratory: Laboratory,
        case: Case,
        baseline: Baseline,
        judged: list[tuple[Trial, Judgement]],
        total: int,
    ) -> Result:
        for trial, judgement in judged:
            if judgement.is_defect:
                confirmed = laboratory.confirmed(trial, judgement, baseline)
                if confirmed.is_proven:
                    return self._shown(laboratory, case, baseline, trial, confirmed, len(judged))
        word = summarize([judgement for _, judgement in judged], total)
        shown = next((trial for trial, judgement in judged if judgement.verdict is word.verdict), None)
        return NotShown(
            experiment=self.name,
            code=_BY_NAME.get(word.name, self.codes[0]),
            endpoint=case.endpoint,
            verdict=word.verdict,
            name=word.name,
            why=word.explain(),
            trace=laboratory.tell(shown, word, baseline, self._title(case)) if shown else None,
            explored=len(judged),
            total=total,
        )

    def _shown(
        self,
        laboratory: Laboratory,
        case: Case,
        baseline: Baseline,
        trial: Trial,
        judgement: Judgement,
        runs: int,
    ) -> Shown:
        return Shown(
            experiment=self.name,
            code=code_of(judgement, trial),
            endpoint=case.endpoint,
            requests=baseline.requests,
            schedule=trial.play.schedule,
            judgement=judgement,
            trace=laboratory.tell(trial, judgement, baseline, self._title(case)),
            runs=runs,
        )

    def _title(self, case: Case) -> str:
        return f"{case.endpoint}, twice at the same time"

    def _not(self, case: Case, verdict: Verdict, why: str) -> NotShown:
        return NotShown(experiment=self.name, code=self.codes[0], endpoint=case.endpoint, verdict=verdict, why=why)


def code_of(judgement: Judgement, trial: Trial) -> str:
    """The pattern behind a proven run. What decides is the read on which the other request's commit made a lie:
    nothing was found there and a row was made (check-then-create), or a row was found that changed."""
    found = pair(trial)
    if found is not None:
        read = _rows_read(trial, found.reader, found.read)
        makes = found.write.lstrip().lower().startswith("insert")
        if read == 0 and makes:
            return "DT302"
    if judgement.verdict is Verdict.STATUS_WRONG and judgement.sqlstate == "23505":
        return "DT302"
    calls_only = judgement.name == "duplicate" and all(not difference.table for difference in judgement.differences)
    return "DT303" if calls_only else _BY_NAME.get(judgement.name, "DT303")


def _rows_read(trial: Trial, reader: str, text: str) -> int | None:
    from doubletake.prove.observe import completed

    for operation, result in completed(trial.play.journal):
        if trial.names.get(operation.lane, operation.lane) == reader and operation.text == text:
            return result.rows
    return None


def _writes_anything(baseline: Baseline) -> bool:
    return any(_may_write(place) for places in baseline.places.values() for place in places)


def _may_write(place: Place) -> bool:
    return writes(place.operation) or place.operation.kind is OperationKind.COMMIT


EXPERIMENT = Twice()
