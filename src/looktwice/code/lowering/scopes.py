"""`with` blocks: transactions, sessions, locks, and resources that are only closed at the end."""

from __future__ import annotations

from looktwice.code.ir.common import Known
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.effects import EffectKind, Target, TargetKind
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import Val
from looktwice.code.syntax.tree import Await, Call, Node

SUPPRESS = "suppress"
IN_PROCESS = "lock:process"


def enter(low: Lowering, node: Node, expression: Node) -> tuple[Val, int]:
    """Enter one item of a `with`. Returns the value it binds and the region that was opened."""
    before = len(low.body.effects)
    value = low.evaluate(expression)
    call = expression.value if isinstance(expression, Await) else expression
    kind = value.options["enter"].constant if value.options and "enter" in value.options else ""
    known = low.models.type(value.type) if value.type else None
    kind = kind or (known.enter if known else "")
    handle = low.body.value(value)
    if kind == "transaction":
        owner = value.receiver or value
        if not any(effect.kind is EffectKind.BEGIN for effect in low.body.effects[before:]):
            low.body.effect(effect_of(EffectKind.BEGIN, expression, handle=low.body.value(owner), known=Known.EXACT))
        number = low.body.open(RegionKind.SCOPE, node, value=low.body.value(owner), detail="transaction")
        return Val(owner.origins, owner.type, options=owner.options), number
    if kind.startswith("lock"):
        if kind != IN_PROCESS:  # a lock within the process: the region is enough
            target = Target(TargetKind.LOCK, value.type, handle)
            low.body.effect(effect_of(EffectKind.LOCK, expression, target=target, known=Known.EXACT))
        return value, low.body.open(RegionKind.SCOPE, node, value=handle, detail=kind)
    if kind == "suppress":
        types = "|".join(
            low.names.expression(low.path, each.value) or getattr(each.value, "id", "")
            for each in getattr(call, "arguments", ())
        )
        return value, low.body.open(RegionKind.SCOPE, node, detail=f"{SUPPRESS}:{types}")
    if kind.startswith("type:"):
        value = Val(value.origins, kind.removeprefix("type:"), options=value.options)
    elif value.item and not kind and isinstance(call, Call):
        value = Val(value.origins, value.item, options=value.options)  # a generator used as a context manager
    return value, low.body.open(RegionKind.SCOPE, node, value=handle, detail=kind)


def leave(low: Lowering, node: Node, number: int) -> None:
    """The end of a `with` item: a transaction that reaches it commits."""
    region = low.body.regions[number]
    low.body.close(number)
    if region.detail == "transaction":
        low.body.effect(effect_of(EffectKind.COMMIT, node, handle=region.value, known=Known.EXACT, name="end of block"))


def suppresses(low: Lowering, number: int) -> bool:
    return low.body.regions[number].detail.startswith(SUPPRESS)
