"""How a cost grows with the existing rows: from a few measurements to one word."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise


class Shape(StrEnum):
    CONSTANT = "constant"
    BOUNDED = "bounded"  # grows at first, then no more: a page, a limit
    LINEAR = "linear"
    QUADRATIC = "quadratic"

    @property
    def grows(self) -> bool:
        return self in (Shape.LINEAR, Shape.QUADRATIC)


def shape(sizes: Sequence[float], costs: Sequence[float]) -> Shape:
    """The shape of a cost over growing sizes, at least three of each.

    The slopes between neighbouring measurements decide: equal for a line, falling to nothing for a bound; for a square
    they grow as the sums of neighbouring sizes do. A difference of less than two units, or of a tenth of the first
    cost, is none.
    Raises ValueError for fewer than three measurements or sizes that do not grow.
    """
    if len(sizes) != len(costs) or len(sizes) < 3 or any(b <= a for a, b in pairwise(sizes)):
        raise ValueError("three measurements at growing sizes are needed")
    least = max(2.0, abs(costs[0]) * 0.1)
    if max(costs) - min(costs) < least or costs[-1] - costs[0] < least:
        return Shape.CONSTANT
    first, last = _slope(sizes, costs, 0), _slope(sizes, costs, len(sizes) - 2)
    if last * (sizes[-1] - sizes[-2]) < least or last < 0.2 * first:
        return Shape.BOUNDED
    square = (sizes[-1] + sizes[-2]) / (sizes[1] + sizes[0])
    return Shape.QUADRATIC if first > 0 and last / first > square**0.5 else Shape.LINEAR


def _slope(sizes: Sequence[float], costs: Sequence[float], at: int) -> float:
    return (costs[at + 1] - costs[at]) / (sizes[at + 1] - sizes[at])
