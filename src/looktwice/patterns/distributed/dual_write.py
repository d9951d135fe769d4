"""LT605: one operation changes the database and another system, and may stop between the two."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE
from looktwice.code.ir.effects import STORE_WRITES, Effect, EffectKind, Trait
from looktwice.code.ir.handlers import HandlerKind
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.questions.bookkeeping import is_bookkeeping
from looktwice.code.questions.control import ancestors, are_exclusive, is_before
from looktwice.code.questions.delivery import is_compensated, is_repeatable, is_resumable, is_swept
from looktwice.code.questions.knowledge import Knowledge, Program, Root
from looktwice.code.questions.outside import (
    changes_outside,
    has_stable_key,
    is_idempotent,
    is_negligible,
    is_notification,
    needs_confirmation,
    service,
)
from looktwice.code.questions.places import function_of, place, route_to
from looktwice.code.questions.transactions import commit_after, is_transaction, scope
from looktwice.code.questions.trust import trust
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

REDELIVERED = (HandlerKind.MESSAGE, HandlerKind.JOB)


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    sending = k.leading_to(lambda f: any(changes_outside(each) for each in f.effects))
    storing = k.leading_to(may_be_durable)
    for root in k.shared_roots(STORE_WRITES, EffectKind.SEND | EffectKind.PUBLISH):
        if root.name not in sending or root.name not in storing:
            continue
        reported: set[str] = set()
        for effect in root.f.effects:
            name = service(root.f, effect)
            if matters(root.f, effect) and name not in reported and (match := _match(k, root, effect)) is not None:
                reported.add(name)
                yield match


def may_be_durable(f: FunctionSummary) -> bool:
    """Whether a function commits, opens a transaction or makes an autocommitted write."""
    return (
        any(each.kind is EffectKind.COMMIT for each in f.effects)
        or any(is_transaction(region) for region in f.regions)
        or any(each.kind & STORE_WRITES and each.traits & Trait.AUTOCOMMIT for each in f.effects)
    )


def matters(f: FunctionSummary, call: Effect) -> bool:
    """Whether it matters that the call was not made, or made in vain; for a courtesy message it does not."""
    return changes_outside(call) and not (
        is_notification(f, call) or is_negligible(f, call) or needs_confirmation(call)
    )


def _match(k: Knowledge, root: Root, call: Effect) -> Match | None:
    f = root.f
    if is_repeatable(f, call) and (has_stable_key(f, call) or is_idempotent(f, call)):
        return None
    inside = _enclosing(f, call)
    if inside != NONE:
        begin = f.regions[inside]
        if any(each.kind & STORE_WRITES and scope(f, each) == inside for each in f.effects):
            return _found(k, root, call, "inside", Role.TRANSACTION, None, inside, begin.fact)
    before = _durable_before(f, call)
    after = _durable_after(f, call)
    is_open = before is not None and (is_swept(k, f, before[0], call) or is_resumable(f, before[0]))
    if after is not None and is_open and has_stable_key(f, call):
        return None
    if after is not None and (before is None or _is_nearer(f, after[1], call, before[1])):
        return _found(k, root, call, "orphan", Role.COMMIT, after, NONE, NONE)
    if before is not None:
        write, commit = before
        if is_compensated(f, call, write) or is_swept(k, f, write, call):
            return None
        if root.handler is not None and root.handler.kind in REDELIVERED and has_stable_key(f, call):
            return None
        return _found(k, root, call, "half-done", Role.COMMIT, (write, commit), NONE, NONE)
    return None


def _is_nearer(f: FunctionSummary, after: Effect, call: Effect, before: Effect) -> bool:
    """Whether less happens between the call and the later commit than between the earlier one and the call."""
    later = sum(call.order < each.order < after.order for each in f.effects)
    earlier = sum(before.order < each.order < call.order for each in f.effects)
    return later < earlier


def _enclosing(f: FunctionSummary, call: Effect) -> int:
    """The transaction block around the call, whatever its handle: it stays open until the response arrives."""
    return next((number for number in ancestors(f, call.region) if is_transaction(f.regions[number])), NONE)


def _durable_before(f: FunctionSummary, call: Effect) -> tuple[Effect, Effect] | None:
    """The last write that is already committed when the call is made, and its commit."""
    found = None
    for write in f.effects:
        if write.kind & STORE_WRITES and is_before(f, write, call) and not is_bookkeeping(write.target.name):
            commit = commit_after(f, write)
            if commit is not None and commit.order < call.order and not are_exclusive(f, commit.region, call.region):
                found = (write, commit)
    return found


def _durable_after(f: FunctionSummary, call: Effect) -> tuple[Effect, Effect] | None:
    """The first write that is committed after the call, and its commit."""
    for write in f.effects:
        if is_bookkeeping(write.target.name):
            continue
        if write.kind & STORE_WRITES and not are_exclusive(f, write.region, call.region):
            commit = commit_after(f, write)
            if commit is not None and commit.order > call.order and is_before(f, call, commit):
                return write, commit
    return None


def _found(
    k: Knowledge,
    root: Root,
    call: Effect,
    message: str,
    role: Role,
    durable: tuple[Effect, Effect] | None,
    region: int,
    fact: int,
) -> Match:
    f = root.f
    where = place(f, durable[1]) if durable else place(f, f.regions[region])
    entity = k.entity(durable[0]) if durable else None
    confidence, because = trust(f, (call, *(durable or ())))
    return Match(
        message=message,
        at=place(f, call),
        role=Role.CALL,
        function=function_of(f, call),
        confidence=confidence,
        because=because,
        roles=((role, where),),
        names={
            "service": service(f, call),
            "entity": k.name(durable[0]) if durable else "the change",
        },
        entity=entity.name if entity else "",
        handler=root.route,
        path=route_to(call),
    )


__all__ = ["EffectKind", "detect"]
