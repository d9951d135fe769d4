"""Where things are in the source, and how they got there."""

from __future__ import annotations

from looktwice.code.effects import Effect, Fact, FunctionSummary, Place, Region


def place(f: FunctionSummary, thing: Effect | Fact | Region) -> Place:
    """The stretch of source that an effect, a fact or a region is, in whichever file."""
    return Place(thing.path or f.path, thing.start, thing.end)


def route_to(effect: Effect) -> tuple[tuple[Place, str], ...]:
    """The calls that lead from the function looked at to the effect, with words for each."""
    return tuple((call, "calls") for call in effect.calls)


def function_of(f: FunctionSummary, effect: Effect) -> str:
    """The qualified name of the function whose text holds the effect."""
    return effect.function or f.name
