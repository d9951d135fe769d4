"""The tests that hold when something runs: the branches around it, and earlier checks that would have thrown."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.control import Comparison, Fact, RegionKind
from looktwice.code.ir.effects import Effect
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, Value
from looktwice.code.questions.control import ancestors, are_exclusive, is_inside
from looktwice.code.questions.once import once

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
    return _guards(f, effect.region, effect.order)


@once
def _guards(f: FunctionSummary, place: int, order: int) -> tuple[Check, ...]:
    found = set(ancestors(f, place))
    obstacles = _obstacles(f)
    for number in _exits(f):
        if f.regions[number].order > order:
            break
        if number in found or are_exclusive(f, number, place):
            continue
        obstacle = obstacles[number][False]
        if obstacle == NONE or is_inside(f, place, obstacle):
            found.add(number)
    numbers = sorted(found, key=lambda number: (f.regions[number].order, number))
    return tuple(each for number in numbers for each in _of_branch(f, number))


@once
def _exits(f: FunctionSummary) -> list[int]:
    """The rests of blocks behind early exits out of their function, in order."""
    found = [number for number, region in enumerate(f.regions) if region.detail in EXITS]
    return sorted(found, key=lambda number: f.regions[number].order)


@once
def _obstacles(f: FunctionSummary) -> list[tuple[int, int]]:
    """For each region the nearest one around it, or itself, that not every way out of it leads through; NONE without.

    A callee that returned early goes on in its caller; one that threw does not. The first of a pair is for a way that
    has passed no early return yet, the second for one that has.
    """
    found: list[tuple[int, int]] = []
    for number, region in enumerate(f.regions):
        plain, returned = found[region.parent] if region.parent != NONE else (NONE, NONE)
        if region.kind is RegionKind.BRANCH and region.detail in EXITS:
            plain = returned if region.detail == "after-return" else plain
        elif region.kind not in PASSING or region.detail == "swallows":
            plain = returned = number
        elif region.kind in FUNCTIONS:
            returned = number
        found.append((plain, returned))
    return found


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
