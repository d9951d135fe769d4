"""Expressions: the value of each kind of node in the neutral tree."""

from __future__ import annotations

import re

from looktwice.code.ir.common import Known
from looktwice.code.ir.control import FactKind, Op
from looktwice.code.ir.effects import Cond, EffectKind, Rows, Target, TargetKind, Trait
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.lowering import assignments, calls, loops, operators
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.context import Lowering, Reader
from looktwice.code.lowering.values import UNKNOWN, UNSET, Closure, Val, element, extend, merge, through
from looktwice.code.syntax.tree import (
    Assignment,
    Attribute,
    Await,
    Call,
    Cast,
    Comprehension,
    Conditional,
    DefaultTarget,
    Function,
    Literal,
    Mapping,
    Name,
    Node,
    Opaque,
    Operation,
    Sequence,
    Slice,
    Spread,
    Subscript,
    Template,
    Type,
    Yield,
)

STATUS = re.compile(r"HTTP_(\d{3})_")
LAZY_CONTAINERS = ("length", "size")


def read_name(low: Lowering, node: Name) -> Val:
    return low.name(node.id)


def read_literal(low: Lowering, node: Literal) -> Val:
    return low.constant(node.value)


def read_attribute(low: Lowering, node: Attribute) -> Val:
    return attribute(low, low.evaluate(node.value), node.name, node)


def attribute(low: Lowering, base: Val, name: str, node: Node) -> Val:
    """`base.name`."""
    if base.symbol:
        return _member(low, base, name)
    if base.entries is not None:
        if name in base.entries:
            return base.entries[name]
        if (spread := base.entries.get("...")) is not None and not base.type:
            return Val(extend(spread.origins, name))
    if base.type and (found := _of_instance(low, base, name, node)) is not None:
        return found
    if name in LAZY_CONTAINERS:
        return Val(through(base.origins, Via.COUNTED))
    value = Val(extend(base.origins, name))
    if any(origin.kind is OriginKind.REQUEST for origin in base.origins):
        low.fact(FactKind.GET, node, name, result=low.body.value(value))
    return value


def _member(low: Lowering, base: Val, name: str) -> Val:
    symbol = base.symbol
    if ":" not in symbol:
        known = low.models.type(symbol)
        if known is not None and (spec := known.attributes.get(name, known.attributes.get("*"))):
            return described(low, spec, base, name)
        if (status := STATUS.match(name)) is not None:
            return low.constant(int(status[1]))
        return Val(symbol=low.models.canonical(f"{symbol}.{name}"))
    if (entity := low.world.entity(symbol)) is not None and low.names.method(symbol, name) is None:
        relation = entity.relation(name)
        return Val(
            low.body.of_constant(OriginKind.CONST, name),
            column=(symbol, name),
            in_store=(name,),
            symbol=f"builtins.relation.{name}" if relation else "",
        )
    member = low.names.member(symbol, name)
    if member:
        found = low.symbol(member)
        return found if found.is_known or found.origins else Val(symbol=member)
    bases = tuple(low.names.library_bases(symbol))
    if any(each.startswith(("enum.", "builtins.")) for each in bases):
        return Val(low.body.of_constant(OriginKind.CONST, f"{symbol.rpartition(':')[2]}.{name}"), constant=f"{name}")
    for each in bases:
        if low.models.call(f"{each}.{name}"):
            return Val(symbol=low.models.canonical(f"{each}.{name}"))
    return Val(low.body.of_constant(OriginKind.MODULE, f"{symbol}.{name}"))


def _of_instance(low: Lowering, base: Val, name: str, node: Node) -> Val | None:
    kind = base.type
    if (entity := low.world.entity(kind)) is not None:
        return _of_row(low, base, entity, name, node)
    if ":" in kind:
        if (method := low.names.method(kind, name)) is not None:
            function = low.names.node(method)
            accessor = getattr(function, "accessor", "") or _is_property(function)
            if accessor:
                return calls.call_project(low, node, (method,), Known.TYPED, base, calls.Arguments())
            return Val(low.body.of_constant(OriginKind.FUNCTION, method), symbol=method, receiver=base)
        inherited = (low.models.type(low.models.canonical(each)) for each in low.names.library_bases(kind))
        if spec := next((model.attributes[name] for model in inherited if model and name in model.attributes), None):
            return described(low, spec, base, name)
        field = low.world.field(kind, name)
        origins = extend(base.origins, name)
        if field is not None:
            return low.imported(field, origins)
        for each in low.names.library_bases(kind):
            known = low.models.type(low.models.canonical(each))
            if known is not None and known.base == "settings":
                return Val((Origin(OriginKind.CONFIG, -1, (name,)),))
            if known is not None and not known.base:
                return Val(base.origins, f"{low.models.canonical(each)}.{name}", receiver=base)
        return None
    known = low.models.type(low.models.canonical(kind))
    if known is not None and (spec := known.attributes.get(name, known.attributes.get("*"))):
        return described(low, spec, base, name)
    if kind in ("str", "list", "dict"):
        return None
    origins = base.origins if known is not None else extend(base.origins, name)
    return Val(origins, f"{kind}.{name}", receiver=base, options=base.options)


def _is_property(function: object) -> bool:
    if not isinstance(function, Function):
        return False
    names = {getattr(each, "id", getattr(each, "name", "")) for each in function.decorators}
    return bool(names & {"property", "cached_property"})


def _of_row(low: Lowering, base: Val, entity: object, name: str, node: Node) -> Val | None:
    """A column or a relation of a row. A relation that was not loaded with the row is a separate query."""
    relation = entity.relation(name)  # type: ignore[attr-defined]
    if relation is None:
        if (method := low.names.method(base.type, name)) is not None:
            if _is_property(low.names.node(method)):
                return calls.call_project(low, node, (method,), Known.TYPED, base, calls.Arguments())
            return Val(symbol=method, receiver=base)
        return Val(extend(base.origins, name))
    if base.made is not None:
        return Val(extend(base.origins, name), item=relation.target if relation.many else "")
    target = low.world.entity(relation.target)
    kind = target.key if target else relation.target
    effect = low.body.effect(
        effect_of(
            EffectKind.READ,
            node,
            target=Target(TargetKind.ENTITY, kind),
            where=(Cond(f"${name}", Op.EQ, low.body.value(base)),),
            rows=Rows.MANY if relation.many else Rows.ONE,
            traits=Trait.LAZY | Trait.TRACKED,
            row=low.body.value(base),
            known=Known.TYPED,
            name=name,
            loads=(relation.loading,) if relation.loading else (),
        )
    )
    origins = (Origin(OriginKind.ROW, effect),) if effect >= 0 else UNKNOWN.origins
    return Val(origins, "list" if relation.many else kind, kind if relation.many else "")


def described(low: Lowering, spec: str, base: Val, name: str) -> Val:
    """A value as described in a model: "request", "principal", "config", "type:…", "origin type:…"."""
    origin, _, kind = spec.partition(" ") if not spec.startswith("type:") else ("", "", spec)
    kind = kind.removeprefix("type:").replace("*", name)
    if origin == "count":  # how many rows a statement affected
        return Val(
            tuple(Origin(OriginKind.COUNT, each.ref) if each.kind is OriginKind.ROW else each for each in base.origins)
        )
    if origin == "receiver" or not origin:
        return Val(base.origins, kind, receiver=base, options=base.options)
    known = OriginKind[origin.upper()] if origin.upper() in OriginKind.__members__ else OriginKind.UNKNOWN
    return Val((Origin(known, -1, (name,)),), kind)


def read_subscript(low: Lowering, node: Subscript) -> Val:
    base, key = low.evaluate(node.value), low.evaluate(node.key)
    return item(low, base, key)


def item(low: Lowering, base: Val, key: Val) -> Val:
    """`base[key]`. A look-up in a closed set of known values returns one of them, wherever the key came from."""
    if key.constant is not UNSET:
        if base.entries is not None and key.constant in base.entries:
            return base.entries[key.constant]
        if isinstance(key.constant, int) and (column := column_at(base, key.constant)):
            return Val(extend(base.origins, column))
        if (
            base.items is not None
            and isinstance(key.constant, int)
            and -len(base.items) <= key.constant < len(base.items)
        ):
            return base.items[key.constant]
        if isinstance(key.constant, str) and base.type and (model := low.models.type(base.type)) is not None:
            spec = model.attributes.get(key.constant, model.attributes.get("*"))
            if spec:
                return described(low, spec, base, key.constant)
        if isinstance(key.constant, str):
            return Val(extend(base.origins, key.constant), base.item)
    if base.entries and "..." not in base.entries:
        return Val(through(merge(value.origins for value in base.entries.values()), Via.ALLOWED), constant=UNSET)
    if base.symbol:
        return Val(symbol=base.symbol)
    return Val(through(base.origins, Via.ELEMENT), base.item)


def column_at(base: Val, position: int) -> str:
    """The column at a position of a row returned by a SELECT with named columns; "" when that is not known."""
    columns = (base.options or {}).get("columns")
    names = columns.items if columns is not None and columns.items is not None else ()
    return str(names[position].constant) if -len(names) <= position < len(names) else ""


def read_await(low: Lowering, node: Await) -> Val:
    return low.evaluate(node.value)


def read_mapping(low: Lowering, node: Mapping) -> Val:
    entries: dict[str, Val] = {}
    for each in node.entries:
        value = low.evaluate(each.value)
        if each.key is None:
            if value.entries is not None:
                entries |= value.entries
            else:
                spread = through(value.origins, Via.SPREAD)
                before = entries.get("...")
                entries["..."] = Val(merge((before.origins, spread)) if before else spread)
            continue
        key = each.key.value if isinstance(each.key, Literal) else getattr(each.key, "id", None)
        if low.is_python and isinstance(each.key, Name):
            key = None
        if key is None or not isinstance(key, str | int):
            computed = low.evaluate(each.key)
            key = computed.constant if isinstance(computed.constant, str) else "[*]"
            if key == "[*]":
                entries["[*key]"] = computed
        entries[str(key)] = value
    return Val(merge(value.origins for value in entries.values()), "dict", entries=entries)


def read_sequence(low: Lowering, node: Sequence) -> Val:
    items: list[Val] = []
    is_open = False
    for each in node.items:
        value = low.evaluate(each)
        if isinstance(each, Spread):
            if value.items is not None:
                items.extend(value.items)
            else:
                is_open = True
                items.append(element(value))
        else:
            items.append(value)
    kinds = {value.type for value in items}
    return Val(
        merge(value.origins for value in items),
        "list",
        kinds.pop() if len(kinds) == 1 else "",
        items=None if is_open else tuple(items),
    )


def read_spread(low: Lowering, node: Spread) -> Val:
    value = low.evaluate(node.value)
    return Val(through(value.origins, Via.SPREAD), value.type, value.item, entries=value.entries, items=value.items)


def read_yield(low: Lowering, node: Yield) -> Val:
    from looktwice.code.ir.control import FactKind

    value = low.evaluate(node.value) if node.value is not None else low.constant(None)
    number = low.body.value(value)
    low.fact(FactKind.YIELD, node, result=number)
    low.body.returns.append(number)
    return UNKNOWN


def read_cast(low: Lowering, node: Cast) -> Val:
    value = low.evaluate(node.value)
    if node.type is None or value.type or value.symbol:
        return value
    typed = low.world.annotated(low.path, node.type)
    if not typed.type:
        return value
    return Val(value.origins, typed.type, typed.item, entries=value.entries, items=value.items, constant=value.constant)


def read_function(low: Lowering, node: Function) -> Val:
    return Val(function=Closure(node, low.scope))


def read_opaque(low: Lowering, node: Opaque) -> Val:
    values = [low.evaluate(each) for each in node.children]
    return Val(through(merge(each.origins for each in values), Via.OPAQUE)) if values else UNKNOWN


def read_slice(low: Lowering, node: Slice) -> Val:
    for each in (node.lower, node.upper, node.step):
        if each is not None:
            low.evaluate(each)
    return Val(low.body.of_constant(OriginKind.CONST, "[:]"), "slice")


def read_default_target(low: Lowering, node: DefaultTarget) -> Val:
    return low.evaluate(node.default)


READERS: dict[type[Node], Reader] = {
    Name: read_name,
    Literal: read_literal,
    Attribute: read_attribute,
    Subscript: read_subscript,
    Call: calls.read_call,
    Await: read_await,
    Operation: operators.read_operation,
    Conditional: operators.read_conditional,
    Template: operators.read_template,
    Mapping: read_mapping,
    Sequence: read_sequence,
    Spread: read_spread,
    Comprehension: loops.read_comprehension,
    Assignment: assignments.read_assignment,
    Yield: read_yield,
    Cast: read_cast,
    Function: read_function,
    Opaque: read_opaque,
    Slice: read_slice,
    DefaultTarget: read_default_target,
    Type: lambda low, node: low.world.annotated(low.path, node),
}
