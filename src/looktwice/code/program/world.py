"""The project as lowering sees it: annotated types, module-level values, fields, entities."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

from looktwice.code.ir.entities import Entity
from looktwice.code.libraries import shipped
from looktwice.code.lowering.body import Body
from looktwice.code.lowering.context import Lowering, TextRunner
from looktwice.code.lowering.expressions import READERS
from looktwice.code.lowering.functions import MODULE_BODY, Lowered, empty, injection, lower, lower_module
from looktwice.code.lowering.models import Models
from looktwice.code.lowering.runners import text_runner
from looktwice.code.lowering.scope import Scope
from looktwice.code.lowering.values import Val
from looktwice.code.program.annotations import Annotations
from looktwice.code.program.shortfalls import why_failed
from looktwice.code.project.interfaces import Interfaces
from looktwice.code.project.names import Names, is_project, language_of, split
from looktwice.code.syntax.definitions import unwrapped
from looktwice.code.syntax.tree import Assignment, Call, Class, Function, Module, Name, Node, Type
from looktwice.code.syntax.tree import Mapping as ObjectLiteral

Bodies = Callable[[str, Function], tuple[Node, ...]]
NEVER = frozenset({"NoReturn", "Never", "never"})
INFERRED_DEEP = 6
RUNNER_PARAMETERS = 4


class Workspace:
    """What the lowering of one function may ask about the rest of the project; every answer is cached.

    names: definitions of all modules. bodies: returns the statements of a function. entities: those of the store.
    """

    def __init__(
        self, names: Names, bodies: Bodies, entities: Iterable[Entity], models: Mapping[str, Models] | None = None
    ) -> None:
        self.names = names
        self.body = bodies
        self._models = models or {}
        self._annotations = Annotations(names, self.models)
        self._interfaces = Interfaces(names)
        self._entities: dict[str, Entity] = {}
        self._values: dict[str, Val] = {}
        self._lowered: dict[str, Lowered] = {}
        self._fields: dict[tuple[str, str], Val | None] = {}
        self._runners: dict[str, TextRunner | None] = {}
        self._in_progress: set[str] = set()
        self._expected: dict[str, tuple[str, ...]] = {}
        self._stale: list[str] = []
        self.failed: dict[str, str] = {}  # functions that could not be lowered, and why
        for entity in entities:
            self.add_entity(entity)

    def add_entity(self, entity: Entity) -> None:
        """Register an entity under its key, its table and, for Prisma, the name of its delegate."""
        self._entities[entity.key] = entity
        self._entities.setdefault(f"table:{entity.table}", entity)
        if ":" in entity.key and entity.key.partition(":")[0].endswith(".prisma"):
            self._entities.setdefault(f"prisma:{entity.name[:1].lower()}{entity.name[1:]}", entity)
        self._entities.setdefault(f"name:{entity.name}", entity)

    def models(self, path: str) -> Models:
        language = language_of(path)
        return self._models.get(language) or shipped(language)

    def entity(self, symbol: str) -> Entity | None:
        """The entity for a class symbol, a key, "table:name", "prisma:delegate" or the bare name in a relation."""
        if not symbol:
            return None
        return self._entities.get(symbol) or (
            self._entities.get(f"name:{symbol}") if ":" not in symbol and "." not in symbol else None
        )

    # ── module-level values ──────────────────────────────────────────────────────────────────────────────────────────
    def value_of(self, symbol: str) -> Val:
        """The value of a project symbol; types are kept, origins have no meaning outside its file."""
        if (value := self._values.get(symbol)) is None:
            self._values[symbol] = Val()  # cuts cycles
            value = self._values[symbol] = self._value_of(symbol)
        return value

    def _value_of(self, symbol: str) -> Val:
        path, _ = split(symbol)
        node = self.names.node(symbol)
        if isinstance(node, Function):
            from looktwice.code.lowering.values import Closure

            return Val(symbol=symbol, function=Closure(node, Scope()))
        if isinstance(node, Class | Module):
            return Val(symbol=symbol)
        if not isinstance(node, Assignment):
            return Val()
        if (known := self._annotations.generated(symbol)) is not None:
            return Val(symbol=known)
        if node.declares == "type":
            return Val(symbol=symbol)
        inner = unwrapped(node.value)
        if isinstance(inner, Function):
            from looktwice.code.lowering.values import Closure

            return Val(symbol=symbol, function=Closure(inner, Scope()))
        if isinstance(inner, ObjectLiteral) and any(
            isinstance(unwrapped(entry.value), Function)
            or (entry.key is not None and self._is_function(path, entry.value))
            for entry in inner.entries
        ):
            return Val(symbol=symbol)
        low = Lowering(self, path, Body(node.start, node.end), READERS, is_registering=True)
        value = low.evaluate(node.value)
        typed = self.annotated(path, node.annotation)
        if typed.type and not value.type:
            value.type, value.item = typed.type, typed.item
        if value.symbol and is_project(value.symbol) and value.function is not None:
            return Val()
        return value

    def _is_function(self, path: str, node: Node) -> bool:
        if not isinstance(node, Name):
            return False
        symbol = self.names.lookup(path, node.id)
        return is_project(symbol) and isinstance(self.names.node(symbol), Function)

    # ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def annotated(self, path: str, node: Node | None) -> Val:
        """The type that an annotation names: `type`, `item`, and in `options["injects"]` what a framework injects."""
        return self._annotations.annotated(path, node)

    def implementations(self, symbol: str) -> tuple[str, ...]:
        """The functions that a call of an abstract method may reach: at most three, those in tests last."""
        return self._interfaces.implementations(symbol)

    def returned(self, symbol: str) -> Val:
        """The type that a function returns, by its annotation, otherwise by the returned values."""
        path, _ = split(symbol)
        function = self.function(symbol)
        if function is None:
            return Val()
        typed = self.annotated(path, function.returns)
        if typed.type:
            return typed
        if len(self._in_progress) >= INFERRED_DEEP or symbol in self._in_progress:
            return Val()
        value = self.lowered(symbol, function).returned
        return Val(type=value.type, item=value.item)

    def function(self, symbol: str) -> Function | None:
        node = self.names.node(symbol)
        if isinstance(node, Assignment):
            node = unwrapped(node.value)
        return node if isinstance(node, Function) else None

    def field(self, owner: str, name: str) -> Val | None:
        """An attribute of a class's instances, by annotation, or by a constructor parameter or assignment."""
        key = (owner, name)
        if key in self._fields:
            return self._fields[key]
        found = self._field(owner, name)
        if found is not None or not self._in_progress:  # what is being lowered may still add to it
            self._fields[key] = found
        return found

    def _field(self, owner: str, name: str) -> Val | None:
        for current, _ in self.names.classes(owner):
            path = split(current)[0]
            member = self.names.members_of(current).get(name)
            if isinstance(member, Assignment):
                typed = self.annotated(path, member.annotation)
                if typed.type:
                    return Val(type=typed.type, item=typed.item)
                if member.value is not None:
                    return self._class_value(current, member)
            constructor = f"{current}.{'__init__' if language_of(path) == 'python' else 'constructor'}"
            function = self.function(constructor)
            if function is not None and constructor not in self._in_progress:
                fields = self.lowered(constructor, function, current).fields
                if name in fields:
                    return fields[name]
        return None

    def _class_value(self, owner: str, member: Assignment) -> Val:
        path = split(owner)[0]
        low = Lowering(self, path, Body(member.start, member.end), READERS, owner, is_registering=True)
        return low.evaluate(member.value)

    # ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────
    def lowered(self, symbol: str, function: Function, owner: str = "") -> Lowered:
        """The function, lowered once."""
        if (found := self._lowered.get(symbol)) is None:
            if not owner:
                holder = symbol.rpartition(".")[0]
                owner = holder if is_project(holder) and isinstance(self.names.node(holder), Class) else ""
            self._in_progress.add(symbol)
            try:
                found = self._lowered[symbol] = self._safely(symbol, function, owner, {})
            finally:
                self._in_progress.discard(symbol)
        return found

    def lowered_by_name(self, symbol: str) -> Lowered | None:
        """The function of that name, lowered; None when it is not a project function."""
        function = self.function(symbol)
        return self.lowered(symbol, function) if function is not None else None

    def text_runner(self, symbol: str) -> TextRunner | None:
        """How a function runs the SQL text it receives, if it does only that: `query(text, values)` of a db module."""
        if symbol not in self._runners:
            function = self.function(symbol)
            is_open = symbol not in self._in_progress and len(self._in_progress) < INFERRED_DEEP
            if function is None or not is_open or not 1 <= len(function.parameters) <= RUNNER_PARAMETERS:
                return None
            self._runners[symbol] = text_runner(self.lowered(symbol, function).summary)
        return self._runners[symbol]

    def passed_types(self, symbol: str, argument: str) -> tuple[str, ...]:
        """The argument types with which a function calls the function that it receives as `argument`."""
        function = self.function(symbol)
        if function is None or symbol in self._in_progress or len(self._in_progress) >= INFERRED_DEEP:
            return ()
        names = [each.name for each in function.parameters]
        first = 1 if names[:1] in (["self"], ["cls"]) else 0
        position = int(argument) + first if argument.isdigit() else names.index(argument) if argument in names else -1
        return self.lowered(symbol, function).passes.get(position, ())

    def expect(self, symbol: str, types: tuple[str, ...]) -> None:
        """Record the types that a framework passes to a function whose parameters may have no annotations."""
        if symbol not in self._expected:
            self._expected[symbol] = types
            if symbol in self._lowered:
                self._stale.append(symbol)

    def lower_again(self) -> None:
        """Lower functions again that were lowered before it was known what a framework passes to them."""
        for symbol in self._stale:
            function = self.function(symbol)
            if function is not None and any(each.annotation is None for each in function.parameters):
                del self._lowered[symbol]
                self.lowered(symbol, function)
        self._stale.clear()

    def top(self, path: str, module: Module) -> Lowered:
        """The module-level statements of a file, lowered."""
        symbol = f"{path}:{MODULE_BODY}"
        try:
            lowered = lower_module(self, path, module)
        except Exception as error:
            self._fail(symbol, error)
            lowered = empty(symbol, Function(module.start, module.end, MODULE_BODY, ()))
        self._lowered[symbol] = lowered
        return lowered

    def inline(self, symbol: str, function: Function, scope: dict[str, Val]) -> Lowered:
        """An inline function passed to a framework, lowered separately; it sees the names of its enclosing scope."""
        if symbol not in self._lowered:
            self._lowered[symbol] = self._safely(symbol, function, "", scope)
        return self._lowered[symbol]

    def _safely(self, symbol: str, function: Function, owner: str, scope: dict[str, Val]) -> Lowered:
        """The function, lowered; empty and not complete when lowering fails.

        One function must not make the whole audit fail. With LOOKTWICE_DEBUG set, the exception is raised.
        """
        try:
            return lower(self, symbol, function, owner, scope, self._expected.get(symbol, ()))
        except Exception as error:
            self._fail(symbol, error)
            return empty(symbol, function)

    def _fail(self, symbol: str, error: Exception) -> None:
        """Keep that a function could not be lowered. What is merely too deep is no fault to be debugged."""
        if os.environ.get("LOOKTWICE_DEBUG") and not isinstance(error, RecursionError):
            raise error
        self.failed[symbol] = why_failed(error)

    @property
    def all_lowered(self) -> Mapping[str, Lowered]:
        return self._lowered

    def injected_parameters(self, symbol: str) -> frozenset[str]:
        """The parameters that the framework fills with something other than the caller's input."""
        function = self.function(symbol)
        path = split(symbol)[0]
        models = self.models(path)
        found = set()
        for parameter in function.parameters if function is not None else ():
            typed = self.annotated(path, parameter.annotation)
            known = models.type(typed.type) if typed.type else None
            is_injected = bool(typed.options and "injects" in typed.options)
            if isinstance(parameter.default, Call):
                is_injected = (
                    is_injected
                    or injection(self.names, self.models(path), path, parameter.default, typed.type) is not None
                )
            if is_injected or (known is not None and known.base != "schema" and not known.origin):
                found.add(parameter.name)
        return frozenset(found)

    def is_never_returning(self, symbol: str) -> bool:
        function = self.function(symbol)
        returns = function.returns if function is not None else None
        return isinstance(returns, Type) and returns.name.rpartition(".")[2] in NEVER
