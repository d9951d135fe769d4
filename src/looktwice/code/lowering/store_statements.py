"""Statements built by chaining (`select(X).where(…).with_for_update()`), which take effect where they are executed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import Cond, Put, Rows, Trait
from looktwice.code.ir.values import OriginKind
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.execution import execute_statement
from looktwice.code.lowering.models import CallModel
from looktwice.code.lowering.values import UNKNOWN, UNSET, Statement, Val, merge
from looktwice.code.syntax.tree import Node

if TYPE_CHECKING:
    from looktwice.code.lowering.calls import Arguments

COLUMN_OPERATIONS = {
    "in_": Op.IN, "not_in": Op.NOT_IN, "notin_": Op.NOT_IN, "is_": Op.EQ, "is_not": Op.NE, "isnot": Op.NE,
    "like": Op.LIKE,
    "ilike": Op.LIKE, "contains": Op.LIKE, "startswith": Op.LIKE, "endswith": Op.LIKE, "icontains": Op.LIKE,
    "between": Op.OPAQUE, "has": Op.OPAQUE, "any": Op.OPAQUE, "is_distinct_from": Op.NE,
}  # fmt: skip


OPEN_KINDS = {OriginKind.PARAM, OriginKind.SELF, OriginKind.RESULT, OriginKind.ARGUMENT}


def link(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """One link of a chained statement: starts one, adds to one, or is part of one (an operation on a column)."""
    return LINKS[model.statement](low, node, name, model, receiver, given)


def _subject(low: Lowering, values: tuple[Val, ...]) -> tuple[tuple[str, ...], str]:
    """The entities named by the arguments of a select, and the aggregate when nothing else is selected."""
    entities: dict[str, None] = {}
    aggregates = []
    for value in values:
        if value.options and "aggregate" in value.options:
            aggregates.append(str(value.options["aggregate"].constant))
        for symbol in filter(None, (value.symbol, value.column and value.column[0], *_inner(value))):
            if (entity := low.world.entity(symbol)) is not None:
                entities[entity.key] = None
    aggregate = aggregates[0] if aggregates and len(aggregates) == len(values) else ""
    return tuple(entities), aggregate


def _inner(value: Val) -> tuple[str, ...]:
    if value.options and (inner := value.options.get("of")) is not None:
        return tuple(filter(None, (inner.symbol, inner.column[0] if inner.column else "")))
    return ()


def start(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    family = name.split(".", maxsplit=1)[0]
    if model.detail == "text":
        return Val(
            given.positions[0].origins if given.positions else (),
            statement=Statement(family, "text", text=given.positions[0] if given.positions else None),
        )
    entities, aggregate = _subject(low, given.positions)
    inner = next((each.statement for each in given.positions if each.statement is not None), None)
    if inner is not None and not entities:  # `select(exists().where(…))`
        return Val(statement=replace(inner, family=family, handle=receiver if model.rows == "handle" else inner.handle))
    columns = tuple(each.column[1] for each in given.positions if each.column is not None)
    open_ended = given.positions[:1] if not entities and not aggregate else ()
    subject = next((each for each in open_ended if {origin.kind for origin in each.origins} <= OPEN_KINDS), None)
    statement = Statement(family, model.detail, entities, aggregate=aggregate, loads=columns, subject=subject)
    if model.rows == "handle" and receiver is not None:
        statement = replace(statement, handle=receiver)
    return Val(statement=statement)


def where(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    value = _with(
        receiver,
        where=_conds(low, given.positions, receiver.statement.subject if receiver and receiver.statement else None),
    )
    if value.statement is not None and not value.statement.entities:  # `exists().where(User.email == …)`
        entities, _ = _subject(low, given.positions)
        return replace(value, statement=replace(value.statement, entities=entities))
    return value


def _conds(low: Lowering, values: tuple[Val, ...], subject: Val | None = None) -> tuple[Cond, ...]:
    found: list[Cond] = []
    for value in values:
        if value.conds:
            found.extend(value.conds)
        elif (compared := _of_subject(low, value, subject)) is not None:
            found.append(compared)
        elif value.items is not None:
            found.extend(_conds(low, value.items))
        elif value.constant is UNSET:
            found.append(Cond("*", Op.OPAQUE, low.body.value(value)))
    return tuple(found)


def _of_subject(low: Lowering, value: Val, subject: Val | None) -> Cond | None:
    """The condition `self.model.id == id`, when the statement selects from `self.model`."""
    options = value.options or {}
    if subject is None or "left" not in options or "right" not in options or not subject.origins:
        return None
    left, right = options["left"], options["right"]
    for origin in left.origins:
        if origin.path and replace(origin, path=origin.path[:-1]) == subject.origins[0]:
            return Cond(origin.path[-1], Op.EQ, low.body.value(right))
    return None


def where_keywords(
    low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments
) -> Val:
    return _with(
        receiver, where=tuple(Cond(key, Op.EQ, low.body.value(value)) for key, value in given.keywords.items())
    )


def both(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """`and_`, `or_`, `not_`."""
    conds = _conds(low, given.positions)
    if model.detail != "and":
        conds = tuple(Cond(each.column, Op.OPAQUE, each.value) for each in conds)
    return Val(merge(each.origins for each in given.positions), conds=conds)


def column_operation(
    low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments
) -> Val:
    """`Column.in_(…)`, `.is_(None)`, `.desc()`."""
    base = receiver or UNKNOWN
    method = name.rpartition(".")[2]
    op = COLUMN_OPERATIONS.get(method)
    value = given.positions[0] if given.positions else None
    if op is None or base.column is None:
        return replace(base, symbol="", conds=base.conds)
    if op in (Op.EQ, Op.NE) and value is not None and value.constant is None:
        cond = Cond(base.column[1], Op.NULL if op is Op.EQ else Op.TRUE)
    else:
        cond = Cond(base.column[1], op, low.body.value(value) if value is not None else NONE)
    return Val(value.origins if value is not None else (), conds=(cond,))


def function(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """`func.count(X.id)`, `func.lower(X.email)`: computed by the store."""
    method = name.rpartition(".")[2].lower()
    first = given.positions[0] if given.positions else Val()
    options = {"of": first}
    if method.startswith(("pg_advisory", "pg_try_advisory")):
        options["aggregate"] = low.constant("lock")
    elif method in ("count", "sum", "max", "min", "avg", "exists"):
        options["aggregate"] = low.constant(method)
    else:
        return replace(first, symbol="", in_store=first.in_store or ("*",))
    return Val(first.origins, in_store=first.in_store or ("*",), options=options)


def values(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    return _with(receiver, puts=puts_of(low, given))


def puts_of(low: Lowering, given: Arguments) -> tuple[Put, ...]:
    """The columns set by keywords, by a mapping, or by a list of mappings."""
    pairs: list[tuple[str, Val]] = [
        (key, value) for key, value in given.keywords.items() if key != "synchronize_session"
    ]
    for value in given.positions:
        rows = value.items if value.items is not None else (value,)
        for row in rows[:3]:
            if row.entries is not None:
                pairs.extend(row.entries.items())
            elif row.constant is UNSET:
                pairs.append(("*", row))
    return tuple(
        Put("*" if key in ("...", "[*]") else key, low.body.value(value), bool(value.in_store)) for key, value in pairs
    )


def upsert(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    return _with(receiver, traits=Trait.UPSERT)


def lock(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    traits = int(Trait.LOCKS_ROW)
    if {"nowait", "skip_locked"} & given.keywords.keys():
        traits |= Trait.NOWAIT
    if (read := given.keywords.get("read")) is not None and read.constant is True:
        traits &= ~Trait.LOCKS_ROW
    return _with(receiver, traits=traits)


def options(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """`.options(selectinload(A.b).joinedload(B.c))`, `.execution_options(populate_existing=True)`."""
    if "populate_existing" in given.keywords or name.endswith(".populate_existing"):
        return _with(receiver, traits=Trait.FRESH_READ)
    loads = tuple(
        load for value in given.positions for load in (value.options or {}).get("loads", Val(items=())).items or ()
    )
    return _with(receiver, loads=tuple(str(each.constant) for each in loads))


def load(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """`selectinload(Order.items)`: a relation loaded with the rows."""
    before = ((receiver.options or {}).get("loads") if receiver is not None and not receiver.symbol else None) or Val(
        items=()
    )
    named = [low.constant(f"{each.column[0]}.{each.column[1]}") for each in given.positions if each.column is not None]
    return Val(options={"loads": Val(items=(*(before.items or ()), *named))})


def limit(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    return _with(receiver, bounded=True)


def join(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    entities, _ = _subject(low, given.positions)
    base = receiver.statement if receiver is not None else None
    return _with(
        receiver,
        entities=tuple(dict.fromkeys((*(base.entities if base else ()), *entities))),
        where=_conds(low, given.positions[1:]),
    )


def select_from(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    entities, _ = _subject(low, given.positions)
    base = receiver.statement if receiver is not None else None
    inner = next((each.statement for each in given.positions if each.statement is not None), None)
    more = {"text": inner.text} if inner is not None and inner.text is not None else {}
    if inner is not None:
        more["where"] = inner.where
        entities = entities or inner.entities
    return _with(receiver, entities=tuple(dict.fromkeys((*(base.entities if base else ()), *entities))), **more)


def bind_parameters(
    low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments
) -> Val:
    return _with(receiver, bound=Val(merge(each.origins for each in given.all), entries=dict(given.keywords)))


def _with(receiver: Val | None, **changes: object) -> Val:
    statement = receiver.statement if receiver is not None else None
    if receiver is None or statement is None:
        return UNKNOWN
    for key in ("where", "puts", "loads"):
        if key in changes:
            changes[key] = (*getattr(statement, key), *changes[key])  # type: ignore[misc]
    if "traits" in changes:
        changes["traits"] = statement.traits | changes["traits"]  # type: ignore[operator]
    return replace(receiver, statement=replace(statement, **changes))


def keep(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    return receiver or UNKNOWN


def wrap(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """`exists(select(…))`, `.exists()`, `.subquery()`, `.scalar_subquery()`: a statement as part of another."""
    base = receiver if receiver is not None and receiver.statement is not None else None
    inner = base or next((each for each in given.positions if each.statement is not None), None)
    if inner is None or inner.statement is None:
        value = start(low, node, name, replace(model, detail="select"), receiver, given)
        return replace(value, statement=replace(value.statement, aggregate=model.detail)) if value.statement else value
    if model.detail:
        return Val(
            statement=replace(inner.statement, aggregate=model.detail),
            options={"aggregate": low.constant(model.detail), "of": inner},
            conds=(Cond("*", Op.OPAQUE),),
        )
    return Val(
        merge(low.body.values[c.value] for c in inner.statement.where if c.value != NONE),
        statement=inner.statement,
        conds=(),
        in_store=("*",),
    )


def terminal(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """A link that executes the statement: `query.first()`, `.all()`, `.count()`, `.update({…})`, `.delete()`."""
    if receiver is None or receiver.statement is None:
        return UNKNOWN
    statement = receiver.statement
    if model.detail == "update":
        statement = replace(statement, verb="update", puts=puts_of(low, given))
    elif model.detail == "delete":
        statement = replace(statement, verb="delete")
    elif model.detail in ("count", "exists"):
        statement = replace(statement, aggregate=model.detail)
    elif model.detail == "get":
        key = given.positions[0] if given.positions else None
        statement = replace(statement, where=(*statement.where, Cond("$key", Op.EQ, low.body.value(key))))
    return execute_statement(
        low, node, name, statement, statement.handle, Rows[model.rows] if model.rows else Rows.UNKNOWN, None
    )


LINKS: dict[str, Callable[..., Val]] = {
    "start": start,
    "where": where,
    "where_keywords": where_keywords,
    "both": both,
    "column": column_operation,
    "function": function,
    "values": values,
    "upsert": upsert,
    "lock": lock,
    "options": options,
    "load": load,
    "limit": limit,
    "join": join,
    "from": select_from,
    "bind": bind_parameters,
    "keep": keep,
    "wrap": wrap,
    "terminal": terminal,
}
