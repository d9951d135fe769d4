"""Limits: writes that are only correct as long as an earlier check still holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.control import FactKind, Op, RegionKind
from looktwice.code.ir.effects import Effect, EffectKind, Trait
from looktwice.code.ir.entities import ColumnKind, Entity
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.questions.bookkeeping import is_bookkeeping
from looktwice.code.questions.control import ancestors, effects_inside, facts_inside
from looktwice.code.questions.knowledge import Knowledge
from looktwice.code.questions.lookups import StateCheck, means_absent, state_checks
from looktwice.code.questions.once import once
from looktwice.code.questions.rows import column_name, is_same_row

EXPIRY = re.compile(r"expir|valid_until|validUntil|deadline|not_after", re.IGNORECASE)
SECRET = re.compile(r"passw|hash|secret", re.IGNORECASE)
HARMLESS_TWICE = Trait.READ_ONLY | Trait.BEST_EFFORT | Trait.IDEMPOTENT | Trait.MAIL


class Limit(Struct, frozen=True):
    """A write that relies on a check.

    kind: "limit" (an amount), "state" (a state transition) or "quota" (a number of rows).
    """

    kind: str
    column: str
    check: StateCheck
    is_same: Maybe


def limits(k: Knowledge, f: FunctionSummary, write: int) -> Iterator[Limit]:
    """The checks of stored state that the write invalidates, so that a second request must not pass them too."""
    w = f.effects[write]
    entity = k.entity(w)
    for check in state_checks(f, w):
        read = f.effects[check.read]
        if (
            not w.target.name
            or read.target.name != w.target.name
            or means_absent(f, check)
            or is_authentication(k, f, check)
        ):
            continue
        if w.kind is EffectKind.CREATE:
            if is_quota(f, check) and not is_bookkeeping(w.target.name):
                yield Limit("quota", "", check, Maybe.YES)
            continue
        if w.kind is not EffectKind.WRITE or not check.column or not is_about_state(k, f, check):
            continue
        if entity is not None and len(check.origin.path) > 1 and entity.column(check.origin.path[1]) is not None:
            continue  # an attribute of an object built from this column and others
        same = is_same_row(f, entity, check.read, write)
        if same is Maybe.NO or not puts_column(entity, w, check.column):
            continue
        is_amount = check.op in (Op.LESS, Op.MORE)
        if not is_amount and is_compared_with_request(f, check):
            continue
        if is_expiry(check) or (is_amount and is_time(f, entity, check)):
            continue
        if check.op in (Op.NULL, Op.TRUE) and is_summed(f, entity, w, check.column):
            continue  # requiring that a number is present is not a limit on it
        if is_amount or refuses(f, check) or guards_other_effects(f, check, write):
            yield Limit("limit" if is_amount else "state", check.column, check, same)


def is_authentication(k: Knowledge, f: FunctionSummary, check: StateCheck) -> bool:
    """Whether the check is part of authentication: a locked account, an expired session."""
    return any(
        f.regions[number].kind is RegionKind.CALL and f.regions[number].detail in k.program.authenticating
        for number in ancestors(f, f.facts[check.check.fact].region)
    )


def is_quota(f: FunctionSummary, check: StateCheck) -> bool:
    """Whether the check compares a number of rows with a bound other than zero."""
    if any(_constant(f, origin) == 0 for origin in (f.values[check.other] if check.other != NONE else ())):
        return False
    is_number = check.origin.kind is OriginKind.COUNT or check.origin.via & Via.COUNTED or check.column == "length"
    return bool(is_number) and check.op in (Op.LESS, Op.MORE) and f.effects[check.read].kind is not EffectKind.EXISTS


def _constant(f: FunctionSummary, origin: Origin) -> object:
    is_constant = origin.kind is OriginKind.CONST and 0 <= origin.ref < len(f.constants)
    return f.constants[origin.ref] if is_constant else None


def is_about_state(k: Knowledge, f: FunctionSummary, check: StateCheck) -> bool:
    """Whether the check is about state that can change, and not about the caller."""
    if check.other != NONE and any(origin.kind is OriginKind.PRINCIPAL for origin in f.values[check.other]):
        return False
    entity = k.entity(f.effects[check.read])
    column = entity.column(check.column) if entity else None
    if (column is not None and column.kind is ColumnKind.SECRET) or SECRET.search(check.column):
        return False  # verifying a password before it is replaced is not a state transition
    return k.changes(f.effects[check.read].target.name, check.column) is not Maybe.NO


def is_time(f: FunctionSummary, entity: Entity | None, check: StateCheck) -> bool:
    """Whether the check compares a timestamp with the clock, which has the same result for concurrent requests."""
    if check.other != NONE and any(origin.kind is OriginKind.CLOCK for origin in f.values[check.other]):
        return True
    column = entity.column(check.column) if entity else None
    return column is not None and column.kind is ColumnKind.TIME


def is_compared_with_request(f: FunctionSummary, check: StateCheck) -> bool:
    """Whether the state is compared with the caller's input: to detect a change, or a code that must match."""
    asked = (OriginKind.REQUEST, OriginKind.PARAM)
    return check.other != NONE and any(origin.kind in asked for origin in f.values[check.other])


def is_expiry(check: StateCheck) -> bool:
    """Whether the column is an expiry time, which no request uses up."""
    return bool(EXPIRY.search(check.column))


def puts_column(entity: Entity | None, write: Effect, column: str) -> bool:
    name = column_name(entity, column)
    return any(column_name(entity, put.column) == name for put in write.puts)


def is_summed(f: FunctionSummary, entity: Entity | None, write: Effect, column: str) -> bool:
    """Whether the write adds to or subtracts from the column."""
    name = column_name(entity, column)
    puts = [put for put in write.puts if column_name(entity, put.column) == name]
    return any(put.relative or _is_computed(f, put.value) for put in puts)


def refuses(f: FunctionSummary, check: StateCheck) -> bool:
    """Whether failing the check is an error for the caller: it throws, or responds with a status of 400 or above."""
    return _refuses(f, check.check.fact)


@once
def _refuses(f: FunctionSummary, fact: int) -> bool:
    if any(region.fact == fact and region.detail == "after-raise" for region in f.regions):
        return True
    arms = [number for number, region in enumerate(f.regions) if region.fact == fact and not region.detail]
    return any(
        any(each.kind is EffectKind.RESPOND and is_refusal(f, each) for each in effects_inside(f, number))
        or any(each.kind is FactKind.RAISE for each in facts_inside(f, number))
        for number in arms
    )


def is_refusal(f: FunctionSummary, respond: Effect) -> bool:
    """Whether a response says that the request was refused."""
    value = dict(respond.args).get("status", NONE)
    codes = (f.constants[o.ref] for o in (f.values[value] if value != NONE else ()) if o.kind is OriginKind.CONST)
    return any(isinstance(code, int) and code >= 400 for code in codes)


def guards_other_effects(f: FunctionSummary, check: StateCheck, write: int) -> bool:
    """Whether the same check guards an effect that must not happen twice: an external call, a new row, a sum."""
    for number, each in enumerate(f.effects):
        if number == write or not _is_behind(f, each, check):
            continue
        if each.kind is EffectKind.CREATE and not each.traits & Trait.UPSERT and not is_bookkeeping(each.target.name):
            return True
        if each.kind in (EffectKind.SEND, EffectKind.PUBLISH) and not each.traits & HARMLESS_TWICE:
            return True
    w = f.effects[write]
    return any(put.relative or _is_computed(f, put.value) for put in w.puts)


def _is_computed(f: FunctionSummary, value: int) -> bool:
    return value != NONE and any(o.kind is OriginKind.ROW and o.via & Via.ARITH for o in f.values[value])


def _is_behind(f: FunctionSummary, effect: Effect, check: StateCheck) -> bool:
    return any(
        f.regions[number].kind is RegionKind.BRANCH and f.regions[number].fact == check.check.fact
        for number in ancestors(f, effect.region)
    )
