"""The results of modelled calls: by the model's `returns`, otherwise derived from the arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from looktwice.code.ir.common import NONE
from looktwice.code.ir.effects import EffectKind, Rows
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.models import CallModel
from looktwice.code.lowering.values import UNKNOWN, UNSET, Val, element, merge, through
from looktwice.code.syntax.tree import Node

if TYPE_CHECKING:
    from looktwice.code.lowering.calls import Arguments

OF_EFFECT = {
    "row": OriginKind.ROW,
    "rows": OriginKind.ROW,
    "count": OriginKind.COUNT,
    "response": OriginKind.RESPONSE,
    "handle": OriginKind.HANDLE,
}


def result(
    low: Lowering,
    node: Node,
    name: str,
    model: CallModel,
    effect: int,
    receiver: Val | None,
    given: Arguments,
    returned: Val | None,
) -> Val:
    """The value of a modelled call."""
    via = 0
    for each in model.via:
        via |= Via[each]
    value = _returned(low, model, effect, receiver, given, returned)
    origins = through(value.origins, via)
    kind = model.type or value.type
    item = model.item or value.item
    if kind == "receiver" and receiver is not None:
        kind, item = receiver.type, receiver.item
    options = value.options
    if model.enter:
        options = {**(options or {}), "enter": low.constant(model.enter)}
    if model.type and receiver is not None and options is None:
        options = receiver.options
    if effect != NONE and model.returns:
        low.body.refine(effect, result=low.body.origins(origins))
    return replace(value, origins=origins or UNKNOWN.origins, type=kind, item=item, options=options, receiver=receiver)


def _returned(
    low: Lowering, model: CallModel, effect: int, receiver: Val | None, given: Arguments, returned: Val | None
) -> Val:
    spec, _, argument = model.returns.partition(" ")
    if spec in OF_EFFECT:
        return Val((Origin(OF_EFFECT[spec], effect),) if effect != NONE else UNKNOWN.origins, effect=effect)
    if spec in ("argument", "sql"):
        value = given.get(argument or "0")
        return replace(value) if value is not None else UNKNOWN
    if spec.upper() in OriginKind.__members__:
        return Val((Origin(OriginKind[spec.upper()], -1),))
    if spec in ("callback", "callbacks") and returned is not None:
        many = Val(through(returned.origins, Via.ELEMENT), "list", returned.type)
        return many if spec == "callbacks" else returned
    if spec == "configured":
        options = given.positions[0].entries if given.positions else {}
        return Val(UNKNOWN.origins, model.type, options=dict(options or {}))
    if spec in RETURNS:
        return RETURNS[spec](low, receiver if receiver is not None else UNKNOWN, given)
    return _from_arguments(low, model, receiver, given)


def _from_arguments(low: Lowering, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """A value derived from the receiver and the arguments, as far as the model keeps them."""
    if model.keeps == "none":
        return UNKNOWN
    if model.keeps == "all_list" and receiver is not None:
        item = receiver.item or ("" if receiver.type in ("list", "") else receiver.type)
        return Val(receiver.origins, "list", item, effect=receiver.effect)
    if model.keeps == "receiver" and receiver is not None:
        return Val(receiver.origins, "", receiver.item, items=receiver.items, effect=receiver.effect)
    parts = [each.origins for each in given.all if each.constant is UNSET] if model.keeps != "receiver" else []
    if receiver is not None and model.keeps != "arguments":
        parts.insert(0, receiver.origins)
    only = given.positions[0] if len(given.positions) == 1 and receiver is None else Val()
    return Val(merge(parts), "" if model.type else only.type, only.item, column=only.column)


def _one_row(low: Lowering, receiver: Val, given: Arguments) -> Val:
    return Val(receiver.origins, receiver.item, effect=receiver.effect)


def _rows(low: Lowering, receiver: Val, given: Arguments) -> Val:
    rows = (receiver.options or {}).get("rows", receiver)
    return Val(rows.origins, "", "row", effect=receiver.effect, options=rows.options if rows is not receiver else None)


def _date(low: Lowering, receiver: Val, given: Arguments) -> Val:
    """`new Date()` is now, `new Date(x)` is x."""
    return Val(merge(each.origins for each in given.positions) or (Origin(OriginKind.CLOCK, -1),))


def _status(low: Lowering, receiver: Val, given: Arguments) -> Val:
    """`response.status(404)`: the response, with its status."""
    code = given.positions[0] if given.positions else UNKNOWN
    return replace(receiver, options={**(receiver.options or {}), "status": code})


def _entry(low: Lowering, receiver: Val, given: Arguments) -> Val:
    from looktwice.code.lowering.expressions import item

    return item(low, receiver, given.positions[0]) if given.positions else UNKNOWN


def _append(low: Lowering, receiver: Val, given: Arguments) -> Val:
    """`xs.append(x)`: every name of the list sees the new element."""
    longer = Val(
        merge((receiver.origins, *(each.origins for each in given.positions))),
        receiver.type or "list",
        receiver.item or (given.positions[0].type if given.positions else ""),
        items=(*(receiver.items or ()), *given.positions)[-8:] if receiver.items is not None else None,
    )
    low.scope.replace(receiver, longer)
    return UNKNOWN


def _membership(low: Lowering, receiver: Val, given: Arguments) -> Val:
    """`xs.includes(x)`, `isinstance(x, T)`, `re.match(p, x)`: a test of the value."""
    values = list(given.positions)
    if receiver is not UNKNOWN and not (receiver.symbol and not receiver.origins):
        values.append(receiver)
    left = values[0] if values else UNKNOWN
    right = values[1] if len(values) > 1 else UNKNOWN
    origins = through(merge(each.origins for each in values if each.constant is UNSET), Via.COMPARE)
    return Val(origins, options={"left": left, "right": right})


RETURNS: dict[str, Callable[[Lowering, Val, Arguments], Val]] = {
    "receiver": lambda low, receiver, given: replace(receiver),
    "element": lambda low, receiver, given: element(receiver),
    "element_one": _one_row,
    "rows_of": _rows,
    "append": _append,
    "date": _date,
    "status": _status,
    "entry": _entry,
    "membership": _membership,
    "none": lambda low, receiver, given: Val(low.body.of_constant(OriginKind.CONST, None)),
}


def refine(low: Lowering, model: CallModel, receiver: Val) -> None:
    number = receiver.effect
    if number < 0:
        return
    changes: dict[str, object] = {}
    if model.refines in Rows.__members__:
        changes["rows"] = Rows[model.refines]
    elif model.refines in EffectKind.__members__:
        changes["kind"] = EffectKind[model.refines]
    low.body.refine(number, **changes)
