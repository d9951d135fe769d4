"""Values while a function is lowered: their origins, type and structure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from looktwice.code.ir.effects import Cond, Put
from looktwice.code.ir.values import Origin, OriginKind, Value, Via
from looktwice.code.syntax.tree import Function

ORIGINS_KEPT = 8
PATH_KEPT = 3


class Unset:
    """No constant is known (None is a constant)."""


UNSET = Unset()


class Statement(Struct, frozen=True):
    """A store statement being built by chaining; it takes effect where it is executed.

    verb: "select", "update", "insert", "delete", "text" or "" when not known yet. entities: those it refers to, its
    subject first.
    """

    family: str
    verb: str
    entities: tuple[str, ...] = ()
    where: tuple[Cond, ...] = ()
    puts: tuple[Put, ...] = ()
    loads: tuple[str, ...] = ()
    traits: int = 0
    bounded: bool = False
    aggregate: str = ""  # "count", "exists", "max" … when the result is not a row
    text: Any = None  # Val of raw text
    handle: Any = None  # Val that runs it, when it is known before execution
    bound: Any = None  # Val of separate parameters
    subject: Any = None  # Val of its subject, where only the caller knows the entity (`select(self.model)`)


class Made(Struct, frozen=True):
    """A new instance of an entity that is not stored yet."""

    entity: str
    puts: tuple[tuple[str, Any], ...]  # column → Val


class Closure(Struct):
    """An inline function, with the names in its scope."""

    node: Function
    scope: Any  # Scope
    lowered: int = -1  # its CALLBACK region, once lowered


class Val(Struct):
    """A value at one point of a function.

    type: the class of which it is an instance (a library's dotted name or "path:Class"); item: that of its elements.
    symbol: what it refers to, when it is a module, class or function. column: (entity, column) of a column attribute of
    a class. in_store: columns of an expression that the store computes. effect: the effect that later links may refine.
    """

    origins: Value = ()
    type: str = ""
    item: str = ""
    symbol: str = ""
    receiver: Val | None = None
    entries: dict[str, Val] | None = None
    items: tuple[Val, ...] | None = None
    constant: Any = UNSET
    column: tuple[str, str] | None = None
    conds: tuple[Cond, ...] = ()
    in_store: tuple[str, ...] = ()
    statement: Statement | None = None
    made: Made | None = None
    function: Closure | None = None
    effect: int = -1
    options: dict[str, Val] | None = None  # the constructor arguments of a library object

    @property
    def is_known(self) -> bool:
        return bool(self.type or self.symbol or self.statement or self.entries is not None or self.function)


UNKNOWN = Val((Origin(OriginKind.UNKNOWN),))


def merge(parts: Iterable[Value]) -> Value:
    """The union of origins, in order, truncated at the limit."""
    seen: dict[Origin, None] = {}
    for part in parts:
        for origin in part:
            seen[origin] = None
    if len(seen) > 1:
        seen.pop(Origin(OriginKind.UNKNOWN), None)
    return tuple(seen)[:ORIGINS_KEPT]


def extend(origins: Value, name: str, via: int = 0) -> Value:
    """The same origins, extended by one attribute."""
    return tuple(Origin(origin.kind, origin.ref, _further(origin, name), origin.via | via) for origin in origins)


def _further(origin: Origin, name: str) -> tuple[str, ...]:
    if not name or (origin.kind is OriginKind.ROW and origin.path[-1:] == (name,)):  # the only selected column
        return origin.path
    return (*origin.path, name)[:PATH_KEPT]


def through(origins: Value, via: int) -> Value:
    """The same origins after something happened to the value."""
    if not via:
        return origins
    return tuple(Origin(origin.kind, origin.ref, origin.path, origin.via | via) for origin in origins)


def join(left: Val | None, right: Val | None) -> Val:
    """The value of a variable after two paths join. None: not set on that path."""
    if left is None or right is None or left is right:
        return left or right or UNKNOWN
    statement = left.statement
    if left.statement and right.statement and left.statement != right.statement:
        statement = _joined(left.statement, right.statement)
    return Val(
        merge((left.origins, right.origins)),
        left.type or right.type,
        left.item or right.item,
        left.symbol if left.symbol == right.symbol else "",
        left.receiver,
        left.entries if left.entries is not None else right.entries,
        None,
        left.constant if left.constant is right.constant else UNSET,
        left.column or right.column,
        left.conds or right.conds,
        left.in_store or right.in_store,
        statement or right.statement,
        left.made or right.made,
        left.function or right.function,
        left.effect if left.effect >= 0 else right.effect,
        left.options or right.options,
    )


def _joined(left: Statement, right: Statement) -> Statement:
    """A statement built differently on two paths: what only one path adds is a MAYBE."""
    from looktwice.code.ir.control import Op

    where = dict.fromkeys(cond for cond in left.where if cond in right.where)
    for cond in (*left.where, *right.where):
        if cond not in where:
            where[Cond(cond.column, Op.MAYBE, cond.value)] = None
    longer = left if len(left.where) >= len(right.where) else right
    return replace(
        longer,
        where=tuple(where),
        loads=tuple(dict.fromkeys((*left.loads, *right.loads))),
        bounded=left.bounded and right.bounded,
        traits=left.traits & right.traits,
    )


def element(value: Val) -> Val:
    """An element of a collection."""
    if value.items:
        only = value.items[0]
        for item in value.items[1:4]:
            only = join(only, item)
        return only
    return Val(through(value.origins, Via.ELEMENT), value.item)
