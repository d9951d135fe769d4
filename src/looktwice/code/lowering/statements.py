"""Statements: control becomes regions, and an early exit opens a branch to the end of its block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.control import FactKind, RegionKind
from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.lowering import assignments, calls, conditions, loops, registration, scopes
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.scope import Scope
from looktwice.code.lowering.values import Closure, Val, element, merge
from looktwice.code.syntax.tree import (
    Assert,
    Assignment,
    Await,
    Block,
    Call,
    Case,
    Class,
    Exit,
    Expression,
    Function,
    If,
    Import,
    Loop,
    Node,
    Operation,
    Raise,
    Return,
    Switch,
    Try,
    With,
)


class After(Struct, frozen=True):
    """The rest of a block runs only when a test had this result."""

    value: int
    fact: int
    choice: int
    holds: Maybe
    exit: str


Outcome = tuple[str, tuple[After, ...]]
"""How a statement leaves its block ("" if it does not), and what holds afterwards."""
CONTINUES: Outcome = ("", ())


def run(low: Lowering, body: tuple[Node, ...]) -> str:
    """Run a block. Returns how it ends: "" when it continues, "return", "raise", "continue" or "break"."""
    opened: list[int] = []
    ending = ""
    hoist(low, body)
    end = body[-1].end if body else 0
    for position, node in enumerate(body):
        reader = STATEMENTS.get(type(node))
        if reader is None:
            low.evaluate(node)
            continue
        ending, afters = reader(low, node)
        if ending:
            break
        following = body[position + 1] if position + 1 < len(body) else None
        for after in afters:
            if following is not None or after.exit in ("raise", "return"):  # a check holds for the caller too
                opened.append(
                    low.body.open(
                        RegionKind.BRANCH,
                        following or node,
                        value=after.value,
                        fact=after.fact,
                        choice=after.choice,
                        holds=after.holds,
                        detail=f"after-{after.exit}",
                        end=end,
                    )
                )
    for number in reversed(opened):
        low.body.close(number)
    return ending


def hoist(low: Lowering, body: tuple[Node, ...]) -> None:
    """Define the functions and imports of a block for all of it."""
    for node in body:
        if isinstance(node, Function) and node.name:
            low.scope[node.name] = Val(function=Closure(node, low.scope))
        elif isinstance(node, Import) and node.alias:
            symbol = low.names.imported(low.path, node)
            low.scope[node.alias] = low.symbol(symbol)


def run_expression(low: Lowering, node: Expression) -> Outcome:
    value = node.value
    if (isinstance(value, Operation) and value.operator == "void") or (isinstance(value, Call) and not low.is_python):
        call = value.operands[0] if isinstance(value, Operation) else value
        if isinstance(call, Call):
            result = calls.dropped_call(low, call)
            return ("raise" if calls.never_returns(low, call, result) else "", ())
    result = low.evaluate(value)
    call = value.value if isinstance(value, Await) else value
    if isinstance(call, Call) and calls.never_returns(low, call, result):
        return "raise", ()
    return CONTINUES


def run_if(low: Lowering, node: If) -> Outcome:
    value, fact = conditions.condition(low, node.test)
    choice = low.body.next_order()
    endings, scopes_after = [], []
    for arm, holds in ((node.then, Maybe.YES), (node.otherwise, Maybe.NO)):
        with low.scoped():
            if arm:
                place = Block(arm[0].start, arm[-1].end, arm)
                with low.body.inside(RegionKind.BRANCH, place, value=value, fact=fact, choice=choice, holds=holds):
                    endings.append(run(low, arm))
            else:
                endings.append("")
            scopes_after.append(low.scope)
    then, otherwise = endings
    if then and otherwise:
        return _weaker(then, otherwise), ()
    low.meet(*(scope for scope, ending in zip(scopes_after, endings, strict=True) if not ending))
    if then:
        return "", (After(value, fact, choice, Maybe.NO, then),)
    if otherwise:
        return "", (After(value, fact, choice, Maybe.YES, otherwise),)
    return CONTINUES


def _weaker(*endings: str) -> str:
    for ending in ("break", "continue", "return", "raise"):
        if ending in endings:
            return ending
    return ""


def run_switch(low: Lowering, node: Switch) -> Outcome:
    subject = low.evaluate(node.subject)
    choice = low.body.next_order()
    ways: list[Scope] = []
    endings: list[str] = []
    has_default = False
    for case in node.cases:
        has_default = has_default or not case.tests
        with low.scoped():
            ending = _case(low, node, case, subject, choice)
            endings.append(ending)
            if not ending or ending == "switch":
                ways.append(low.scope)
    low.meet(*(ways if has_default and ways else [*ways, low.scope]))
    if has_default and endings and all(ending and ending != "switch" for ending in endings):
        return _weaker(*endings), ()
    return CONTINUES


def _case(low: Lowering, node: Switch, case: Case, subject: Val, choice: int) -> str:
    from looktwice.code.ir.control import Comparison, Op

    values = [low.evaluate(each) for each in case.tests]
    atoms = tuple(Comparison(low.body.value(subject), Op.EQ, low.body.value(value)) for value in values)
    number = low.body.origins(merge((subject.origins, *(value.origins for value in values))))
    place = Block(case.body[0].start, case.body[-1].end, case.body) if case.body else node
    fact = low.fact(FactKind.TEST, place, result=number, tests=atoms, conjunctive=len(atoms) < 2) if atoms else NONE
    if case.guard is not None:
        conditions.condition(low, case.guard)
    with low.body.inside(
        RegionKind.BRANCH, place, value=number, fact=fact, choice=choice, holds=Maybe.YES if atoms else Maybe.NO
    ):
        return run(low, case.body)


def run_loop(low: Lowering, node: Loop) -> Outcome:
    iterated = low.evaluate(node.iterable) if node.iterable is not None else None
    run(low, node.before)
    before = low.scope
    value = low.body.value(iterated) if iterated is not None else NONE
    with low.scoped():
        with low.body.inside(RegionKind.LOOP, node, value=value, detail=loops.detail_of(low, node)) as number:
            if node.target is not None and iterated is not None:
                assignments.bind(low, node.target, element(iterated), node)
            fact = NONE
            if node.test is not None:
                value, fact = conditions.condition(low, node.test)
                low.body.amend(number, value=value)
            if node.test is None:
                ending = run(low, node.body)
            else:
                place = Block(node.body[0].start, node.body[-1].end, node.body) if node.body else node
                with low.trial(RegionKind.BRANCH, place, value=value, fact=fact, holds=Maybe.YES):
                    ending = run(low, node.body)
            run(low, node.after)
        after = low.scope
    low.meet(before, after)
    run(low, node.otherwise)
    if node.kind == "forever" and ending == "return":
        return "return", ()
    return CONTINUES


def run_try(low: Lowering, node: Try) -> Outcome:
    choice = low.body.next_order()
    before = low.scope
    with (
        low.scoped() as done,
        low.body.inside(
            RegionKind.TRY, node, choice=choice, end=node.body[-1].end if node.body else node.end
        ) as number,
    ):
        ending = run(low, node.body)
        if not ending and node.otherwise:
            ending = run(low, node.otherwise)
    ways, endings, last = ([done] if not ending else []), [ending], done
    for handler in node.handlers:
        with low.scoped() as way:
            low.meet(before, done)
            types = "|".join(low.names.expression(low.path, each) or _written(each) for each in handler.types)
            with low.body.inside(RegionKind.HANDLER, handler, choice=choice, detail=types) as caught:
                if handler.name:
                    low.scope[handler.name] = Val((Origin(OriginKind.ERROR, caught),), "error")
                outcome = run(low, handler.body)
        endings.append(outcome)
        last = way
        if not outcome:
            ways.append(way)
    if any(not each for each in endings[1:]):
        low.body.amend(number, detail="swallows")
    low.meet(*(ways or [last]))
    if node.final:
        place = Block(node.final[0].start, node.final[-1].end, node.final)
        with low.body.inside(RegionKind.FINALLY, place, choice=choice):
            final = run(low, node.final)
        if final:
            return final, ()
    return (_weaker(*endings) if not ways else ""), ()


def _written(node: Node) -> str:
    return getattr(node, "id", getattr(node, "name", ""))


def run_with(low: Lowering, node: With) -> Outcome:
    opened = []
    for item in node.items:
        value, number = scopes.enter(low, node, item.value)
        opened.append(number)
        if item.target is not None:
            assignments.bind(low, item.target, value, node)
    ending = run(low, node.body)
    for number in reversed(opened):
        scopes.leave(low, node, number)
    return ("" if any(scopes.suppresses(low, number) for number in opened) else ending), ()


def run_return(low: Lowering, node: Return) -> Outcome:
    value = low.evaluate(node.value)
    number = low.body.value(value)
    low.fact(FactKind.RETURN, node, result=number)
    low.body.returns.append(number)
    low.returned.append(value)
    return "return", ()


def run_raise(low: Lowering, node: Raise) -> Outcome:
    value = low.evaluate(node.value) if node.value is not None else None
    name = ""
    if value is not None:
        name = value.type or value.symbol
        if not name and isinstance(node.value, Call):
            name = low.names.expression(low.path, node.value.callee)
    low.body.raises[name] = None
    low.fact(FactKind.RAISE, node, name, result=low.body.value(value))
    return "raise", ()


def run_exit(low: Lowering, node: Exit) -> Outcome:
    low.fact(FactKind.EXIT, node, node.kind)
    return node.kind, ()


def run_assert(low: Lowering, node: Assert) -> Outcome:
    value, fact = conditions.condition(low, node.test)
    return "", (After(value, fact, low.body.next_order(), Maybe.YES, "raise"),)


def run_block(low: Lowering, node: Block) -> Outcome:
    return run(low, node.body), ()


def run_function(low: Lowering, node: Function) -> Outcome:
    """A function inside a function runs when it is called; its decorators run here."""
    if node.decorators:
        registration.decorated(low, node, low.scope.get(node.name) or Val(function=Closure(node, low.scope)))
    return CONTINUES


def skip(low: Lowering, node: Node) -> Outcome:
    return CONTINUES


def run_assignment(low: Lowering, node: Assignment) -> Outcome:
    value = low.evaluate(node)
    call = node.value.value if isinstance(node.value, Await) else node.value
    if isinstance(call, Call) and calls.never_returns(low, call, value):
        return "raise", ()
    return CONTINUES


STATEMENTS: dict[type[Node], Callable[[Lowering, Any], Outcome]] = {
    Expression: run_expression,
    Assignment: run_assignment,
    If: run_if,
    Switch: run_switch,
    Loop: run_loop,
    Try: run_try,
    With: run_with,
    Return: run_return,
    Raise: run_raise,
    Exit: run_exit,
    Assert: run_assert,
    Block: run_block,
    Function: run_function,
    Class: skip,
    Import: skip,
}
