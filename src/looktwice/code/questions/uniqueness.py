"""Whether the store itself prevents a second row, and whether its error is handled."""

from __future__ import annotations

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.control import FactKind, RegionKind
from looktwice.code.ir.effects import Effect, EffectKind
from looktwice.code.ir.entities import Entity
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.questions.control import ancestors, effects_inside, facts_inside, handlers
from looktwice.code.questions.failure import is_broad
from looktwice.code.questions.once import once
from looktwice.code.questions.rows import column_name

VIOLATIONS = ("IntegrityError", "UniqueViolation", "UniqueViolationError", "DuplicateKeyError", "ConstraintViolation")
CODES = ("P2002", "23505", "ER_DUP_ENTRY", "SQLITE_CONSTRAINT", "11000")
CARRIES_OUT = EffectKind.COMMIT | EffectKind.FLUSH


def is_unique_over(entity: Entity | None, columns: frozenset[str]) -> Maybe:
    """Whether two rows with equal values in these columns cannot both exist."""
    if entity is None or not columns:
        return Maybe.UNKNOWN
    names = frozenset(column_name(entity, column) for column in columns)
    covering = [each for each in entity.uniques if set(each.columns) <= names]
    if any(not each.where for each in covering):
        return Maybe.YES
    if covering or not entity.complete:
        return Maybe.UNKNOWN
    return Maybe.NO


def handles_violation(f: FunctionSummary, write: Effect) -> bool:
    """Whether an error handler around the write, or around its commit, handles a unique violation specifically."""
    carriers = (each for each in f.effects if each.kind & CARRIES_OUT and each.order > write.order)
    return any(_is_handled(f, each) for each in (write, *carriers))


def _is_handled(f: FunctionSummary, effect: Effect) -> bool:
    attempts = (number for number in ancestors(f, effect.region) if f.regions[number].kind is RegionKind.TRY)
    return any(expects_violation(f, handler) for attempt in attempts for handler in handlers(f, attempt))


@once
def expects_violation(f: FunctionSummary, handler: int) -> bool:
    """Whether a handler is for unique violations: by the type it catches, or by the error code it checks."""
    caught = f.regions[handler].detail
    if any(name in caught for name in VIOLATIONS):
        return True
    tests = (fact for fact in facts_inside(f, handler) if fact.kind is FactKind.TEST)
    values = (value for fact in tests for atom in fact.tests for value in (atom.left, atom.right) if value != NONE)
    if any(_names_violation(f, origin.kind, origin.ref) for value in values for origin in f.values[value]):
        return True
    return is_broad(f.regions[handler]) and any(
        each.kind is EffectKind.RESPOND and _is_callers_fault(f, each) for each in effects_inside(f, handler)
    )


def _is_callers_fault(f: FunctionSummary, respond: Effect) -> bool:
    value = dict(respond.args).get("status", NONE)
    codes = (f.constants[o.ref] for o in (f.values[value] if value != NONE else ()) if o.kind is OriginKind.CONST)
    return any(isinstance(code, int) and 400 <= code < 500 for code in codes)


def _names_violation(f: FunctionSummary, kind: OriginKind, ref: int) -> bool:
    if kind not in (OriginKind.CONST, OriginKind.MODULE) or not 0 <= ref < len(f.constants):
        return False
    text = str(f.constants[ref])
    return text in CODES or any(name in text for name in VIOLATIONS)
