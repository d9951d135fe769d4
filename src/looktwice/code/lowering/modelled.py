"""Library calls with a model: adds the model's effects, runs callbacks, returns a result with the model's origins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import FactKind, RegionKind
from looktwice.code.ir.effects import EffectKind, Fails, Rows, Target, TargetKind, Trait
from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.lowering import shapes, store_statements
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.closures import run_closure
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.models import CallModel, Invoked
from looktwice.code.lowering.registration import register
from looktwice.code.lowering.results import refine, result
from looktwice.code.lowering.values import UNKNOWN, UNSET, Val, element, merge
from looktwice.code.syntax.tree import Node

if TYPE_CHECKING:
    from looktwice.code.lowering.calls import Arguments

Found = tuple[CallModel, str]


def apply(
    low: Lowering, node: Node, name: str, found: Found, callee: Val, receiver: Val | None, given: Arguments
) -> Val:
    """The result of a modelled call; its effects are added to the tables."""
    model, matched = found
    receiver = callee.receiver if callee.receiver is not None else receiver
    if model.registers:
        value = register(low, node, name, model, receiver, given)
        if not model.kind:
            return value
    if model.statement:
        return store_statements.link(low, node, name, model, receiver, given)
    if model.shape:
        read = shapes.SHAPES.get(model.shape) or low.models.shapes[model.shape]
        shaped = read(low, node, name, model, matched, receiver, given)
        if shaped is not None:
            return shaped
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
        refine(low, model, receiver)
    returned = invoke_all(low, node, model, receiver, given)
    return result(low, node, name, model, effect, receiver, given, returned)


SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def emit(
    low: Lowering, node: Node, name: str, model: CallModel, matched: str, receiver: Val | None, given: Arguments
) -> int:
    """The effect that a model names, with the details given by the arguments."""
    kind = EffectKind[model.kind]
    handle = receiver
    args = {
        key: value for key, reference in model.args.items() if (value := given.get(reference, receiver)) is not None
    }
    if model.timeout and (limit := given.get(model.timeout)) is not None:
        args["timeout"] = limit
    if kind is EffectKind.RESPOND and receiver is not None and receiver.options and "status" in receiver.options:
        args["status"] = receiver.options["status"]
    if "url" in args:
        args["url"] = spelled(args["url"])
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
    """The traits given by the model, and whether the call can hang for ever."""
    traits = 0
    for each in model.traits:
        traits |= Trait[each]
    if "method" in model.args and is_safe_request(model.args["method"], given):
        traits |= Trait.READ_ONLY
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
            return traits  # constructed elsewhere: not known
    if not default:
        default = "has" if "HAS_TIMEOUT" in model.traits else "none" if "NO_TIMEOUT" in model.traits else ""
    return traits | {"has": Trait.HAS_TIMEOUT, "none": Trait.NO_TIMEOUT, "": Trait(0)}[default]


def is_safe_request(reference: str, given: Arguments) -> bool:
    """Whether an HTTP request uses a safe method (RFC 9110, 9.2.1). The default method of `fetch` is GET."""
    method = given.get(reference)
    if method is not None:
        return isinstance(method.constant, str) and method.constant.upper() in SAFE_METHODS
    position, _, is_option = reference.partition(".")
    options = given.get(position) if is_option else None
    may_set_method = options is not None and (options.entries is None or "..." in options.entries)
    return bool(is_option) and not may_set_method and not given.is_open


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
    """The target of the effect, by the model's `target` ("service:stripe", "cache", "queue:…", "lock", "file")."""
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
    """The host of a URL when its beginning is constant, otherwise ""."""
    if url is None:
        return ""
    text = url.constant if isinstance(url.constant, str) else ""
    if not text and url.options and (parts := url.options.get("parts")) and parts.items:
        first = parts.items[0]
        text = first.constant if isinstance(first.constant, str) else ""
    return text.split("://")[1].split("/")[0] if "://" in text else ""


def spelled(url: Val) -> Val:
    """An address with the text that it is built from, which says more about it than the values inserted."""
    if not url.options or (parts := url.options.get("parts")) is None or not parts.items:
        return url
    texts = [each.origins for each in parts.items if isinstance(each.constant, str) and each.constant]
    return replace(url, origins=merge((*texts, url.origins)))


def construct(low: Lowering, node: Node, symbol: str, given: Arguments) -> Val:
    """A new instance of a library's class; its constructor arguments are kept, for timeouts and settings."""
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
            run_closure(low, node, each, (), "", RegionKind.CALLBACK)
    return Val(origins, low.models.canonical(symbol), options=options)


# ── functions that are called ────────────────────────────────────────────────────────────────────────────────────────
def invoke_all(low: Lowering, node: Node, model: CallModel, receiver: Val | None, given: Arguments) -> Val | None:
    """Run every function that the model says is called; returns the result of the last one."""
    returned = None
    for each in model.invokes:
        function = given.get(each.argument, receiver)
        if function is not None:
            returned = invoke(low, node, each, function, receiver, given)
    named = {each.argument for each in model.invokes}
    for position, value in enumerate(given.positions):
        if value.function is not None and value.function.lowered < 0 and str(position) not in named:
            run_closure(low, node, value, (), "", RegionKind.CALLBACK)
    return returned


def invoke(low: Lowering, node: Node, spec: Invoked, function: Val, receiver: Val | None, given: Arguments) -> Val:
    """Run a function that was passed, in the region that the model names."""
    from looktwice.code.lowering.calls import Arguments, dispatch

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
