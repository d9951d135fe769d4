"""The tests that hold when something runs: the branches around it, and earlier checks that would have thrown."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from looktwice.code.effects import NONE, Comparison, Effect, Fact, FunctionSummary, Maybe, Origin, RegionKind, Value
from looktwice.code.questions.control import ancestors, are_exclusive

EXITS = ("after-raise", "after-return")
FUNCTIONS = (RegionKind.CALL, RegionKind.CALLBACK)
PASSING = (RegionKind.BODY, RegionKind.CALL, RegionKind.SCOPE, RegionKind.CALLBACK, RegionKind.TRY)


class Check(Struct, frozen=True, array_like=True):
    """One comparison that was made before the effect runs.

    fact: the test. holds: its result. is_certain: this comparison alone is known to have that result; when `a and b`
    was false, neither is.
    """

    fact: int
    atom: Comparison
    holds: bool
    is_certain: bool


def guards(f: FunctionSummary, effect: Effect | Fact) -> tuple[Check, ...]:
    """The tests on the path to an effect or a fact, outermost first."""
    shared = set(ancestors(f, effect.region))
    found = dict.fromkeys(shared)
    for number, region in enumerate(f.regions):
        if region.detail not in EXITS or region.order > effect.order or number in found:
            continue
        if _passes(f, number, shared) and not are_exclusive(f, number, effect.region):
            found[number] = None
    numbers = sorted(found, key=lambda number: f.regions[number].order)
    return tuple(each for number in numbers for each in _of_branch(f, number))


def _passes(f: FunctionSummary, region: int, shared: set[int]) -> bool:
    """Whether every exit from `region` into the regions shared with the effect has passed its test.

    After an early return in a callee the caller continues; after a throw it does not.
    """
    returns = False
    regions = f.regions
    while region != NONE:
        if region in shared:
            return True
        it = regions[region]
        region = it.parent
        if it.kind is RegionKind.BRANCH and it.detail in EXITS:
            returns = returns or it.detail == "after-return"
            continue
        if it.kind not in PASSING or it.detail == "swallows" or (returns and it.kind in FUNCTIONS):
            return False
    return True


def _of_branch(f: FunctionSummary, number: int) -> Iterator[Check]:
    region = f.regions[number]
    if region.kind is not RegionKind.BRANCH or region.fact == NONE or region.holds is Maybe.UNKNOWN:
        return
    fact = f.facts[region.fact]
    holds = region.holds is Maybe.YES
    is_certain = len(fact.tests) == 1 or fact.conjunctive == holds
    for atom in fact.tests:
        yield Check(region.fact, atom, holds != atom.negated, is_certain)


def sides(f: FunctionSummary, atom: Comparison) -> Iterator[tuple[Value, Value]]:
    """Both sides of a comparison, in both orders."""
    left = f.values[atom.left] if atom.left != NONE else ()
    right = f.values[atom.right] if atom.right != NONE else ()
    yield left, right
    if right:
        yield right, left


def origins(f: FunctionSummary, atom: Comparison) -> Iterator[Origin]:
    """The origins on both sides."""
    for number in (atom.left, atom.right):
        if number != NONE:
            yield from f.values[number]
