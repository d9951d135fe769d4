"""Assignments: names, destructuring, attributes of rows (which are writes), attributes of the object."""

from __future__ import annotations

from msgspec.structs import replace

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import FactKind, RegionKind
from looktwice.code.ir.effects import EffectKind, Put, Rows, Target, TargetKind, Trait
from looktwice.code.ir.values import OriginKind, Via
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import UNSET, Val, element, extend, join, merge, through
from looktwice.code.syntax.tree import (
    Assignment,
    Attribute,
    Cast,
    DefaultTarget,
    Literal,
    Mapping,
    Name,
    Node,
    Sequence,
    Spread,
    Subscript,
)

ENTRIES_KEPT = PUTS_KEPT = 300
"""Attributes of one object that are known one by one: tables have fewer columns."""
MUTABLE_KINDS = frozenset({OriginKind.ROW, OriginKind.PARAM, OriginKind.RESULT, OriginKind.ARGUMENT})


def read_assignment(low: Lowering, node: Assignment) -> Val:
    """Bind the targets; returns the value."""
    if node.declares == "type":
        return low.constant(None)
    if node.value is None:
        if node.annotation is not None:
            for target in node.targets:
                if isinstance(target, Name):
                    low.scope[target.id] = low.world.annotated(low.path, node.annotation)
        elif node.declares != "match":
            for target in node.targets:
                if isinstance(target, Name):
                    low.scope[target.id] = low.constant(None)
        return low.constant(None)
    if node.operator in ("??", "and", "or"):
        return _conditionally(low, node)
    value = low.evaluate(node.value)
    if node.operator:
        value = _folded(low, node, value)
    if node.annotation is not None and not value.type:
        value = _typed(low, value, node.annotation)
    for target in node.targets:
        bind(low, target, value, node)
    return value


def _typed(low: Lowering, value: Val, annotation: Node) -> Val:
    typed = low.world.annotated(low.path, annotation)
    return replace(value, type=typed.type, item=value.item or typed.item) if typed.type else value


def _folded(low: Lowering, node: Assignment, value: Val) -> Val:
    """`a += b` is `a = a + b`."""
    before = low.evaluate(node.targets[0])
    is_text = node.operator == "+" and ("str" in (before.type, value.type))
    via = Via.CONCAT if is_text else Via.ARITH
    if before.column or before.in_store or value.in_store:
        return Val(merge((before.origins, value.origins)), in_store=before.in_store + value.in_store)
    origins = through(merge(each.origins for each in (before, value) if each.constant is UNSET), via)
    parts = {"parts": Val(items=(before, value))} if is_text else None
    return Val(origins or value.origins, "str" if is_text else before.type, before.item, options=parts)


def _conditionally(low: Lowering, node: Assignment) -> Val:
    before = low.evaluate(node.targets[0])
    with low.trial(RegionKind.BRANCH, node, value=low.body.value(before)):
        value = low.evaluate(node.value)
        joined = join(before, value)
        for target in node.targets:
            bind(low, target, joined, node)
    return joined


def bind(low: Lowering, target: Node, value: Val, node: Node) -> None:
    """Bind a target to its value."""
    if isinstance(target, Name):
        low.scope[target.id] = value
    elif isinstance(target, Attribute):
        _attribute(low, target, value, node)
    elif isinstance(target, Sequence):
        _positions(low, target, value, node)
    elif isinstance(target, Mapping):
        _entries(low, target, value, node)
    elif isinstance(target, DefaultTarget):
        default = low.evaluate(target.default)
        bind(low, target.target, join(value, default) if value.origins else default, node)
    elif isinstance(target, Subscript):
        _subscript(low, target, value, node)
    elif isinstance(target, Cast | Spread):
        bind(low, target.value, value, node)


def _positions(low: Lowering, target: Sequence, value: Val, node: Node) -> None:
    from looktwice.code.lowering.expressions import column_at

    for position, each in enumerate(target.items):
        if isinstance(each, Spread):
            bind(low, each.value, Val(value.origins, value.type, value.item), node)
        elif column := column_at(value, position):
            bind(low, each, Val(extend(value.origins, column)), node)
        elif value.items is not None and position < len(value.items):
            bind(low, each, value.items[position], node)
        else:
            bind(low, each, element(value), node)


def _entries(low: Lowering, target: Mapping, value: Val, node: Node) -> None:
    from looktwice.code.lowering.expressions import attribute

    for entry in target.entries:
        if entry.key is None:
            bind(low, entry.value, Val(through(value.origins, Via.SPREAD)), node)
            continue
        name = entry.key.value if isinstance(entry.key, Literal) else getattr(entry.key, "id", "")
        bind(low, entry.value, attribute(low, value, str(name), node) if name else Val(value.origins), node)


def _attribute(low: Lowering, target: Attribute, value: Val, node: Node) -> None:
    """`thing.name = value`: a field of the object, a column of a new or a stored row, or neither."""
    base = low.evaluate(target.value)
    name = target.name
    if (
        isinstance(target.value, Name)
        and base.type == low.owner
        and low.owner
        and base.origins[:1]
        and (base.origins[0].kind is OriginKind.SELF)
    ):
        low.body.fields[name] = low.body.value(value)
        low.fields[name] = value
        low.fact(FactKind.SET, node, name, receiver=low.body.value(base), result=low.body.value(value))
        return
    if isinstance(target.value, Name) and base.made is not None:
        puts = (*base.made.puts, (name, value)) if len(base.made.puts) < PUTS_KEPT else base.made.puts
        made = replace(base.made, puts=puts)
        changed = replace(base, made=made)
        low.scope.replace(base, changed)
        if base.effect >= 0:
            _put_later(low, base.effect, name, value)
        return
    low.fact(FactKind.SET, node, name, receiver=low.body.value(base), result=low.body.value(value))
    if not write_attribute(low, node, base, name, value) and isinstance(target.value, Name) and not base.symbol:
        entries = base.entries if base.entries is not None else {"...": Val(base.origins)}
        low.scope[target.value.id] = replace(base, entries=_with(entries, name, value))


def _with(entries: dict[str, Val], name: str, value: Val) -> dict[str, Val]:
    """The entries with one more; of an object that has very many, the others are known together."""
    if len(entries) < ENTRIES_KEPT or name in entries:
        return {**entries, name: value}
    rest = entries.get("...")
    return {**entries, "...": Val(merge((rest.origins, value.origins)) if rest else value.origins)}


def write_attribute(low: Lowering, node: Node, base: Val, name: str, value: Val) -> bool:
    """Add the effect of setting a row's column. Returns whether the object may be a row."""
    entity = low.world.entity(base.type) if base.type and (low.is_python or _is_tracked(low, base)) else None
    is_open = not base.type and low.is_python and any(origin.kind in MUTABLE_KINDS for origin in base.origins)
    if entity is None and not is_open:
        return False
    if entity is not None and entity.relation(name) is not None:
        return True
    number = low.body.value(base)
    low.body.effect(
        effect_of(
            EffectKind.WRITE,
            node,
            target=Target(TargetKind.ENTITY, entity.key if entity else "", number if entity is None else NONE),
            puts=(Put(name, low.body.value(value), bool(value.in_store)),),
            rows=Rows.ONE,
            row=number,
            traits=Trait.ATTRIBUTE,
            known=Known.TYPED,
            name=f"{name}=",
        )
    )
    return True


def _is_tracked(low: Lowering, base: Val) -> bool:
    """Whether the session that read the row tracks changes of its attributes. Prisma's rows are plain objects."""
    rows = (each.ref for each in base.origins if each.kind is OriginKind.ROW)
    return any(0 <= ref < len(low.body.effects) and low.body.effects[ref].traits & Trait.TRACKED for ref in rows)


def _put_later(low: Lowering, number: int, name: str, value: Val) -> None:
    """An attribute set on an instance after it was added belongs to its creation (until it is flushed)."""
    effect = low.body.effects[number]
    if effect.kind is EffectKind.CREATE and len(effect.puts) < PUTS_KEPT:
        low.body.refine(number, puts=(*effect.puts, Put(name, low.body.value(value))))


def _subscript(low: Lowering, target: Subscript, value: Val, node: Node) -> None:
    base, key = low.evaluate(target.value), low.evaluate(target.key)
    name = key.constant if isinstance(key.constant, str) else "[*]"
    low.fact(FactKind.SET, node, str(name), receiver=low.body.value(base), result=low.body.value(value))
    if isinstance(target.value, Name):
        if base.entries is not None and isinstance(key.constant, str):
            changed = replace(
                base, entries=_with(base.entries, key.constant, value), origins=merge((base.origins, value.origins))
            )
        else:
            changed = replace(base, items=None, origins=merge((base.origins, extend(value.origins, ""))))
        low.scope[target.value.id] = changed
