"""Runs one request under every fault of a table and reports what each left: shared by the experiments with faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from looktwice.core.trace import Verdict
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiments.aftermath import Seen, Word, classify
from looktwice.prove.experiments.experiment import NotShown, Result, Shown, Tried
from looktwice.prove.experiments.faults import BEFORE_REQUEST, FaultKind, fault_at
from looktwice.prove.network.success import is_success
from looktwice.prove.network.wire.operation import OperationKind
from looktwice.prove.network.wire.sql_text import summary
from looktwice.prove.oracle import Observation
from looktwice.prove.oracle.acceptance import Gate
from looktwice.prove.oracle.verdict import Judgement
from looktwice.prove.run.extent import Extent
from looktwice.prove.run.identity import carries_identity
from looktwice.prove.run.laboratory import Baseline, Laboratory
from looktwice.prove.run.trial import Part, Trial
from looktwice.prove.run.void import VoidRunError
from looktwice.prove.schedule.explorer import Place
from looktwice.prove.schedule.schedule import serial

_ALONE = "A"
_WHOLE, _NONE = "without the fault", "not at all"
_REPEATS = 3
_REPEATED = Gate(5, f"{_REPEATS} of {_REPEATS} repeats give the same result", True)
_WAITED = Gate(5, "one run, and no answer for longer than clients wait", True)
_NEVER = ("hang", "no answer")
_LONGER = 3  # times the budget of a pair's schedules: a fault is two runs and more, and some wait for nothing

Table = Callable[[Sequence[Place]], Iterator[tuple[Place, FaultKind]]]


class Faulted:
    """One experiment: the request alone, met with each fault of `table`, then sent again, then another."""

    def __init__(self, name: str, codes: tuple[str, ...], table: Table, reads_too: bool = False) -> None:
        self.name, self.codes, self._table, self._reads_too = name, codes, table, reads_too

    def applies(self, case: Case) -> bool:
        return self._reads_too or not case.first.is_safe

    def run(self, laboratory: Laboratory, case: Case) -> Iterator[Result]:
        baseline = laboratory.baseline({_ALONE: case.first})
        if why := baseline.unreached():
            yield self._not(case, Verdict.NOT_REACHED, why)
            return
        points = list(self._table(baseline.places[_ALONE]))[: laboratory.budget.schedules]
        if not points:
            return
        shown: set[str] = set()
        doubted: list[str] = []
        endings: Counter[str] = Counter()
        began, tried = laboratory.clock(), 0
        for number, (place, kind) in enumerate(points):
            if laboratory.clock() - began > _LONGER * laboratory.budget.seconds:
                break
            tried = number + 1
            text = kind.words
            if kind not in BEFORE_REQUEST:
                text += f" at `{summary(place.point.fingerprint)}`"
            yield Tried(experiment=self.name, endpoint=case.endpoint, text=text, done=number, total=len(points))
            trial, word = self._examine(laboratory, case, place, kind)
            endings[word.note] += not word.is_defect
            if not word.is_defect or (word.code or word.name) in shown:
                continue
            if word.code == "LT607" and not carries_identity(case):
                doubted.append(f"{text}: {word.why}. It carries no key by which a repetition could be recognised")
                continue
            if word.name not in _NEVER and not self._repeats(laboratory, case, (place, kind), word):
                doubted.append(f"{text}: {word.why}, but not every time")
                continue
            shown.add(word.code or word.name)
            yield self._shown(laboratory, case, trial, word, text)
        if not shown:
            why = doubted[0] if doubted else f"{tried} fault{'s' * (tried != 1)}: {_counted(endings)}"
            missing = self._not(case, Verdict.SERIAL if not doubted else Verdict.INCONCLUSIVE, why)
            yield replace(missing, explored=tried, total=len(points))

    def _examine(self, laboratory: Laboratory, case: Case, place: Place, kind: FaultKind) -> tuple[Trial, Word]:
        baseline = laboratory.baseline({_ALONE: case.first})
        requests = {_ALONE: case.first}
        faulted = Part(requests, serial(_ALONE), (fault_at(place, kind),))
        judged = _without_cache if place.operation.kind is OperationKind.COMMAND else _whole
        usual = baseline.solos[_ALONE]
        extent = Extent(judged(usual.observation), laboratory.reading(baseline))
        before = laboratory.printed()
        first = laboratory.trials.run_on([faulted])[0]
        response = first.play.responses[_ALONE]
        complaint = laboratory.complaint(before) if response.status is None else ""
        has_died = laboratory.revive() > 0
        seen = Seen(
            fault=kind,
            response=response,
            run=judged(first.observation),
            has_died=has_died,
            is_met=first.meets_its_faults,
            printed=complaint,
            request=case.first,
            usual=usual.play.responses[_ALONE],
        )
        reports_success = is_success(case.first, response, seen.usual)
        if has_died or reports_success or not seen.is_met or response.error == "timeout":
            return first, classify(seen, extent)
        seen = replace(seen, is_logged=laboratory.has_printed(before))
        later = laboratory.trials.run(requests, serial(_ALONE))
        seen = replace(seen, next_answer=later.play.responses[_ALONE])
        if _ALONE not in later.succeeded:
            seen = replace(seen, recovers=self._starts_afresh(laboratory, baseline))
        if not extent.is_nothing(seen.run):
            first, again = laboratory.trials.run_on([faulted, Part(requests, serial(_ALONE))])
            seen = replace(
                seen,
                run=judged(first.observation),
                retried=judged(again.observation),
                again=again.play.responses[_ALONE],
            )
        return first, classify(seen, extent)

    def _starts_afresh(self, laboratory: Laboratory, baseline: Baseline) -> bool | None:
        """Start the application again and see that it answers as ever: only then is what it did not do before the
        fault's doing. None where it cannot be started again.

        Raises VoidRunError when it does not: then something else is in the way.
        """
        if laboratory.trials.recovery is None:
            return None
        laboratory.trials.afresh(Part(baseline.requests, serial(_ALONE)))
        doubt = laboratory.doubt(baseline)
        if doubt is not None:
            raise VoidRunError(doubt)
        return True

    def _repeats(self, laboratory: Laboratory, case: Case, point: tuple[Place, FaultKind], word: Word) -> bool:
        """Whether it comes to the same every time."""
        for _ in range(_REPEATS - 1):
            _, other = self._examine(laboratory, case, *point)
            if (other.name, other.code) != (word.name, word.code):
                return False
        return True

    def _shown(self, laboratory: Laboratory, case: Case, trial: Trial, word: Word, text: str) -> Shown:
        baseline = laboratory.baseline({_ALONE: case.first})
        judgement = Judgement(
            verdict=word.verdict,
            name=word.name,
            why=f"{text}: {word.why}",
            gates=(_WAITED if word.name in _NEVER else _REPEATED,),
        )
        beside = {_WHOLE: baseline.solos[_ALONE].observation, _NONE: Observation()}
        trace = laboratory.tell(trial, judgement, baseline, f"{case.endpoint}: {text}", beside)
        return Shown(
            experiment=self.name,
            code=word.code,
            endpoint=case.endpoint,
            requests={_ALONE: case.first},
            schedule=trial.play.schedule,
            faults=trial.faults,
            judgement=judgement,
            trace=trace,
            runs=laboratory.trials.count,
        )

    def _not(self, case: Case, verdict: Verdict, why: str) -> NotShown:
        return NotShown(experiment=self.name, code=self.codes[0], endpoint=case.endpoint, verdict=verdict, why=why)


def _counted(endings: Counter[str]) -> str:
    """How many faults ended in which harmless way: "10 not answered with success, and none of it done"."""
    return "; ".join(f"{count} {note}" for note, count in endings.most_common() if count)


def _whole(run: Observation) -> Observation:
    return run


def _without_cache(run: Observation) -> Observation:
    return replace(run, keys=())
