"""Where something stands in the control of its function: what is around it, and what comes before it."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.effects import NONE, Effect, FunctionSummary, Region, RegionKind


def ancestors(f: FunctionSummary, region: int) -> Iterator[int]:
    """The numbers of the region and of those around it, innermost first."""
    while region != NONE:
        yield region
        region = f.regions[region].parent


def is_inside(f: FunctionSummary, region: int, outer: int) -> bool:
    """Whether `region` is `outer` or stands within it."""
    return outer in ancestors(f, region)


def handlers(f: FunctionSummary, attempt: int) -> list[int]:
    """The HANDLER regions of a TRY region."""
    choice = f.regions[attempt].choice
    return [
        number
        for number, region in enumerate(f.regions)
        if region.kind is RegionKind.HANDLER and region.choice == choice != NONE
    ]


def innermost(f: FunctionSummary, region: int, *kinds: RegionKind) -> int:
    """The nearest region of one of these kinds around `region` (itself included); NONE when there is none."""
    return next((number for number in ancestors(f, region) if f.regions[number].kind in kinds), NONE)


def around(f: FunctionSummary, region: int, kind: RegionKind, detail: str = "") -> Iterator[Region]:
    """All regions of the kind around `region`, innermost first, whose detail begins with `detail`."""
    for number in ancestors(f, region):
        if f.regions[number].kind is kind and f.regions[number].detail.startswith(detail):
            yield f.regions[number]


def are_exclusive(f: FunctionSummary, a: int, b: int) -> bool:
    """Whether two regions are arms of one choice, so that never both run."""
    arms = {f.regions[number].choice: number for number in ancestors(f, a) if f.regions[number].choice != NONE}
    return any(
        arms.get(f.regions[number].choice, number) != number
        for number in ancestors(f, b)
        if f.regions[number].choice != NONE
    )


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
    shared = set(ancestors(f, b.region))
    conditional = (RegionKind.BRANCH, RegionKind.LOOP, RegionKind.HANDLER, RegionKind.CALLBACK, RegionKind.DEFERRED)
    return all(
        number in shared or f.regions[number].kind not in conditional or f.regions[number].detail.startswith("after-")
        for number in ancestors(f, a.region)
    )
