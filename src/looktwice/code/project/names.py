"""Name resolution: modules, imports, classes and module-level values, across all files of a project.

A symbol is a string. "path:Class.method" belongs to the project ("path:" is the module itself), anything else is a
library's dotted name: "sqlalchemy.orm.Session", "express.Router".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from looktwice.code.project.imports import Imports, Resolve, is_project, language_of, split
from looktwice.code.syntax.definitions import Definition, definitions, members, method_names
from looktwice.code.syntax.tree import Assignment, Attribute, Class, Import, Module, Name, Node

__all__ = ["Names", "is_project", "language_of", "split"]

CLASSES_KEPT = 60
"""Classes above one class that are followed. Real ones have at most thirty; a generated chain of thousands would take
the square of its length."""


class Names:
    """The definitions of all modules, by name.

    modules: outline by path. resolve: the file of an import. Only outlines are read.
    """

    def __init__(self, modules: Mapping[str, Module], resolve: Resolve, submodule: Resolve | None = None) -> None:
        self.modules = modules
        self._imports = Imports(self, resolve, submodule or (lambda path, item: None))
        self._tables: dict[str, dict[str, Definition]] = {}
        self._nodes: dict[str, Node | None] = {}
        self._classes: dict[str, tuple[tuple[str, Class], ...]] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._methods: dict[str, frozenset[str]] = {}
        self._inner: dict[str, dict[str, Node]] = {}
        self.cut: set[str] = set()  # classes that have more classes above them than are followed

    def table(self, path: str) -> dict[str, Definition]:
        """The names defined at module level."""
        if (table := self._tables.get(path)) is None:
            module = self.modules.get(path)
            table = self._tables[path] = {}
            if module is not None:
                for each in module.imports:
                    if each.alias and not each.reexports:
                        table[each.alias] = each
                for name, node in definitions(module.body):
                    table[name] = node
        return table

    def lookup(self, path: str, name: str) -> str:
        """The symbol that a module-level name refers to; "" when the file does not define it."""
        return self._imports.lookup(path, name)

    def imported(self, path: str, item: Import) -> str:
        """The symbol that an import binds."""
        return self._imports.imported(path, item)

    def imports(self, path: str, *packages: str) -> bool:
        """Whether a file imports one of these packages at module level."""
        module = self.modules.get(path)
        return module is not None and any(each.module.split(".")[0] in packages for each in module.imports)

    def exported(self, path: str, name: str) -> str:
        """What a project module exports under a name, through barrel files."""
        return self._imports.exported(path, name)

    def member(self, symbol: str, name: str) -> str:
        """`symbol.name`."""
        if not is_project(symbol):
            return f"{symbol}.{name}"
        path, qualified = split(symbol)
        if not qualified:
            return (self.exported(path, name) if path in self.modules else "") or f"{path}:{name}"
        if (found := self.method(symbol, name)) is not None:
            return found
        if not isinstance(self.node(symbol), Assignment) or (value := self.members_of(symbol).get(name)) is None:
            return ""
        return (self.lookup(path, value.id) if isinstance(value, Name) else "") or f"{symbol}.{name}"

    def node(self, symbol: str) -> Node | None:
        """The definition behind a project symbol."""
        try:
            return self._nodes[symbol]
        except KeyError:
            found = self._nodes[symbol] = self._node(symbol)
            return found

    def _node(self, symbol: str) -> Node | None:
        path, qualified = split(symbol)
        if path not in self.modules or not qualified:
            return self.modules.get(path)
        table = self.table(path)
        if (whole := table.get(qualified)) is not None:
            return whole
        holder, _, name = symbol.rpartition(".")
        return self.members_of(holder).get(name) if ":" in holder and qualified != holder else None

    def members_of(self, symbol: str) -> dict[str, Node]:
        """What the class or the table behind a symbol holds, by name."""
        if (found := self._inner.get(symbol)) is None:
            found = self._inner[symbol] = {}
            for name, node in members(self.node(symbol)):
                found.setdefault(name, node)
        return found

    def classes(self, symbol: str) -> tuple[tuple[str, Class], ...]:
        """A class and its bases in the project, nearest first; at most `CLASSES_KEPT` of them: see `cut`."""
        if (found := self._classes.get(symbol)) is None:
            self._classes[symbol] = ()  # cuts cycles
            found = self._classes[symbol] = tuple(self._walk_classes(symbol))
        return found

    def _walk_classes(self, symbol: str) -> Iterator[tuple[str, Class]]:
        waiting, seen = deque([symbol]), set[str]()
        while waiting:
            current = waiting.popleft()
            if current in seen or not is_project(current):
                continue
            if len(seen) >= CLASSES_KEPT:
                self.cut.add(symbol)
                return
            seen.add(current)
            node = self.node(current)
            if isinstance(node, Class):
                yield current, node
                path = split(current)[0]
                waiting.extend(filter(None, (self.expression(path, base) for base in node.bases)))

    def library_bases(self, symbol: str) -> tuple[str, ...]:
        """The symbols of all bases outside the project."""
        if (found := self._bases.get(symbol)) is None:
            found = self._bases[symbol] = tuple(
                name
                for current, node in self.classes(symbol)
                for base in (*node.bases, *node.implements)
                if (name := self.expression(split(current)[0], base)) and not is_project(name)
            )
        return found

    def method(self, symbol: str, name: str) -> str | None:
        """The function that `instance.name` or `Class.name` refers to, in the class or its bases; None without one."""
        for current, node in self.classes(symbol):
            if (own := self._methods.get(current)) is None:
                own = self._methods[current] = frozenset(
                    each for member in node.members for each in method_names(member)
                )
            if name in own:
                return f"{current}.{name}"
        return None

    def expression(self, path: str, node: Node | None) -> str:
        """The symbol of a name, dotted name or type."""
        name = getattr(node, "id", None) or (getattr(node, "name", None) if type(node).__name__ == "Type" else None)
        if name:
            head, *rest = name.split(".")
            symbol = self.lookup(path, head)
            for part in rest:
                symbol = self.member(symbol, part) if symbol else ""
            return symbol
        if isinstance(node, Attribute):
            owner = self.expression(path, node.value)
            return self.member(owner, node.name) if owner else ""
        if type(node).__name__ in ("Subscript", "Call"):
            return self.expression(path, getattr(node, "value", None) or getattr(node, "callee", None))
        return ""

    def subclasses(self) -> dict[str, list[str]]:
        """Project subclasses by the project class or interface that they extend or implement."""
        table: dict[str, list[str]] = {}
        for path in self.modules:
            for name, node in self.table(path).items():
                if isinstance(node, Class):
                    for base in (*node.bases, *node.implements):
                        if symbol := self.expression(path, base):
                            table.setdefault(symbol, []).append(f"{path}:{name}")
        return table
