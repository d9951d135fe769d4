"""Where something stands in the control of its function: what is around it, and what comes before it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TypeVar

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import Fact, Region, RegionKind
from looktwice.code.ir.effects import Effect
from looktwice.code.ir.summary import CallSite, FunctionSummary, Invoke
from looktwice.code.questions.once import once

CONDITIONAL = (RegionKind.BRANCH, RegionKind.LOOP, RegionKind.HANDLER, RegionKind.CALLBACK, RegionKind.DEFERRED)
"""What may be left out in a run of the code around it."""

Item = TypeVar("Item", Fact, Effect, CallSite, Invoke)


def ancestors(f: FunctionSummary, region: int) -> Iterator[int]:
    """The numbers of the region and of those around it, innermost first."""
    while region != NONE:
        yield region
        region = f.regions[region].parent


def is_inside(f: FunctionSummary, region: int, outer: int) -> bool:
    """Whether `region` is `outer` or stands within it."""
    return f.nesting.contains(outer, region)


def facts_inside(f: FunctionSummary, region: int) -> list[Fact]:
    """The facts inside a region, in order."""
    return _inside(f, f.facts, region)


def effects_inside(f: FunctionSummary, region: int) -> list[Effect]:
    """The effects inside a region, in order."""
    return _inside(f, f.effects, region)


def calls_inside(f: FunctionSummary, region: int) -> list[CallSite]:
    """The calls of project code inside a region, in order."""
    return _inside(f, f.calls, region)


def invokes_inside(f: FunctionSummary, region: int) -> list[Invoke]:
    """The calls of parameters inside a region, in order."""
    return _inside(f, f.invokes, region)


def _inside(f: FunctionSummary, items: Sequence[Item], region: int) -> list[Item]:
    if region == NONE or not items:
        return []
    places, numbers = _by_place(f, items)
    nesting = f.nesting
    start, end = bisect_left(places, nesting.first[region]), bisect_left(places, nesting.after[region])
    return [items[number] for number in sorted(numbers[start:end])]


def _by_place(f: FunctionSummary, items: Sequence[Item]) -> tuple[list[int], list[int]]:
    """The places of the items' regions in ascending order, and the numbers of the items in that order."""
    key = ("by place", type(items[0]))
    if key not in f.answers:
        first = f.nesting.first
        ordered = sorted(range(len(items)), key=lambda number: first[items[number].region])
        f.answers[key] = [first[items[number].region] for number in ordered], ordered
    found: tuple[list[int], list[int]] = f.answers[key]
    return found


@once
def _handlers(f: FunctionSummary) -> dict[int, list[int]]:
    """The HANDLER regions by the choice that they are an arm of."""
    found: dict[int, list[int]] = {}
    for number, region in enumerate(f.regions):
        if region.kind is RegionKind.HANDLER and region.choice != NONE:
            found.setdefault(region.choice, []).append(number)
    return found


def handlers(f: FunctionSummary, attempt: int) -> list[int]:
    """The HANDLER regions of a TRY region."""
    return _handlers(f).get(f.regions[attempt].choice, [])


@once
def innermost(f: FunctionSummary, region: int, *kinds: RegionKind) -> int:
    """The nearest region of one of these kinds around `region` (itself included); NONE when there is none."""
    return next((number for number in ancestors(f, region) if f.regions[number].kind in kinds), NONE)


def around(f: FunctionSummary, region: int, kind: RegionKind, detail: str = "") -> Iterator[Region]:
    """All regions of the kind around `region`, innermost first, whose detail begins with `detail`."""
    for number in ancestors(f, region):
        if f.regions[number].kind is kind and f.regions[number].detail.startswith(detail):
            yield f.regions[number]


def are_exclusive(f: FunctionSummary, a: int, b: int) -> bool:
    """Whether two regions are in different arms of one choice, so that never both run."""
    arm, other = f.nesting.below(a, b), f.nesting.below(b, a)
    if NONE in (arm, other):
        return False
    return f.regions[arm].choice == f.regions[other].choice != NONE


def is_before(f: FunctionSummary, a: Effect, b: Effect) -> bool:
    """Whether `a` can have happened when `b` does, in one run: earlier, not in another arm, not left for later."""
    if a.order >= b.order or are_exclusive(f, a.region, b.region):
        return False
    later = innermost(f, a.region, RegionKind.DEFERRED)
    return later == NONE or is_inside(f, b.region, later)


def is_certain_before(f: FunctionSummary, a: Effect, b: Effect) -> bool:
    """Whether `a` has happened whenever `b` does: before it, and in no branch, loop or handler that `b` is not in."""
    if not is_before(f, a, b):
        return False
    condition = _condition(f, a.region)
    return condition == NONE or is_inside(f, b.region, condition)


@once
def _condition(f: FunctionSummary, region: int) -> int:
    """The nearest region around that may be left out while the code around it runs; NONE without one."""
    return next(
        (
            number
            for number in ancestors(f, region)
            if f.regions[number].kind in CONDITIONAL and not f.regions[number].detail.startswith("after-")
        ),
        NONE,
    )
