"""Which functions a caller can tell from the value they give: the others need not be spliced, only what they return.

Most calls in a large program are of such functions: they format, convert, look up. Whoever reads a handler wants to
know what becomes of a row that goes through one, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from looktwice.code.effects import CallSite, EffectKind, FactKind, FunctionSummary, Known, OriginKind, Value

ACTS = 1  # has an effect
TESTS = 2  # decides by what it is given, or refuses it: a test of a row may guard what the caller does then
CALLS = 4  # calls what it is given
UNKNOWN = 8  # something in it was not understood
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
CALLED = frozenset({OriginKind.FUNCTION, OriginKind.CALLBACK, OriginKind.PARAM, OriginKind.RESULT})
NOTHING: frozenset[OriginKind] = frozenset()
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
    acts = any(effect.kind is not EffectKind.LOG for effect in summary.effects)
    tests = (
        summary.effects
        or summary.raises
        or summary.never_returns
        or any(fact.kind in DECISIONS for fact in summary.facts)
        or any(region.detail == "after-raise" for region in summary.regions)
    )
    return (
        (ACTS if acts else 0)
        | (TESTS if tests else 0)
        | (CALLS if summary.invokes else 0)
        | (0 if summary.complete else UNKNOWN)
    )


def is_quiet(noise: int, values: Iterable[Value]) -> bool:
    """Whether a function that makes this noise and is given these values is told by what it returns alone."""
    if noise & ACTS:
        return False
    matters = (TOLD_APART if noise & TESTS else NOTHING) | (CALLED if noise & CALLS else NOTHING)
    return not matters or not any(origin.kind in matters for value in values for origin in value)
