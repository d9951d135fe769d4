"""Execution of a store statement: its handle, conditions, columns and the rows it returns."""

from __future__ import annotations

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.effects import EffectKind, Put, Rows, Target, TargetKind, Trait
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.lowering import sql
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import UNKNOWN, Statement, Val
from looktwice.code.syntax.tree import Node

KINDS = {
    "select": EffectKind.READ,
    "update": EffectKind.WRITE,
    "insert": EffectKind.CREATE,
    "delete": EffectKind.DELETE,
}


def execute_statement(
    low: Lowering, node: Node, name: str, statement: Statement, handle: Val | None, rows: Rows, bound: Val | None
) -> Val:
    """Add the effect of a statement on a handle; returns the value of its rows."""
    if statement.text is not None:
        return sql.execute(low, node, name, statement.text, bound or statement.bound, handle, rows, statement.entities)
    if statement.aggregate == "lock":
        target = Target(TargetKind.LOCK, "advisory")
        number = low.body.value(handle) if handle is not None else NONE
        low.body.effect(effect_of(EffectKind.LOCK, node, target=target, handle=number, known=Known.TYPED, name=name))
        return UNKNOWN
    kind = KINDS.get(statement.verb, EffectKind.QUERY)
    if kind is EffectKind.READ and statement.aggregate:
        kind = EffectKind.EXISTS if statement.aggregate == "exists" else EffectKind.COUNT
    if not statement.entities and kind is EffectKind.READ and not statement.where and statement.subject is None:
        return UNKNOWN if not statement.aggregate else Val((Origin(OriginKind.UNKNOWN),))
    traits = statement.traits | Trait.TRACKED
    puts = statement.puts
    if kind in (EffectKind.WRITE, EffectKind.DELETE):
        traits |= Trait.BULK
    if kind is EffectKind.CREATE and bound is not None and not puts:
        puts = _puts_of_value(low, bound)
    if rows is Rows.UNKNOWN and statement.bounded:
        rows = Rows.BOUNDED
    effect = low.body.effect(
        effect_of(
            kind,
            node,
            target=_target(low, statement),
            where=statement.where,
            puts=puts,
            handle=low.body.value(handle) if handle is not None else NONE,
            rows=rows,
            loads=statement.loads,
            traits=traits,
            known=Known.TYPED if handle is not None and handle.type else Known.EXACT,
            name=name,
            args=(
                ("joins", low.body.origins(low.body.of_constant(OriginKind.CONST, " ".join(statement.entities[1:])))),
            )
            if len(statement.entities) > 1
            else (),
        )
    )
    if effect == NONE:
        return UNKNOWN
    entity = statement.entities[0] if statement.entities else ""
    if kind in (EffectKind.COUNT, EffectKind.EXISTS) and statement.aggregate in ("count", "exists"):
        origin = Origin(OriginKind.COUNT, effect)
    else:
        via = Via.EXTREME if statement.aggregate in ("max", "min") else 0
        path = (
            statement.loads[:1]
            if statement.loads and "." not in statement.loads[0] and len(statement.loads) == 1
            else ()
        )
        origin = Origin(OriginKind.ROW, effect, path, via)
    low.body.refine(effect, result=low.body.origins((origin,)))
    return Val((origin,), "" if origin.path else entity, entity, effect=effect)


def _target(low: Lowering, statement: Statement) -> Target:
    if statement.entities or statement.subject is None:
        return Target(TargetKind.ENTITY, statement.entities[0] if statement.entities else "")
    return Target(TargetKind.ENTITY, "", low.body.value(statement.subject))


def _puts_of_value(low: Lowering, value: Val) -> tuple[Put, ...]:
    rows = value.items if value.items is not None else (value,)
    pairs = [pair for row in rows[:2] for pair in (row.entries or {"*": row}).items()]
    return tuple(Put("*" if key in ("...", "[*]") else key, low.body.value(put)) for key, put in pairs)
