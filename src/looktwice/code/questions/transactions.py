"""Which transaction an effect belongs to. That depends on its handle, not on how the code is nested."""

from __future__ import annotations

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import Region, RegionKind
from looktwice.code.ir.effects import Effect, EffectKind, Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.questions.control import ancestors, are_exclusive
from looktwice.code.questions.rows import identity

TRANSACTION = "transaction"
ENDS = EffectKind.COMMIT | EffectKind.ROLLBACK


def is_same_handle(f: FunctionSummary, a: int, b: int) -> bool:
    """Whether two handles are the same session, client or transaction; two unknown ones count as the same."""
    if a == b or NONE in (a, b):
        return True
    first, second = identity(f, f.values[a]), identity(f, f.values[b])
    return not first or not second or bool(first & second)


def scope(f: FunctionSummary, effect: Effect) -> int:
    """The number of the transaction block that the effect is part of; NONE outside a transaction.

    A statement inside the block on another handle is not part of it.
    """
    for number in ancestors(f, effect.region):
        region = f.regions[number]
        if is_transaction(region) and is_same_handle(f, region.value, effect.handle):
            return number
    return NONE


def is_transaction(region: Region) -> bool:
    return region.kind in (RegionKind.SCOPE, RegionKind.CALLBACK) and region.detail.startswith(TRANSACTION)


def share_transaction(f: FunctionSummary, a: Effect, b: Effect) -> bool:
    """Whether two effects become durable together, so that a lock taken by the first is still held at the second."""
    first, second = scope(f, a), scope(f, b)
    if first != second:
        return False
    if first != NONE:
        return True
    if (a.traits | b.traits) & Trait.AUTOCOMMIT or not is_same_handle(f, a.handle, b.handle):
        return False
    return not any(
        each.kind & ENDS
        and a.order < each.order < b.order
        and is_same_handle(f, each.handle, a.handle)
        and not are_exclusive(f, each.region, b.region)
        for each in f.effects
    )


def commit_after(f: FunctionSummary, write: Effect) -> Effect | None:
    """What makes the write durable: the next commit on its handle, or the write itself when it is autocommitted."""
    if scope(f, write) == NONE and write.traits & Trait.AUTOCOMMIT:
        return write
    return next(
        (
            each
            for each in sorted(f.effects, key=lambda effect: effect.order)
            if each.kind is EffectKind.COMMIT
            and each.order > write.order
            and is_same_handle(f, each.handle, write.handle)
            and not are_exclusive(f, each.region, write.region)
        ),
        None,
    )
