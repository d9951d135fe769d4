"""What happens if the same message arrives twice? A request that carries an identity must have one effect.

Two equal requests one after the other are a legal history, so the serial oracle can never show this: what says that
they are one is the identity they carry (`once = true`, or an idempotency key in the headers).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from looktwice.core.trace import Verdict
from looktwice.prove.aftermath import Extent
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiment import NotShown, Result, Shown, Tried
from looktwice.prove.explorer import candidates
from looktwice.prove.laboratory import Laboratory
from looktwice.prove.oracle.acceptance import Gate
from looktwice.prove.oracle.verdict import Judgement
from looktwice.prove.schedule import Schedule, explain, serial
from looktwice.prove.trial import Trial

_KEYS = frozenset({"idempotency-key", "x-idempotency-key", "x-request-id"})
_REPEATS = 3


class SentAgain:
    """The same request after itself, then inside itself at every point."""

    name = "sent-again"
    codes = ("LT607",)

    def applies(self, case: Case) -> bool:
        return case.once or any(name.lower() in _KEYS for name, _ in case.first.headers)

    def run(self, laboratory: Laboratory, case: Case) -> Iterator[Result]:
        alone = laboratory.baseline({"A": case.first})
        if why := alone.unreached():
            yield self._not(case, Verdict.NOT_REACHED, why)
            return
        extent = Extent(alone.solos["A"].observation, laboratory.reading(alone))
        again = laboratory.baseline({"A": case.first, "B": case.first})
        plans: list[Schedule] = [serial("A", "B"), *(plan.schedule for plan in candidates(again.places))]
        plans = plans[: laboratory.budget.schedules]
        for number, plan in enumerate(plans):
            yield Tried(experiment=self.name, endpoint=case.endpoint, text=explain(plan), done=number, total=len(plans))
            trial = laboratory.interleaved(again, plan)
            if not trial.play.unreached and self._has_two_effects(extent, trial):
                repeats = [laboratory.interleaved(again, plan) for _ in range(_REPEATS - 1)]
                if all(self._has_two_effects(extent, repeat) for repeat in repeats):
                    yield self._shown(laboratory, case, trial, alone.solos["A"])
                    return
        why = f"{len(plans)} orders of two deliveries, and each left what one leaves"
        yield replace(self._not(case, Verdict.PROTECTED, why), explored=len(plans), total=len(plans))

    def _has_two_effects(self, extent: Extent, trial: Trial) -> bool:
        succeeded = any(response.is_success for response in trial.play.responses.values())
        return succeeded and not extent.is_whole(trial.observation)

    def _shown(self, laboratory: Laboratory, case: Case, trial: Trial, once: Trial) -> Shown:
        in_turn = trial.play.schedule == serial("A", "B")
        judgement = Judgement(
            verdict=Verdict.DATA_WRONG,
            name="double apply",
            why="the same request, carrying the same identity, was delivered twice "
            + ("one after the other" if in_turn else "at the same time")
            + " and had two effects",
            gates=(Gate(5, f"{_REPEATS} of {_REPEATS} repeats come to the same", True),),
        )
        baseline = laboratory.baseline(trial.requests)
        trace = laboratory.tell(trial, judgement, baseline, f"{case.endpoint}, the same message twice")
        single = laboratory.narrator.tell(once, "")
        return Shown(
            experiment=self.name,
            code="LT607",
            endpoint=case.endpoint,
            requests=trial.requests,
            schedule=trial.play.schedule,
            judgement=judgement,
            trace=replace(trace, serial=(("once", single.final),)),
            runs=laboratory.trials.count,
        )

    def _not(self, case: Case, verdict: Verdict, why: str) -> NotShown:
        return NotShown(experiment=self.name, code="LT607", endpoint=case.endpoint, verdict=verdict, why=why)


EXPERIMENT = SentAgain()
