"""Operators, conditional expressions and concatenated text: values computed from several others."""

from __future__ import annotations

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.values import Via
from looktwice.code.lowering import calls, conditions
from looktwice.code.lowering.conditions import COMPARISONS
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import UNSET, Val, join, merge, through
from looktwice.code.syntax.tree import Conditional, Operation, Template


def read_operation(low: Lowering, node: Operation) -> Val:
    operator = node.operator
    if operator in ("and", "or", "??"):
        return _short_circuit(low, node)
    if operator in COMPARISONS:
        return _compared(low, node)
    operands = [low.evaluate(each) for each in node.operands]
    if operator in ("not", "typeof", "void", "delete"):
        return Val(through(operands[0].origins, Via.COMPARE if operator != "void" else 0), conds=operands[0].conds)
    if operator in ("&", "|") and any(each.conds for each in operands):
        return Val(merge(each.origins for each in operands), conds=conditions.combined(operands, operator == "&"))
    in_store = tuple(dict.fromkeys(column for each in operands for column in each.in_store))
    if operator == "+":
        via, kind = _plus(operands)
    else:
        via, kind = (Via.CONCAT, "str") if operator == "%" and operands[0].type == "str" else (Via.ARITH, "")
    origins = through(merge(each.origins for each in operands if each.constant is UNSET), via)
    return Val(
        origins or merge(each.origins for each in operands), kind, in_store=in_store, options=_text_of(operands, kind)
    )


def _text_of(operands: list[Val], kind: str) -> dict[str, Val] | None:
    """The pieces of concatenated text, for parsers of the text (SQL)."""
    return {"parts": Val(items=tuple(operands))} if kind == "str" else None


def _plus(operands: list[Val]) -> tuple[int, str]:
    constants = [each.constant for each in operands if each.constant is not UNSET]
    if any(each.in_store for each in operands):
        return Via.ARITH, ""
    if any(each.type == "str" for each in operands) or any(isinstance(each, str) for each in constants):
        return Via.CONCAT, "str"
    if any(isinstance(each, int | float) for each in constants):
        return Via.ARITH, ""
    return Via.ARITH | Via.CONCAT, ""


def _short_circuit(low: Lowering, node: Operation) -> Val:
    """Later operands run only depending on the earlier ones."""
    first = low.evaluate(node.operands[0])
    result, holds = first, Maybe.YES if node.operator == "and" else Maybe.NO
    for each in node.operands[1:]:
        fact = conditions.simple_fact(low, node.operands[0], first)
        with (
            low.scoped() as scope,
            low.trial(RegionKind.BRANCH, each, value=low.body.value(first), fact=fact, holds=holds),
        ):
            value = low.evaluate(each)
        low.meet(low.scope, scope)
        result = (
            join(result, value)
            if node.operator != "and"
            else Val(
                merge((value.origins, through(first.origins, Via.COMPARE))),
                value.type,
                value.item,
                value.symbol,
                value.receiver,
                value.entries,
                value.items,
                value.constant,
                value.column,
                (*result.conds, *value.conds),
                value.in_store,
                value.statement,
                value.made,
                value.function,
                value.effect,
                value.options,
            )
        )
        first = value
    return result


def _compared(low: Lowering, node: Operation) -> Val:
    operands = [low.evaluate(each) for each in node.operands]
    conds = conditions.store_conditions(low, node.operator, operands)
    origins = through(merge(each.origins for each in operands if each.constant is UNSET), Via.COMPARE)
    column = next((each for each in operands if each.column is not None), None)
    if column is not None:
        return Val(origins, conds=conds, options={"of": column})
    is_open = operands and operands[0].origins and operands[0].origins[0].path and node.operator == "=="
    return Val(origins, conds=conds, options={"left": operands[0], "right": operands[1]} if is_open else None)


def read_conditional(low: Lowering, node: Conditional) -> Val:
    value, fact = conditions.condition(low, node.test)
    choice = fact
    values, scopes = [], []
    for arm, holds in ((node.then, Maybe.YES), (node.otherwise, Maybe.NO)):
        with (
            low.scoped(),
            low.trial(RegionKind.BRANCH, arm, value=value, fact=fact, choice=choice, holds=holds),
        ):
            values.append(low.evaluate(arm))
            scopes.append(low.scope)
    low.meet(*scopes)
    return join(*values)


def read_template(low: Lowering, node: Template) -> Val:
    parts = [low.evaluate(each) for each in node.parts]
    origins = through(merge(each.origins for each in parts if each.constant is UNSET), Via.CONCAT)
    if not origins and len(parts) <= 1:
        return parts[0] if parts else low.constant("")
    value = Val(origins or merge(each.origins for each in parts), "str", options={"parts": Val(items=tuple(parts))})
    return calls.tagged(low, node, value, parts) if node.tag is not None else value
