"""Calls: the callee, its arguments, and the four kinds of callee.

A callee is project code (a call site, inlined later), a library call with a model (effects now), an inline function
(run here), or unknown (its result is derived from all arguments).
"""

from __future__ import annotations

from msgspec import Struct

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import FactKind, RegionKind
from looktwice.code.ir.values import Origin, OriginKind, Value, Via
from looktwice.code.lowering import closures, duck, modelled, runners
from looktwice.code.lowering.callees import method, resolve
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import UNKNOWN, UNSET, Made, Val, extend, merge, through
from looktwice.code.syntax.tree import Assignment, Attribute, Call, Function, Name, Node, Sequence, Template

STORE_LOOKING = frozenset(
    (
        "query",
        "execute",
        "executemany",
        "commit",
        "rollback",
        "findone",
        "findmany",
        "findunique",
        "findfirst",
        "upsert",
        "aggregate",
        "fetchone",
        "fetchall",
        "fetchval",
        "fetchrow",
        "scalars",
        "scalar",
    )
)
UNRESOLVED_PREFIX = "any."


class Arguments(Struct):
    """The arguments of a call, evaluated."""

    positions: tuple[Val, ...] = ()
    keywords: dict[str, Val] = {}
    is_open: bool = False  # contains a spread: positions after it are not known

    def get(self, reference: str, receiver: Val | None = None) -> Val | None:
        """The value of a model's argument reference: "0", "timeout", "1.where", alternatives separated by "|"."""
        for alternative in reference.split("|"):
            head, *path = alternative.split(".")
            if head == "receiver":
                value = receiver
            elif head.isdigit():
                value = self.positions[int(head)] if int(head) < len(self.positions) else None
            else:
                value = self.keywords.get(head)
            for step in path:
                value = value.entries.get(step) if value is not None and value.entries is not None else None
            if value is not None:
                return value
        return None

    @property
    def all(self) -> tuple[Val, ...]:
        return (*self.positions, *self.keywords.values())


def read_call(low: Lowering, node: Call) -> Val:
    """The result of a call; its effects are added to the tables."""
    callee, receiver, name = resolve(low, node)
    found = low.models.call(callee.symbol) if callee.symbol and ":" not in callee.symbol else None
    if found is not None and found[0].around and _runs_arguments(found[0].around, node):
        from looktwice.code.lowering.surroundings import around

        low.body.answered[node.end] = (node.start, low.models.canonical(callee.symbol))
        return around(low, node, callee, receiver, found)
    if found is not None and found[0].registers and not low.is_registering:
        low.is_registering = True  # functions among the arguments are run by the framework
        try:
            given = arguments(low, node)
        finally:
            low.is_registering = False
        return dispatch(low, node, callee, receiver, name, given)
    return dispatch(low, node, callee, receiver, name, arguments(low, node))


def arguments(low: Lowering, node: Call) -> Arguments:
    positions: list[Val] = []
    keywords: dict[str, Val] = {}
    is_open = False
    for each in node.arguments:
        value = low.evaluate(each.value)
        if each.spread == "*":
            if value.items is not None:
                positions.extend(value.items)
            else:
                is_open = True
                positions.append(Val(through(value.origins, Via.SPREAD), value.item, conds=value.conds))
        elif each.spread == "**":
            if value.entries is not None:
                keywords |= value.entries
            else:
                keywords["..."] = Val(through(value.origins, Via.SPREAD))
        elif each.name:
            keywords[each.name] = value
        else:
            positions.append(value)
    return Arguments(tuple(positions), keywords, is_open)


def _runs_arguments(around: str, node: Call) -> bool:
    return around != "SCOPE" or bool(node.arguments and isinstance(node.arguments[0].value, Sequence | Function | Name))


# ── the four kinds of callee ──────────────────────────────────────────────────────────────────────────────────────────
def dispatch(low: Lowering, node: Node, callee: Val, receiver: Val | None, name: str, given: Arguments) -> Val:
    """The result of a call whose arguments are evaluated, by kind of callee."""
    symbol = callee.symbol
    if callee.function is not None and not symbol:
        return closures.run_closure(low, node, callee, given.positions, "", RegionKind.CALLBACK)
    if symbol and ":" in symbol:
        return call_symbol(low, node, symbol, callee, receiver if callee.receiver is not None else None, given)
    if symbol:
        if symbol.startswith(UNRESOLVED_PREFIX) and receiver is not None and not receiver.type:
            symbol = duck.by_arguments(low, symbol.removeprefix(UNRESOLVED_PREFIX), receiver, given.positions) or symbol
        found = low.models.call(symbol)
        if found is not None:
            symbol = low.models.canonical(symbol)
            if found[0].kind or not symbol.startswith(UNRESOLVED_PREFIX):
                low.body.answered[node.end] = (node.start, symbol)
            return modelled.apply(low, node, symbol, found, callee, receiver, given)
        if _is_class_name(symbol) or getattr(node, "is_new", False):
            return modelled.construct(low, node, symbol, given)
    if (
        any(origin.kind in (OriginKind.PARAM, OriginKind.ARGUMENT) and not origin.path for origin in callee.origins)
        and not receiver
    ):
        return closures.invoked(low, node, callee, given)
    return unknown(low, node, symbol or name, receiver, given)


def _is_class_name(symbol: str) -> bool:
    last = symbol.rpartition(".")[2]
    return last[:1].isupper() and not last.isupper()


def unknown(low: Lowering, node: Node, symbol: str, receiver: Val | None, given: Arguments) -> Val:
    """An unknown callee: inline functions are run, and the result is derived from the arguments."""
    wrapped = None
    for each in given.all:
        if each.function is not None and each.function.lowered < 0:
            wrapped = each.function
            closures.run_closure(low, node, each, (), "", RegionKind.CALLBACK)
    if low.is_registering and (inner := wrapped_function(low, given)) is not None:
        return inner
    parts: list[Value] = [each.origins for each in given.all if each.constant is UNSET]
    if receiver is not None and receiver.constant is UNSET:
        parts.append(receiver.origins)
    last = symbol.rpartition(".")[2]
    if receiver is not None and ":" in receiver.type and symbol.startswith(UNRESOLVED_PREFIX):
        parts.insert(0, extend(receiver.origins, last))  # `self.model(…)`: an instance of that class
    fact = low.fact(
        FactKind.CALL,
        node,
        symbol.removeprefix(UNRESOLVED_PREFIX),
        known=Known.NONE if symbol.startswith(UNRESOLVED_PREFIX) else Known.EXACT,
        receiver=low.body.value(receiver),
        args=passed(low, given, None),
    )
    if symbol.startswith(UNRESOLVED_PREFIX) and fact != NONE and last.lower() in STORE_LOOKING:
        low.body.unresolved.append(fact)
    return Val(through(merge(parts), Via.OPAQUE) or UNKNOWN.origins, function=wrapped if low.is_registering else None)


def _made_with_entity(low: Lowering, node: Node, receiver: Val | None) -> Val | None:
    """A module-level object constructed with an entity (`wallets = Crud(Wallet)`), as if constructed here."""
    if receiver is None or ":" not in receiver.type or [o.kind for o in receiver.origins] != [OriginKind.MODULE]:
        return receiver
    symbol = str(low.body.named(receiver.origins[0]))
    definition = low.names.node(symbol) if ":" in symbol else None
    made = definition.value if isinstance(definition, Assignment) else None
    constructor = low.names.method(receiver.type, "__init__" if low.is_python else "constructor")
    if not isinstance(made, Call) or constructor is None:
        return receiver
    given = []
    for position, each in enumerate(made.arguments):
        entity = low.names.expression(symbol.partition(":")[0], each.value)
        if low.is_entity(entity):
            given.append(
                (each.name or str(position), low.body.origins(low.body.of_constant(OriginKind.MODULE, entity)))
            )
    if not given:
        return receiver
    number = low.body.call(node, (constructor,), Known.EXACT, tuple(given))
    return Val((Origin(OriginKind.RESULT, number),), receiver.type)


def wrapped_function(low: Lowering, given: Arguments) -> Val | None:
    """The function that a call wraps for a framework: `asyncHandler(create)`, `wrap(async (req, res) => …)`."""
    for each in given.all:
        if each.function is not None and not each.symbol:
            return Val(function=each.function)
        if ":" in each.symbol and isinstance(low.names.node(each.symbol), Function | Assignment):
            return each
    return None


def passed(low: Lowering, given: Arguments, receiver: Val | None) -> tuple[tuple[str, int], ...]:
    """The arguments by position and keyword, as value numbers."""
    pairs = [(str(position), low.body.value(value)) for position, value in enumerate(given.positions)]
    pairs += [(name, low.body.value(value)) for name, value in given.keywords.items()]
    if receiver is not None:
        pairs.append(("self", low.body.value(receiver)))
    return tuple(pairs)


# ── project code ─────────────────────────────────────────────────────────────────────────────────────────────────────
def call_symbol(low: Lowering, node: Node, symbol: str, callee: Val, receiver: Val | None, given: Arguments) -> Val:
    """A call of project code: a function, a class, or a callable object."""
    from looktwice.code.syntax.tree import Class

    target = low.names.node(symbol)
    if isinstance(target, Class):
        return make(low, node, symbol, given)
    return call_project(low, node, (symbol,), Known.TYPED if receiver is not None else Known.EXACT, receiver, given)


def make(low: Lowering, node: Node, symbol: str, given: Arguments) -> Val:
    """A new object of a project class."""
    if (entity := low.world.entity(symbol)) is not None:
        value = Val(low.body.of_constant(OriginKind.INSTANCE, entity.key), entity.key)
        value.made = Made(entity.key, tuple(given.keywords.items()))
        return value
    bases = tuple(low.names.library_bases(symbol))
    kinds = {model.base for each in bases if (model := low.models.type(low.models.canonical(each)))}
    if "schema" in kinds:
        return Val(
            through(merge(each.origins for each in given.all), Via.SCHEMA), symbol, entries=dict(given.keywords) or None
        )
    if any(each.startswith(("builtins.Exception", "builtins.Error")) for each in bases) or symbol.endswith(
        ("Error", "Exception")
    ):
        return Val(merge(each.origins for each in given.all), symbol)
    constructor = low.names.method(symbol, "__init__" if low.is_python else "constructor")
    if constructor is None:
        return Val(merge(each.origins for each in given.all), symbol, entries=None, options=dict(given.keywords))
    number = low.body.call(
        node,
        (constructor,),
        Known.EXACT,
        passed(low, given, None),
        callbacks=closures.callbacks(low, node, given, constructor),
    )
    return Val((Origin(OriginKind.RESULT, number),), symbol)


def call_project(
    low: Lowering, node: Node, candidates: tuple[str, ...], known: Known, receiver: Val | None, given: Arguments
) -> Val:
    """A call of project functions."""
    if low.is_registering and (wrapped := wrapped_function(low, given)) is not None:
        return wrapped
    runner = low.world.text_runner(candidates[0]) if len(candidates) == 1 else None
    if runner is not None and (value := runners.run(low, node, candidates[0], runner, receiver, given)) is not None:
        return value
    concrete = tuple(each for candidate in candidates for each in low.world.implementations(candidate))
    if concrete and concrete != candidates:
        candidates, known = concrete, Known.IMPLEMENTS
    receiver = _made_with_entity(low, node, receiver)
    number = low.body.call(
        node,
        candidates,
        known,
        passed(low, given, receiver),
        callbacks=closures.callbacks(low, node, given, candidates[0]),
    )
    typed = low.world.returned(candidates[0])
    origins = (Origin(OriginKind.RESULT, number),)
    return Val(origins, typed.type, typed.item, options=typed.options)


# ── special calls ────────────────────────────────────────────────────────────────────────────────────────────────────
def dropped_call(low: Lowering, node: Call) -> Val:
    """A call as a statement whose promise is not awaited: it may still be running when the next line starts."""
    before = len(low.body.calls)
    value = low.evaluate(node)
    if not low.is_python:
        for number in range(before, len(low.body.calls)):
            site = low.body.calls[number]
            if (site.start, site.end) == (node.start, node.end):
                from msgspec.structs import replace

                low.body.calls[number] = replace(site, is_awaited=False)
    return value


def never_returns(low: Lowering, node: Call, value: Val) -> bool:
    """Whether nothing runs after the call."""
    callee = node.callee
    symbol = low.names.expression(low.path, callee)
    if not symbol and isinstance(callee, Attribute | Name):
        from looktwice.code.syntax.definitions import dotted

        written = dotted(callee)
        symbol = f"builtins.{written}" if written and written.split(".")[0] not in low.scope else ""
    if not symbol:
        return False
    if ":" in symbol:
        return low.world.is_never_returning(symbol)
    found = low.models.call(symbol)
    return found is not None and found[0].never_returns


def tagged(low: Lowering, node: Template, value: Val, parts: list[Val]) -> Val:
    """A tagged template: the tag receives the text and the values separately, so no value becomes part of the text."""
    tag = node.tag
    callee = method(low, low.evaluate(tag.value), tag.name, tag) if isinstance(tag, Attribute) else low.evaluate(tag)
    if callee.type and not callee.symbol and ":" not in callee.type:
        callee = Val(callee.origins, symbol=f"{callee.type}.()", receiver=callee)
    plain = [each for each in parts if each.constant is not UNSET and isinstance(each.constant, str)]
    text = Val(
        merge(each.origins for each in plain) or value.origins,
        "str",
        options={"parts": Val(items=tuple(parts)), "tagged": Val()},
    )
    bound = Val(
        merge(each.origins for each in parts if each not in plain),
        items=tuple(each for each in parts if each not in plain),
    )
    return dispatch(low, node, callee, callee.receiver, "", Arguments((text, bound), {}))
