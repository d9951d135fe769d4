"""Statements that are object literals: `{where: {…}, data: {…}, include: {…}}`, with nested creates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import Cond, EffectKind, Fails, Put, Rows, Target, TargetKind, Trait
from looktwice.code.ir.entities import Entity
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.models import CallModel
from looktwice.code.lowering.values import UNKNOWN, Val
from looktwice.code.syntax.tree import Node

if TYPE_CHECKING:
    from looktwice.code.lowering.calls import Arguments

OPERATORS = {
    "equals": Op.EQ, "in": Op.IN, "notIn": Op.NOT_IN, "not": Op.NE, "lt": Op.LESS, "lte": Op.LESS, "gt": Op.MORE,
    "gte": Op.MORE, "contains": Op.LIKE, "startsWith": Op.LIKE, "endsWith": Op.LIKE, "has": Op.OPAQUE,
    "some": Op.OPAQUE,
    "every": Op.OPAQUE, "none": Op.OPAQUE, "is": Op.OPAQUE, "isNot": Op.OPAQUE, "search": Op.LIKE,
}  # fmt: skip
RELATIVE = frozenset({"increment", "decrement", "multiply", "divide"})
NESTED = {
    "create": EffectKind.CREATE, "createMany": EffectKind.CREATE, "connectOrCreate": EffectKind.CREATE,
    "upsert": EffectKind.CREATE, "update": EffectKind.WRITE, "updateMany": EffectKind.WRITE,
    "delete": EffectKind.DELETE, "deleteMany": EffectKind.DELETE,
}  # fmt: skip
DEEPEST = 3


def delegate(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """`client.entity.method({…})`."""
    request = given.positions[0] if given.positions else Val(entries={})
    entries = request.entries or {}
    client = receiver.receiver if receiver is not None and receiver.receiver is not None else receiver
    entity = low.world.entity(f"prisma:{matched}")
    where = conditions(low, entries.get("where"))
    traits, fails, rows = 0, Fails.RAISES, Rows[model.rows] if model.rows else Rows.UNKNOWN
    for each in model.traits:
        traits |= Trait[each]
    if model.fails:
        fails = Fails[model.fails]
    if rows is Rows.MANY and entries.get("take") is not None:
        rows = Rows.BOUNDED
    kind = EffectKind[model.kind]
    puts: tuple[Put, ...] = ()
    nested: list[tuple[str, EffectKind, Val]] = []
    if model.puts:
        for reference in model.puts.split("|"):
            if (value := entries.get(reference)) is not None:
                puts += columns(low, value, entity, nested)
    if request.entries is None and given.positions:
        where, puts = (
            (Cond("*", Op.OPAQUE, low.body.value(request)),),
            (Put("*", low.body.value(request)),) if model.puts else (),
        )
    args = tuple(
        (key, low.body.value(entries[key])) for key in ("take", "skip", "orderBy", "select", "cursor") if key in entries
    )
    number = low.body.effect(
        effect_of(
            kind,
            node,
            target=Target(TargetKind.ENTITY, entity.key if entity else f"prisma:{matched}"),
            where=where,
            puts=puts,
            handle=low.body.value(client) if client is not None else NONE,
            rows=rows,
            loads=loads(entries),
            fails=fails,
            traits=traits,
            known=Known.TYPED if entity is not None else Known.IMPLEMENTS,
            name=name,
            args=args,
        )
    )
    if number == NONE:
        return UNKNOWN
    for relation, nested_kind, value in nested[:8]:
        _nested(low, node, name, entity, relation, nested_kind, value, client, 0)
    origin = _origin(kind, model, number, entries)
    low.body.refine(number, result=low.body.origins((origin,)))
    many = rows in (Rows.MANY, Rows.BOUNDED) and kind is EffectKind.READ
    row = entity.key if entity else ""
    return Val((origin,), "list" if many else "", item=row if many else "", effect=number)


def _origin(kind: EffectKind, model: CallModel, number: int, entries: dict[str, Val]) -> Origin:
    if kind in (EffectKind.COUNT, EffectKind.EXISTS) or model.returns == "count":
        return Origin(OriginKind.COUNT, number)
    if model.returns == "aggregate":
        via = Via.EXTREME if {"_max", "_min"} & entries.keys() else Via(0)
        return Origin(OriginKind.ROW, number, (), via)
    return Origin(OriginKind.ROW, number)


def loads(entries: dict[str, Val]) -> tuple[str, ...]:
    """The relations loaded with the rows (`include`, and relations under `select`)."""
    found: list[str] = []

    def collect(value: Val | None, prefix: str, depth: int) -> None:
        if value is None or value.entries is None or depth > DEEPEST:
            return
        for key, inner in value.entries.items():
            if key.startswith("["):
                continue
            found.append(f"{prefix}{key}")
            if inner.entries is not None:
                collect(inner.entries.get("include"), f"{prefix}{key}.", depth + 1)
                collect(inner.entries.get("select"), f"{prefix}{key}.", depth + 1)

    collect(entries.get("include"), "", 0)
    collect(entries.get("select"), "", 0)
    return tuple(found)


def conditions(low: Lowering, where: Val | None, depth: int = 0) -> tuple[Cond, ...]:
    """The conditions of a `where` object."""
    if where is None:
        return ()
    if where.entries is None:
        return (Cond("*", Op.OPAQUE, low.body.value(where)),)
    found: list[Cond] = []
    for column, value in where.entries.items():
        if column == "...":
            found.append(Cond("*", Op.OPAQUE, low.body.value(value)))
        elif column == "AND":
            for each in value.items or (value,):
                found.extend(conditions(low, each, depth + 1))
        elif column in ("OR", "NOT"):
            for each in (value.items or (value,)) if depth < DEEPEST else ():
                found.extend(Cond(cond.column, Op.OPAQUE, cond.value) for cond in conditions(low, each, depth + 1))
        elif value.entries is not None and value.entries.keys() & OPERATORS.keys():
            for key, inner in value.entries.items():
                op = OPERATORS.get(key, Op.OPAQUE)
                if inner.constant is None and op in (Op.EQ, Op.NE):
                    found.append(Cond(column, Op.NULL if op is Op.EQ else Op.TRUE))
                else:
                    found.append(Cond(column, op, low.body.value(inner)))
        elif value.entries is not None and depth < DEEPEST:  # a compound unique key, or a relation
            found.extend(
                conditions(low, value, depth + 1)
                if "_" in column
                else (Cond(f"{column}.{c.column}", c.op, c.value) for c in conditions(low, value, depth + 1))
            )
        elif value.constant is None:
            found.append(Cond(column, Op.NULL))
        else:
            found.append(Cond(column, Op.EQ, low.body.value(value)))
    return tuple(found)


def columns(
    low: Lowering, data: Val, entity: Entity | None, nested: list[tuple[str, EffectKind, Val]]
) -> tuple[Put, ...]:
    """The columns of a `data` object; creates and updates of relations are collected in `nested`."""
    if data.items is not None:
        return tuple(put for row in data.items[:2] for put in columns(low, row, entity, nested))
    if data.entries is None:
        return (Put("*", low.body.value(data)),)
    puts: list[Put] = []
    for column, value in data.entries.items():
        if column == "...":
            puts.append(Put("*", low.body.value(value)))
            continue
        inner = value.entries
        if inner is not None and inner.keys() & RELATIVE:
            key = next(iter(inner.keys() & RELATIVE))
            puts.append(Put(column, low.body.value(inner[key]), relative=True))
        elif inner is not None and "set" in inner:
            puts.append(Put(column, low.body.value(inner["set"])))
        elif (
            inner is not None
            and (entity is None or entity.relation(column) is not None or inner.keys() & {"connect"})
            and (inner.keys() & (NESTED.keys() | {"connect", "disconnect"}))
        ):
            if (connect := inner.get("connect")) is not None:
                puts.append(Put(column, low.body.value(connect)))
            nested.extend((column, NESTED[key], inner[key]) for key in inner if key in NESTED)
        else:
            puts.append(Put(column, low.body.value(value)))
    return tuple(puts)


def _nested(
    low: Lowering,
    node: Node,
    name: str,
    entity: Entity | None,
    relation: str,
    kind: EffectKind,
    value: Val,
    client: Val | None,
    depth: int,
) -> None:
    known = entity.relation(relation) if entity is not None else None
    target = low.world.entity(known.target) if known is not None else None
    inner: list[tuple[str, EffectKind, Val]] = []
    entries = value.entries or {}
    data = entries.get("data") or entries.get("create") or value
    puts = columns(low, data, target, inner) if kind is not EffectKind.DELETE else ()
    low.body.effect(
        effect_of(
            kind,
            node,
            target=Target(TargetKind.ENTITY, target.key if target else known.target if known else f"prisma:{relation}"),
            where=conditions(low, entries.get("where")),
            puts=puts,
            handle=low.body.value(client) if client is not None else NONE,
            traits=Trait.NESTED | Trait.AUTOCOMMIT,
            known=Known.TYPED,
            name=name,
        )
    )
    for each, each_kind, each_value in inner[:4] if depth < DEEPEST else ():
        _nested(low, node, name, target, each, each_kind, each_value, client, depth + 1)


SHAPES = {"prisma": delegate}
