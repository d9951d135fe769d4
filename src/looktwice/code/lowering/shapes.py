"""How the arguments of store calls are read: one function per shape, selected by the model's `shape`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import Cond, EffectKind, Put, Rows, Target, TargetKind, Trait
from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.lowering import assignments, sql, store_statements
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.execution import execute_statement
from looktwice.code.lowering.models import CallModel
from looktwice.code.lowering.values import UNKNOWN, UNSET, Made, Statement, Val, element, merge
from looktwice.code.syntax.tree import Node

if TYPE_CHECKING:
    from looktwice.code.lowering.calls import Arguments

Shape = Callable[[Lowering, Node, str, CallModel, str, Val | None, "Arguments"], Val | None]


def handle_number(low: Lowering, handle: Val | None) -> int:
    return low.body.value(handle) if handle is not None and handle.origins else NONE


def execute(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """`session.execute(statement)`, `.scalars(statement)`, `.scalar(statement)`; text counts as a statement."""
    first = given.positions[0] if given.positions else given.keywords.get("statement")
    if first is None:
        return None
    bound = given.positions[1] if len(given.positions) > 1 else given.keywords.get("params")
    rows = Rows[model.rows] if model.rows else Rows.UNKNOWN
    if first.statement is not None:
        value = execute_statement(low, node, name, first.statement, receiver, rows, bound)
    elif first.type == "str" or first.constant is not UNSET or (first.options and "parts" in first.options):
        value = sql.execute(low, node, name, first, bound, receiver, rows)
    else:
        value = _unknown_statement(low, node, name, first, receiver)
    if name.endswith(".scalar") and value.effect >= 0 and rows is Rows.ONE:
        return value
    return replace(value, type=value.type if rows is Rows.ONE else model.type or value.type, item=value.item)


def _unknown_statement(low: Lowering, node: Node, name: str, first: Val, receiver: Val | None) -> Val:
    """A statement that was built elsewhere: its effect is not known here."""
    number = low.body.effect(
        effect_of(
            EffectKind.QUERY,
            node,
            handle=handle_number(low, receiver),
            known=Known.NONE,
            name=name,
            args=(("text", low.body.value(first)),),
        )
    )
    return Val((Origin(OriginKind.ROW, number),), effect=number) if number != NONE else UNKNOWN


def text(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """A driver's `execute(text, parameters)`, `pool.query(text, values)`, `$queryRaw`."""
    first = given.get(model.text or "0", receiver)
    if first is None:
        return None
    bound = given.get(model.bound or "1", receiver)
    if first.entries is not None and "text" in first.entries:  # pg: query({text, values})
        bound = first.entries.get("values", bound)
        first = first.entries["text"]
    if first.statement is not None:
        return execute_statement(low, node, name, first.statement, receiver, Rows.UNKNOWN, bound)
    if bound is None and len(given.positions) > 1:
        bound = Val(merge(each.origins for each in given.positions[1:]), items=given.positions[1:])
    value = sql.execute(low, node, name, first, bound, receiver, Rows[model.rows] if model.rows else Rows.UNKNOWN)
    if model.keeps == "cursor" and receiver is not None:
        _move_cursor(low, receiver, value)
    return replace(value, type=model.type, item=model.item or "row", receiver=receiver)


def _move_cursor(low: Lowering, cursor: Val, rows: Val) -> None:
    """A cursor holds the rows of its last statement: `cur.execute(…)`, then `cur.fetchone()`."""
    moved = replace(cursor, effect=rows.effect, options={**(cursor.options or {}), "rows": rows})
    low.scope.replace(cursor, moved)


def key(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """`session.get(Entity, key)`."""
    subject, identifier = given.get("0|entity"), given.get("1|ident")
    entity = low.world.entity(subject.symbol) if subject is not None else None
    if subject is None or identifier is None:
        return None
    traits = int(Trait.TRACKED | Trait.UNIQUE_KEYED)
    if (lock := given.get("with_for_update")) is not None and lock.constant is not False and lock.constant is not None:
        traits |= Trait.LOCKS_ROW
    if given.get("populate_existing") is not None:
        traits |= Trait.FRESH_READ
    loads = given.get("options")
    number = low.body.effect(
        effect_of(
            EffectKind.READ,
            node,
            target=Target(
                TargetKind.ENTITY,
                entity.key if entity else subject.symbol,
                NONE if entity or subject.symbol else low.body.value(subject),
            ),
            where=(Cond("$key", Op.EQ, low.body.value(identifier)),),
            rows=Rows.ONE,
            traits=traits,
            handle=handle_number(low, receiver),
            known=Known.TYPED,
            name=name,
            loads=_load_names(loads),
        )
    )
    if number == NONE:
        return UNKNOWN
    origin = (Origin(OriginKind.ROW, number),)
    low.body.refine(number, result=low.body.origins(origin))
    return Val(origin, entity.key if entity else "", effect=number)


def _load_names(loads: Val | None) -> tuple[str, ...]:
    if loads is None:
        return ()
    return tuple(
        str(each.constant)
        for value in (loads.items or (loads,))
        for each in ((value.options or {}).get("loads") or Val(items=())).items or ()
    )


def instance(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """`session.add(obj)`, `.add_all([...])`, `.delete(obj)`, `.refresh(obj)`."""
    subject = given.positions[0] if given.positions else None
    if subject is None:
        return None
    subjects = subject.items if subject.items is not None else (subject,)
    if subject.items is None and model.rows == "MANY":
        subjects = (element(subject),)
    lock = given.get("with_for_update")
    traits = Trait.LOCKS_ROW if lock is not None and lock.constant not in (None, False) else Trait(0)
    for each in subjects:
        _instance(low, node, name, model, each, receiver, traits)
    return UNKNOWN


def _instance(
    low: Lowering,
    node: Node,
    name: str,
    model: CallModel,
    subject: Val,
    receiver: Val | None,
    traits: int = 0,
) -> None:
    kind = EffectKind[model.kind]
    made = subject.made
    entity = low.world.entity(subject.type) if subject.type else None
    number = low.body.value(subject)
    if (
        kind is EffectKind.CREATE
        and made is None
        and entity is not None
        and all(origin.kind is OriginKind.ROW for origin in subject.origins)
    ):
        return  # adding a loaded instance changes nothing
    key = made.entity if made else entity.key if entity else ""
    traits |= Trait.TRACKED
    if kind is EffectKind.READ:
        traits |= Trait.FRESH_READ | Trait.UNIQUE_KEYED
    for each in model.traits:
        traits |= Trait[each]
    effect = low.body.effect(
        effect_of(
            kind,
            node,
            target=Target(TargetKind.ENTITY, key, NONE if key else number),
            puts=_columns(low, made, receiver) if kind is EffectKind.CREATE else (),
            rows=Rows.ONE,
            row=number,
            handle=handle_number(low, receiver),
            traits=traits,
            known=Known.TYPED,
            name=name,
        )
    )
    if effect != NONE and made is not None:
        low.body.refine(effect, result=low.body.origins((Origin(OriginKind.ROW, effect),)))
        low.scope.replace(subject, replace(subject, origins=(Origin(OriginKind.ROW, effect),), effect=effect))


def _columns(low: Lowering, made: Made | None, receiver: Val | None) -> tuple[Put, ...]:
    """The columns of a new instance; nested instances are created with it."""
    puts: list[Put] = []
    for column, value in made.puts if made else ():
        nested = [each for each in (value.items or (value,)) if each.made is not None]
        if nested:
            continue
        puts.append(Put("*" if column == "..." else column, low.body.value(value), bool(value.in_store)))
    return tuple(puts)


def cascade(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """`add` with nested instances: `User(wallet=Wallet(…))` creates both."""
    result = instance(low, node, name, model, matched, receiver, given)
    waiting = [each for value in given.positions for each in (value.items or (value,))]
    for each in waiting[:16]:
        for _, value in each.made.puts if each.made else ():
            for inner in value.items or (value,):
                if inner.made is not None:
                    _instance(low, node, name, model, inner, receiver)
    return result


def query(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """`session.query(Entity)`: a statement that knows its session."""
    value = store_statements.start(low, node, name, replace(model, detail="select"), receiver, given)
    return replace(value, statement=replace(value.statement or Statement("sqlalchemy", "select"), handle=receiver))


def session(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """A new session, connection or client of the store, with its own handle."""
    kind = model.type or (receiver.item if receiver is not None else "")
    options = {str(position): value for position, value in enumerate(given.positions)} | given.keywords
    number = low.body.effect(effect_of(EffectKind.OPEN, node, known=Known.TYPED, name=name))
    if number == NONE:
        return Val(UNKNOWN.origins, kind)
    handle = Val(
        (Origin(OriginKind.HANDLE, number),),
        kind,
        options={**options, **({"enter": low.constant(model.enter)} if model.enter else {})},
    )
    low.body.refine(number, handle=low.body.value(handle))
    return handle


def end(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """`commit()`, `rollback()`, `flush()`, `begin()`, `close()` of a handle."""
    low.body.effect(
        effect_of(EffectKind[model.kind], node, handle=handle_number(low, receiver), known=Known.TYPED, name=name)
    )
    enter = {"enter": low.constant(model.enter)} if model.enter else None
    if receiver is None:
        return UNKNOWN
    return Val(receiver.origins, model.type or receiver.type, options=enter, receiver=receiver)


def set_attribute(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> Val | None:
    """`setattr(row, column, value)`: a write of a column, or of any column when the name is computed."""
    if len(given.positions) == 3:
        row, column, value = given.positions
        written = column.constant if isinstance(column.constant, str) else "*"
        assignments.write_attribute(low, node, row, written, value)
    return UNKNOWN


SHAPES: dict[str, Shape] = {
    "setattr": set_attribute,
    "execute": execute,
    "sql": text,
    "key": key,
    "instance": cascade,
    "query": query,
    "session": session,
    "end": end,
}
