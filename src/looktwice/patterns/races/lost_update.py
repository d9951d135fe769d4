"""LT301: a value is read, changed in the program and written back, and nothing prevents a concurrent write."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.effects import EffectKind, Put
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.questions.control import is_before
from looktwice.code.questions.knowledge import Knowledge, Program, Root
from looktwice.code.questions.limits import limits
from looktwice.code.questions.places import function_of, place, route_to
from looktwice.code.questions.protection import SAFE, Verdict, protection
from looktwice.code.questions.rows import column_name, is_same_row
from looktwice.code.questions.trust import trust
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

DERIVED = Via.ARITH | Via.EXTREME | Via.CONCAT | Via.SPREAD


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    for root in k.shared_roots(EffectKind.READ, EffectKind.WRITE):
        if root.name not in k.reading_and_writing:
            continue
        for number, effect in enumerate(root.f.effects):
            if effect.kind is EffectKind.WRITE and (match := _write(k, root, number)) is not None:
                yield match


def _write(k: Knowledge, root: Root, write: int) -> Match | None:
    """The first column of the write that is computed from what was read of the same row."""
    f = root.f
    w = f.effects[write]
    for put in w.puts:
        if put.relative or put.value == NONE:
            continue
        for origin in f.values[put.value]:
            if origin.kind is not OriginKind.ROW or not origin.via & DERIVED or not 0 <= origin.ref < len(f.effects):
                continue
            if (match := _derived(k, root, write, put, origin)) is not None:
                return match
    return None


def _derived(k: Knowledge, root: Root, write: int, put: Put, origin: Origin) -> Match | None:
    f, read = root.f, origin.ref
    r, w = f.effects[read], f.effects[write]
    entity = k.entity(w)
    same = is_same_row(f, entity, read, write)
    if same is Maybe.NO or not is_before(f, r, w) or r.kind is not EffectKind.READ:
        return None
    column = column_name(entity, put.column)
    if put.column != "*" and (not origin.path or column_name(entity, origin.path[0]) != column):
        return None
    if any(column_name(entity, limit.column) == column for limit in limits(k, f, write)):
        return None  # a limit is checked on it: check-then-act is more specific
    found = protection(f, entity, read, write, frozenset((put.column,)), processes=k.processes)
    if found.verdict in SAFE:
        return None
    is_stale = found.verdict is Verdict.STALE
    confidence, because = trust(
        f,
        (r, w),
        "it could not be determined whether it is the same row" if same is Maybe.UNKNOWN else "",
        k.doubt_about(root),
    )
    first = f.effects[found.by] if is_stale and r.order > f.effects[found.by].order else r
    return Match(
        message="stale-lock" if is_stale else "merged" if put.column == "*" else "computed",
        at=place(f, w),
        role=Role.WRITE,
        function=function_of(f, w),
        confidence=confidence,
        because=because,
        roles=((Role.READ, place(f, first)), *(((Role.LOCK, place(f, r)),) if is_stale else ())),
        names={"entity": k.name(w), "column": put.column},
        entity=entity.name if entity else "",
        handler=root.route,
        path=route_to(w),
    )
