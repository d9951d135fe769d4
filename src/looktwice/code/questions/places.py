"""Source locations of effects, facts and regions, and the calls that lead to them."""

from __future__ import annotations

from looktwice.code.ir.common import Place
from looktwice.code.ir.control import Fact, Region
from looktwice.code.ir.effects import Effect
from looktwice.code.ir.summary import FunctionSummary


def place(f: FunctionSummary, thing: Effect | Fact | Region) -> Place:
    """The source range of an effect, a fact or a region, in its file."""
    return Place(thing.path or f.path, thing.start, thing.end)


def route_to(effect: Effect) -> tuple[tuple[Place, str], ...]:
    """The calls that lead from the analysed function to the effect, each with a description."""
    return tuple((call, "calls") for call in effect.calls)


def function_of(f: FunctionSummary, effect: Effect) -> str:
    """The qualified name of the function that contains the effect."""
    return effect.function or f.name
