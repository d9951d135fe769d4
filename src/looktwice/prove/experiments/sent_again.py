"""What happens if the same message arrives twice? A request that carries an identity must have one effect.

Two equal requests one after the other are a legal history, so the serial oracle can never show this: what says that
they are one is the identity they carry (`once = true`, or an idempotency key in the headers).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from looktwice.core.trace import Verdict
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiments.experiment import NotShown, Result, Shown, Tried
from looktwice.prove.oracle.acceptance import Gate
from looktwice.prove.oracle.verdict import Judgement
from looktwice.prove.run.extent import Extent
from looktwice.prove.run.identity import carries_identity
from looktwice.prove.run.laboratory import Laboratory
from looktwice.prove.run.trial import Trial
from looktwice.prove.schedule.explorer import candidates
from looktwice.prove.schedule.schedule import Schedule, explain, serial

_REPEATS = 3


class SentAgain:
    """The same request after itself, then inside itself at every point."""

    name = "sent-again"
    codes = ("LT607",)

    def applies(self, case: Case) -> bool:
        return carries_identity(case)

    def run(self, laboratory: Laboratory, case: Case) -> Iterator[Result]:
        alone = laboratory.baseline({"A": case.first})
        if why := alone.unreached():
            yield self._not(case, Verdict.NOT_REACHED, why)
            return
        extent = Extent(alone.solos["A"].observation, laboratory.reading(alone))
        again = laboratory.baseline({"A": case.first, "B": case.first})
        orders: list[Schedule] = [serial("A", "B"), *(plan.schedule for plan in candidates(again.places))]
        plans = orders[: laboratory.budget.schedules]
        ended = _Ended(total=len(orders))
        for number, plan in enumerate(plans):
            yield Tried(experiment=self.name, endpoint=case.endpoint, text=explain(plan), done=number, total=len(plans))
            trial = laboratory.interleaved(again, plan)
            if trial.play.unreached or not trial.succeeded:
                ended.others.append(trial.play.unreached or "neither delivery was answered with success")
                continue
            if extent.is_complete(trial.observation):
                ended.held += 1
                continue
            twice = self._second_effect(extent, trial)
            repeats = [laboratory.interleaved(again, plan) for _ in range(_REPEATS - 1)] if twice else []
            if twice and all(self._second_effect(extent, repeat) == twice for repeat in repeats):
                yield self._shown(laboratory, case, trial, alone.solos["A"], twice)
                return
            what = f"{twice}, but not every time" if twice else extent.tell_difference(trial.observation)
            ended.doubts.append(f"{explain(plan)}: {what}")
        verdict, why = ended.verdict()
        yield replace(self._not(case, verdict, why), explored=ended.explored, total=ended.total)

    def _second_effect(self, extent: Extent, trial: Trial) -> str:
        """What was done once more than one delivery does it, "" when nothing was or both were refused."""
        return extent.doubled(trial.observation) if trial.succeeded else ""

    def _shown(self, laboratory: Laboratory, case: Case, trial: Trial, once: Trial, twice: str) -> Shown:
        in_turn = trial.play.schedule == serial("A", "B")
        judgement = Judgement(
            verdict=Verdict.DATA_WRONG,
            name="double apply",
            why="the same request, carrying the same identity, was delivered twice "
            + ("one after the other" if in_turn else "at the same time")
            + f": {twice}",
            gates=(Gate(5, f"{_REPEATS} of {_REPEATS} repeats give the same result", True),),
        )
        baseline = laboratory.baseline(trial.requests)
        beside = {"once": once.observation}
        trace = laboratory.tell(trial, judgement, baseline, f"{case.endpoint}, the same message twice", beside)
        return Shown(
            experiment=self.name,
            code="LT607",
            endpoint=case.endpoint,
            requests=trial.requests,
            schedule=trial.play.schedule,
            judgement=judgement,
            trace=trace,
            runs=laboratory.trials.count,
        )

    def _not(self, case: Case, verdict: Verdict, why: str) -> NotShown:
        return NotShown(experiment=self.name, code="LT607", endpoint=case.endpoint, verdict=verdict, why=why)


class _Ended(Struct):
    """How the orders of two deliveries ended, of `total` that there are. `others` could not be judged, and say why."""

    total: int
    held: int = 0
    doubts: list[str] = []
    others: list[str] = []

    @property
    def explored(self) -> int:
        return self.held + len(self.doubts)

    def verdict(self) -> tuple[Verdict, str]:
        if self.doubts:
            return Verdict.INCONCLUSIVE, f"not what one delivery leaves, and not reliably twice that: {self.doubts[0]}"
        if not self.held:
            return Verdict.INCONCLUSIVE, f"no order could be judged: {next(iter(self.others), 'none was run')}"
        if self.held == self.total:
            return Verdict.PROTECTED, f"{self.held} orders of two deliveries, and each left what one leaves"
        rest = f"; {len(self.others)} could not be judged: {self.others[0]}" if self.others else ""
        return Verdict.SERIAL, f"two deliveries left what one leaves in {self.held} of {self.total} orders{rest}"


EXPERIMENT = SentAgain()
