"""Loops and comprehensions: one pass, inside a LOOP region over the iterated value."""

from __future__ import annotations

from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.values import Via
from looktwice.code.lowering import assignments, conditions
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import Val, element, merge, through
from looktwice.code.syntax.tree import Assignment, Call, Comprehension, Loop, Name, Node, Sequence, Try


def read_comprehension(low: Lowering, node: Comprehension) -> Val:
    opened: list[int] = []
    with low.scoped():
        for clause in node.clauses:
            iterated = low.evaluate(clause.iterable)
            opened.append(
                low.body.open(
                    RegionKind.LOOP, node, value=low.body.value(iterated), detail=loop_detail(low, clause.iterable)
                )
            )
            assignments.bind(low, clause.target, element(iterated), node)
            for test in clause.conditions:
                tested, fact = conditions.condition(low, test)
                opened.append(
                    low.body.open(RegionKind.BRANCH, node, value=tested, fact=fact, holds=conditions.Maybe.YES)
                )
        key = low.evaluate(node.key) if node.key is not None else None
        value = low.evaluate(node.element)
    for number in reversed(opened):
        low.body.close(number)
    origins = merge((value.origins, key.origins) if key else (value.origins,))
    return Val(through(origins, Via.ELEMENT), "list", value.type, conds=value.conds)


def loop_detail(low: Lowering, iterable: Node | None) -> str:
    """The kind of loop, where the iterable shows it: "constants" or "range"."""
    if isinstance(iterable, Sequence):
        return "constants"
    callee = iterable.callee if isinstance(iterable, Call) else None
    return "range" if isinstance(callee, Name) and callee.id in ("range", "xrange") else ""


def retries(node: Loop) -> bool:
    """Whether the loop retries: bounded by a counter or endless, around a `try` whose success leaves it."""
    if node.kind == "each" and not (
        isinstance(node.iterable, Call) and getattr(node.iterable.callee, "id", "") == "range"
    ):
        return False
    return any(isinstance(each, Try) and each.handlers for each in node.body)


def pages(low: Lowering, node: Loop) -> bool:
    """Whether the loop continues while there is a cursor, a next page or an item left."""
    if node.kind == "each":
        return False
    words = ("cursor", "page", "offset", "token", "next", "batch", "more")
    return any(word in name.lower() for name in _assigned(node.body) for word in words)


def _assigned(body: tuple[Node, ...]) -> list[str]:
    names = []
    for each in body:
        value = getattr(each, "value", None)
        assignment = each if isinstance(each, Assignment) else value if isinstance(value, Assignment) else None
        if assignment is not None:
            names += [target.id for target in assignment.targets if isinstance(target, Name)]
    return names


def detail_of(low: Lowering, node: Loop) -> str:
    """ "retry", "pages", "constants", "range", "while" or ""."""
    if retries(node):
        return "retry"
    if pages(low, node):
        return "pages"
    if node.iterable is not None:
        return loop_detail(low, node.iterable)
    return "while"
