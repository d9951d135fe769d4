"""Project functions that only run SQL text for others: calls of them are treated like calls of the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from looktwice.code.ir.effects import EffectKind, Rows
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.lowering import sql
from looktwice.code.lowering.context import Lowering, TextRunner
from looktwice.code.lowering.values import Val, extend
from looktwice.code.syntax.tree import Node

if TYPE_CHECKING:
    from looktwice.code.lowering.calls import Arguments

ACCOMPANY = EffectKind.LOG | EffectKind.OPEN | EffectKind.CLOSE


def text_runner(summary: FunctionSummary) -> TextRunner | None:
    """The text parameter that the function runs, when it does nothing else to the store; otherwise None."""
    queries = [each for each in summary.effects if not each.kind & ACCOMPANY]
    if len(queries) != 1 or queries[0].kind is not EffectKind.QUERY or summary.calls:
        return None
    args = dict(queries[0].args)
    text = _parameter(summary, args.get("text"))
    if text is None:
        return None
    bound = _parameter(summary, args.get("bound"))
    handle = summary.values[queries[0].handle] if queries[0].handle >= 0 else ()
    named = next((str(summary.constants[each.ref]) for each in handle if each.kind is OriginKind.MODULE), "")
    return TextRunner(text, -1 if bound is None else bound, named)


def _parameter(summary: FunctionSummary, value: int | None) -> int | None:
    """The parameter that a value is, if unchanged."""
    origins = summary.values[value] if value is not None and value >= 0 else ()
    if len(origins) == 1 and origins[0].kind is OriginKind.PARAM and not origins[0].path and not origins[0].via:
        return origins[0].ref
    return None


def run(
    low: Lowering, node: Node, symbol: str, runner: TextRunner, receiver: Val | None, given: Arguments
) -> Val | None:
    """The effects of a call of such a function; None when its text is not known here."""
    function = low.world.function(symbol)
    names = [each.name for each in function.parameters] if function is not None else []
    first = 1 if names[:1] in (["self"], ["cls"]) else 0

    def argument(parameter: int) -> Val | None:
        position = parameter - first
        found = given.positions[position] if 0 <= position < len(given.positions) else None
        return found or given.keywords.get(names[parameter])

    text = argument(runner.text)
    if text is None or not isinstance(text.constant, str):
        return None  # concatenated text is judged where it is run
    handle = Val(low.body.of_constant(OriginKind.MODULE, runner.handle)) if runner.handle else _own(receiver)
    bound = argument(runner.bound) if runner.bound >= 0 else None
    value = sql.execute(low, node, symbol.partition(":")[2], text, bound, handle, Rows.UNKNOWN)
    typed = low.world.returned(symbol)
    return Val(value.origins, typed.type, typed.item or "row", effect=value.effect)


def _own(receiver: Val | None) -> Val | None:
    """The client held by the object that the method was called on."""
    if receiver is None:
        return None
    return Val(extend(receiver.origins, "client") or (Origin(OriginKind.SELF),))
