"""Lowering of one function, or of one file's module level."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import Region, RegionKind
from looktwice.code.ir.effects import EffectKind
from looktwice.code.ir.summary import FunctionSummary, Membership
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.lowering import assignments, calls, duck, registration, statements
from looktwice.code.lowering.body import Body
from looktwice.code.lowering.context import Lowering, World
from looktwice.code.lowering.expressions import READERS
from looktwice.code.lowering.models import Models
from looktwice.code.lowering.registration import Registered
from looktwice.code.lowering.values import UNKNOWN, Val, element, join
from looktwice.code.project.names import Names, split
from looktwice.code.syntax.tree import Assignment, Call, Class, Function, Module, Node, Parameter

MODULE_BODY = "<module>"
CHECKED_TYPES = frozenset(
    {"int", "float", "bool", "uuid.UUID", "decimal.Decimal", "datetime.datetime", "datetime.date"}
)


class Lowered(Struct):
    """A summary, with data that is only needed until the rest of the project is read."""

    summary: FunctionSummary
    registered: list[Registered]
    returned: Val
    fields: dict[str, Val]
    passes: dict[int, tuple[str, ...]] = {}  # argument types that a function parameter is called with
    answered: dict[int, tuple[int, str]] = {}  # calls that have a model: by end, their start and name


def lower(
    world: World,
    symbol: str,
    function: Function,
    owner: str,
    outer: dict[str, Val] | None = None,
    expected: tuple[str, ...] = (),
) -> Lowered:
    """Lower one function.

    symbol: its name in the project; owner: symbol of its class or ""; outer: names it sees from an enclosing function;
    expected: types of parameters without annotation, when a framework is known to pass them.
    """
    path, _ = split(symbol)
    body = Body(function.start, function.end)
    low = Lowering(world, path, body, READERS, owner)
    low.function = symbol
    for name, value in (outer or {}).items():
        low.scope[name] = low.detached(name, value)
    _parameters(low, function, owner, expected)
    opened = _decorated_regions(low, function)
    statements.run(low, function.body or world.body(path, function))
    for number in reversed(opened):
        body.close(number)
    return _finish(low, symbol, function.start, function.end, tuple(p.name for p in function.parameters), function)


def empty(symbol: str, function: Function) -> Lowered:
    """A function about which nothing is known."""
    path, _ = split(symbol)
    parameters = tuple(each.name for each in function.parameters)
    region = Region(RegionKind.BODY, NONE, function.start, function.end)
    summary = FunctionSummary(
        symbol, path, function.start, function.end, parameters, (), (), (region,), (), (), (), complete=False
    )
    return Lowered(summary, [], UNKNOWN, {})


def _decorated_regions(low: Lowering, function: Function) -> list[int]:
    """The regions that decorators put around a body: `@retry` repeats it."""
    opened = []
    for each in function.decorators:
        symbol = low.names.expression(low.path, each.callee if isinstance(each, Call) else each)
        found = low.models.call(symbol) if symbol and ":" not in symbol else None
        if found is not None and found[0].around:
            opened.append(low.body.open(RegionKind[found[0].around], function, detail=found[0].detail))
    return opened


def lower_module(world: World, path: str, module: Module) -> Lowered:
    """Lower a file's module-level statements: what it registers, and what it does on import."""
    body = Body(module.start, module.end)
    low = Lowering(world, path, body, READERS, is_registering=True)
    low.is_top = True
    for node in module.body:
        _decorated(low, node)
    statements.run(low, tuple(node for node in module.body if not isinstance(node, Function)))
    return _finish(low, f"{path}:{MODULE_BODY}", module.start, module.end, (), None)


def _decorated(low: Lowering, node: Node) -> None:
    """Decorators of a module-level function: `@router.get("/x")` registers the function."""
    if isinstance(node, Function):
        symbol = f"{low.path}:{node.name}"
        registration.decorated(low, node, Val(low.body.of_constant(OriginKind.FUNCTION, symbol), symbol=symbol))


def _finish(
    low: Lowering, symbol: str, start: int, end: int, parameters: tuple[str, ...], function: Function | None
) -> Lowered:
    body = low.body
    body.close(0) if body.region == 0 else None
    returned = UNKNOWN
    for each in low.returned:
        returned = each if returned is UNKNOWN else join(returned, each)
    summary = FunctionSummary(
        name=symbol,
        path=low.path,
        start=start,
        end=end,
        parameters=parameters,
        values=tuple(body.values),
        constants=tuple(body.constants),
        regions=tuple(body.regions),
        facts=tuple(body.facts),
        effects=tuple(body.effects),
        calls=tuple(body.calls),
        invokes=tuple(body.invokes),
        returns=tuple(dict.fromkeys(body.returns)),
        fields=tuple(body.fields.items()),
        raises=tuple(body.raises),
        transaction=_membership(low),
        is_async=function.is_async if function else False,
        is_generator=function.is_generator if function else False,
        complete=not body.truncated and not body.unresolved,
        unresolved=tuple(body.unresolved),
        truncated=body.truncated,
    )
    fields = {name: low.fields[name] for name in body.fields if name in low.fields}
    return Lowered(summary, low.registrations, returned, fields, low.passes, body.answered)


def _membership(low: Lowering) -> Membership:
    """What the function does with its caller's transaction, by the handles on which it ends one."""
    result = Membership.NONE
    for effect in low.body.effects:
        if effect.handle == NONE:
            continue
        kinds = {origin.kind for origin in low.body.values[effect.handle]}
        given = kinds & {OriginKind.PARAM, OriginKind.SELF, OriginKind.ARGUMENT}
        if effect.kind is EffectKind.COMMIT and given:
            return Membership.COMMITS_CALLERS
        if effect.kind in (EffectKind.BEGIN, EffectKind.COMMIT):
            result = Membership.OWNS
        elif given and result is Membership.NONE:
            result = Membership.JOINS_HANDLE
    return result


# ── parameters ───────────────────────────────────────────────────────────────────────────────────────────────────────
def _parameters(low: Lowering, function: Function, owner: str, expected: tuple[str, ...]) -> None:
    me = ""
    if owner and not function.is_static:
        me = function.parameters[0].name if low.is_python and function.parameters else "this"
        low.scope[me] = Val((Origin(OriginKind.SELF),), low.owner)
        if any(getattr(each, "id", "") == "classmethod" for each in function.decorators):
            low.scope[me] = Val((Origin(OriginKind.SELF),), symbol=owner)
    elif owner:
        low.scope["this"] = Val(symbol=owner)
    for position, parameter in enumerate(function.parameters):
        if parameter.name == me and me != "this":
            continue
        value = _parameter(low, function, parameter, position)
        if not value.type and position < len(expected):
            value = replace(value, type=expected[position])
        if parameter.pattern is not None:
            assignments.bind(low, parameter.pattern, value, function)
        else:
            low.scope[parameter.name] = value
        if parameter.is_property:
            low.body.fields[parameter.name] = low.body.value(value)
            low.fields[parameter.name] = value


def _parameter(low: Lowering, function: Function, parameter: Parameter, position: int) -> Val:
    typed = low.world.annotated(low.path, parameter.annotation)
    injected = _injected(low, parameter, typed)
    if injected is not None:
        return _inject(low, function, parameter, injected, typed, position)
    via = 0
    if low.is_python and typed.type:
        if typed.type in CHECKED_TYPES:
            via = Via.PARSE
        elif is_schema(low, typed.type):
            via = Via.SCHEMA
    if parameter.kind == "*":
        return Val((Origin(OriginKind.PARAM, position, (), via),), "list", typed.type)
    kind = typed.type if typed.type not in CHECKED_TYPES else ""
    kind = kind or duck.by_name(low, parameter.name, function.is_async)
    return Val((Origin(OriginKind.PARAM, position, (), via),), kind, typed.item)


def is_schema(low: Lowering, kind: str) -> bool:
    """Whether instances of a type are validated on construction."""
    if ":" not in kind:
        known = low.models.type(low.models.canonical(kind))
        return known is not None and known.base == "schema"
    bases = tuple(low.names.library_bases(kind))
    models = (low.models.type(low.models.canonical(each)) for each in bases)
    return any(model is not None and model.base in ("schema", "enum") for model in models) or any(
        each.startswith("enum.") for each in bases
    )


def _injected(low: Lowering, parameter: Parameter, typed: Val) -> str | None:
    """The symbol whose result the framework passes for this parameter; None for an ordinary parameter."""
    if typed.options and "injects" in typed.options:
        return typed.options["injects"].symbol or typed.type
    default = parameter.default
    return injection(low.names, low.models, low.path, default, typed.type) if isinstance(default, Call) else None


def injection(names: Names, models: Models, path: str, node: Call, fallback: str) -> str | None:
    """`Depends(f)`: the symbol of f, or of the annotated class when there is no argument."""
    symbol = names.expression(path, node.callee)
    found = models.call(symbol) if symbol and ":" not in symbol else None
    if found is None or not found[0].injects:
        return None
    if not node.arguments:
        return fallback
    return _dependency(names, path, node.arguments[0].value) or fallback or "?"


def _dependency(names: Names, path: str, node: Node) -> str:
    """The function for `f`, for the result of `f(…)`, or for a name of either; for an object its `__call__`."""
    symbol = names.expression(path, node)
    made = node if isinstance(node, Call) else None
    if ":" in symbol and isinstance(known := names.node(symbol), Assignment) and isinstance(known.value, Call):
        made = known.value
        symbol = names.expression(split(symbol)[0], made) or symbol
    if made is not None and ":" in symbol and isinstance(names.node(symbol), Class):
        return names.method(symbol, "__call__") or symbol
    return symbol


def _inject(low: Lowering, function: Function, parameter: Parameter, symbol: str, typed: Val, position: int) -> Val:
    node = parameter.default or parameter.annotation or function
    plain = Val((Origin(OriginKind.PARAM, position),), typed.type, typed.item)
    if ":" not in symbol:
        return plain
    target = low.names.node(symbol)
    if target is None or not (isinstance(target, Function) or hasattr(target, "members")):
        return Val((Origin(OriginKind.REQUEST, -1, (parameter.name,)),), typed.type, typed.item)
    value = calls.call_symbol(low, node, symbol, Val(symbol=symbol), None, calls.Arguments())
    if low.body.calls:
        low.body.calls[-1] = replace(low.body.calls[-1], is_injected=True)
    if isinstance(target, Function) and target.is_generator and value.type == "list":
        value = Val(value.origins, element(value).type, options=value.options)
    return Val(value.origins, typed.type or value.type, typed.item or value.item, options=value.options)
