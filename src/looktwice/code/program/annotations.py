"""Resolves annotations: follows aliases, unwraps containers and promises, finds what a framework injects."""

from __future__ import annotations

from collections.abc import Callable

from looktwice.code.lowering.functions import injection
from looktwice.code.lowering.models import Models
from looktwice.code.lowering.values import Val
from looktwice.code.project.names import Names, is_project, split
from looktwice.code.syntax.definitions import dotted
from looktwice.code.syntax.tree import Assignment, Call, Class, Literal, Node, Sequence, Subscript, Type

COLLECTIONS = frozenset(
    [
        "list",
        "List",
        "Sequence",
        "Iterable",
        "Collection",
        "set",
        "Set",
        "frozenset",
        "FrozenSet",
        "tuple",
        "Tuple",
        "Array",
        "ReadonlyArray",
        "Iterator",
        "Generator",
        "AsyncIterator",
        "AsyncIterable",
        "AsyncGenerator",
        "deque",
        "ScalarResult",
    ]
)
TRANSPARENT = frozenset(
    [
        "Optional",
        "Awaitable",
        "Coroutine",
        "Promise",
        "ClassVar",
        "Final",
        "Mapped",
        "Partial",
        "Readonly",
        "Required",
        "NonNullable",
        "Type",
        "type",
        "PromiseLike",
        "Omit",
        "Pick",
        "Self",
        "Annotated",
        "Union",
        "|",
        "&",
        "Depends",
    ]
)
PRIMITIVES = {
    "str": "str",
    "string": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "number": "",
    "boolean": "",
}
ABSENT = frozenset({"None", "null", "undefined", "void", "NoneType"})


class Annotations:
    """Reads annotations. names: definitions of all files; models: the library models for a path."""

    def __init__(self, names: Names, models: Callable[[str], Models]) -> None:
        self.names, self.models = names, models

    def annotated(self, path: str, node: Node | None, depth: int = 0) -> Val:
        """The type that an annotation names: `type`, `item`, and in `options["injects"]` what a framework injects."""
        if node is None or depth > 8:
            return Val()
        if isinstance(node, Literal) and isinstance(node.value, str):
            return self._named(path, Type(node.start, node.end, node.value.strip("'\" ")), (), depth)
        if isinstance(node, Subscript):
            key = node.key
            arguments = key.items if isinstance(key, Sequence) else (key,)
            return self._named(path, Type(node.start, node.end, dotted(node.value)), arguments, depth)
        if isinstance(node, Type):
            return self._named(path, node, node.arguments, depth)
        name = dotted(node)
        return self._named(path, Type(node.start, node.end, name), (), depth) if name else Val()

    def _named(self, path: str, node: Type, arguments: tuple[Node, ...], depth: int) -> Val:
        name = node.name
        last = name.rpartition(".")[2]
        if last in TRANSPARENT and arguments:
            return self._transparent(path, last, arguments, depth)
        if last in COLLECTIONS:
            inner = self.annotated(path, arguments[0], depth + 1) if arguments else Val()
            return Val(type="list", item=inner.type)
        if name in PRIMITIVES or name in ABSENT:
            return Val(type=PRIMITIVES.get(name, ""))
        symbol = self.names.expression(path, node)
        models = self.models(path)
        if not symbol:
            return Val(type=models.class_names.get(last, ""))
        if not is_project(symbol):
            canonical = models.canonical(symbol)
            if models.type(canonical) is None and (known := models.class_names.get(last)):
                canonical = known
            inner = self.annotated(path, arguments[0], depth + 1) if arguments else Val()
            return Val(type=canonical, item=inner.type)
        definition = self.names.node(symbol)
        is_type = definition is None or isinstance(definition, Assignment) or getattr(definition, "is_interface", False)
        if is_type and (known := self.generated(symbol)) is not None:
            return Val(type=known)
        if isinstance(definition, Assignment):
            return self.annotated(split(symbol)[0], definition.value, depth + 1)
        if isinstance(definition, Class):
            return Val(type=symbol)
        return Val(type=models.class_names.get(last, ""))

    def _transparent(self, path: str, name: str, arguments: tuple[Node, ...], depth: int) -> Val:
        found = Val()
        for each in arguments:
            if isinstance(each, Call):
                injected = injection(self.names, self.models(path), path, each, found.type)
                if injected is not None:
                    found.options = {"injects": Val(symbol=injected)}
                continue
            typed = self.annotated(path, each, depth + 1)
            if typed.type and not found.type:
                found.type, found.item = typed.type, typed.item
            if typed.options and not found.options:
                found.options = typed.options
            if name in ("Annotated", "Omit", "Pick", "Coroutine") and found.type and name != "Annotated":
                break
        return found

    def generated(self, symbol: str) -> str | None:
        """The library type behind a distinctive name in generated code (`PrismaClient`)."""
        path, name = split(symbol)
        return self.models(path).class_names.get(name)
