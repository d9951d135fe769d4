"""What makes two systems consistent again after an operation stopped between them."""

from __future__ import annotations

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import Op, RegionKind
from looktwice.code.ir.effects import STORE_WRITES, Effect, EffectKind, Rows
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.questions.control import ancestors, handlers, is_inside
from looktwice.code.questions.knowledge import Knowledge
from looktwice.code.questions.outside import changes_outside


def is_compensated(f: FunctionSummary, call: Effect, write: Effect) -> bool:
    """Whether an error handler around the call reverts the earlier write."""
    for number in ancestors(f, call.region):
        if f.regions[number].kind is not RegionKind.TRY or is_inside(f, write.region, number):
            continue
        for handler in handlers(f, number):
            if any(
                each.kind & STORE_WRITES and each.target == write.target and is_inside(f, each.region, handler)
                for each in f.effects
            ):
                return True
    return False


def is_swept(k: Knowledge, f: FunctionSummary, write: Effect, call: Effect) -> bool:
    """Whether other code selects rows in the state that the write leaves, and makes the call for them.

    Then an unfinished row is picked up later: an outbox, or a job that completes open rows.
    """
    states = {(put.column, value) for put in write.puts for value in constants(f, put.value)}
    for root in k.roots:
        if root.name == f.name or not k.program.reach[root.name] & (EffectKind.SEND | EffectKind.PUBLISH):
            continue
        g = root.f
        if not any(changes_outside(each) for each in g.effects):
            continue
        for read in g.effects:
            if read.kind is not EffectKind.READ or read.rows is Rows.ONE or read.target.name != write.target.name:
                continue
            asked = {
                (cond.column, value) for cond in read.where if cond.op is Op.EQ for value in constants(g, cond.value)
            }
            waits = any(cond.op is Op.NULL for cond in read.where) and write.kind is EffectKind.CREATE
            if asked & states or waits:
                return True
    return False


def constants(f: FunctionSummary, value: int) -> set[object]:
    if value == NONE:
        return set()
    return {
        (f.constants[each.ref] if 0 <= each.ref < len(f.constants) else None, each.path)
        for each in f.values[value]
        if each.kind in (OriginKind.CONST, OriginKind.MODULE)
    }


def is_resumable(f: FunctionSummary, write: Effect) -> bool:
    """Whether the operation can resume after a failure: the first write accepts the state that it leaves."""
    for put in write.puts:
        left = constants(f, put.value)
        for cond in write.where:
            if cond.column == put.column and cond.op in (Op.EQ, Op.IN) and left & constants(f, cond.value):
                return True
    return False


def is_repeatable(f: FunctionSummary, call: Effect) -> bool:
    """Whether the call is made for rows that were selected as still open: when it fails, they are selected again."""
    for number in ancestors(f, call.region):
        region = f.regions[number]
        if region.kind is not RegionKind.LOOP or region.value == NONE:
            continue
        for origin in f.values[region.value]:
            if origin.kind is OriginKind.ROW and 0 <= origin.ref < len(f.effects):
                read = f.effects[origin.ref]
                if any(cond.op in (Op.NULL, Op.EQ, Op.LESS, Op.IN) for cond in read.where) or _is_used_up(
                    f, origin.ref
                ):
                    return True
    return False


def _is_used_up(f: FunctionSummary, read: int) -> bool:
    """Whether each row that is read is deleted afterwards, as in a queue."""
    entity = f.effects[read].target.name
    return any(
        each.kind is EffectKind.DELETE
        and each.target.name == entity
        and any(
            origin.kind is OriginKind.ROW and origin.ref == read
            for value in (each.row, *(cond.value for cond in each.where))
            if value != NONE
            for origin in f.values[value]
        )
        for each in f.effects
    )
