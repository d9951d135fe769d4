"""Interfaces and abstract classes, and the classes that implement them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import cached_property

from looktwice.code.project.names import Names, is_project
from looktwice.code.syntax.definitions import dotted, unwrapped
from looktwice.code.syntax.tree import Assignment, Class, Function

IMPLEMENTATIONS_KEPT = 3


class Interfaces:
    """Finds the implementations of a method. names: definitions of all files."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._implementations: dict[str, tuple[str, ...]] = {}
        self._below: dict[str, dict[str, list[str]]] = {}

    def implementations(self, symbol: str) -> tuple[str, ...]:
        """The functions that a call of an abstract method may reach: at most three, those in tests last."""
        if (found := self._implementations.get(symbol)) is None:
            found = self._implementations[symbol] = self._find_implementations(symbol)
        return found

    def _find_implementations(self, symbol: str) -> tuple[str, ...]:
        owner, _, name = symbol.rpartition(".")
        if not is_project(owner) or not isinstance(node := self.names.node(owner), Class):
            return (symbol,)
        if not self._is_abstract(node, symbol):
            return (symbol,)
        found = self._implementers(owner).get(name, ())
        ranked = sorted(found, key=lambda each: any(word in each.lower() for word in ("test", "fake", "mock", "stub")))
        return tuple(ranked[:IMPLEMENTATIONS_KEPT]) or (symbol,)

    def _implementers(self, owner: str) -> Mapping[str, list[str]]:
        """What the classes below a class define themselves: symbols by name, the nearest classes first."""
        if (found := self._below.get(owner)) is None:
            found = self._below[owner] = {}
            waiting, seen = deque([owner]), set[str]()
            while waiting:
                for each in self.subclasses.get(waiting.popleft(), ()):
                    if each not in seen:
                        seen.add(each)
                        waiting.append(each)
                        for name, member in self.names.members_of(each).items():
                            if isinstance(member, Function | Class):
                                found.setdefault(name, []).append(f"{each}.{name}")
        return found

    @cached_property
    def subclasses(self) -> dict[str, list[str]]:
        """Subclasses by the class or interface that they extend or implement."""
        return self.names.subclasses()

    def _is_abstract(self, owner: Class, symbol: str) -> bool:
        if owner.is_interface:
            return True
        function = self._function(symbol)
        if function is None:
            return False
        decorators = {dotted(each).rpartition(".")[2] for each in function.decorators}
        if "abstractmethod" in decorators:
            return True
        bases = self.names.library_bases(symbol.rpartition(".")[0])
        return any(each.rpartition(".")[2] == "Protocol" for each in bases)

    def _function(self, symbol: str) -> Function | None:
        node = self.names.node(symbol)
        if isinstance(node, Assignment):
            node = unwrapped(node.value)
        return node if isinstance(node, Function) else None
