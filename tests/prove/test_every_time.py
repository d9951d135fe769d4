"""A race proven once and not the next time would be no proof: the shop loses every time, its fixed version never."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.core.trace import Verdict
from looktwice.prove.experiments.experiment import NotShown, Shown
from looktwice.prove.experiments.twice import EXPERIMENT
from looktwice.prove.run.stage import Stage

EXAMPLES = Path(__file__).parents[2] / "examples"
RACES = {
    "POST /wallet/deposit": ("LT301", "lost update"),
    "POST /wallet/transfer": ("LT303", "over limit"),
    "POST /wallet/coupons": ("LT302", "over limit"),
}
TIMES = [5, pytest.param(100, marks=pytest.mark.thorough)]


@pytest.fixture(scope="module")
def shop() -> Iterator[Stage]:
    with Stage.open(EXAMPLES / "shop", load(EXAMPLES / "shop").prove) as stage:
        yield stage


@pytest.fixture(scope="module")
def fixed() -> Iterator[Stage]:
    with Stage.open(EXAMPLES / "shop_fixed", load(EXAMPLES / "shop_fixed").prove) as stage:
        yield stage


def asked(stage: Stage, endpoint: str) -> Shown | NotShown:
    """What the experiment says, from a laboratory that remembers nothing."""
    case = next(case for case in stage.cases if case.endpoint == endpoint)
    return [it for it in EXPERIMENT.run(stage.laboratory(), case) if isinstance(it, Shown | NotShown)][-1]


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("endpoint", RACES)
def test_the_shop_loses_every_time(shop, endpoint, times):
    for _ in range(times):
        shown = asked(shop, endpoint)
        assert isinstance(shown, Shown), shown
        assert (shown.code, shown.judgement.name) == RACES[endpoint]


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("endpoint", RACES)
def test_the_fixed_version_never_loses(fixed, endpoint, times):
    for _ in range(times):
        found = asked(fixed, endpoint)
        assert isinstance(found, NotShown), found
        assert found.verdict is Verdict.PROTECTED, found.why
