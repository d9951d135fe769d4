"""Look-ups: checks of whether a row exists, and of its state."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import Comparison, Op
from looktwice.code.ir.effects import STORE_READS, Effect
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Value, Via
from looktwice.code.questions.guards import Check, guards

OPPOSITE = {
    Op.NULL: Op.TRUE,
    Op.TRUE: Op.NULL,
    Op.EQ: Op.NE,
    Op.NE: Op.EQ,
    Op.LESS: Op.MORE,
    Op.MORE: Op.LESS,
    Op.IN: Op.NOT_IN,
    Op.NOT_IN: Op.IN,
}


class StateCheck(Struct, frozen=True):
    """A check, on the path to an effect, of the result of an earlier read.

    read: the effect that read. column: the checked column, "" for the presence or the number of rows. op: the
    comparison, as it holds at the effect. other: the number of the value on the other side, or NONE.
    """

    check: Check
    read: int
    column: str
    op: Op
    other: int
    origin: Origin


def state_checks(f: FunctionSummary, effect: Effect) -> tuple[StateCheck, ...]:
    """The checks of stored state that hold when the effect runs, outermost first."""
    key = ("state checks", effect.region, effect.order)
    if key not in f.answers:
        f.answers[key] = tuple(_state_checks(f, effect))
    found: tuple[StateCheck, ...] = f.answers[key]
    return found


def _state_checks(f: FunctionSummary, effect: Effect) -> Iterator[StateCheck]:
    for check in guards(f, effect):
        for value, other in ((check.atom.left, check.atom.right), (check.atom.right, check.atom.left)):
            if value == NONE:
                continue
            op = operator(check.atom, value == check.atom.right, check.holds)
            for origin in _tested(f.values[value], op):
                if _is_stored(f, origin) and f.effects[origin.ref].order < effect.order:
                    column = "" if origin.kind is OriginKind.COUNT else ".".join(origin.path[:1])
                    yield StateCheck(check, origin.ref, column, op, other, origin)


def _tested(value: Value, op: Op) -> Iterator[Origin]:
    """The origins that a test is about: an object built from several columns of a row is present when the row is."""
    columns: dict[int, set[str]] = {}
    for origin in value:
        if origin.kind is OriginKind.ROW and origin.path:
            columns.setdefault(origin.ref, set()).add(origin.path[0])
    whole = {ref for ref, names in columns.items() if len(names) > 1} if op in (Op.NULL, Op.TRUE) else set()
    yield from (origin for origin in value if origin.kind is not OriginKind.ROW or origin.ref not in whole)
    yield from (Origin(OriginKind.ROW, ref) for ref in sorted(whole))


def _is_stored(f: FunctionSummary, origin: Origin) -> bool:
    if origin.kind not in (OriginKind.ROW, OriginKind.COUNT) or not 0 <= origin.ref < len(f.effects):
        return False
    return bool(f.effects[origin.ref].kind & STORE_READS)


def operator(atom: Comparison, is_mirrored: bool, holds: bool) -> Op:
    """The comparison as it holds, seen from one side."""
    op = atom.op
    if is_mirrored:
        op = {Op.LESS: Op.MORE, Op.MORE: Op.LESS}.get(op, op)
    return op if holds else OPPOSITE.get(op, op)


def means_absent(f: FunctionSummary, check: StateCheck) -> bool:
    """Whether the check, as it holds, means that there is no such row."""
    if check.column and not check.origin.via & Via.COUNTED and check.column != "length":
        return False
    is_number = check.origin.kind is OriginKind.COUNT or check.origin.via & Via.COUNTED or check.column == "length"
    if check.op is Op.NULL:
        return True
    constant = number(f, check.other)
    if not is_number and constant is None:
        return False  # comparing whole rows with a number compares their count
    return (check.op, constant) in ((Op.EQ, 0), (Op.LESS, 0), (Op.LESS, 1))


def number(f: FunctionSummary, value: int) -> float | None:
    """The value as a constant number; None when it is not one."""
    if value == NONE:
        return None
    for origin in f.values[value]:
        if origin.kind is OriginKind.CONST and 0 <= origin.ref < len(f.constants):
            constant = f.constants[origin.ref]
            if isinstance(constant, int | float):
                return constant
    return None
