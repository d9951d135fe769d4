"""A library call with a model: the model's effects happen, its callbacks run, its result has the model's origins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from doubletake.code.effects import (
    NONE,
    Effect,
    EffectKind,
    FactKind,
    Fails,
    Known,
    Origin,
    OriginKind,
    Place,
    RegionKind,
    Rows,
    Target,
    TargetKind,
    Trait,
    Via,
)
from doubletake.code.lowering import shapes, store_statements
from doubletake.code.lowering.body import effect_of
from doubletake.code.lowering.context import Lowering
from doubletake.code.lowering.registration import register
from doubletake.code.lowering.values import UNKNOWN, UNSET, Val, element, merge, through
from doubletake.code.models import CallModel, Invoked
from doubletake.code.tree import Call, Function, Node

if TYPE_CHECKING:
    from doubletake.code.lowering.calls import Arguments

Found = tuple[CallModel, str]
OF_EFFECT = {
    "row": OriginKind.ROW,
    "rows": OriginKind.ROW,
    "count": OriginKind.COUNT,
    "response": OriginKind.RESPONSE,
    "handle": OriginKind.HANDLE,
}


def apply(
    low: Lowering, node: Node, name: str, found: Found, callee: Val, receiver: Val | None, given: Arguments
) -> Val:
    """What a modelled call gives; what it does is added to the tables."""
    model, matched = found
    receiver = callee.receiver if callee.receiver is not None else receiver
    if model.registers:
        return register(low, node, name, model, receiver, given)
    if model.statement:
        return store_statements.link(low, node, name, model, receiver, given)
    if model.shape:
        value = shapes.SHAPES[model.shape](low, node, name, model, matched, receiver, given)
        if value is not None:
            return value
    effect = NONE
    if model.kind:
        effect = emit(low, node, name, model, matched, receiver, given)
    else:
        low.fact(
            FactKind.CALL,
            node,
            name,
            known=Known.EXACT if not name.startswith("any.") else Known.GUESSED,
            receiver=low.body.value(receiver),
            args=tuple((str(i), low.body.value(each)) for i, each in enumerate(given.positions)),
        )
    if model.refines and receiver is not None:
        _refine(low, model, receiver)
    returned = _invoke_all(low, node, model, receiver, given)
    return result(low, node, name, model, effect, receiver, given, returned)


def emit(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> int:
    """The effect that a model names, with everything its arguments say."""
    kind = EffectKind[model.kind]
    handle = receiver
    args = {
        key: value for key, reference in model.args.items() if (value := given.get(reference, receiver)) is not None
    }
    if model.timeout and (limit := given.get(model.timeout)) is not None:
        args["timeout"] = limit
    if kind is EffectKind.RESPOND and receiver is not None and receiver.options and "status" in receiver.options:
        args["status"] = receiver.options["status"]
    effect = effect_of(
        kind,
        node,
        target=target_of(low, model, matched, receiver, given),
        handle=low.body.value(handle) if handle is not None and handle.origins else NONE,
        rows=Rows[model.rows] if model.rows else Rows.UNKNOWN,
        fails=Fails[model.fails] if model.fails else Fails.RAISES,
        traits=traits_of(low, model, receiver, given),
        known=Known.GUESSED if name.startswith("any.") else Known.TYPED if receiver is not None else Known.EXACT,
        name=name,
        args=tuple((key, low.body.value(value)) for key, value in args.items()),
    )
    return low.body.effect(effect)


def traits_of(low: Lowering, model: CallModel, receiver: Val | None, given: Arguments) -> int:
    """Traits by the model, and whether the call can hang for ever."""
    traits = 0
    for each in model.traits:
        traits |= Trait[each]
    if not model.timeout:
        return traits
    traits &= ~(Trait.HAS_TIMEOUT | Trait.NO_TIMEOUT)
    value = given.get(model.timeout)
    if value is None and receiver is not None and receiver.options:
        known = low.models.type(low.models.canonical(receiver.type)) or low.models.type(_root_type(low, receiver.type))
        for key in (known.timeout if known else model.timeout).split("|"):
            value = value if value is not None else _option(receiver.options, key)
    if value is None and "..." in given.keywords:
        return traits
    if value is not None:
        return traits | (Trait.NO_TIMEOUT if value.constant is None else Trait.HAS_TIMEOUT)
    default = ""
    if receiver is not None and receiver.type:
        known = low.models.type(low.models.canonical(receiver.type)) or low.models.type(_root_type(low, receiver.type))
        default = known.default_timeout if known else ""
        if receiver.options is None and default == "none":
            return traits  # made where it cannot be seen: not known
    if not default:
        default = "has" if "HAS_TIMEOUT" in model.traits else "none" if "NO_TIMEOUT" in model.traits else ""
    return traits | {"has": Trait.HAS_TIMEOUT, "none": Trait.NO_TIMEOUT, "": Trait(0)}[default]


def _root_type(low: Lowering, kind: str) -> str:
    while kind and low.models.type(kind) is None:
        kind = kind.rpartition(".")[0]
    return kind


def _option(options: dict[str, Val], reference: str) -> Val | None:
    head, *path = reference.split(".")
    value = options.get(head)
    for step in path:
        value = value.entries.get(step) if value is not None and value.entries is not None else None
    return value


def target_of(low: Lowering, model: CallModel, matched: str, receiver: Val | None, given: Arguments) -> Target:
    """What the effect is on, by the model's `target` ("service:stripe", "cache", "queue:…", "lock", "file")."""
    if not model.target:
        return Target(TargetKind.NONE)
    kind, _, name = model.target.partition(":")
    ref = NONE
    if model.key and (key := given.get(model.key, receiver)) is not None:
        ref = low.body.value(key)
        if not name:
            name = key.constant if isinstance(key.constant, str) else ""
    if name == "host":
        name = host_of(given.get(model.args.get("url", "0"), receiver))
    return Target(TargetKind[kind.upper()], name.replace("*", matched), ref)


def host_of(url: Val | None) -> str:
    """The host of a URL as far as its beginning is constant, "" when it is not."""
    if url is None:
        return ""
    text = url.constant if isinstance(url.constant, str) else ""
    if not text and url.options and (parts := url.options.get("parts")) and parts.items:
        first = parts.items[0]
        text = first.constant if isinstance(first.constant, str) else ""
    return text.split("://")[1].split("/")[0] if "://" in text else ""


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def result(
    low: Lowering,
    node: Node,
    name: str,
    model: CallModel,
    effect: int,
    receiver: Val | None,
    given: Arguments,
    returned: Val | None,
) -> Val:
    """The value of a modelled call."""
    via = 0
    for each in model.via:
        via |= Via[each]
    value = _returned(low, model, effect, receiver, given, returned)
    origins = through(value.origins, via)
    kind = model.type or value.type
    item = model.item or value.item
    if kind == "receiver" and receiver is not None:
        kind, item = receiver.type, receiver.item
    options = value.options
    if model.enter:
        options = {**(options or {}), "enter": low.constant(model.enter)}
    if model.type and receiver is not None and options is None:
        options = receiver.options
    if effect != NONE and model.returns:
        low.body.refine(effect, result=low.body.origins(origins))
    return replace(value, origins=origins or UNKNOWN.origins, type=kind, item=item, options=options, receiver=receiver)


def _returned(
    low: Lowering, model: CallModel, effect: int, receiver: Val | None, given: Arguments, returned: Val | None
) -> Val:
    spec = model.returns
    if spec in OF_EFFECT:
        return Val((Origin(OF_EFFECT[spec], effect),) if effect != NONE else UNKNOWN.origins, effect=effect)
    if spec.upper() in OriginKind.__members__:
        return Val((Origin(OriginKind[spec.upper()], -1),))
    if spec == "receiver" and receiver is not None:
        return replace(receiver)
    if spec.startswith("argument"):
        value = given.get(spec.removeprefix("argument").strip() or "0")
        return replace(value) if value is not None else UNKNOWN
    if spec == "element" and receiver is not None:
        return element(receiver)
    if spec == "callback" and returned is not None:
        return returned
    if spec == "callbacks" and returned is not None:
        return Val(through(returned.origins, Via.ELEMENT), "list", returned.type)
    if spec == "membership":
        return _membership(low, receiver, given)
    if spec == "entry":
        from doubletake.code.lowering.expressions import item

        return item(low, receiver, given.positions[0]) if receiver is not None and given.positions else UNKNOWN
    if spec == "element_one" and receiver is not None:
        return Val(receiver.origins, receiver.item, effect=receiver.effect)
    if spec == "rows_of" and receiver is not None:
        return Val(receiver.origins, "", "row", effect=receiver.effect)
    if spec == "append" and receiver is not None:
        return _append(low, receiver, given)
    if spec == "date":
        return (
            Val((Origin(OriginKind.CLOCK, -1),))
            if not given.positions
            else Val(merge(each.origins for each in given.positions))
        )
    if spec == "status" and receiver is not None:
        code = given.positions[0] if given.positions else UNKNOWN
        return replace(receiver, options={**(receiver.options or {}), "status": code})
    if spec == "instance":
        options = given.positions[0].entries if given.positions else {}
        return Val(UNKNOWN.origins, model.type, options=dict(options or {}))
    if spec == "sql":
        return replace(given.positions[0]) if given.positions else UNKNOWN
    if spec == "none":
        return Val(low.body.of_constant(OriginKind.CONST, None))
    parts = [each.origins for each in given.all if each.constant is UNSET] if model.keeps != "receiver" else []
    if receiver is not None and model.keeps != "arguments":
        parts.insert(0, receiver.origins)
    if model.keeps == "none":
        return UNKNOWN
    only = given.positions[0] if len(given.positions) == 1 else None
    same = only if only is not None and receiver is None else None
    if model.keeps == "all_list" and receiver is not None:
        return Val(
            receiver.origins,
            "list",
            receiver.item or receiver.type if receiver.type not in ("list", "") else receiver.item,
            items=None,
            effect=receiver.effect,
        )
    if model.keeps == "receiver" and receiver is not None:
        return Val(receiver.origins, "", receiver.item, items=receiver.items, effect=receiver.effect)
    return Val(
        merge(parts),
        item=same.item if same else "",
        type=same.type if same and not model.type else "",
        column=same.column if same else None,
        options=None,
    )


def _append(low: Lowering, receiver: Val, given: Arguments) -> Val:
    """`xs.append(x)`: whoever names the list sees one more element."""
    longer = Val(
        merge((receiver.origins, *(each.origins for each in given.positions))),
        receiver.type or "list",
        receiver.item or (given.positions[0].type if given.positions else ""),
        items=(*(receiver.items or ()), *given.positions)[-8:] if receiver.items is not None else None,
    )
    for name, value in low.scope.items():
        if value is receiver:
            low.scope[name] = longer
    return UNKNOWN


def _membership(low: Lowering, receiver: Val | None, given: Arguments) -> Val:
    """`xs.includes(x)`, `isinstance(x, T)`, `re.match(p, x)`: a test of the value against something."""
    values = list(given.positions)
    if receiver is not None and not (receiver.symbol and not receiver.origins):
        values.append(receiver)
    left = values[0] if values else UNKNOWN
    right = values[1] if len(values) > 1 else UNKNOWN
    origins = through(merge(each.origins for each in values if each.constant is UNSET), Via.COMPARE)
    return Val(origins, options={"left": left, "right": right})


def _refine(low: Lowering, model: CallModel, receiver: Val) -> None:
    number = receiver.effect
    if number < 0:
        return
    changes: dict[str, object] = {}
    if model.refines in Rows.__members__:
        changes["rows"] = Rows[model.refines]
    elif model.refines in EffectKind.__members__:
        changes["kind"] = EffectKind[model.refines]
    low.body.refine(number, **changes)


def construct(low: Lowering, node: Node, symbol: str, given: Arguments) -> Val:
    """A new instance of a library's class; what it was made with is kept, for timeouts and settings."""
    options = {str(position): value for position, value in enumerate(given.positions)} | given.keywords
    known = low.models.type(low.models.canonical(symbol))
    origins = merge(value.origins for value in options.values() if value.constant is UNSET)
    if symbol.endswith(("Exception", "Error")):
        origins = merge(value.origins for value in options.values())
    elif known is not None and known.origin:
        origins = (Origin(OriginKind[known.origin.upper()], -1),)
    elif known is not None and known.base != "schema":
        low.fact(FactKind.CALL, node, symbol, known=Known.EXACT)
        origins = low.body.of_constant(OriginKind.MODULE, f"new {symbol} at {node.start}")
    for each in given.all:
        if each.function is not None and each.function.lowered < 0 and (known is None or known.base == "runs"):
            from doubletake.code.lowering.calls import run_closure

            run_closure(low, node, each, (), "", RegionKind.CALLBACK)
    return Val(origins, low.models.canonical(symbol), options=options)


# ── functions that are called ────────────────────────────────────────────────────────────────────────────────────────
def _invoke_all(low: Lowering, node: Node, model: CallModel, receiver: Val | None, given: Arguments) -> Val | None:
    returned = None
    for each in model.invokes:
        function = given.get(each.argument, receiver)
        if function is not None:
            returned = invoke(low, node, each, function, receiver, given)
    named = {each.argument for each in model.invokes}
    for position, value in enumerate(given.positions):
        if value.function is not None and value.function.lowered < 0 and str(position) not in named:
            from doubletake.code.lowering.calls import run_closure

            run_closure(low, node, value, (), "", RegionKind.CALLBACK)
    return returned


def invoke(low: Lowering, node: Node, spec: Invoked, function: Val, receiver: Val | None, given: Arguments) -> Val:
    """Run a function that was passed, in the region that the model says."""
    from doubletake.code.lowering.calls import Arguments, dispatch, run_closure

    kind = RegionKind[spec.region]
    values: list[Val] = []
    for each in spec.args:
        if each == "element":
            values.append(element(receiver) if receiver is not None else UNKNOWN)
        elif each == "receiver":
            values.append(receiver or UNKNOWN)
        elif each == "rest":
            values.extend(given.positions[1:])
        elif each in ("request", "error"):
            values.append(Val((Origin(OriginKind[each.upper()], -1),)))
        elif each.startswith("type:"):
            values.append(Val(UNKNOWN.origins, each.removeprefix("type:")))
        elif each.isdigit():
            values.append(given.get(each) or UNKNOWN)
        else:
            values.append(UNKNOWN)
    value = NONE
    if kind is RegionKind.LOOP and receiver is not None:
        value = low.body.value(receiver)
    if function.function is not None and not function.symbol:
        return run_closure(low, node, function, tuple(values), spec.detail, kind, value)
    if function.symbol:
        with low.trial(kind, node, value=value, detail=spec.detail):
            keywords = dict(given.keywords) if "rest" in spec.args else {}
            return dispatch(low, node, function, function.receiver, "", Arguments(tuple(values), keywords))
    return UNKNOWN


def around(low: Lowering, node: Call, callee: Val, receiver: Val | None, found: Found) -> Val:
    """A call whose arguments run inside a region of its own: a transaction, several at once, later."""
    from doubletake.code.lowering.calls import arguments, dispatch

    model, matched = found
    kind = RegionKind[model.around]
    receiver = callee.receiver if callee.receiver is not None else receiver
    name = low.models.canonical(callee.symbol)
    if model.detail != "transaction":
        with low.trial(kind, node, detail=model.detail):
            given = arguments(low, node)
            functions = [each for each in given.positions if each.function is not None or ":" in each.symbol]
            returned = None
            for each in functions if not model.invokes else ():
                returned = dispatch(low, node, each, each.receiver, "", type(given)((), {}))
            if model.invokes:
                returned = _invoke_all(low, node, model, receiver, given)
        return result(low, node, name, model, NONE, receiver, given, returned)
    return _transaction(low, node, model, matched, name, receiver)


def _transaction(low: Lowering, node: Call, model: CallModel, matched: str, name: str, receiver: Val | None) -> Val:
    """`$transaction([…])` runs statements on the client itself, `$transaction(async tx => …)` on its own handle."""
    from doubletake.code.lowering.calls import Arguments, arguments, dispatch, run_closure

    owner = low.body.value(receiver) if receiver is not None else NONE
    first = node.arguments[0].value
    begin = low.body.effect(effect_of(EffectKind.BEGIN, node, handle=owner, known=Known.TYPED, name=name))
    number = low.body.open(RegionKind.SCOPE, node, value=owner, detail="transaction")
    given = arguments(low, node)
    if given.positions and (given.positions[0].function is not None or given.positions[0].symbol):
        handle = Val((Origin(OriginKind.HANDLE, begin),), model.type or (receiver.type if receiver else ""), options={})
        low.body.refine(begin, handle=low.body.value(handle), args=_isolation(low, given))
        low.body.amend(number, value=low.body.value(handle))
        function = given.positions[0]
        if function.function is not None and not function.symbol:
            value = run_closure(low, node, function, (handle,), "", RegionKind.CALLBACK)
        else:
            value = dispatch(low, node, function, function.receiver, "", Arguments((handle,), {}))
        owner = low.body.value(handle)
    else:
        value = given.positions[0] if given.positions else UNKNOWN
        low.body.refine(begin, args=_isolation(low, given))
    low.body.close(number)
    low.body.effect(effect_of(EffectKind.COMMIT, first, handle=owner, known=Known.TYPED, name="end of block"))
    return value


def _isolation(low: Lowering, given: Arguments) -> tuple[tuple[str, int], ...]:
    value = given.get("1.isolationLevel|isolation_level")
    if value is None:
        return ()
    named = low.body.origins(value.origins or low.body.of_constant(OriginKind.CONST, value.symbol))
    return (("isolation", named),)


def place_of(low: Lowering, node: Node) -> Place:
    return Place(low.path, node.start, node.end)


__all__ = ["Effect", "Function", "apply", "around", "construct", "emit", "invoke", "target_of", "traits_of"]
