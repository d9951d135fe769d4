"""What prevents a concurrent request between a read and the write that relies on it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.control import Op, RegionKind
from looktwice.code.ir.effects import Effect, EffectKind, Trait
from looktwice.code.ir.entities import ColumnKind, Entity
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.questions.control import around, is_before
from looktwice.code.questions.rows import column_name, identity, is_same_row, keys, rows_behind
from looktwice.code.questions.transactions import scope, share_transaction


class Verdict(StrEnum):
    ROW_LOCK = "the row is locked before it is read"
    CONDITION = "the write has the condition"
    VERSION = "a version is checked"
    ISOLATION = "the isolation level refuses it"
    MUTEX = "a lock that both requests take is held"
    NONE = "no lock, version or condition between"
    STALE = "the row was loaded before it was locked"
    UNKNOWN = "a lock of unknown scope is held"


SAFE = frozenset({Verdict.ROW_LOCK, Verdict.CONDITION, Verdict.VERSION, Verdict.ISOLATION, Verdict.MUTEX})
STRICT = ("serializable", "repeatable", "snapshot")


class Protection(Struct, frozen=True):
    """The verdict, and the effect that decided it (NONE when there is none)."""

    verdict: Verdict
    by: int = NONE


def protection(
    f: FunctionSummary, entity: Entity | None, read: int, write: int, columns: frozenset[str], *, processes: int = 2
) -> Protection:
    """What protects `write`, which relies on the values of `columns` that `read` returned.

    processes: how many processes run this code, by the `[system]` facts; an in-memory lock protects within one only.
    """
    r, w = f.effects[read], f.effects[write]
    if is_conditional(entity, w, columns):
        return Protection(Verdict.CONDITION, write)
    if compares_what_was_seen(f, entity, read, write):
        return Protection(Verdict.VERSION, write)
    if entity is not None and entity.version and (w.traits & Trait.ATTRIBUTE or _names(entity, w, entity.version)):
        return Protection(Verdict.VERSION, write)
    if _is_strict(f, r) and share_transaction(f, r, w):
        return Protection(Verdict.ISOLATION, scope(f, r))
    stale = NONE
    for number in row_locks(f, entity, read, write):
        if number != read and f.effects[number].order > r.order and not _is_fresh(f, number, r):
            stale = number
            continue
        before = loaded_before(f, entity, number)
        if before == NONE:
            return Protection(Verdict.ROW_LOCK, number)
        stale = before
    for number, each in enumerate(f.effects):
        if each.kind is EffectKind.LOCK and each.order < r.order and is_before(f, each, r) and holds(f, each, w):
            return Protection(Verdict.MUTEX, number)
    if stale != NONE:
        return Protection(Verdict.STALE, stale)
    for region in around(f, w.region, RegionKind.SCOPE, "lock"):
        if region.order < r.order:
            return Protection(Verdict.MUTEX if processes == 1 else Verdict.NONE)
    return Protection(Verdict.NONE)


def is_conditional(entity: Entity | None, write: Effect, columns: frozenset[str]) -> bool:
    """Whether the write itself requires the state that was read: a condition on one of the columns besides its key."""
    wanted = {column_name(entity, column) for column in columns}
    return any(
        column_name(entity, cond.column) in wanted and cond.op not in (Op.MAYBE, Op.OPAQUE) for cond in write.where
    )


def compares_what_was_seen(f: FunctionSummary, entity: Entity | None, read: int, write: int) -> bool:
    """Whether the write requires that a column it changes still has the value read: a version, a modification time."""
    w = f.effects[write]
    put = {column_name(entity, each.column) for each in w.puts}
    for cond in w.where:
        column = column_name(entity, cond.column)
        known = entity.column(column) if entity else None
        if cond.op is not Op.EQ or cond.value == NONE:
            continue
        moves = column in put or (known is not None and known.kind is ColumnKind.TIME)
        seen = ((OriginKind.ROW, read, (name,)) for name in (column, cond.column))
        if moves and identity(f, f.values[cond.value]) & set(seen):
            return True
    return False


def _names(entity: Entity, write: Effect, column: str) -> bool:
    return any(column_name(entity, cond.column) == column for cond in write.where)


def row_locks(f: FunctionSummary, entity: Entity | None, read: int, write: int) -> Iterator[int]:
    """The effects that lock the row until the write, in order."""
    w = f.effects[write]
    for number, each in sorted(enumerate(f.effects), key=lambda pair: pair[1].order):
        if not each.traits & Trait.LOCKS_ROW or each.order >= w.order:
            continue
        if number != read and not _locks_row_of(f, entity, number, read, write):
            continue
        if share_transaction(f, each, w):
            yield number


def _locks_row_of(f: FunctionSummary, entity: Entity | None, lock: int, read: int, write: int) -> bool:
    if is_same_row(f, entity, lock, write) is Maybe.YES or read in rows_behind(f, f.effects[lock].row):
        return True
    asked, locked = keys(f, f.effects[read], entity), keys(f, f.effects[lock], entity)
    same_target = f.effects[lock].target.name == f.effects[read].target.name
    return same_target and any(asked[column] & value for column, value in locked.items() if column in asked)


def _is_fresh(f: FunctionSummary, lock: int, read: Effect) -> bool:
    """Whether the values of the earlier read are as of the time of the lock."""
    return bool(f.effects[lock].traits & Trait.FRESH_READ)


def loaded_before(f: FunctionSummary, entity: Entity | None, lock: int) -> int:
    """An earlier read of the same row on the same session, whose object the locking query returns; NONE if none."""
    locking = f.effects[lock]
    if locking.traits & Trait.FRESH_READ or not locking.traits & Trait.TRACKED:
        return NONE
    for number, each in enumerate(f.effects):
        if each.kind is not EffectKind.READ or not each.traits & Trait.TRACKED or not is_before(f, each, locking):
            continue
        if each.target.name != locking.target.name or not share_transaction(f, each, locking):
            continue
        asked, locked = keys(f, each, entity), keys(f, locking, entity)
        if any(asked[column] & value for column, value in locked.items() if column in asked):
            return number
    return NONE


def holds(f: FunctionSummary, lock: Effect, write: Effect) -> bool:
    """Whether an explicit lock is still held at the write."""
    if "session" in lock.name:
        return True
    return share_transaction(f, lock, write) or scope(f, lock) == scope(f, write) != NONE


def _is_strict(f: FunctionSummary, effect: Effect) -> bool:
    """Whether the transaction of the effect has an isolation level that prevents a lost update."""
    number = scope(f, effect)
    if number == NONE:
        return False
    handle = f.regions[number].value
    begins = (each for each in f.effects if each.kind is EffectKind.BEGIN and each.order <= f.regions[number].order)
    own = [each for each in begins if each.handle == handle]
    return bool(own) and any(word in level(f, own[-1]).lower() for word in STRICT)


def level(f: FunctionSummary, begin: Effect) -> str:
    """The isolation level that a BEGIN requests, as written; "" when it requests none."""
    value = dict(begin.args).get("isolation", NONE)
    words = [str(named) for _, named, _ in identity(f, f.values[value])] if value != NONE else []
    paths = [part for origin in (f.values[value] if value != NONE else ()) for part in origin.path]
    return " ".join((*words, *paths))
