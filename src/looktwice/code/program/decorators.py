"""Decorators defined in the project: a decorated function becomes its wrapper, with the function called inside."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from looktwice.code.ir.common import NONE, Known, Place
from looktwice.code.ir.handlers import Handler
from looktwice.code.ir.summary import CallSite, FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Value
from looktwice.code.lowering.closures import WRAPPED
from looktwice.code.lowering.values import Val
from looktwice.code.program.world import Workspace
from looktwice.code.project.names import is_project, split
from looktwice.code.syntax.tree import Call, Function, Name, Node, Return

SUFFIX = " (decorated)"
WRAPPERS = 40
"""Decorators of one function that are applied, the inner ones first. Programs have three or four."""
CUT_DECORATORS = f"more than {WRAPPERS} decorators wrap a function, and those further out were not applied"
UNKNOWN: Value = (Origin(OriginKind.UNKNOWN),)


class Wrapper(Struct, frozen=True):
    """The inner function of a decorator. rest: its parameters that take any arguments (`*args`, `**kwargs`)."""

    summary: FunctionSummary
    rest: frozenset[str]


def decorated(
    world: Workspace, summaries: Mapping[str, FunctionSummary]
) -> tuple[dict[str, FunctionSummary], tuple[Place, ...]]:
    """The summaries with decorators applied: callers of a decorated function call its wrapper. And the places of
    functions of which not all wrappers were applied."""
    wrapped: dict[str, FunctionSummary] = {}
    made: dict[str, FunctionSummary] = {}
    cut: list[Place] = []
    for name, summary in summaries.items():
        function = world.function(name)
        current, applied = summary, 0
        for node in reversed(function.decorators) if function is not None else ():
            wrapper = _wrapper(world, summary.path, node)
            if wrapper is None or all(each.param != WRAPPED for each in wrapper.summary.invokes):
                continue
            if applied == WRAPPERS:
                cut.append(Place(summary.path, node.start, node.end))
                break
            current, applied = compose(current, wrapper), applied + 1
            made[current.name] = current
        if current is not summary:
            wrapped[name] = current
    if not wrapped:
        return dict(summaries), ()
    return {name: _redirected(summary, wrapped) for name, summary in summaries.items()} | made, tuple(cut)


def handled(handler: Handler, summaries: Mapping[str, FunctionSummary]) -> Handler:
    """The handler, with its function replaced by the decorated one."""
    name = handler.function
    while f"{name}{SUFFIX}" in summaries:
        name += SUFFIX
    if name == handler.function:
        return handler
    before, after = summaries[handler.function].parameters, summaries[name].parameters
    sources = tuple(after.index(before[number]) for number in handler.sources if before[number] in after)
    return replace(handler, function=name, sources=sources)


def _wrapper(world: Workspace, path: str, node: Node) -> Wrapper | None:
    """The inner function of a decorator, lowered with the decorated function as a parameter that it calls."""
    symbol = world.names.expression(path, node.callee if isinstance(node, Call) else node)
    if not is_project(symbol) or (decorator := world.function(symbol)) is None:
        return None
    where, _ = split(symbol)
    inner = _returned_function(decorator.body or world.body(where, decorator))
    taker = decorator
    if isinstance(node, Call) and inner is not None:  # a decorator factory
        taker, inner = inner, _returned_function(inner.body or world.body(where, inner))
    if inner is None or not taker.parameters:
        return None
    scope = {taker.parameters[0].name: Val((Origin(OriginKind.PARAM, WRAPPED),))}
    rest = frozenset(each.name for each in inner.parameters if each.kind in ("*", "**"))
    return Wrapper(world.inline(f"{symbol}.{inner.name}", inner, scope).summary, rest)


def _returned_function(body: tuple[Node, ...]) -> Function | None:
    """The function defined in a body that the body returns."""
    inner = {each.name: each for each in body if isinstance(each, Function)}
    returned = [each.value for each in body if isinstance(each, Return)]
    last = returned[-1] if returned else None
    if isinstance(last, Call) and last.arguments:  # `return wraps(function)(wrapper)`
        last = last.arguments[-1].value
    return inner.get(last.id) if isinstance(last, Name) else None


def compose(function: FunctionSummary, by: Wrapper) -> FunctionSummary:
    """The wrapper, with the function substituted for its parameter.

    Parameters that the wrapper names come first; what it forwards (`*args`, `**kwargs`) are the function's others.
    """
    wrapper = by.summary
    invoked = [each for each in wrapper.invokes if each.param == WRAPPED]
    explicit = max((len(each.args) for each in invoked), default=0)
    own = [n for n, each in enumerate(wrapper.parameters) if each not in by.rest]
    inherited = range(explicit, len(function.parameters))
    parameters = (*(wrapper.parameters[n] for n in own), *(function.parameters[n] for n in inherited))
    places = {old: new for new, old in enumerate(own)}
    values = [_renumbered(value, places, len(wrapper.calls)) for value in wrapper.values]
    passed = []
    for offset, number in enumerate(inherited):
        passed.append((function.parameters[number], len(values)))
        values.append((Origin(OriginKind.PARAM, len(own) + offset),))
    calls = list(wrapper.calls)
    for each in invoked:
        given = tuple((str(position), value) for position, value in enumerate(each.args))
        where = wrapper.regions[each.region]
        calls.append(
            CallSite(
                where.start, where.end, each.region, each.order, (function.name,), Known.EXACT, (*given, *passed), NONE
            )
        )
    return replace(
        wrapper,
        name=f"{function.name}{SUFFIX}",
        parameters=parameters,
        values=tuple(values),
        calls=tuple(calls),
        invokes=tuple(each for each in wrapper.invokes if each.param != WRAPPED),
        is_async=function.is_async,
    )


def _renumbered(value: Value, places: Mapping[int, int], first_call: int) -> Value:
    """A wrapper's value: parameters are renumbered, and results of the wrapped function are results of calls."""
    found = []
    for origin in value:
        if origin.kind is OriginKind.PARAM:
            new = places.get(origin.ref)
            found.append(Origin(origin.kind, new, origin.path, origin.via) if new is not None else UNKNOWN[0])
        elif origin.kind is OriginKind.RESULT and origin.ref <= -2:
            found.append(Origin(origin.kind, first_call - origin.ref - 2, origin.path, origin.via))
        else:
            found.append(origin)
    return tuple(found)


def _redirected(summary: FunctionSummary, wrapped: Mapping[str, FunctionSummary]) -> FunctionSummary:
    """The summary, with calls of decorated functions redirected to their wrappers."""
    if not any(name in wrapped for call in summary.calls for name in call.candidates):
        return summary
    calls = tuple(
        replace(call, candidates=tuple(wrapped[each].name if each in wrapped else each for each in call.candidates))
        for call in summary.calls
    )
    return replace(summary, calls=calls)
