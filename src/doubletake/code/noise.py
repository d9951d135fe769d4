"""Which functions a caller can tell from the value they give: the others need not be spliced, only what they return.

Most calls in a large program are of such functions: they format, convert, look up. Whoever reads a handler wants to know
what becomes of a row that goes through one, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

from doubletake.code.effects import CallSite, EffectKind, FactKind, FunctionSummary, Known, OriginKind, Value

ACTS = 1  # has an effect, yields, or calls what it is given
TESTS = 2  # decides by what it is given, or refuses it: a test of a row may guard what the caller does then
TOLD_APART = frozenset(
    {
        OriginKind.ROW,
        OriginKind.COUNT,
        OriginKind.RESPONSE,
        OriginKind.REQUEST,
        OriginKind.PRINCIPAL,
        OriginKind.ERROR,
        OriginKind.CALLBACK,
        OriginKind.RESULT,
    }
)
"""What a value must be for a test of it to matter."""
DECISIONS = frozenset({FactKind.TEST, FactKind.RAISE})


def noises(
    functions: Mapping[str, FunctionSummary], callers: Mapping[str, tuple[tuple[str, CallSite], ...]]
) -> Mapping[str, int]:
    """What each function does, itself or through the functions it calls."""
    bits = {name: noise(summary) for name, summary in functions.items()}
    waiting = list(bits)
    while waiting:
        name = waiting.pop()
        for caller, site in callers.get(name, ()):
            if site.known > Known.GUESSED and bits[caller] | bits[name] != bits[caller]:
                bits[caller] |= bits[name]
                waiting.append(caller)
    return bits


def noise(summary: FunctionSummary) -> int:
    """What a function does itself."""
    acts = (
        summary.invokes
        or summary.is_generator
        or not summary.complete
        or any(effect.kind is not EffectKind.LOG for effect in summary.effects)
        or any(call.callbacks for call in summary.calls)
    )
    tests = (
        summary.effects
        or summary.raises
        or summary.never_returns
        or any(fact.kind in DECISIONS for fact in summary.facts)
        or any(region.detail == "after-raise" for region in summary.regions)
    )
    return (ACTS if acts else 0) | (TESTS if tests else 0)


def is_told_apart(value: Value) -> bool:
    """Whether a test of this value may matter to the caller."""
    return any(origin.kind in TOLD_APART for origin in value)
