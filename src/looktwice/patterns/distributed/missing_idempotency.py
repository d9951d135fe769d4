"""LT607: a request that arrives twice takes effect twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.effects import STORE_WRITES, Effect, EffectKind, Trait
from looktwice.code.ir.handlers import HandlerKind
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind, Via
from looktwice.code.questions.bookkeeping import is_bookkeeping
from looktwice.code.questions.control import is_before
from looktwice.code.questions.knowledge import Knowledge, Program, Root
from looktwice.code.questions.lookups import state_checks
from looktwice.code.questions.outside import (
    fresh_origin,
    is_idempotent,
    key_of,
    may_move_money,
    moves_money,
    needs_confirmation,
    service,
)
from looktwice.code.questions.places import function_of, place, route_to
from looktwice.code.questions.sources import source_of
from looktwice.code.questions.trust import trust
from looktwice.code.questions.uniqueness import is_unique_over
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

DELIVERED = (HandlerKind.WEBHOOK, HandlerKind.MESSAGE)
WEBHOOK = re.compile(r"web-?_?hooks?|/ipn\b|/events?/incoming", re.IGNORECASE)


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    paying = k.leading_to(may_move_money)
    for root in k.shared_roots(STORE_WRITES | EffectKind.SEND | EffectKind.PUBLISH):
        if root.name not in paying and not is_delivered(root):
            continue
        if is_delivered(root):
            yield from _webhook(k, root)
        for effect in root.f.effects:
            if moves_money(root.f, effect) and (match := _money(root, effect)) is not None:
                yield match


def is_delivered(root: Root) -> bool:
    """Whether the handler is called by a system that retries when it is not sure."""
    handler = root.handler
    if handler is None:
        return False
    return handler.kind in DELIVERED or bool(WEBHOOK.search(handler.path) and handler.method in ("POST", "PUT", ""))


def _webhook(k: Knowledge, root: Root) -> Iterator[Match]:
    f = root.f
    for effect in f.effects:
        if not effect.kind & STORE_WRITES or not effect.target.name or is_bookkeeping(effect.target.name):
            continue
        if not adds_up(k, f, effect):
            continue
        if not is_recognised(k, f, effect):
            doubt = "its constraints could not be read" if may_be_unique(k, effect) else ""
            confidence, because = trust(f, (effect,), doubt)
            assert root.handler is not None
            yield Match(
                message="webhook",
                at=place(f, effect),
                role=Role.WRITE,
                function=function_of(f, effect),
                confidence=confidence,
                because=because,
                roles=((Role.DEFINITION, root.handler.place),),
                names={"definition": root.route},
                entity=effect.target.name,
                handler=root.route,
                path=route_to(effect),
            )
            return


def adds_up(k: Knowledge, f: FunctionSummary, effect: Effect) -> bool:
    """Whether doing the write twice has another result than doing it once."""
    if effect.traits & Trait.UPSERT:
        return False
    if effect.kind is EffectKind.CREATE:
        return is_unique_over(k.entity(effect), frozenset(put.column for put in effect.puts)) is not Maybe.YES
    if effect.kind is EffectKind.WRITE and not effect.traits & Trait.CONDITIONAL:
        return any(put.relative or _is_sum(f, put.value) for put in effect.puts)
    return False


def may_be_unique(k: Knowledge, effect: Effect) -> bool:
    """Whether a constraint that could not be read may prevent a second row."""
    if effect.kind is not EffectKind.CREATE:
        return False
    return is_unique_over(k.entity(effect), frozenset(put.column for put in effect.puts)) is Maybe.UNKNOWN


def _is_sum(f: FunctionSummary, value: int) -> bool:
    return value != NONE and any(o.kind is OriginKind.ROW and o.via & Via.ARITH for o in f.values[value])


def is_recognised(k: Knowledge, f: FunctionSummary, effect: Effect) -> bool:
    """Whether a second delivery is recognised: by an id stored under a unique key, or by a check of a stored row."""
    for each in f.effects:
        if each.kind is EffectKind.CREATE and each is not effect and is_before(f, each, effect):
            if is_unique_over(k.entity(each), frozenset(put.column for put in each.puts)) is Maybe.YES:
                return True
            if each.traits & Trait.UPSERT:
                return True
    kept = {each.target.name for each in f.effects if each.kind is EffectKind.CREATE} - {effect.target.name}
    return any(
        check.column or f.effects[check.read].kind is not EffectKind.READ or f.effects[check.read].target.name in kept
        for check in state_checks(f, effect)
    )


def _money(root: Root, call: Effect) -> Match | None:
    f = root.f
    key = key_of(call)
    if is_idempotent(f, call):
        return None
    fresh = fresh_origin(f, key) if key != NONE else None
    if key != NONE and fresh is None:
        return None
    source = source_of(root, fresh, call) if fresh is not None else None
    doubt = "" if call.traits & Trait.MONEY else "only its address suggests that it moves money"
    if needs_confirmation(call):
        doubt = "nothing is charged until it is confirmed"
    confidence, because = trust(f, (call,), doubt)
    return Match(
        message="fresh-key" if fresh is not None else "no-key",
        at=place(f, call),
        role=Role.CALL,
        function=function_of(f, call),
        confidence=confidence,
        because=because,
        roles=((Role.SOURCE, source),) if source is not None else (),
        names={"service": service(f, call), **({} if source is not None else {"source": "this line"})},
        handler=root.route,
        path=route_to(call),
    )
