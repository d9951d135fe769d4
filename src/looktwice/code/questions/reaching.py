"""What a function can reach, computed from the functions' own effects before any inlining.

Inlining is the expensive part of an audit. The answers here may be false positives but never false negatives: they only
keep detectors from roots where they cannot find anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import Region, RegionKind
from looktwice.code.ir.effects import STORE_READS, STORE_WRITES, Effect, TargetKind
from looktwice.code.ir.summary import CallSite, FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.questions.control import calls_inside, effects_inside, handlers, invokes_inside
from looktwice.code.questions.failure import Fate, fate, is_broad

ANY_STORE = 1  # in a pair of entity sets: an entity that is only known once its function is called
REPEATS = (RegionKind.LOOP, RegionKind.PARALLEL)
MAY_BE_ROWS = frozenset(
    {
        OriginKind.ROW,
        OriginKind.REQUEST,
        OriginKind.PARAM,
        OriginKind.SELF,
        OriginKind.RESULT,
        OriginKind.ARGUMENT,
    }
)
"""Origins that are rows or the caller's input, or may turn out to be once callers and callees are known."""
Callers = Mapping[str, tuple[tuple[str, CallSite], ...]]
Wanted = Callable[[Effect], bool]


def reading_and_writing(
    functions: Mapping[str, FunctionSummary], callers: Callers, referring: Mapping[str, list[str]]
) -> frozenset[str]:
    """The functions that reach both a read and a write of the same entity."""
    numbers: dict[str, int] = {}
    bits = {name: _read_and_written(f, numbers) for name, f in functions.items()}
    width = len(numbers) + 1
    found = {name: reads | writes << width for name, (reads, writes) in bits.items()}
    waiting = [name for name, each in found.items() if each]
    while waiting:
        name = waiting.pop()
        mine = found[name]
        for caller in _users(name, callers, referring):
            if found[caller] | mine != found[caller]:
                found[caller] |= mine
                waiting.append(caller)
    return frozenset(name for name, each in found.items() if _overlap(each & ((1 << width) - 1), each >> width))


def _overlap(reads: int, writes: int) -> bool:
    return bool(reads & writes or (reads & ANY_STORE and writes) or (writes & ANY_STORE and reads))


def _read_and_written(f: FunctionSummary, numbers: dict[str, int]) -> tuple[int, int]:
    """The entities that a function reads and those that it writes, as bit sets."""
    reads = writes = 0
    for each in f.effects:
        if each.kind & (STORE_READS | STORE_WRITES):
            is_open = each.target.ref != NONE and each.target.kind is TargetKind.ENTITY
            bit = ANY_STORE if is_open else 2 << numbers.setdefault(each.target.name, len(numbers))
            if each.kind & STORE_READS:
                reads |= bit
            if each.kind & STORE_WRITES:
                writes |= bit
    return reads, writes


def references(functions: Mapping[str, FunctionSummary]) -> Mapping[str, list[str]]:
    """By function: those that mention it as a value, and may pass it to a function that calls it."""
    found: dict[str, list[str]] = {}
    for name, f in functions.items():
        for each in f.constants:
            if isinstance(each, str) and each in functions:
                found.setdefault(each, []).append(name)
    return found


def _users(name: str, callers: Callers, referring: Mapping[str, list[str]]) -> Iterator[str]:
    yield from (caller for caller, site in callers.get(name, ()) if site.known > Known.GUESSED)
    yield from referring.get(name, ())


def repeats(f: FunctionSummary, is_wanted: Wanted, leading: frozenset[str], bounded: tuple[str, ...]) -> bool:
    """Whether a loop over what may be rows contains a wanted effect or a call that reaches one.

    A function that is passed in may do anything. leading: the functions that reach wanted effects. bounded: details of
    loops that do not count.
    """
    loops = [
        number
        for number, region in enumerate(f.regions)
        if region.kind in REPEATS and region.detail not in bounded and _may_be_rows(f, region)
    ]
    return any(_holds(f, loop, is_wanted, leading) for loop in loops)


def _may_be_rows(f: FunctionSummary, loop: Region) -> bool:
    return loop.value != NONE and any(origin.kind in MAY_BE_ROWS for origin in f.values[loop.value])


def _holds(f: FunctionSummary, region: int, is_wanted: Wanted, leading: frozenset[str]) -> bool:
    """Whether a wanted effect may happen inside a region."""
    return (
        any(is_wanted(each) for each in effects_inside(f, region))
        or bool(invokes_inside(f, region))
        or any(each.callbacks or not leading.isdisjoint(each.candidates) for each in calls_inside(f, region))
    )


def may_swallow(f: FunctionSummary, is_wanted: Wanted, leading: frozenset[str]) -> bool:
    """Whether a wanted effect may fail where the function itself catches the error and does not report it."""
    for number, region in enumerate(f.regions):
        if region.kind is RegionKind.SCOPE and region.detail.startswith("suppress"):
            return True
        if region.kind is RegionKind.HANDLER and region.detail == "catch" and fate(f, number) is not Fate.REPORTED:
            return True
        if region.kind is RegionKind.TRY and _holds(f, number, is_wanted, leading):
            caught = (each for each in handlers(f, number) if is_broad(f.regions[each]))
            if any(fate(f, each) is not Fate.REPORTED for each in caught):
                return True
    return False
