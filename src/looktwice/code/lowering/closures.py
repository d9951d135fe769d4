"""Inline functions: run in place, or where the function that receives them calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.summary import Invoke
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.lowering.context import CALLBACKS_DEEP, Lowering
from looktwice.code.lowering.values import UNKNOWN, Val, join
from looktwice.code.syntax.tree import Node

if TYPE_CHECKING:
    from looktwice.code.lowering.calls import Arguments

WRAPPED = 90  # the parameter that stands for the decorated function inside a decorator's wrapper


def callbacks(low: Lowering, node: Node, given: Arguments, callee: str) -> tuple[tuple[str, int], ...]:
    """Inline functions among the arguments, run in regions that are placed where the callee calls them."""
    found = []
    pairs = [(str(i), each) for i, each in enumerate(given.positions)] + list(given.keywords.items())
    for name, value in pairs:
        if value.function is not None and value.function.lowered < 0:
            run_closure(low, node, value, None, "", RegionKind.CALLBACK, expected=low.world.passed_types(callee, name))
            found.append((name, value.function.lowered))
    return tuple(found)


def run_closure(
    low: Lowering,
    node: Node,
    callee: Val,
    given: tuple[Val, ...] | None,
    detail: str,
    kind: RegionKind,
    value: int = NONE,
    expected: tuple[str, ...] = (),
) -> Val:
    """Run an inline function here, in its own region.

    given: its arguments; None when its caller supplies them.
    """
    from looktwice.code.lowering import assignments, statements

    closure = callee.function
    if closure is None or low.callbacks >= CALLBACKS_DEEP or low.is_registering:
        return UNKNOWN
    low.callbacks += 1
    outer, returned = low.scope, low.returned
    low.scope, low.returned = closure.scope.called_from(outer), []
    first_return = len(low.body.returns)
    number = low.body.open(kind, closure.node, detail=detail, value=value)
    closure.lowered = number
    for position, parameter in enumerate(closure.node.parameters):
        typed = low.world.annotated(low.path, parameter.annotation)
        if given is None:
            kind_of = typed.type or (expected[position] if position < len(expected) else "")
            argument = Val((Origin(OriginKind.ARGUMENT, number * 8 + min(position, 7)),), kind_of, typed.item)
        elif position < len(given):
            argument = given[position]
            if not argument.type and typed.type:
                argument = Val(argument.origins, typed.type, typed.item, entries=argument.entries, items=argument.items)
        else:
            argument = (
                low.evaluate(parameter.default)
                if parameter.default is not None
                else Val(UNKNOWN.origins, typed.type, typed.item)
            )
        if parameter.pattern is not None:
            assignments.bind(low, parameter.pattern, argument, closure.node)
        else:
            low.scope[parameter.name] = argument
    statements.run(low, closure.node.body or low.world.body(low.path, closure.node))
    del low.body.returns[first_return:]
    result = UNKNOWN
    for each in low.returned:
        result = each if result is UNKNOWN else join(result, each)
    low.body.close(number)
    if kind is RegionKind.CALLBACK:
        low.body.amend(number, value=low.body.value(result))
    low.scope.give_back(frozenset(parameter.name for parameter in closure.node.parameters))
    low.scope, low.returned = outer, returned
    low.callbacks -= 1
    return result


def invoked(low: Lowering, node: Node, callee: Val, given: Arguments) -> Val:
    """A call of a parameter: a function passed for it is run here."""
    origin = next(each for each in callee.origins if each.kind in (OriginKind.PARAM, OriginKind.ARGUMENT))
    if origin.kind is not OriginKind.PARAM:
        from looktwice.code.lowering.calls import unknown

        return unknown(low, node, "", None, given)
    shown = [each for each in given.positions if not all(origin.via & Via.SPREAD for origin in each.origins)]
    args = tuple(low.body.value(each) for each in shown)
    low.passes.setdefault(origin.ref, tuple(each.type for each in given.positions))
    result = low.body.origins((Origin(OriginKind.RESULT, -2 - len(low.body.invokes)),))
    low.body.invokes.append(Invoke(origin.ref, args, low.body.region, low.body.next_order(), result=result))
    return Val(low.body.values[result])
