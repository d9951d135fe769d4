"""The confidence of a finding: computed from how each of its links was resolved, never assigned by hand."""

from __future__ import annotations

from collections.abc import Iterable

from looktwice.code.ir.common import Known
from looktwice.code.ir.effects import Effect
from looktwice.code.ir.summary import FunctionSummary
from looktwice.core.finding import Confidence

LEVELS = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)


def trust(f: FunctionSummary, effects: Iterable[Effect], *doubts: str) -> tuple[Confidence, tuple[str, ...]]:
    """The confidence of a finding that rests on these effects, and the facts that decided it.

    doubts: further unknowns, one sentence each. One unknown makes it medium; two, or a guessed name, make it low.
    """
    because = [doubt for doubt in doubts if doubt]
    guessed = False
    for each in effects:
        name = each.name or each.kind.name or ""
        if each.known <= Known.GUESSED:
            guessed = True
            because.append(f"`{name}` is known by its name only")
        elif each.known is Known.IMPLEMENTS:
            because.append(f"`{name}` may be one of several")
    because = list(dict.fromkeys(because))
    level = 2 if guessed else min(len(because), 2)
    return LEVELS[level], tuple(because) or ("every name is resolved and nothing protects it",)
