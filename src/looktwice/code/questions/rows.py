"""Whether two effects are on the same row of the store."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE, Maybe
from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import Effect
from looktwice.code.ir.entities import Entity
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Value

Identity = frozenset[tuple[OriginKind, object, tuple[str, ...]]]


def identity(f: FunctionSummary, value: Value) -> Identity:
    """The identity of a value: equal for two values that denote the same thing, whatever their transformations."""
    return frozenset(_thing(f, origin) for origin in value if origin.kind is not OriginKind.UNKNOWN)


def _thing(f: FunctionSummary, origin: Origin) -> tuple[OriginKind, object, tuple[str, ...]]:
    is_named = origin.kind in (OriginKind.CONST, OriginKind.FUNCTION, OriginKind.MODULE)
    named = f.constants[origin.ref] if is_named and 0 <= origin.ref < len(f.constants) else origin.ref
    return origin.kind, named, origin.path


def keys(f: FunctionSummary, effect: Effect, entity: Entity | None) -> dict[str, Identity]:
    """The columns that the effect restricts to one value, with the identity of that value."""
    fixed = {}
    for cond in effect.where:
        if cond.op is Op.EQ and cond.value != NONE:
            fixed[column_name(entity, cond.column)] = identity(f, f.values[cond.value])
    return fixed


KEY = "$key"
"""The primary key, where a call does not name it (`session.get(Wallet, 7)`)."""


def column_name(entity: Entity | None, name: str) -> str:
    """The column's name in the store, which may differ from that in the code."""
    if name == KEY:
        primary = next((each for each in entity.uniques if each.primary), None) if entity else None
        return primary.columns[0] if primary and len(primary.columns) == 1 else "id"
    column = entity.column(name) if entity else None
    return column.name if column else name


def rows_behind(f: FunctionSummary, value: int) -> Iterator[int]:
    """The reads whose row this value is (the row itself, not one of its columns)."""
    if value != NONE:
        for origin in f.values[value]:
            if origin.kind is OriginKind.ROW and not origin.path:
                yield origin.ref


def is_same_row(f: FunctionSummary, entity: Entity | None, read: int, write: int) -> Maybe:
    """Whether effect `write` changes a row returned by effect `read`; the same table is not enough."""
    r, w = f.effects[read], f.effects[write]
    if not w.target.name or r.target.name != w.target.name or r.target.kind is not w.target.kind:
        return Maybe.NO
    if read in rows_behind(f, w.row):
        return Maybe.YES
    asked, changed = keys(f, r, entity), keys(f, w, entity)
    for column, value in changed.items():
        if any(kind is OriginKind.ROW and ref == read and path[-1:] == (column,) for kind, ref, path in value):
            return Maybe.YES
    shared = [column for column in changed if column in asked]
    if shared and all(asked[column] and asked[column] & changed[column] for column in shared):
        return Maybe.YES
    if shared and any(asked[column] and changed[column] and not asked[column] & changed[column] for column in shared):
        return Maybe.NO
    if not asked and not changed and w.row == NONE:
        return Maybe.UNKNOWN  # a table with a single row, or all rows
    return Maybe.UNKNOWN if not asked or not changed or any(not value for value in changed.values()) else Maybe.NO
