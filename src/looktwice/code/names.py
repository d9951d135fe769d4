"""What names mean: modules, imports, classes and the values at the top of files, over all files of a project.

A symbol is a string. "path:Class.method" is of the project ("path:" the module itself), anything else is a library's
dotted name: "sqlalchemy.orm.Session", "express.Router".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from looktwice.code.tree import (
    Argument,
    Assignment,
    Attribute,
    Await,
    Block,
    Call,
    Cast,
    Class,
    Expression,
    Function,
    If,
    Import,
    Module,
    Name,
    Node,
    Try,
    With,
)
from looktwice.code.tree import (
    Mapping as ObjectLiteral,
)

Resolve = Callable[[str, Import], str | None]  # the path of a project file, or None for a library
Definition = Import | Function | Class | Assignment
BUILTIN_EXPORT = "="


def is_project(symbol: str) -> bool:
    return ":" in symbol


def split(symbol: str) -> tuple[str, str]:
    """The path and the qualified name of a project symbol."""
    path, _, name = symbol.partition(":")
    return path, name


def language_of(path: str) -> str:
    return "python" if path.endswith((".py", ".pyi")) else "typescript"


class Names:
    """Definitions of all modules, found by name.

    modules: outline by path. resolve: where an import leads. Nothing is read beyond outlines.
    """

    def __init__(self, modules: Mapping[str, Module], resolve: Resolve, submodule: Resolve | None = None) -> None:
        self.modules = modules
        self._resolve, self._submodule_of = resolve, submodule or (lambda path, item: None)
        self._tables: dict[str, dict[str, Definition]] = {}
        self._nodes: dict[str, Node | None] = {}
        self._classes: dict[str, tuple[tuple[str, Class], ...]] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._methods: dict[str, dict[str, str]] = {}
        self._inner: dict[str, dict[str, Node]] = {}
        self._symbols: dict[tuple[str, str], str] = {}
        self._exports: dict[tuple[str, str], str] = {}

    def table(self, path: str) -> dict[str, Definition]:
        """Names defined at the top of a file."""
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
        """The symbol a name at the top of a file stands for; "" when the file does not define it."""
        key = (path, name)
        if (symbol := self._symbols.get(key)) is None:
            self._symbols[key] = ""  # cuts cycles
            symbol = self._symbols[key] = self._lookup(path, name)
        return symbol

    def _lookup(self, path: str, name: str) -> str:
        definition = self.table(path).get(name)
        if isinstance(definition, Import):
            return self.imported(path, definition)
        if definition is not None:
            if isinstance(definition, Assignment) and (alias := self._alias(path, definition)):
                return alias
            return f"{path}:{name}"
        if (module := self.modules.get(path)) is not None:
            for each in module.imports:
                is_open = each.name == "*" and not each.reexports
                target = self._file(path, each) if is_open else ""
                if target and (found := self.lookup(target, name)):
                    return found
        return ""

    def _alias(self, path: str, definition: Assignment) -> str:
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
        symbol = self.lookup(path, value.id)
        for part in reversed(parts):
            symbol = self.member(symbol, part) if symbol else ""
        return symbol if symbol and (is_project(symbol) is False or self.node(symbol) is not None) else ""

    def imported(self, path: str, item: Import) -> str:
        """The symbol that an import brings in."""
        target = self._file(path, item)
        if target:
            if item.name == "":
                return self._whole(target)
            if found := self.exported(target, item.name):
                return found
        if (inner := self._submodule_of(path, item)) in self.modules:
            return f"{inner}:"
        if target:
            return f"{target}:{item.name}"
        if item.name and language_of(path) == "python":  # a module in a folder without __init__.py
            inner = self._resolve(path, Import(0, 0, f"{item.module}.{item.name}".lstrip("."), "", "", item.level))
            if inner in self.modules:
                return f"{inner}:"
        if item.level or item.module.startswith("."):
            return f"{item.module.lstrip('./')}.{item.name}".strip(".") or item.alias
        return library_name(item.module, item.name, language_of(path))

    def _file(self, path: str, item: Import) -> str:
        """The file of the project that an import leads to, "" when it is none."""
        target = self._resolve(path, item)
        return target if target is not None and target in self.modules else ""

    def _whole(self, path: str) -> str:
        """What `require` of a file gives: the module, or the one thing that it is made of (`module.exports = pool`)."""
        whole = self.modules[path].exports.get(BUILTIN_EXPORT)
        if whole is None:
            return f"{path}:"
        symbol = self.lookup(path, whole) or f"{path}:{whole}"
        node = self.node(symbol) if is_project(symbol) else None
        is_table = isinstance(node, Assignment) and isinstance(unwrapped(node.value), ObjectLiteral)
        return f"{path}:" if is_table else symbol

    def imports(self, path: str, *packages: str) -> bool:
        """Whether a file imports one of these packages at its top."""
        module = self.modules.get(path)
        return module is not None and any(each.module.split(".")[0] in packages for each in module.imports)

    def exported(self, path: str, name: str) -> str:
        """What a module of the project gives under a name, through barrels."""
        key = (path, name)
        if (symbol := self._exports.get(key)) is None:
            self._exports[key] = ""  # cuts cycles
            symbol = self._exports[key] = self._exported(path, name)
        return symbol

    def _exported(self, path: str, name: str) -> str:
        module = self.modules[path]
        if language_of(path) == "python":
            if found := self.lookup(path, name):
                return found
            return self._submodule(path, name)
        local = module.exports.get(name)
        if local is None and name == "default" and (whole := module.exports.get(BUILTIN_EXPORT)):
            local = whole
        if local is not None and (found := self.lookup(path, local)):
            return found
        for each in module.imports:
            if each.reexports and each.alias == name and (target := self._file(path, each)):
                return f"{target}:" if each.name == "" else self.exported(target, each.name)
        for each in module.imports:
            target = self._file(path, each) if each.reexports and each.name == "*" else ""
            if target and (found := self.exported(target, name)):
                return found
        if local is not None:
            return f"{path}:{local}"
        return self.lookup(path, name)

    def _submodule(self, path: str, name: str) -> str:
        target = self._resolve(path, Import(0, 0, name, "", name, level=1)) if path.endswith("__init__.py") else None
        return f"{target}:" if target in self.modules else ""

    def member(self, symbol: str, name: str) -> str:
        """`symbol.name`."""
        if not is_project(symbol):
            return f"{symbol}.{name}"
        path, qualified = split(symbol)
        if not qualified:
            return (self.exported(path, name) if path in self.modules else "") or f"{path}:{name}"
        if (found := self.method(symbol, name)) is not None:
            return found
        if not isinstance(self.node(symbol), Assignment) or (value := self._members(symbol).get(name)) is None:
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
        return self._members(holder).get(name) if ":" in holder and qualified != holder else None

    def _members(self, symbol: str) -> dict[str, Node]:
        """What the class or the table behind a symbol holds, by name."""
        if (found := self._inner.get(symbol)) is None:
            found = self._inner[symbol] = {}
            for name, node in members(self.node(symbol)):
                found.setdefault(name, node)
        return found

    def classes(self, symbol: str) -> tuple[tuple[str, Class], ...]:
        """A class and its bases in the project, nearest first."""
        if (found := self._classes.get(symbol)) is None:
            self._classes[symbol] = ()  # cuts cycles
            found = self._classes[symbol] = tuple(self._walk_classes(symbol))
        return found

    def _walk_classes(self, symbol: str) -> Iterator[tuple[str, Class]]:
        waiting, seen = [symbol], set()
        while waiting:
            current = waiting.pop(0)
            if current in seen or not is_project(current):
                continue
            seen.add(current)
            node = self.node(current)
            if isinstance(node, Class):
                yield current, node
                path = split(current)[0]
                waiting.extend(filter(None, (self.expression(path, base) for base in node.bases)))

    def library_bases(self, symbol: str) -> tuple[str, ...]:
        """Symbols of all bases that are not of the project."""
        if (found := self._bases.get(symbol)) is None:
            found = self._bases[symbol] = tuple(
                name
                for current, node in self.classes(symbol)
                for base in (*node.bases, *node.implements)
                if (name := self.expression(split(current)[0], base)) and not is_project(name)
            )
        return found

    def method(self, symbol: str, name: str) -> str | None:
        """The function that `instance.name` or `Class.name` means, in the class or its bases; None without one."""
        if (found := self._methods.get(symbol)) is None:
            found = self._methods[symbol] = {}
            for current, node in self.classes(symbol):
                for member in node.members:
                    for each in _method_names(member):
                        found.setdefault(each, f"{current}.{each}")
        return found.get(name)

    def expression(self, path: str, node: Node | None) -> str:
        """The symbol of a plain name, dotted name or type."""
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
        """Project classes by the project class or interface that they extend or implement."""
        table: dict[str, list[str]] = {}
        for path in self.modules:
            for name, node in self.table(path).items():
                if isinstance(node, Class):
                    for base in (*node.bases, *node.implements):
                        if symbol := self.expression(path, base):
                            table.setdefault(symbol, []).append(f"{path}:{name}")
        return table


def library_name(module: str, name: str, language: str) -> str:
    """The dotted name of something imported from a library."""
    if language == "python":
        return f"{module}.{name}" if name else module
    module = module.removeprefix("node:").replace(":", ".")
    return module if name in ("", "default") else f"{module}.{name}"


def definitions(body: tuple[Node, ...]) -> Iterator[tuple[str, Definition]]:
    """Names that the statements define, those under `if`, `try` and `with` included."""
    for node in body:
        if isinstance(node, Function | Class):
            if node.name:
                yield node.name, node
            if node.exported and node.exported != node.name:
                yield node.exported, node
        elif isinstance(node, Assignment):
            for target in node.targets:
                name = dotted(target)
                if name:
                    yield name, node
        elif isinstance(node, Expression) and isinstance(node.value, Assignment):
            yield from definitions((node.value,))
        elif isinstance(node, If):
            yield from definitions(node.then + node.otherwise)
        elif isinstance(node, Try):
            yield from definitions(node.body + node.otherwise)
        elif isinstance(node, With | Block):
            yield from definitions(node.body)


def dotted(node: Node) -> str:
    """ "a.b" for names and attributes of names, else ""."""
    parts: list[str] = []
    while isinstance(node, Attribute):
        parts.append(node.name)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, Name) else ""


def unwrapped(node: Node | None) -> Node | None:
    """Without casts, awaits and calls that only wrap a function (`asyncHandler(f)`, `useCallback(f)`)."""
    for _ in range(4):
        if isinstance(node, Cast | Await):
            node = node.value
        elif isinstance(node, Call) and (wrapped := _function_argument(node.arguments)) is not None:
            node = wrapped
        else:
            break
    return node


def _function_argument(arguments: tuple[Argument, ...]) -> Node | None:
    functions: list[Node] = [each.value for each in arguments if isinstance(each.value, Function)]
    if not functions:
        functions = [
            each.value
            for each in arguments
            if isinstance(each.value, Call) and _function_argument(each.value.arguments)
        ]
    return functions[-1] if functions else None


def _method_names(member: Node) -> tuple[str, ...]:
    if isinstance(member, Function):
        return (member.name,)
    if isinstance(member, Assignment) and isinstance(unwrapped(member.value), Function):
        return tuple(target.id for target in member.targets if isinstance(target, Name))
    return ()


def members(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The members of a class, and the entries of an object that a name is bound to, by name."""
    if isinstance(node, Class):
        for member in node.members:
            if name := getattr(member, "name", ""):
                yield name, member
            elif isinstance(member, Assignment):
                yield from ((target.id, member) for target in member.targets if isinstance(target, Name))
    value = unwrapped(node.value) if isinstance(node, Assignment) else None
    for entry in value.entries if isinstance(value, ObjectLiteral) else ():
        for key in (getattr(entry.key, "value", None), getattr(entry.key, "id", None)):
            if isinstance(key, str):
                yield key, entry.value


def functions(module: Module, path: str) -> Iterator[tuple[str, Function, str]]:
    """Every function of an outline that has a name: (symbol, function, symbol of its class or "")."""
    for name, node in definitions(module.body):
        yield from _functions(f"{path}:{name}", node, "")


def _functions(symbol: str, node: Node | None, owner: str) -> Iterator[tuple[str, Function, str]]:
    if isinstance(node, Function):
        yield symbol, node, owner
    elif isinstance(node, Class):
        for member in node.members:
            name = getattr(member, "name", "") or (
                member.targets[0].id if isinstance(member, Assignment) and isinstance(member.targets[0], Name) else ""
            )
            if name and isinstance(member, Function | Assignment | Class):
                yield from _functions(f"{symbol}.{name}", member, symbol)
    elif isinstance(node, Assignment):
        value = unwrapped(node.value)
        if isinstance(value, Function):
            yield symbol, value, owner
        elif isinstance(value, ObjectLiteral):
            for entry in value.entries:
                name = getattr(entry.key, "value", None) or getattr(entry.key, "id", None)
                function = unwrapped(entry.value)
                if isinstance(name, str) and isinstance(function, Function):
                    yield f"{symbol}.{name}", function, ""
