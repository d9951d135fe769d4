"""Functions that a framework finds by the name of their file and of their export, and by a directive in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from looktwice.code.coverage.owner import Kind, Owner
from looktwice.code.coverage.packages import Known, packages
from looktwice.code.coverage.sightings import HANDLER, Sighting
from looktwice.code.project.names import Names, is_project
from looktwice.code.syntax.languages.lookup import Lookup
from looktwice.code.syntax.tree import Assignment, Call, Expression, Function, Literal, Module, Node

SCRIPT = re.compile(r"\.[cm]?[jt]sx?$")
PAGE = re.compile(r"/(?:page|layout)$")


class Conventions:
    """Knows the conventions of the frameworks that a program uses."""

    def __init__(self, names: Names, used: frozenset[str]) -> None:
        """used: packages that the program imports."""
        self.names = names
        self._known = [
            (name, each)
            for name, each in packages("typescript").table.items()
            if (each.files or each.directive) and (each.anywhere or name in used)
        ]

    def sightings(self, path: str, module: Module, data: bytes, lookup: Lookup) -> Iterator[Sighting]:
        yield from self._by_place(path, module)
        for name, known in self._known:
            if known.directive and known.directive.encode() in data:
                for match in _inner(known.directive).finditer(data):
                    around = lookup.around(match.start() + 1)
                    if around and around[0].function is not None:
                        owner = Owner(Kind.LIBRARY, name, known.directive)
                        yield Sighting(HANDLER, owner, path, around[0].start, "function", (around[0].end,))

    def _by_place(self, path: str, module: Module) -> Iterator[Sighting]:
        stem = SCRIPT.sub("", path)
        for name, known in self._known:
            is_directed = bool(known.directive) and begins_with(module, known.directive)
            if not is_directed and not any(_glob(each).search(stem) for each in known.files):
                continue
            for exported, local in module.exports.items():
                symbol = self.names.exported(path, exported) or f"{path}:{local}"
                node = self.names.node(symbol) if is_project(symbol) else None
                if is_handler(node, exported, stem, known, is_directed):
                    owner = Owner(Kind.LIBRARY, name, exported)
                    start = node.start if node is not None and symbol.startswith(f"{path}:") else 0
                    yield Sighting(HANDLER, owner, path, start, exported, symbol=symbol)


def is_handler(node: Node | None, exported: str, stem: str, known: Known, is_directed: bool) -> bool:
    """Whether an export is called by the framework. A page counts when it waits for something on the server."""
    function = node.value if isinstance(node, Assignment) else node
    if is_directed:
        return isinstance(function, Function | Call)
    if exported not in known.exports:
        return False
    if exported == "default" and PAGE.search(stem):
        return isinstance(function, Function) and function.is_async
    return True


@cache
def _glob(written: str) -> re.Pattern[str]:
    """A pattern for paths without their ending: `**/` is any number of folders, `**` anything below."""
    spelled = re.escape(written).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.compile(f"(?:^|/){spelled}$")


@cache
def _inner(directive: str) -> re.Pattern[bytes]:
    """A function that begins with a directive."""
    return re.compile(rb"\{\s*[\"']" + re.escape(directive.encode()) + rb"[\"']")


def begins_with(module: Module, directive: str) -> bool:
    first = module.body[0] if module.body else None
    return isinstance(first, Expression) and isinstance(first.value, Literal) and first.value.value == directive
