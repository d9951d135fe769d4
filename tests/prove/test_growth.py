"""How costs grow: the word for the numbers, and a real application asked with ten times the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from looktwice.core import config
from looktwice.core.trace import Verdict
from looktwice.prove.experiments.experiment import NotShown, Shown
from looktwice.prove.experiments.growth import Shape, shape
from looktwice.prove.experiments.ten_times_the_rows import EXPERIMENT
from looktwice.prove.run.stage import Stage

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("sizes", "costs", "expected"),
    [
        ([1, 10, 100], [3, 3, 3], Shape.CONSTANT),
        ([1, 10, 100], [3, 4, 4], Shape.CONSTANT),
        ([1, 10, 100], [100, 104, 108], Shape.CONSTANT),
        ([1, 10, 100], [2, 11, 101], Shape.LINEAR),
        ([2, 20, 200], [5, 41, 401], Shape.LINEAR),
        ([2, 20, 200], [7, 34, 304], Shape.LINEAR),
        ([1, 10, 50], [1, 10, 51], Shape.LINEAR),
        ([1, 10, 100], [2, 101, 10_001], Shape.QUADRATIC),
        ([3, 30, 300], [9, 900, 90_000], Shape.QUADRATIC),
        ([1, 10, 100], [2, 11, 21], Shape.BOUNDED),
        ([3, 30, 300], [4, 21, 21], Shape.BOUNDED),
        ([1, 10, 100], [50, 10, 10], Shape.CONSTANT),  # less is no growth
    ],
)
def test_the_shape_of_a_cost(sizes: list[float], costs: list[float], expected: Shape) -> None:
    assert shape(sizes, costs) is expected


@pytest.mark.parametrize(("sizes", "costs"), [([1, 2], [1, 2]), ([1, 2, 2], [1, 2, 3]), ([1, 2, 3], [1, 2])])
def test_too_little_to_tell(sizes: list[float], costs: list[float]) -> None:
    with pytest.raises(ValueError, match="three measurements"):
        shape(sizes, costs)


@pytest.mark.parametrize(("example", "grows"), [("shop", True), ("shop_fixed", False)])
def test_orders_with_ten_times_the_rows(example: str, grows: bool) -> None:
    """The list of orders queries each order's lines; the fixed version queries once."""
    root = EXAMPLES / example
    with Stage.open(root, config.load(root).prove) as stage:
        [case] = [case for case in stage.cases if case.endpoint == "GET /orders"]
        results = list(EXPERIMENT.run(stage.laboratory(), case))
    shown = [result for result in results if isinstance(result, Shown)]
    quiet = [result for result in results if isinstance(result, NotShown)]
    assert bool(shown) == grows
    if grows:
        assert (shown[0].code, shown[0].judgement.name) == ("LT401", "linear")
        assert shown[0].judgement.is_proven
        assert "order_items" in shown[0].judgement.why
        assert any("instead of" in step.words for step in shown[0].trace.steps)
    else:
        assert (quiet[0].code, quiet[0].verdict) == ("LT401", Verdict.SERIAL)
