"""Whose object an expression is: a library's, the project's own, a plain value, or nobody knows.

A light answer for places that were never lowered: it follows names, assignments, annotations, fields and returns, and
asks nothing else of the code.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable

from looktwice.code.coverage.owner import ANYTHING, GLOBALS, PLAIN, RUNTIMES, WRAPPERS, Kind, Owner, Place, taken, takes
from looktwice.code.project.names import Names, is_project, language_of, split
from looktwice.code.syntax.definitions import dotted, functions
from looktwice.code.syntax.languages.lookup import Around, Lookup
from looktwice.code.syntax.tree import (
    Assignment,
    Attribute,
    Await,
    Call,
    Cast,
    Class,
    Conditional,
    Function,
    Import,
    Literal,
    Module,
    Name,
    Node,
    Operation,
    Parameter,
    Sequence,
    Spread,
    Subscript,
    Template,
    Type,
)
from looktwice.code.syntax.tree import Mapping as ObjectLiteral

STEPS = 40
"""How many names, calls and attributes are followed one after the other."""


class Owners:
    """Answers for all files; answers about the tops of files and about functions are kept."""

    def __init__(self, names: Names, lookup: Callable[[str], Lookup], canonical: Callable[[str, str], str]) -> None:
        """lookup: the syntax of a file. canonical: a library's name as a file sees it; "" for what does not matter."""
        self.names = names
        self._lookup = lookup
        self._canonical = canonical
        self._asked: dict[tuple[str, int, int], Owner] = {}
        self._takers: dict[str, dict[str, list[Function]]] = {}  # path → name of a parameter → functions
        self._symbols: dict[str, Owner] = {}
        self._returned: dict[str, Owner] = {}
        self._bases: dict[str, str] = {}
        self._fields: dict[tuple[str, str], Owner] = {}
        self._locals: dict[tuple[str, int, str], Owner] = {}
        self._around: dict[tuple[str, int], tuple[Around, ...]] = {}

    def of(self, node: Node | None, place: Place, steps: int = STEPS) -> Owner:
        """Whose an expression is, seen from `place`."""
        if node is None or steps <= 0:
            return Owner(Kind.UNKNOWN)
        if steps < STEPS or not isinstance(node, Attribute | Call):
            return self._of(node, place, steps - 1)
        key = (place.path, node.start, node.end)
        if (found := self._asked.get(key)) is None:
            found = self._asked[key] = self._of(node, place, steps - 1)
        return found

    def _of(self, node: Node, place: Place, steps: int) -> Owner:
        match node:
            case Await(value=value) | Cast(value=value) | Spread(value=value):
                return self.of(value, place, steps)
            case Subscript():
                return self._subscript(node, place, steps)
            case Name():
                return self._name(node.id, place, steps)
            case Attribute():
                return self._attribute(node, place, steps)
            case Call():
                return self._call(node, place, steps)
            case Type():
                return self.of_type(node, place, steps)
            case Import():
                return self.of_symbol(self.names.imported(place.path, node), place.path, steps)
            case Template(tag=tag) if tag is not None:
                return self.of(tag, place, steps)
            case Operation(operator="or" | "??" | "and", operands=operands):
                return self._best([self.of(each, place, steps) for each in operands])
            case Conditional(then=then, otherwise=otherwise):
                return self._best([self.of(each, place, steps) for each in (then, otherwise)])
        return PLAIN

    @staticmethod
    def _best(owners: list[Owner]) -> Owner:
        order = (Kind.LIBRARY, Kind.PROJECT, Kind.UNKNOWN, Kind.PLAIN)
        return min(owners, key=lambda each: order.index(each.kind), default=PLAIN)

    # ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────
    def _subscript(self, node: Subscript, place: Place, steps: int) -> Owner:
        """`rows[0]`, and `Annotated[Session, Depends(f)]` as a value."""
        if isinstance(node.value, Name | Attribute) and dotted(node.value).rpartition(".")[2] in WRAPPERS:
            inner = node.key.items if isinstance(node.key, Sequence) else (node.key,)
            return self._best([self.of(each, place, steps) for each in inner])
        return self.of(node.value, place, steps)

    def _call(self, node: Call, place: Place, steps: int) -> Owner:
        callee = node.callee
        if isinstance(callee, Name):
            given = node.arguments[0].value if node.arguments else None
            if callee.id in ("require", "import") and isinstance(given, Literal) and isinstance(given.value, str):
                return self.of(Import(node.start, node.end, given.value, "", ""), place, steps)
            if callee.id == "super":
                return self._super(place)
        owner = self.of(callee, place, steps)
        if owner.kind is not Kind.PROJECT:
            return owner
        target = self.names.node(owner.symbol)
        if isinstance(target, Assignment):
            target = target.value
        return self.returned(owner.symbol, steps) if isinstance(target, Function) else owner

    def _attribute(self, node: Attribute, place: Place, steps: int) -> Owner:
        owner = self.of(node.value, place, steps)
        if owner.kind is Kind.LIBRARY:
            return Owner(Kind.LIBRARY, f"{owner.symbol}.{node.name}", node.name)
        if owner.kind is Kind.UNKNOWN:
            return Owner(Kind.UNKNOWN, owner.symbol, node.name)
        if owner.kind is Kind.PLAIN:
            return PLAIN
        return self.member(owner.symbol, node.name, steps)

    def member(self, symbol: str, name: str, steps: int = STEPS) -> Owner:
        """`object.name` for a class, module or value of the project."""
        found = self.names.member(symbol, name)
        if found and (not is_project(found) or self.names.node(found) is not None):
            return self.of_symbol(found, split(symbol)[0], steps)
        if isinstance(self.names.node(symbol), Class):
            field = self.field(symbol, name, steps)
            if field.kind is not Kind.UNKNOWN:
                return field
            if base := self.library_base(symbol):
                return Owner(Kind.LIBRARY, f"{base}.{name}", name)
            return Owner(Kind.UNKNOWN, symbol, name)
        return Owner(Kind.UNKNOWN, "", name)

    def of_symbol(self, symbol: str, path: str, steps: int = STEPS) -> Owner:
        """Whose what a symbol names is, in the file `path`."""
        if not symbol:
            return Owner(Kind.UNKNOWN)
        if not is_project(symbol):
            known = self._canonical(path, symbol)
            return Owner(Kind.LIBRARY, known, symbol.rpartition(".")[2]) if known else PLAIN
        if (found := self._symbols.get(symbol)) is None:
            self._symbols[symbol] = Owner(Kind.UNKNOWN, "", symbol.rpartition(":")[2])  # cuts cycles
            found = self._symbols[symbol] = self._of_symbol(symbol, steps)
        return found

    def _of_symbol(self, symbol: str, steps: int) -> Owner:
        path, name = split(symbol)
        node = self.names.node(symbol)
        if isinstance(node, Class | Function | Module):
            return Owner(Kind.PROJECT, symbol, name)
        if isinstance(node, Assignment):
            if isinstance(node.value, Function | ObjectLiteral):
                return Owner(Kind.PROJECT, symbol, name)
            place = Place(path, node.start)
            typed = self.of_type(node.annotation, place, steps) if node.annotation is not None else PLAIN
            if typed.kind in (Kind.LIBRARY, Kind.PROJECT):
                return typed
            return self.of(node.value, place, steps) if node.value is not None else PLAIN
        return Owner(Kind.UNKNOWN, "", name)

    def of_type(self, node: Node | None, place: Place, steps: int = STEPS) -> Owner:
        """Whose the objects of a type are; PLAIN for no type and for types of the language."""
        if node is None or steps <= 0:
            return PLAIN
        if not isinstance(node, Type):
            if isinstance(node, Literal) and isinstance(node.value, str) and node.value.isidentifier():
                return self._named_type(node.value, place, steps)
            return self.of(node, place, steps - 1) if isinstance(node, Name | Attribute | Call) else PLAIN
        if node.name.rpartition(".")[2] in WRAPPERS and node.arguments:
            return self._best([self.of_type(each, place, steps - 1) for each in node.arguments])
        return self._named_type(node.name, place, steps)

    def _named_type(self, name: str, place: Place, steps: int) -> Owner:
        symbol = self.names.expression(place.path, Type(0, 0, name))
        if not symbol:
            is_open = name in ANYTHING or (name[:1].isupper() and name not in GLOBALS)
            return Owner(Kind.UNKNOWN, "", name) if is_open else PLAIN
        node = self.names.node(symbol) if is_project(symbol) else None
        if isinstance(node, Assignment) and node.declares == "type":
            return self.of_type(node.annotation, Place(split(symbol)[0], node.start), steps - 1)
        return self.of_symbol(symbol, place.path, steps)

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def around(self, place: Place) -> tuple[Around, ...]:
        key = (place.path, place.offset)
        if (found := self._around.get(key)) is None:
            found = self._around[key] = self._lookup(place.path).around(place.offset)
        return found

    def _name(self, name: str, place: Place, steps: int) -> Owner:
        if name in ("self", "cls", "this"):
            return self._self(self.around(place), place.path)
        if name == "super":
            return self._super(place)
        symbol = self.names.lookup(place.path, name)
        outer = self.of_symbol(symbol, place.path, steps) if symbol else PLAIN
        if outer.kind in (Kind.LIBRARY, Kind.PROJECT) and not self._is_parameter(name, place):
            return outer  # that something else hides such a name in a function is rare, and to look for it is not cheap
        for each in self.around(place):
            if each.function is not None and (found := self._local(name, each, place, steps)) is not None:
                return found
        if symbol:
            return outer
        if hasattr(builtins, name) if language_of(place.path) == "python" else name in GLOBALS:
            return PLAIN
        if name in RUNTIMES:
            return Owner(Kind.LIBRARY, RUNTIMES[name], name)
        return Owner(Kind.UNKNOWN, "", name)

    def _is_parameter(self, name: str, place: Place) -> bool:
        """Whether a function of the outline around a place takes the name."""
        if (found := self._takers.get(place.path)) is None:
            found = self._takers[place.path] = {}
            for _, function, _ in functions(self.names.modules[place.path], place.path):
                for taker in {each for parameter in function.parameters for each in taken(parameter)}:
                    found.setdefault(taker, []).append(function)
        return any(each.start <= place.offset < each.end for each in found.get(name, ()))

    def _local(self, name: str, around: Around, place: Place, steps: int) -> Owner | None:
        """A name that the function sets or takes; None when it does neither."""
        key = (place.path, around.start, name)
        if key in self._locals:
            return self._locals[key]
        self._locals[key] = Owner(Kind.UNKNOWN, "", name)  # cuts cycles
        found = self._find_local(name, around, place, steps)
        if found is None:
            del self._locals[key]
        else:
            self._locals[key] = found
        return found

    def _find_local(self, name: str, around: Around, place: Place, steps: int) -> Owner | None:
        bound = self._lookup(place.path).bound(name, around.start, around.end)
        owners = [self.of(value, Place(place.path, offset), steps) for offset, value in bound]
        parameter = next((each for each in around.function.parameters if takes(each, name)), None)  # type: ignore[union-attr]
        if parameter is not None:
            owners.append(self._parameter(name, parameter, around, place, steps))
        return self._best(owners) if owners else None

    def _parameter(self, name: str, parameter: Parameter, around: Around, place: Place, steps: int) -> Owner:
        """By annotation, by what a framework injects (`Depends(f)`), by whose call the function is given to."""
        if parameter.pattern is None and parameter.annotation is not None:
            typed = self.of_type(parameter.annotation, place, steps)
            if typed.kind is not Kind.PLAIN:
                return typed if typed.kind is not Kind.UNKNOWN else Owner(Kind.UNKNOWN, "", name)
        if isinstance(parameter.default, Call):
            for each in parameter.default.arguments:
                injected = self.of(each.value, place, steps)
                if injected.kind is Kind.PROJECT:
                    return self._call(Call(0, 0, each.value, ()), place, steps)
        if parameter.annotation is None and isinstance(around.callee, Attribute):
            outer = Place(place.path, max(0, around.start - 1))
            taker = self.of(around.callee.value, outer, steps)
            if taker.kind is Kind.LIBRARY:
                return Owner(Kind.LIBRARY, f"{taker.symbol}.{around.callee.name}", name)
        if parameter.annotation is not None and parameter.pattern is None:
            return PLAIN
        return Owner(Kind.UNKNOWN, "", name)

    # ── classes and functions ────────────────────────────────────────────────────────────────────────────────────────
    def _self(self, around: tuple[Around, ...], path: str) -> Owner:
        holder = next((each for each in around if each.function is None), None)
        if holder is None or not holder.name:
            return Owner(Kind.UNKNOWN, "", "self")
        symbol = f"{path}:{holder.name}"
        return Owner(Kind.PROJECT, symbol, "self") if isinstance(self.names.node(symbol), Class) else PLAIN

    def _super(self, place: Place) -> Owner:
        me = self._self(self.around(place), place.path)
        base = self.library_base(me.symbol) if me.kind is Kind.PROJECT else ""
        return Owner(Kind.LIBRARY, base, "super") if base else PLAIN

    def library_base(self, symbol: str) -> str:
        """The library's class that a class of the project extends, itself or through its bases; "" without one."""
        if (found := self._bases.get(symbol)) is None:
            self._bases[symbol] = ""  # cuts cycles
            found = self._bases[symbol] = self._library_base(symbol)
        return found

    def _library_base(self, symbol: str) -> str:
        found = []
        for current, node in self.names.classes(symbol):
            place = Place(split(current)[0], node.start)
            owners = [self.of(base, place) for base in node.bases]
            found += [each.symbol for each in owners if each.kind is Kind.LIBRARY]
            for each in owners:  # bases that are values: `Base = make()`, `db.Model`
                if each.kind is Kind.PROJECT and each.symbol != current and (more := self.library_base(each.symbol)):
                    found.append(more)
        return next((each for each in found if not each.startswith(("typing.", "abc.", "enum.", "builtins."))), "")

    def field(self, owner: str, name: str, steps: int = STEPS) -> Owner:
        """An attribute of instances: by annotation, by value, by a constructor's parameter, by assignment to it."""
        key = (owner, name)
        if (found := self._fields.get(key)) is None:
            self._fields[key] = Owner(Kind.UNKNOWN, "", name)  # cuts cycles
            found = self._fields[key] = self._field(owner, name, steps)
        return found

    def _field(self, owner: str, name: str, steps: int) -> Owner:
        owners = []
        for current, node in self.names.classes(owner):
            path = split(current)[0]
            place = Place(path, node.start)
            for member in node.members:
                if isinstance(member, Assignment) and any(isinstance(t, Name) and t.id == name for t in member.targets):
                    owners.append(
                        self._best([*self._typed(member, place, steps), *self._injected(member, place, steps)])
                    )
                if isinstance(member, Function) and member.name == "constructor":
                    owners += [
                        self.of_type(each.annotation, place, steps)
                        for each in member.parameters
                        if each.name == name and each.is_property and each.annotation is not None
                    ]
            me = "self" if language_of(path) == "python" else "this"
            bound = self._lookup(path).bound(f"{me}.{name}", node.start, node.end)
            owners += [self.of(value, Place(path, offset), steps) for offset, value in bound]
        known = [each for each in owners if each.kind is not Kind.UNKNOWN]
        return self._best(known) if known else Owner(Kind.UNKNOWN, "", name)

    def _typed(self, member: Assignment, place: Place, steps: int) -> list[Owner]:
        typed = [self.of_type(member.annotation, place, steps)] if member.annotation is not None else []
        return [*typed, self.of(member.value, place, steps)] if member.value is not None else typed

    def _injected(self, member: Assignment, place: Place, steps: int) -> list[Owner]:
        owners = (self.of(each, place, steps) for each in member.decorators)
        return [each for each in owners if each.kind is Kind.LIBRARY]

    def returned(self, symbol: str, steps: int = STEPS) -> Owner:
        """Whose what a function of the project gives is: by its annotation, else by its returns."""
        if (found := self._returned.get(symbol)) is None:
            self._returned[symbol] = Owner(Kind.UNKNOWN)  # cuts cycles
            found = self._returned[symbol] = self._find_returned(symbol, steps)
        return found

    def _find_returned(self, symbol: str, steps: int) -> Owner:
        path, _ = split(symbol)
        node = self.names.node(symbol)
        function = node.value if isinstance(node, Assignment) else node
        if not isinstance(function, Function):
            return Owner(Kind.UNKNOWN)
        if function.returns is not None:
            typed = self.of_type(function.returns, Place(path, function.start), steps)
            if typed.kind is not Kind.PLAIN:
                return typed
        given = self._lookup(path).returned(function)
        owners = [self.of(value, Place(path, offset), steps) for offset, value in given]
        return self._best(owners) if owners else PLAIN
