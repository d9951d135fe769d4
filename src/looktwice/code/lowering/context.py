"""The state while one function is lowered: its names, its tables, and access to other files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from msgspec import Struct

from looktwice.code.ir.control import FactKind, RegionKind
from looktwice.code.ir.entities import Entity
from looktwice.code.ir.values import Origin, OriginKind, Value
from looktwice.code.lowering.body import Body
from looktwice.code.lowering.models import Models
from looktwice.code.lowering.scope import Scope
from looktwice.code.lowering.values import UNKNOWN, UNSET, Val
from looktwice.code.project.names import Names
from looktwice.code.syntax.tree import Function, Node

CALLBACKS_DEEP = 6
VALUES_DEEP = 6


class TextRunner(Struct, frozen=True):
    """A function that only passes SQL text to the store: which of its parameters are the text and its values.

    handle: the symbol of a module-level client; "" when the object has its own.
    """

    text: int
    bound: int
    handle: str


class World(Protocol):
    """What the lowering of one function may ask about the rest of the project."""

    names: Names

    def models(self, path: str) -> Models: ...
    def function(self, symbol: str) -> Function | None: ...
    def body(self, path: str, function: Function) -> tuple[Node, ...]: ...
    def value_of(self, symbol: str) -> Val: ...
    def annotated(self, path: str, node: Node | None) -> Val: ...
    def returned(self, symbol: str) -> Val: ...
    def field(self, owner: str, name: str) -> Val | None: ...
    def entity(self, symbol: str) -> Entity | None: ...
    def implementations(self, symbol: str) -> tuple[str, ...]: ...
    def text_runner(self, symbol: str) -> TextRunner | None: ...
    def passed_types(self, symbol: str, argument: str) -> tuple[str, ...]: ...
    def is_never_returning(self, symbol: str) -> bool: ...


Reader = Callable[["Lowering", Any], Val]


class Lowering:
    """One function being lowered: the state shared by the readers of expressions and statements in this package."""

    def __init__(
        self,
        world: World,
        path: str,
        body: Body,
        readers: dict[type[Node], Reader],
        owner: str = "",
        is_registering: bool = False,
    ) -> None:
        self.world, self.path, self.body, self.owner = world, path, body, owner
        self.readers = readers
        self.names = world.names
        self.models = world.models(path)
        self.is_python = path.endswith((".py", ".pyi"))
        self.is_registering = is_registering  # module level: inline functions are not run here
        self.is_top = False  # module level: names are those of the file, whatever the order of definitions
        self.scope = Scope()
        self.callbacks = 0
        self.registrations: list[Any] = []
        self._inline: Counter[str] = Counter()  # inline functions that are lowered on their own, by name
        self.function = ""  # the symbol of the function that is lowered
        self.returned: list[Val] = []
        self.fields: dict[str, Val] = {}
        self.passes: dict[int, tuple[str, ...]] = {}  # argument types of calls of a function parameter, by parameter

    # ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────
    def evaluate(self, node: Node | None) -> Val:
        """The value of an expression; its effects are added to the tables."""
        if node is None:
            return self.constant(None)
        reader = self.readers.get(type(node))
        return reader(self, node) if reader else UNKNOWN

    def constant(self, value: Any) -> Val:
        kind = "str" if isinstance(value, str) else ""
        return Val(self.body.of_constant(OriginKind.CONST, value), kind, constant=value)

    def name(self, identifier: str) -> Val:
        """The value of a name: a local, a module-level name, or a builtin."""
        symbol = ""
        if self.is_top and (symbol := self.names.lookup(self.path, identifier)):
            return self.symbol(symbol)
        if (value := self.scope.get(identifier)) is not None:
            return value
        symbol = symbol or self.names.lookup(self.path, identifier)
        return self.symbol(symbol or f"builtins.{identifier}")

    def symbol(self, symbol: str) -> Val:
        """The value of a symbol."""
        if ":" not in symbol:
            return Val(symbol=self.models.canonical(symbol))
        value = self.world.value_of(symbol)
        if value.symbol and ":" not in value.symbol and not value.origins:
            return Val(symbol=value.symbol)
        if value.symbol:
            kind = OriginKind.FUNCTION if value.function is not None else OriginKind.MODULE
            return Val(self.body.of_constant(kind, symbol), symbol=value.symbol)
        if value.constant is not UNSET:
            return Val(self.body.of_constant(OriginKind.CONST, value.constant), value.type, constant=value.constant)
        return self.imported(value, self.body.of_constant(OriginKind.MODULE, symbol))

    def imported(self, value: Val, origins: Value, depth: int = 0) -> Val:
        """A value of another table: kept but for its origins, which meant something there only.

        What lies deeper in it than `VALUES_DEEP` is not kept: each value may hold the one before it.
        """
        kinds = {origin.kind for origin in value.origins}
        if kinds and kinds <= {OriginKind.CONFIG}:
            origins = tuple(Origin(OriginKind.CONFIG, -1, origin.path) for origin in value.origins)
        return Val(
            origins,
            value.type,
            value.item,
            value.symbol,
            entries=None
            if value.entries is None or depth >= VALUES_DEEP
            else {name: self.imported(each, origins, depth + 1) for name, each in value.entries.items()},
            items=None
            if value.items is None or depth >= VALUES_DEEP
            else tuple(self.imported(each, origins, depth + 1) for each in value.items),
            constant=value.constant,
            options=value.options,
            function=value.function,
        )

    def detached(self, name: str, value: Val) -> Val:
        """A value of an enclosing function, by its name there."""
        if value.constant is not UNSET:
            return Val(self.body.of_constant(OriginKind.CONST, value.constant), value.type, constant=value.constant)
        if [(each.kind, each.path) for each in value.origins] == [(OriginKind.PARAM, ())] and not value.type:
            return value  # the function that a decorator wraps
        return self.imported(value, self.body.of_constant(OriginKind.MODULE, f"{self.path}:{name}"))

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────
    @contextmanager
    def scoped(self) -> Iterator[Scope]:
        """Names set inside are looked at afterwards by the caller (`meet`); the old ones are back."""
        before = self.scope
        self.scope = Scope(before)
        try:
            yield self.scope
        finally:
            self.scope = before

    def meet(self, *ways: Scope) -> None:
        """Continue with the names as they may be after these paths."""
        self.scope.meet(*ways)

    # ── helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def inline_symbol(self, name: str) -> str:
        """A symbol that no other inline function has here: "app.js:GET /", then "app.js:GET / (2)"."""
        self._inline[name] += 1
        number = self._inline[name]
        return name if number == 1 else f"{name} ({number})"

    def is_entity(self, symbol: str) -> bool:
        return bool(symbol) and self.world.entity(symbol) is not None

    def fact(self, kind: FactKind, node: Node, name: str = "", **more: Any) -> int:
        return self.body.fact(kind, node, name, **more)

    @contextmanager
    def trial(self, kind: RegionKind, node: Node, **more: Any) -> Iterator[int]:
        """A region that is discarded when nothing happened inside."""
        body = self.body
        before, regions = body.emitted, len(body.regions)
        number = body.open(kind, node, **more)
        try:
            yield number
        finally:
            body.close(number)
            if body.emitted == before and len(body.regions) == regions + 1:
                body.regions.pop()
