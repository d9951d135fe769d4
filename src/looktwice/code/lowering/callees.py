"""Resolution of callees: the symbol of the called function, and the object it is called on."""

from __future__ import annotations

from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.lowering import duck
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import Val
from looktwice.code.syntax.tree import Attribute, Await, Call, Cast, Name, Node


def resolve(low: Lowering, node: Call) -> tuple[Val, Val | None, str]:
    """The callee: its value (with a symbol if known), the receiver, and its name as written."""
    callee = node.callee
    while isinstance(callee, Cast | Await):
        callee = callee.value
    if isinstance(callee, Attribute) and (inherited := _inherited(low, callee)) is not None:
        return inherited, inherited.receiver, callee.name
    if isinstance(callee, Attribute):
        base = low.evaluate(callee.value)
        return method(low, base, callee.name, callee), base, callee.name
    value = low.evaluate(callee)
    name = callee.id if isinstance(callee, Name) else ""
    if value.type and not value.symbol and value.function is None:
        if ":" in value.type:
            found = low.names.method(value.type, "__call__")
            value = Val(value.origins, symbol=found, receiver=value) if found else value
        else:
            value = Val(value.origins, symbol=f"{value.type}.()", receiver=value, options=value.options)
    return value, value.receiver, name


def _inherited(low: Lowering, callee: Attribute) -> Val | None:
    """The method that `super().name` or `super.name` refers to, in a project class or else a library class."""
    base = callee.value.callee if isinstance(callee.value, Call) else callee.value
    if not low.owner or not isinstance(base, Name) or base.id != "super":
        return None
    me = Val((Origin(OriginKind.SELF),), low.owner)
    for current, _ in list(low.names.classes(low.owner))[1:]:
        if (found := low.names.method(current, callee.name)) is not None:
            return Val(me.origins, symbol=found, receiver=me)
    for each in low.names.library_bases(low.owner):
        if low.models.call(f"{each}.{callee.name}") is not None:
            return Val(me.origins, symbol=f"{each}.{callee.name}", receiver=me)
    return None


def method(low: Lowering, base: Val, name: str, node: Node) -> Val:
    """The function that `base.name` refers to."""
    if base.statement is not None:
        return Val(base.origins, symbol=f"{base.statement.family}.Statement.{name}", receiver=base)
    if base.column is not None and not base.symbol:
        return Val(base.origins, symbol=f"store.Column.{name}", receiver=base)
    if base.symbol:
        from looktwice.code.lowering.expressions import attribute

        return attribute(low, base, name, node)
    if base.entries is not None and (entry := base.entries.get(name)) is not None:
        return entry
    if base.type:
        if ":" in base.type:
            found = low.names.method(base.type, name)
            if found is not None:
                return Val(base.origins, symbol=found, receiver=base)
            for each in low.names.library_bases(base.type):
                known = low.models.type(low.models.canonical(each))
                if known is not None and known.through and (own := low.names.method(base.type, known.through)):
                    return Val(base.origins, symbol=own, receiver=base)
                if low.models.call(f"{each}.{name}"):
                    return Val(base.origins, symbol=f"{each}.{name}", receiver=base)
            if (field := low.world.field(base.type, name)) is not None and (field.symbol or field.function):
                return field
        elif low.models.call(f"{base.type}.{name}") is not None or low.models.call(f"any.{name}") is None:
            return Val(base.origins, symbol=f"{base.type}.{name}", receiver=base)
    if base.column is not None:
        return Val(base.origins, symbol=f"store.Column.{name}", receiver=base)
    delegate = duck.delegate(low, name, node) if not base.type else ""
    return Val(base.origins, symbol=delegate or f"any.{name}", receiver=base)
