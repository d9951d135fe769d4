"""Every code that an experiment can report is explained: by a page, or in the table of outcomes without one."""

from __future__ import annotations

import pytest

from looktwice.patterns.catalogue import catalogue
from looktwice.prove.experiments import twice
from looktwice.prove.experiments.aftermath import ENDINGS
from looktwice.prove.experiments.experiment import Experiment, experiments
from looktwice.prove.experiments.outcomes import OUTCOMES

PAGES = {it.code for it in catalogue().patterns}


@pytest.mark.parametrize("experiment", experiments(), ids=lambda it: it.name)
def test_its_codes_are_explained(experiment: Experiment) -> None:
    assert [it for it in experiment.codes if it not in PAGES and it not in OUTCOMES] == []


def test_what_is_reported_is_among_the_codes() -> None:
    of_faults = {it for each in experiments() if each.name != "twice" for it in each.codes}
    assert {it.code for it in ENDINGS if it.code} <= of_faults
    assert set(twice._PATTERNS.values()) <= set(twice.EXPERIMENT.codes)


@pytest.mark.parametrize("code", OUTCOMES)
def test_an_outcome_is_reported_and_has_no_page(code: str) -> None:
    assert code not in PAGES
    assert {it.name for it in experiments() if code in it.codes} == set(OUTCOMES[code].experiments)
    assert OUTCOMES[code].summary.endswith(".")
    of_endings = {it.name for it in ENDINGS if it.code == code}
    assert not of_endings or OUTCOMES[code].name in of_endings
