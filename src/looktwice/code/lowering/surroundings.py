"""Calls whose arguments run inside a separate region: in a transaction, in parallel, or later."""

from __future__ import annotations

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.effects import EffectKind
from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.calls import Arguments, arguments, dispatch
from looktwice.code.lowering.closures import run_closure
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.modelled import Found, invoke_all
from looktwice.code.lowering.models import CallModel
from looktwice.code.lowering.results import result
from looktwice.code.lowering.values import UNKNOWN, Val
from looktwice.code.syntax.tree import Call


def around(low: Lowering, node: Call, callee: Val, receiver: Val | None, found: Found) -> Val:
    """A call whose arguments run inside a separate region: in a transaction, in parallel, or later."""
    model, matched = found
    kind = RegionKind[model.around]
    receiver = callee.receiver if callee.receiver is not None else receiver
    name = low.models.canonical(callee.symbol)
    if model.detail != "transaction":
        with low.trial(kind, node, detail=model.detail):
            given = arguments(low, node)
            functions = [each for each in given.positions if each.function is not None or ":" in each.symbol]
            returned = None
            for each in functions if not model.invokes else ():
                returned = dispatch(low, node, each, each.receiver, "", type(given)((), {}))
            if model.invokes:
                returned = invoke_all(low, node, model, receiver, given)
        return result(low, node, name, model, NONE, receiver, given, returned)
    return _transaction(low, node, model, matched, name, receiver)


def _transaction(low: Lowering, node: Call, model: CallModel, matched: str, name: str, receiver: Val | None) -> Val:
    """`$transaction([…])` runs statements on the client itself, `$transaction(async tx => …)` on its own handle."""
    owner = low.body.value(receiver) if receiver is not None else NONE
    first = node.arguments[0].value
    begin = low.body.effect(effect_of(EffectKind.BEGIN, node, handle=owner, known=Known.TYPED, name=name))
    number = low.body.open(RegionKind.SCOPE, node, value=owner, detail="transaction")
    given = arguments(low, node)
    if given.positions and (given.positions[0].function is not None or given.positions[0].symbol):
        handle = Val((Origin(OriginKind.HANDLE, begin),), model.type or (receiver.type if receiver else ""), options={})
        low.body.refine(begin, handle=low.body.value(handle), args=_isolation(low, given))
        low.body.amend(number, value=low.body.value(handle))
        function = given.positions[0]
        if function.function is not None and not function.symbol:
            value = run_closure(low, node, function, (handle,), "", RegionKind.CALLBACK)
        else:
            value = dispatch(low, node, function, function.receiver, "", Arguments((handle,), {}))
        owner = low.body.value(handle)
    else:
        value = given.positions[0] if given.positions else UNKNOWN
        low.body.refine(begin, args=_isolation(low, given))
    low.body.close(number)
    low.body.effect(effect_of(EffectKind.COMMIT, first, handle=owner, known=Known.TYPED, name="end of block"))
    return value


def _isolation(low: Lowering, given: Arguments) -> tuple[tuple[str, int], ...]:
    value = given.get("1.isolationLevel|isolation_level")
    if value is None:
        return ()
    named = low.body.origins(value.origins or low.body.of_constant(OriginKind.CONST, value.symbol))
    return (("isolation", named),)
