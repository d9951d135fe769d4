"""Functions that only compute a value: these need not be inlined, as only what they return matters.

Most calls in a large program are of such functions: they format, convert, look up. For the analysis of a handler, all
that matters is what becomes of a row that passes through one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from looktwice.code.ir.common import Known
from looktwice.code.ir.control import FactKind
from looktwice.code.ir.effects import EffectKind
from looktwice.code.ir.summary import CallSite, FunctionSummary
from looktwice.code.ir.values import OriginKind, Value

ACTS = 1  # has an effect
TESTS = 2  # decides on its arguments, or rejects them: a test of a row may guard what the caller does next
CALLS = 4  # calls an argument
UNKNOWN = 8  # part of it was not understood
TESTED = frozenset(
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
"""The origins of values whose tests matter to the caller."""
CALLED = frozenset({OriginKind.FUNCTION, OriginKind.CALLBACK, OriginKind.PARAM, OriginKind.RESULT})
NOTHING: frozenset[OriginKind] = frozenset()
DECISIONS = frozenset({FactKind.TEST, FactKind.RAISE})


def impurities(
    functions: Mapping[str, FunctionSummary], callers: Mapping[str, tuple[tuple[str, CallSite], ...]]
) -> Mapping[str, int]:
    """The observable actions of each function, its own and its callees'."""
    bits = {name: impurity(summary) for name, summary in functions.items()}
    waiting = list(bits)
    while waiting:
        name = waiting.pop()
        for caller, site in callers.get(name, ()):
            if site.known > Known.GUESSED and bits[caller] | bits[name] != bits[caller]:
                bits[caller] |= bits[name]
                waiting.append(caller)
    return bits


def impurity(summary: FunctionSummary) -> int:
    """The observable actions of a function itself."""
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


def is_pure(impurity: int, values: Iterable[Value]) -> bool:
    """Whether a function with this impurity, called with these values, matters only by what it returns."""
    if impurity & ACTS:
        return False
    matters = (TESTED if impurity & TESTS else NOTHING) | (CALLED if impurity & CALLS else NOTHING)
    return not matters or not any(origin.kind in matters for value in values for origin in value)
