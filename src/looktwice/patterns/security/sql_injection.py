"""LT101: a value that a caller controls becomes part of the text of a statement."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE, Place
from looktwice.code.ir.effects import Effect, Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.questions.knowledge import Knowledge, Program, Root
from looktwice.code.questions.places import function_of, place, route_to
from looktwice.code.questions.sources import source_of
from looktwice.code.questions.taint import dangerous
from looktwice.code.questions.trust import trust
from looktwice.core.finding import Role
from looktwice.patterns.match import Match


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    for root in k.roots_to(has_built_text):
        for effect in root.f.effects:
            text = raw_text(effect)
            if text != NONE and (match := _match(root, effect, text)) is not None:
                yield match


def raw_text(effect: Effect) -> int:
    """The index of the value that is run as SQL text; NONE when there is none."""
    return dict(effect.args).get("text", NONE) if effect.traits & Trait.RAW else NONE


def has_built_text(f: FunctionSummary) -> bool:
    """Whether any SQL text here is not a constant."""
    texts = (raw_text(effect) for effect in f.effects)
    return any(o.kind is not OriginKind.CONST for text in texts if text != NONE for o in f.values[text])


def _match(root: Root, effect: Effect, text: int) -> Match | None:
    f = root.f
    for origin in dangerous(f, text):
        is_request = origin.kind is OriginKind.REQUEST
        if not is_request and not origin.via & Via.CONCAT:
            continue  # the whole statement comes from elsewhere and is checked where it is built
        source = source_of(root, origin, effect)
        confidence, because = trust(f, (effect,), *_doubts(f, origin))
        return Match(
            message="from-request" if is_request else "built",
            at=place(f, effect),
            role=Role.SINK,
            function=function_of(f, effect),
            confidence=confidence,
            because=because,
            roles=((Role.SOURCE, source),) if source else (),
            names={"source": "its caller"} if source is None else {},
            handler=root.route,
            path=route_to(effect),
        )
    return None


def _doubts(f: FunctionSummary, origin: Origin) -> Iterator[str]:
    if origin.kind is not OriginKind.REQUEST:
        yield "the origin of the value is not known"
    if origin.kind is OriginKind.SELF:
        yield "it is an attribute of the object"
    if origin.via & Via.OPAQUE:
        yield "it passed through a call of unknown effect"


__all__ = ["Place", "detect"]
