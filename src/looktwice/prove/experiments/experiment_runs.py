"""Runs one experiment on one case, and gives no result unless the application still behaves as before.

After every experiment a canary runs: one serial run, which must end as it did at the beginning. When it does not, the
application is brought back and everything since the last good canary, which is this one experiment, is run again.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from looktwice.core.trace import Verdict
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiments.experiment import Experiment, NotShown, Result, Shown, Tried
from looktwice.prove.run.laboratory import Laboratory, requests_of
from looktwice.prove.run.trial import Part
from looktwice.prove.run.void import Void, VoidRunError
from looktwice.prove.schedule.schedule import serial

_TIMES = 3
_CLAIMS = (Verdict.PROTECTED, Verdict.COMMUTES, Verdict.SERIAL, Verdict.RESPONSE_ONLY, Verdict.INCONCLUSIVE)


def run_experiment(laboratory: Laboratory, experiment: Experiment, case: Case) -> Iterator[Result]:
    """The runs while they are made, then the results. What could not be determined is a result too, with its reason."""
    doubt: Void | None = None
    appeared: list[str] = []
    for _ in range(_TIMES):
        before = dict(laboratory.trials.background.everything)
        results: list[NotShown | Shown] = []
        try:
            laboratory.baseline(requests_of(case))
            laboratory.trials.contested.clear()  # until then it was not known what is whose
            for result in experiment.run(laboratory, case):
                if isinstance(result, Tried):
                    yield result
                else:
                    results.append(result)
            doubt = laboratory.canary(case)
            appeared = [name for name in laboratory.trials.background.everything if name not in before]
            if doubt is None and not appeared:
                yield from (_allowed(laboratory, case, result) for result in results)
                return
            laboratory.forget()
            if doubt is not None:
                _bring_back(laboratory, case, doubt)
        except VoidRunError as error:
            yield _void(experiment, case, error.void)
            return
    if doubt is not None:
        yield _void(experiment, case, doubt)
    else:
        why = f"writers that belong to no request keep appearing ({', '.join(appeared)})"
        yield _inconclusive(experiment, case, why)


def _bring_back(laboratory: Laboratory, case: Case, doubt: Void) -> None:
    """Until a serial run is answered as before. Raises VoidRunError when it never is."""

    def check() -> Void | None:
        laboratory.forget()
        baseline = laboratory.baseline(requests_of(case))
        if why := baseline.unreached():
            return replace(doubt, why=f"{doubt.why}; now {why}")
        return None

    laboratory.trials.recover(doubt, check, Part({"A": case.first}, serial("A")))


def _allowed(laboratory: Laboratory, case: Case, result: NotShown | Shown) -> NotShown | Shown:
    """The result, unless it says more than could be seen: a background writer had its hands in the same rows."""
    contested = frozenset(laboratory.trials.contested)
    if isinstance(result, Shown):
        touched = _touched(result, contested)
        if not touched:
            return result
        why = f"it looks like {result.judgement.verdict.value}, but {_named(touched)} also written in the background"
        return _not_shown(result, why)
    if not result.rests_on_rows:
        return result
    if contested:
        why = f"{_named(contested)} also written in the background, so its rows cannot be compared"
        return replace(result, verdict=Verdict.INCONCLUSIVE, why=why)
    if result.verdict in _CLAIMS and (hidden := laboratory.hidden(case)):
        why = f"all that it writes is set aside and was not judged ({', '.join(sorted(hidden))})"
        return replace(result, verdict=Verdict.INCONCLUSIVE, why=why)
    return result


def _touched(shown: Shown, contested: frozenset[str]) -> frozenset[str]:
    """What a defect rests on of what others write too: the places that differ; all of it when none is named."""
    if shown.judgement.verdict is Verdict.GROWS:
        return frozenset()
    differences = shown.judgement.differences
    tables = {table for it in differences for table in (it.table, *it.further)}
    places = " ".join(it.place for it in differences)
    return frozenset(name for name in contested if not differences or name in tables or f"Redis key {name}" in places)


def _named(tables: frozenset[str]) -> str:
    names = ", ".join(sorted(name.removeprefix("public.") for name in tables))
    return f"{names} {'is' if len(tables) == 1 else 'are'}"


def _void(experiment: Experiment, case: Case, void: Void) -> NotShown:
    return replace(_inconclusive(experiment, case, f"{void.name}: {void.why}"), name=void.name)


def _inconclusive(experiment: Experiment, case: Case, why: str) -> NotShown:
    return NotShown(
        experiment=experiment.name,
        code=experiment.codes[0],
        endpoint=case.endpoint,
        verdict=Verdict.INCONCLUSIVE,
        why=why,
    )


def _not_shown(shown: Shown, why: str) -> NotShown:
    return NotShown(
        experiment=shown.experiment,
        code=shown.code,
        endpoint=shown.endpoint,
        verdict=Verdict.INCONCLUSIVE,
        why=why,
        trace=replace(shown.trace, verdict=Verdict.INCONCLUSIVE, explanation=why),
    )
