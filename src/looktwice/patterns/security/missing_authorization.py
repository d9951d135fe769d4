"""LT108: a row is selected by an id from the request, and nothing ties it to the caller."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE
from looktwice.code.ir.effects import STORE_READS, STORE_WRITES, Effect, EffectKind
from looktwice.code.ir.handlers import GuardRole, HandlerKind
from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.questions.knowledge import Knowledge, Program, Root
from looktwice.code.questions.ownership import (
    chosen_by_request,
    has_unread_guard,
    is_behind_scoped_read,
    is_permitted,
    is_publicly_listed,
    is_scoped,
    is_tied,
    partial_tests,
    uses,
)
from looktwice.code.questions.places import function_of, place, route_to
from looktwice.code.questions.rows import column_name
from looktwice.code.questions.sources import source_of
from looktwice.code.questions.trust import trust
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

ASKED = (HandlerKind.HTTP, HandlerKind.ACTION, HandlerKind.RPC)


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    for root in k.roots:
        if root.handler is None or root.handler.kind not in ASKED or is_permitted(root.handler):
            continue
        if not program.reach[root.name] & (STORE_READS | STORE_WRITES):
            continue
        for number, effect in enumerate(root.f.effects):
            if effect.target.name in k.owner_columns and (match := _match(k, root, number)) is not None:
                yield match
                break


def _match(k: Knowledge, root: Root, number: int) -> Match | None:
    f = root.f
    effect = f.effects[number]
    if (claim := _claimed_owner(k, root, effect)) is not None:
        return _found(k, root, effect, "claimed", claim)
    if not effect.kind & (STORE_READS | EffectKind.WRITE | EffectKind.DELETE) or is_scoped(f, effect):
        return None
    chosen = chosen_by_request(k, f, effect)
    if chosen is None or is_tied(f, effect) or is_behind_scoped_read(k, f, effect, chosen[1]):
        return None
    key = chosen[0]
    if effect.kind & STORE_WRITES:
        return _found(k, root, effect, "change", key)
    loose = [use for use in uses(k, f, number) if not is_tied(f, use)]
    if not loose:
        return None
    changed = next((use for use in loose if isinstance(use, Effect) and use.kind & STORE_WRITES), None)
    if changed is None and is_publicly_listed(k, effect.target.name):
        return None
    return _found(k, root, effect, "change" if changed else "read", key, changed)


def _claimed_owner(k: Knowledge, root: Root, effect: Effect) -> Origin | None:
    """The owner of a new row, when it is taken from the request although the caller is authenticated."""
    f = root.f
    if effect.kind is not EffectKind.CREATE or not _knows_principal(root):
        return None
    entity = k.entity(effect)
    if is_scoped(f, effect) or is_tied(f, effect):
        return None
    owners = k.owner_columns[effect.target.name]
    for put in effect.puts:
        if put.value != NONE and column_name(entity, put.column) in owners:
            for origin in f.values[put.value]:
                if origin.kind is OriginKind.REQUEST:
                    return origin
    return None


def _knows_principal(root: Root) -> bool:
    if root.handler and any(guard.role is GuardRole.AUTHENTICATES for guard in root.handler.guards):
        return True
    f = root.f
    return any(origin.kind is OriginKind.PRINCIPAL for value in f.values for origin in value)


def _found(
    k: Knowledge, root: Root, effect: Effect, message: str, origin: Origin, changed: Effect | None = None
) -> Match:
    f = root.f
    roles = [(Role.WRITE, place(f, changed))] if changed else []
    roles += [(Role.GUARD, place(f, f.facts[each])) for each in partial_tests(f, changed or effect)]
    entity = k.entity(effect)
    source = source_of(root, origin, effect)
    knows = _knows_principal(root)
    doubt = "" if knows else "the route does not authenticate the caller"
    unread = "the checks of the route's guard could not be read" if has_unread_guard(root.handler) else ""
    confidence, because = trust(f, (effect,), doubt, unread)
    return Match(
        message=message,
        at=place(f, effect),
        role=Role.READ if effect.kind & STORE_READS else Role.WRITE,
        function=function_of(f, effect),
        confidence=confidence,
        because=because,
        roles=(*(((Role.SOURCE, source),) if source else ()), *roles),
        names={"entity": k.name(effect)},
        entity=entity.name if entity else "",
        handler=root.route,
        path=route_to(effect),
    )
