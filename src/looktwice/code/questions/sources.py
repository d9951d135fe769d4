"""Where a value enters the code: the line to show to the reader."""

from __future__ import annotations

from looktwice.code.ir.common import Place
from looktwice.code.ir.control import Fact, FactKind
from looktwice.code.ir.effects import Effect
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.libraries import shipped
from looktwice.code.project.names import language_of
from looktwice.code.questions.knowledge import Root
from looktwice.code.questions.places import place

GENERATED = (OriginKind.FRESH, OriginKind.CLOCK)


def source_of(root: Root, origin: Origin, before: Effect) -> Place | None:
    """Where a value with this origin is first read, before the effect; otherwise the handler's own place."""
    f = root.f
    candidates = [
        fact
        for fact in f.facts
        if fact.kind is FactKind.GET and fact.order < before.order and _takes(f, fact.result, origin)
    ]
    if origin.kind in GENERATED:
        candidates = [fact for fact in f.facts if fact.order < before.order and _makes(f, fact, origin.kind)][-1:]
    if candidates:
        return place(f, min(candidates, key=lambda fact: fact.order))
    if origin.kind in (OriginKind.REQUEST, OriginKind.PARAM):
        return root.handler.place if root.handler else Place(f.path, f.start, f.start)
    return None


def _makes(f: FunctionSummary, fact: Fact, kind: OriginKind) -> bool:
    """Whether a fact is the call that returns a value of this kind: a random value, the time."""
    if fact.kind is not FactKind.CALL:
        return False
    found = shipped(language_of(fact.path or f.path)).call(fact.name)
    return found is not None and found[0].returns == kind.name.lower()


def _takes(f: FunctionSummary, value: int, origin: Origin) -> bool:
    if value < 0:
        return False
    return any((o.kind, o.ref, o.path) == (origin.kind, origin.ref, origin.path) for o in f.values[value])
