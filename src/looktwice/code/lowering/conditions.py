"""Tests: comparisons in the program, and conditions that the store evaluates."""

from __future__ import annotations

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.control import Comparison, FactKind, Op, RegionKind
from looktwice.code.ir.effects import Cond
from looktwice.code.ir.values import Value
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import UNSET, Val, merge
from looktwice.code.syntax.tree import Await, Call, Cast, Node, Operation

COMPARISONS = {
    "==": Op.EQ,
    "!=": Op.NE,
    "is": Op.EQ,
    "is-not": Op.NE,
    "<": Op.LESS,
    "<=": Op.LESS,
    ">": Op.MORE,
    ">=": Op.MORE,
    "in": Op.IN,
    "not-in": Op.NOT_IN,
    "instanceof": Op.IN,
}
OPPOSITE = {
    Op.EQ: Op.NE,
    Op.NE: Op.EQ,
    Op.LESS: Op.MORE,
    Op.MORE: Op.LESS,
    Op.IN: Op.NOT_IN,
    Op.NOT_IN: Op.IN,
    Op.NULL: Op.TRUE,
    Op.TRUE: Op.NULL,
}


def condition(low: Lowering, node: Node) -> tuple[int, int]:
    """Evaluate a test. Returns the number of its value and of its TEST fact (NONE beyond the limit of facts)."""
    atoms: list[Comparison] = []
    used: list[Value] = []
    joined: set[str] = set()
    _atoms(low, node, False, atoms, used, joined)
    value = low.body.origins(merge(used))
    conjunctive = "or" not in joined
    fact = low.fact(FactKind.TEST, node, result=value, tests=tuple(atoms), conjunctive=conjunctive)
    return value, fact


def simple_fact(low: Lowering, node: Node, value: Val) -> int:
    """The TEST fact of an operand that is already evaluated (`a and b`)."""
    number = low.body.value(value)
    negated = isinstance(node, Operation) and node.operator == "not"
    atom = Comparison(number, Op.NULL if negated else Op.TRUE)
    return low.fact(FactKind.TEST, node, result=number, tests=(atom,))


def _atoms(
    low: Lowering, node: Node, negated: bool, atoms: list[Comparison], used: list[Value], joined: set[str]
) -> None:
    """Add the comparisons of a test to `atoms`, the origins of what it looks at to `used`, and how it joins them."""
    while isinstance(node, Cast | Await) and not isinstance(node.value, Call):
        node = node.value
    if isinstance(node, Operation) and node.operator == "not":
        _atoms(low, node.operands[0], not negated, atoms, used, joined)
    elif isinstance(node, Operation) and node.operator in ("and", "or"):
        operator = {"and": "or", "or": "and"}[node.operator] if negated else node.operator
        joined.add(operator)
        for position, each in enumerate(node.operands):
            if position == 0:
                _atoms(low, each, negated, atoms, used, joined)
            else:
                holds = Maybe.YES if operator == "and" else Maybe.NO
                used[:] = [merge(used)]
                number = low.body.origins(used[0])
                with low.trial(RegionKind.BRANCH, each, value=number, holds=holds):
                    _atoms(low, each, negated, atoms, used, joined)
    elif isinstance(node, Operation) and node.operator in COMPARISONS and len(node.operands) == 2:
        left, right = (low.evaluate(each) for each in node.operands)
        used += [left.origins, right.origins]
        atoms.append(_comparison(low, COMPARISONS[node.operator], left, right, negated))
    else:
        value = low.evaluate(node)
        used.append(value.origins)
        if isinstance(node, Call) and (membership := _membership(low, value)) is not None:
            atoms.append(
                membership if not negated else Comparison(membership.left, OPPOSITE[membership.op], membership.right)
            )
        else:
            atoms.append(Comparison(low.body.value(value), Op.NULL if negated else Op.TRUE))


def _membership(low: Lowering, value: Val) -> Comparison | None:
    """The comparison that a call makes according to its model: `xs.includes(x)`, `isinstance(x, T)`."""
    if value.options is None or "left" not in value.options:
        return None
    return Comparison(low.body.value(value.options["left"]), Op.IN, low.body.value(value.options["right"]))


def _comparison(low: Lowering, op: Op, left: Val, right: Val, negated: bool) -> Comparison:
    if left.constant is not UNSET and right.constant is UNSET:
        left, right = right, left
        op = {Op.LESS: Op.MORE, Op.MORE: Op.LESS}.get(op, op)
    number = low.body.value(left)
    if op in (Op.EQ, Op.NE) and right.constant is None:
        op = Op.NULL if op is Op.EQ else Op.TRUE
        return Comparison(number, OPPOSITE[op] if negated else op)
    if op in (Op.EQ, Op.NE) and (right.constant is True or right.constant is False):
        op = Op.TRUE if (op is Op.EQ) == right.constant else Op.NULL
        return Comparison(number, OPPOSITE[op] if negated else op)
    return Comparison(number, OPPOSITE.get(op, op) if negated else op, low.body.value(right))


# ── conditions of the store ──────────────────────────────────────────────────────────────────────────────────────────
def store_conditions(low: Lowering, operator: str, operands: list[Val]) -> tuple[Cond, ...]:
    """`Wallet.user_id == user_id` is a condition when one side is a column."""
    if len(operands) != 2:
        return ()
    left, right = operands
    op = COMPARISONS[operator]
    if left.column is None and right.column is not None:
        left, right = right, left
        op = {Op.LESS: Op.MORE, Op.MORE: Op.LESS}.get(op, op)
    if left.column is None:
        return (Cond("*", Op.OPAQUE, low.body.value(right)),) if left.in_store or right.in_store else ()
    if right.constant is None:
        op = Op.NULL if op is Op.EQ else Op.TRUE
        return (Cond(left.column[1], op),)
    if right.column is not None:
        return (Cond(left.column[1], Op.OPAQUE, low.body.value(right)),)  # a join
    return (Cond(left.column[1], op, low.body.value(right)),)


def combined(operands: list[Val], is_and: bool) -> tuple[Cond, ...]:
    """Conditions joined by `&` or `|`; alternatives are not analysed individually."""
    conds = tuple(cond for each in operands for cond in each.conds)
    return conds if is_and else tuple(Cond(cond.column, Op.OPAQUE, cond.value) for cond in conds)
