"""LT302: the program checks whether a row exists and creates it when it does not."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import STORE_READS, Effect, EffectKind, Trait
from looktwice.code.ir.entities import Entity
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.questions.bookkeeping import counts_attempts
from looktwice.code.questions.knowledge import Knowledge, Program, Root
from looktwice.code.questions.lookups import StateCheck, means_absent, state_checks
from looktwice.code.questions.places import function_of, place, route_to
from looktwice.code.questions.protection import Verdict, protection
from looktwice.code.questions.rows import column_name, identity
from looktwice.code.questions.shared_lock import has_parent_lock
from looktwice.code.questions.trust import trust
from looktwice.code.questions.uniqueness import handles_violation, is_unique_over
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

PROTECTS = (Verdict.MUTEX, Verdict.ISOLATION)


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    for root in k.shared_roots(STORE_READS, EffectKind.CREATE | EffectKind.WRITE):
        if root.name not in k.reading_and_writing:
            continue
        seen: set[object] = set()
        for number, effect in enumerate(root.f.effects):
            if effect.kind not in (EffectKind.CREATE, EffectKind.WRITE) or effect.traits & Trait.UPSERT:
                continue
            if counts_attempts(effect.target.name):
                continue
            match = _create(k, root, number)
            # one look-up before several branches that create a row is one race
            if match is not None and (race := (match.roles, match.message, match.entity, match.function)) not in seen:
                seen.add(race)
                yield match


def _create(k: Knowledge, root: Root, write: int) -> Match | None:
    f = root.f
    w = f.effects[write]
    for check in state_checks(f, w):
        if w.target.name and f.effects[check.read].target.name == w.target.name and means_absent(f, check):
            columns = lookup_columns(f, k.entity(w), check, w)
            if columns is not None:
                return _match(k, root, write, check, columns)
    return None


def lookup_columns(
    f: FunctionSummary, entity: Entity | None, check: StateCheck, write: Effect
) -> frozenset[str] | None:
    """The columns by which the row was looked up, when the write sets exactly these; None otherwise."""
    read = f.effects[check.read]
    put = {column_name(entity, each.column): each.value for each in write.puts}
    asked = {column_name(entity, c.column): c.value for c in read.where if c.op is Op.EQ and c.value != NONE}
    is_same = {
        column
        for column, value in asked.items()
        if column in put and put[column] != NONE and identity(f, f.values[value]) & identity(f, f.values[put[column]])
    }
    if is_same and write.kind is EffectKind.CREATE:
        is_open = {column for column, value in asked.items() if column in put and not _is_constant(f, value)}
        return frozenset(is_same | is_open)  # a value that passed through the program's own objects may be the same
    if is_same and is_same == asked.keys():
        return frozenset(is_same)
    is_unread = any(each.op in (Op.OPAQUE, Op.MAYBE) for each in read.where) or "*" in put
    return frozenset() if write.kind is EffectKind.CREATE and is_unread else None


def _may_be_by_unique(entity: Entity, read: Effect) -> bool:
    """Whether conditions that could not be read may select by a unique key."""
    unique = {column for each in entity.uniques if not each.primary for column in each.columns}
    asked = {column_name(entity, cond.column) for cond in read.where if cond.op is Op.EQ}
    return bool(unique) and asked <= unique


def _is_constant(f: FunctionSummary, value: int) -> bool:
    return all(origin.kind is OriginKind.CONST for origin in f.values[value])


def _match(k: Knowledge, root: Root, write: int, check: StateCheck, columns: frozenset[str]) -> Match | None:
    f = root.f
    r, w = f.effects[check.read], f.effects[write]
    entity = k.entity(w)
    if protection(f, entity, check.read, write, frozenset(), processes=k.processes).verdict in PROTECTS:
        return None
    if has_parent_lock(f, check.read, write):
        return None
    if not columns and entity is not None and _may_be_by_unique(entity, r):
        return None
    unique = is_unique_over(entity, columns) if columns or entity is None else Maybe.NO
    if unique is Maybe.YES and (handles_violation(f, w) or k.handles_violations or _is_fresh(f, w, columns, entity)):
        return None
    message = {Maybe.YES: "unhandled", Maybe.NO: "duplicate", Maybe.UNKNOWN: "maybe-duplicate"}[unique]
    doubts = ["its constraints could not be read"] if unique is Maybe.UNKNOWN else []
    if not columns:
        doubts.append("the condition of the look-up could not be read")
    confidence, because = trust(f, (r, w), *doubts, k.doubt_about(root))
    return Match(
        message=message,
        at=place(f, w),
        role=Role.ACT,
        function=function_of(f, w),
        confidence=confidence,
        because=because,
        roles=((Role.CHECK, place(f, r)),),
        names={
            "entity": k.name(w),
            "columns": ", ".join(sorted(columns)) or "these columns",
        },
        entity=entity.name if entity else "",
        handler=root.route,
        path=route_to(w),
    )


def _is_fresh(f: FunctionSummary, write: Effect, columns: frozenset[str], entity: Entity | None) -> bool:
    """Whether the unique value is generated at random here, so that the constraint will never be violated."""
    values = [put.value for put in write.puts if column_name(entity, put.column) in columns and put.value != NONE]
    return any(origin.kind is OriginKind.FRESH for value in values for origin in f.values[value])
