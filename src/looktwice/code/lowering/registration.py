"""Registration of routes, mounts and guards with a framework."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from looktwice.code.ir.common import Known, Place
from looktwice.code.ir.values import OriginKind
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.models import CallModel
from looktwice.code.lowering.values import UNKNOWN, Closure, Val
from looktwice.code.syntax.tree import Assignment, Attribute, Call, Function, Node, names_in

if TYPE_CHECKING:
    from looktwice.code.lowering.calls import Arguments

FACTORY = "made by "
PLACEHOLDER = re.compile(r":(\w+)")


class Reference(Struct, frozen=True, array_like=True, gc=False):
    """A function or router passed to a framework, by the best available name."""

    name: str
    known: Known
    place: Place
    function: str = ""  # symbol of a project function
    router: str = ""  # identity of a router


class Registration(Struct, frozen=True, array_like=True, gc=False):
    """One registration with a framework. kind: "route", "mount", "guard" or "job"; router: the receiver's identity."""

    kind: str
    router: str
    method: str
    path: str
    references: tuple[Reference, ...]
    place: Place
    order: int
    framework: str
    handler: str = "HTTP"
    module: str = ""


class Registered(Struct):
    """A registration, with its inline functions, which still have to be lowered separately."""

    registration: Registration
    inline: list[tuple[str, Function]]
    scope: dict[str, Val]


def register(low: Lowering, node: Node, name: str, model: CallModel, receiver: Val | None, given: Arguments) -> Val:
    """Record a registration; returns the receiver, for chaining."""
    path, values = _path_and_rest(given)
    options = receiver.options if receiver is not None and receiver.options else {}
    if "route" in options:
        path = str(options["route"].constant) + path
    if model.registers == "path":
        return Val(
            receiver.origins if receiver else (),
            receiver.type if receiver else "",
            options={"route": low.constant(path)},
        )
    guards = [*_listed(options.get("dependencies")), *_listed(given.keywords.get("dependencies"))]
    prefix = "".join(_text(each) for each in (options.get("prefix"), given.keywords.get("prefix")))
    path = prefix + path
    label = f"{model.method} {path}".strip() if model.registers == "route" else path
    inline: list[tuple[str, Function]] = []
    references = tuple(found for value in (*guards, *values) for found in _references(low, node, value, label, inline))
    registration = Registration(
        model.registers,
        identity(low, receiver),
        model.method,
        path,
        references,
        Place(low.path, node.start, node.end),
        low.body.next_order(),
        name.split(".", maxsplit=1)[0],
        model.handler or "HTTP",
        low.path,
    )
    low.registrations.append(Registered(registration, inline, {} if low.is_top else _seen(low, inline)))
    return receiver or UNKNOWN


def _seen(low: Lowering, inline: list[tuple[str, Function]]) -> dict[str, Val]:
    """What the inline functions see of the names around them."""
    mentioned = {name: low.scope.get(name) for _, function in inline for name in names_in(function)}
    return {name: value for name, value in mentioned.items() if value is not None}


def decorated(low: Lowering, node: Function, function: Val) -> None:
    """Record a function's registration by decorators: `@router.get("/x")`, `@shared_task`."""
    from looktwice.code.lowering.calls import Arguments, arguments, method, resolve

    for each in reversed(node.decorators):
        if isinstance(each, Call):
            callee, receiver, _ = resolve(low, each)
        elif isinstance(each, Attribute):
            receiver = low.evaluate(each.value)
            callee = method(low, receiver, each.name, each)
        else:
            callee, receiver = low.evaluate(each), None
        found = low.models.call(callee.symbol) if callee.symbol and ":" not in callee.symbol else None
        if found is not None and found[0].registers:
            given = arguments(low, each) if isinstance(each, Call) else Arguments()
            given = Arguments((*given.positions, function), given.keywords)
            name = low.models.canonical(callee.symbol)
            register(low, each, name, found[0], callee.receiver or receiver, given)


def _listed(value: Val | None) -> tuple[Val, ...]:
    return () if value is None else value.items if value.items is not None else (value,)


def _text(value: Val | None) -> str:
    return value.constant if value is not None and isinstance(value.constant, str) else ""


def _path_and_rest(given: Arguments) -> tuple[str, list[Val]]:
    values = list(given.positions)
    path = ""
    if values and (
        isinstance(values[0].constant, str)
        or values[0].type == "str"
        or (
            values[0].items is not None
            and all(isinstance(each.constant, str) for each in values[0].items)
            and values[0].items
        )
    ):
        first = values.pop(0)
        path = first.constant if isinstance(first.constant, str) else _first_text(first)
    return path, values


def _first_text(value: Val) -> str:
    texts = [each.constant for each in value.items or () if isinstance(each.constant, str)]
    if not texts and value.options and (parts := value.options.get("parts")):
        return "".join(each.constant if isinstance(each.constant, str) else "*" for each in parts.items or ())
    return texts[0] if texts else "*"


def _references(
    low: Lowering, node: Node, value: Val, label: str, inline: list[tuple[str, Function]]
) -> list[Reference]:
    place = Place(low.path, node.start, node.end)
    if value.items is not None:
        return [found for each in value.items for found in _references(low, node, each, label, inline)]
    if value.function is not None:
        function = value.function.node
        symbol = _symbol_of(low, value.function)
        if not symbol:
            route = PLACEHOLDER.sub(r"{\1}", label)
            symbol = low.inline_symbol(f"{low.path}:{function.name or route or 'anonymous'}")
            inline.append((symbol, function))
        return [Reference(function.name, Known.EXACT, Place(low.path, function.start, function.end), symbol)]
    if value.symbol and ":" in value.symbol:
        return [Reference(value.symbol.rpartition(":")[2].rpartition(".")[2], Known.EXACT, place, value.symbol)]
    router = identity(low, value)
    if (maker := _maker_of(low, value)) and not _is_router(value):
        return [Reference(maker, Known.EXACT, place)]
    if value.symbol or value.type:
        return [Reference(value.symbol or value.type, Known.EXACT, place, "", router)]
    return [Reference("", Known.NONE, place, "", router)]


def _maker_of(low: Lowering, value: Val) -> str:
    """The name of the project function that returned a value: `requireRole("admin")`."""
    for origin in value.origins:
        if origin.kind is OriginKind.RESULT and 0 <= origin.ref < len(low.body.calls):
            return low.body.calls[origin.ref].candidates[0].partition(":")[2]
    return ""


def _is_router(value: Val) -> bool:
    return value.type.rpartition(".")[2] in ("Router", "APIRouter", "Express", "FastAPI", "Application")


def _symbol_of(low: Lowering, closure: Closure) -> str:
    """The symbol of a module-level function."""
    node = closure.node
    symbol = f"{low.path}:{node.name}" if node.name else ""
    known = low.names.node(symbol) if symbol else None
    return symbol if isinstance(known, Function) and known.start == node.start else ""


def identity(low: Lowering, value: Val | None) -> str:
    """The identity of a router: its module-level name, or the function that creates it."""
    if value is None:
        return ""
    for origin in value.origins:
        if origin.kind is OriginKind.MODULE:
            name = str(low.body.named(origin))
            return _maker(low, name) or name if ":" in name else _made_here(low) or f"{low.path}:{name}"
        if origin.kind is OriginKind.RESULT and 0 <= origin.ref < len(low.body.calls):
            return f"{FACTORY}{low.body.calls[origin.ref].candidates[0]}"
        if origin.kind in (OriginKind.PARAM, OriginKind.ARGUMENT):
            return f"{low.path}#{origin.kind}:{origin.ref}"
    return _made_here(low) if value.type else ""


def _made_here(low: Lowering) -> str:
    """The identity of a router created by a function: the function, since every caller gets that router."""
    return f"{FACTORY}{low.function}" if low.function else ""


def _maker(low: Lowering, name: str) -> str:
    """The function that creates the value of a module-level name."""
    node = low.names.node(name)
    value = node.value if isinstance(node, Assignment) else None
    if not isinstance(value, Call):
        return ""
    symbol = low.names.expression(name.partition(":")[0], value.callee)
    return f"{FACTORY}{symbol}" if ":" in symbol and isinstance(low.names.node(symbol), Function) else ""
