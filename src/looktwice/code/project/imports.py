"""Where names lead through imports: aliases, barrels, star imports, over as many files as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Protocol

from looktwice.code.project.resolution import Asking, Resolution, circles
from looktwice.code.project.specifiers import published
from looktwice.code.syntax.definitions import Definition, unwrapped
from looktwice.code.syntax.tree import Assignment, Attribute, Import, Module, Name, Node
from looktwice.code.syntax.tree import Mapping as ObjectLiteral

Resolve = Callable[[str, Import], str | None]  # the path of a project file, or None for a library
BUILTIN_EXPORT = "="


def is_project(symbol: str) -> bool:
    return ":" in symbol


def split(symbol: str) -> tuple[str, str]:
    """The path and the qualified name of a project symbol."""
    path, _, name = symbol.partition(":")
    return path, name


def language_of(path: str) -> str:
    return "python" if path.endswith((".py", ".pyi")) else "typescript"


def library_name(module: str, name: str, language: str) -> str:
    """The dotted name of something imported from a library."""
    if language == "python":
        return f"{module}.{name}" if name else module
    module = published(module).replace(":", ".")
    return module if name in ("", "default") else f"{module}.{name}"


class Definitions(Protocol):
    """What is defined where, without following imports."""

    @property
    def modules(self) -> Mapping[str, Module]: ...
    def table(self, path: str) -> Mapping[str, Definition]: ...
    def node(self, symbol: str) -> Node | None: ...
    def member(self, symbol: str, name: str) -> str: ...


class Imports:
    """Answers what a name at the top of a file is, and what a file gives to those that import it.

    Files that take everything from each other (`import *`, `export * from`) in a circle are asked as one.
    """

    def __init__(self, definitions: Definitions, resolve: Resolve, submodule: Resolve) -> None:
        self._definitions, self._resolve, self._submodule_of = definitions, resolve, submodule
        self._modules = definitions.modules
        self._reexports: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self._resolution = Resolution(
            {
                "name": self._named,
                "star": self._starred,
                "export": self._exported,
                "own export": self._exported_itself,
                "star export": self._star_exported,
            }
        )

    def lookup(self, path: str, name: str) -> str:
        """The symbol that a name at the top of a file stands for; "" when the file does not define it."""
        return self._resolution.answer("name", path, name)

    def exported(self, path: str, name: str) -> str:
        """What a module of the project gives under a name, through barrels; "" for nothing."""
        return self._resolution.answer("export", path, name)

    def imported(self, path: str, item: Import) -> str:
        """The symbol that an import brings in."""
        return self._resolution.run(self._imported(path, item))

    # ── names of a file ──────────────────────────────────────────────────────────────────────────────────────────────
    def _named(self, path: str, name: str) -> Asking:
        definition = self._definitions.table(path).get(name)
        if isinstance(definition, Import):
            return (yield from self._imported(path, definition))
        if definition is not None:
            alias = (yield from self._alias(path, definition)) if isinstance(definition, Assignment) else ""
            return alias or f"{path}:{name}"
        if path in self._circles_of_stars and name in self._names_behind_stars:
            return (yield "star", self._circles_of_stars[path][0], name)
        return ""

    def _alias(self, path: str, definition: Assignment) -> Asking:
        """`name = other` and `name = module.other` are the other thing."""
        value = definition.value
        parts: list[str] = []
        while isinstance(value, Attribute):
            parts.append(value.name)
            value = value.value
        if not isinstance(value, Name) or any(
            isinstance(each, Name) and each.id == value.id for each in definition.targets
        ):
            return ""
        symbol = yield "name", path, value.id
        for part in reversed(parts):
            if symbol.endswith(":"):
                symbol = (yield "export", symbol[:-1], part) or f"{symbol}{part}"
            elif symbol:
                symbol = self._definitions.member(symbol, part)
        return symbol if symbol and (not is_project(symbol) or self._definitions.node(symbol) is not None) else ""

    def _starred(self, first: str, name: str) -> Asking:
        """A name that a file takes from others by `import *`; `first` stands for its circle."""
        circle = self._circles_of_stars[first]
        for member in circle:
            if name in self._definitions.table(member) and (found := (yield "name", member, name)):
                return found
        for member in circle:
            for target in self._stars[member]:
                if target not in circle and (found := (yield "name", target, name)):
                    return found
        return ""

    # ── imports ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def _imported(self, path: str, item: Import) -> Asking:
        target = self._file(path, item)
        if target:
            if item.name == "":
                return (yield from self._whole(target))
            if found := (yield "export", target, item.name):
                return found
        if (inner := self._submodule_of(path, item)) in self._modules:
            return f"{inner}:"
        if target:
            return f"{target}:{item.name}"
        if item.name and language_of(path) == "python":  # a module in a folder without __init__.py
            inner = self._resolve(path, Import(0, 0, f"{item.module}.{item.name}".lstrip("."), "", "", item.level))
            if inner in self._modules:
                return f"{inner}:"
        if item.level or item.module.startswith("."):
            return f"{item.module.lstrip('./')}.{item.name}".strip(".") or item.alias
        return library_name(item.module, item.name, language_of(path))

    def _file(self, path: str, item: Import) -> str:
        """The file of the project that an import leads to, "" when it is none."""
        target = self._resolve(path, item)
        return target if target is not None and target in self._modules else ""

    def _whole(self, path: str) -> Asking:
        """What `require` of a file gives: the module, or the one thing that it is made of (`module.exports = pool`)."""
        whole = self._modules[path].exports.get(BUILTIN_EXPORT)
        if whole is None:
            return f"{path}:"
        symbol = (yield "name", path, whole) or f"{path}:{whole}"
        node = self._definitions.node(symbol) if is_project(symbol) else None
        is_table = isinstance(node, Assignment) and isinstance(unwrapped(node.value), ObjectLiteral)
        return f"{path}:" if is_table else symbol

    # ── exports ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def _exported(self, path: str, name: str) -> Asking:
        if language_of(path) == "python":
            return (yield "name", path, name) or self._submodule(path, name)
        if found := (yield "own export", path, name):
            return found
        if path in self._circles_of_exports and name in self._exports_behind_stars:
            found = yield "star export", self._circles_of_exports[path][0], name
            if found:
                return found
        local = self._local(path, name)
        return f"{path}:{local}" if local is not None else (yield "name", path, name)

    def _local(self, path: str, name: str) -> str | None:
        """The name that a file has itself for what it exports."""
        exports = self._modules[path].exports
        local = exports.get(name)
        return exports.get(BUILTIN_EXPORT) or None if local is None and name == "default" else local

    def _exported_itself(self, path: str, name: str) -> Asking:
        """What a file exports by name, its own or that of another file."""
        local = self._local(path, name)
        if local is not None and (found := (yield "name", path, local)):
            return found
        for target, other in self._reexported(path).get(name, ()):
            return f"{target}:" if other == "" else (yield "export", target, other)
        return ""

    def _reexported(self, path: str) -> Mapping[str, list[tuple[str, str]]]:
        """`export {a as b} from`: by b, the file of the project and a."""
        if (found := self._reexports.get(path)) is None:
            found = self._reexports[path] = {}
            for each in self._modules[path].imports:
                if each.reexports and each.name != "*" and (target := self._file(path, each)):
                    found.setdefault(each.alias, []).append((target, each.name))
        return found

    def _star_exported(self, first: str, name: str) -> Asking:
        """A name that a file gives on by `export * from`; `first` stands for its circle."""
        circle = self._circles_of_exports[first]
        for member in circle if len(circle) > 1 else ():
            if found := (yield "own export", member, name):
                return found
        for member in circle:
            for target in self._star_exports[member]:
                if target not in circle and (found := (yield "export", target, name)):
                    return found
        for member in circle if len(circle) > 1 else ():
            if found := (yield "name", member, name):
                return found
        return ""

    def _submodule(self, path: str, name: str) -> str:
        target = self._resolve(path, Import(0, 0, name, "", name, level=1)) if path.endswith("__init__.py") else None
        return f"{target}:" if target in self._modules else ""

    # ── everything of another file ───────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def _stars(self) -> Mapping[str, tuple[str, ...]]:
        """By file: the files that it takes everything from."""
        return dict(self._star_edges(reexports=False))

    @cached_property
    def _star_exports(self) -> Mapping[str, tuple[str, ...]]:
        """By file: the files that it gives everything on from."""
        return dict(self._star_edges(reexports=True))

    def _star_edges(self, reexports: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
        for path, module in self._modules.items():
            stars = [each for each in module.imports if each.name == "*" and each.reexports is reexports]
            targets = tuple(dict.fromkeys(target for each in stars if (target := self._file(path, each))))
            if targets:
                yield path, targets

    @cached_property
    def _circles_of_stars(self) -> Mapping[str, tuple[str, ...]]:
        return {path: circle for path, circle in circles(self._stars).items() if path in self._stars}

    @cached_property
    def _circles_of_exports(self) -> Mapping[str, tuple[str, ...]]:
        return {path: circle for path, circle in circles(self._star_exports).items() if path in self._star_exports}

    @cached_property
    def _names_behind_stars(self) -> frozenset[str]:
        """All names of files that others take everything from: most names that a file asks for are none of these."""
        targets = {target for each in self._stars.values() for target in each}
        return frozenset(name for path in targets for name in self._definitions.table(path))

    @cached_property
    def _exports_behind_stars(self) -> frozenset[str]:
        targets = {target for each in self._star_exports.values() for target in each}
        found = {name for path in targets for name in (*self._modules[path].exports, *self._reexported(path))}
        if any(BUILTIN_EXPORT in self._modules[path].exports for path in targets):
            found.add("default")
        return frozenset(found.union(*(self._definitions.table(path) for path in targets)))
