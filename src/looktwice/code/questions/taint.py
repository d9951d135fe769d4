"""Values from outside, and what sanitises them on the way."""

from __future__ import annotations

from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Via

HARMLESS = Via.PARSE | Via.ALLOWED | Via.QUOTED | Via.COUNTED | Via.COMPARE | Via.ARITH
OUTSIDE = (OriginKind.REQUEST,)
ELSEWHERE = (OriginKind.PARAM, OriginKind.ARGUMENT, OriginKind.ROW, OriginKind.RESPONSE, OriginKind.SELF)


def dangerous(f: FunctionSummary, value: int) -> tuple[Origin, ...]:
    """The origins of a value that can be arbitrary text, those from a request first."""
    found = [each for each in f.values[value] if not each.via & HARMLESS]
    return (
        *(each for each in found if each.kind in OUTSIDE),
        *(each for each in found if each.kind in ELSEWHERE),
    )
