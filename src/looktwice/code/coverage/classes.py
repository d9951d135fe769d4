"""What classes declare, by shape: views that answer requests, entities with columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from looktwice.code.coverage.finder import known_of
from looktwice.code.coverage.homes import home_of
from looktwice.code.coverage.links import PATH_WORDS, first_text
from looktwice.code.coverage.owner import Kind, Owner, Place
from looktwice.code.coverage.owners import Owners
from looktwice.code.coverage.packages import Known
from looktwice.code.coverage.sightings import ENTITY, HANDLER, Sighting
from looktwice.code.coverage.statements import MAYBE, SURELY
from looktwice.code.coverage.verbs import listed
from looktwice.code.project.names import Names, split
from looktwice.code.syntax.definitions import definitions, dotted
from looktwice.code.syntax.tree import Assignment, Call, Class, Function, Literal, Module, Name, Node, Subscript, Type

VIEW = re.compile(r"(?:views?|viewset|resource|handler|controller|endpoint|route|page|servlet)$", re.IGNORECASE)
NO_ENTITY = re.compile(r"(?:repo|repository|dao|service|manager|factory|serializer|form|schema|dto)$", re.IGNORECASE)
ANSWERS = re.compile(r"(?:on_?|do_?|handle_?)?(?:get|post|put|patch|delete|head|options)", re.IGNORECASE)
MODEL = re.compile(r"^(?:[A-Z]\w*)?(?<!Base)(?<!View)(?:Model|Document|Entity|Record)$")
"""Names of base classes whose subclasses are rows: never `BaseModel`, which only validates."""
REQUESTS = frozenset(("request", "req", "ctx", "context", "c"))
TABLES = listed("table tablename table_name __tablename__ __table__ collection collection_name __collection__")
"""Attributes of a class that name the table of its rows."""
OF_THE_LANGUAGE = ("typing.", "abc.", "builtins.", "collections.abc.")


class Classes:
    """Reads the classes of an outline."""

    def __init__(self, names: Names, owners: Owners) -> None:
        self.names, self.owners = names, owners

    def sightings(self, path: str, module: Module) -> Iterator[Sighting]:
        for name, node in definitions(module.body):
            if isinstance(node, Class) and not node.is_interface and name == node.name:
                yield from self._class(path, f"{path}:{name}", node)

    def _class(self, path: str, symbol: str, node: Class) -> Iterator[Sighting]:
        if (decorator := self._entity_decorator(path, node)) is not None:
            strength = SURELY if known_of(decorator, path) is not None else MAYBE
            yield Sighting(ENTITY, decorator, path, node.start, node.name, symbol=symbol, strength=strength)
            return
        base = self._base(symbol)
        if base is None:
            return
        known = known_of(base, path)
        if known is None or known.role == "framework":
            yield from self._views(path, symbol, node, base, known)
        if self._is_entity(path, node, base, known):
            strength = SURELY if known is not None else MAYBE
            yield Sighting(ENTITY, base, path, node.start, node.name, symbol=symbol, strength=strength)

    def _base(self, symbol: str) -> Owner | None:
        """The library's class behind a class, else the outermost class of the program that it extends."""
        if library := self.owners.library_base(symbol):
            return Owner(Kind.LIBRARY, library, library.rpartition(".")[2])
        if any(not each.startswith(OF_THE_LANGUAGE) for each in self.names.library_bases(symbol)):
            return None  # of a library that needs no understanding: a schema, a form
        above = [current for current, _ in self.names.classes(symbol) if current != symbol]
        return Owner(Kind.PROJECT, above[-1], above[-1].rpartition(":")[2]) if above else None

    # ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _views(self, path: str, symbol: str, node: Class, base: Owner, known: Known | None) -> Iterator[Sighting]:
        methods = [
            each for each in node.members if isinstance(each, Function) and not each.is_static and not each.accessor
        ]
        answering = [each for each in methods if is_hook(each, node, base, known)]
        for each in answering:
            yield Sighting(HANDLER, base, path, each.start, each.name, symbol=f"{symbol}.{each.name}")
        if not answering and methods and has_path(node):
            yield Sighting(HANDLER, base, path, node.start, node.name, symbol=symbol)

    # ── entities ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def _entity_decorator(self, path: str, node: Class) -> Owner | None:
        """The decorator that makes a class an entity: of a known name, or of a package that decorates fields too."""
        for each in node.decorators:
            owner = self.owners.of(each, Place(path, node.start))
            if owner.kind is not Kind.LIBRARY:
                continue
            known = known_of(owner, path)
            name = dotted(each.callee if isinstance(each, Call) else each).rpartition(".")[2]
            fields = (it for member in node.members if isinstance(member, Assignment) for it in member.decorators)
            if name in known.entities if known is not None else any(self._shares(owner, it, path) for it in fields):
                return owner
        return None

    def _shares(self, owner: Owner, decorator: Node, path: str) -> bool:
        other = self.owners.of(decorator, Place(path, decorator.start))
        return other.kind is Kind.LIBRARY and package(other.symbol) == package(owner.symbol)

    def _is_entity(self, path: str, node: Class, base: Owner, known: Known | None) -> bool:
        """Whether a class that extends something is an entity: it has columns of where its base is from, or a table."""
        if is_abstract(node) or (known is None and NO_ENTITY.search(node.name)):
            return False
        members = [each for each in node.members if isinstance(each, Assignment) and isinstance(each.targets[0], Name)]
        if known is not None:
            is_kept = ENTITY in known.kinds and (
                not known.keyword or any(it.name == known.keyword for it in node.keywords)
            )
            return is_kept and any(isinstance(it.value, Call) or isinstance(it.annotation, Type) for it in members)
        is_model = MODEL.search(base.name) is not None
        if any(names_table(each) or (is_model and is_field(each)) for each in members):
            return True
        columns = sum(self._is_column(path, each, base) for each in members)
        # a service of the program has one field or other of a class that stands beside its base; a row is made of them
        return columns > 0 and (base.kind is Kind.LIBRARY or columns * 2 >= len(members))

    def _is_column(self, path: str, member: Assignment, base: Owner) -> bool:
        place = Place(path, member.start)
        made = member.value.callee if isinstance(member.value, Call) else None
        owners = [self.owners.of(made, place)] if made is not None else []
        if base.kind is Kind.LIBRARY:
            owners += [self.owners.of_type(member.annotation, place)] if member.annotation is not None else []
            return any(each.kind is Kind.LIBRARY and package(each.symbol) == package(base.symbol) for each in owners)
        home = home_of(split(base.symbol)[0], path, self.names.modules)
        homes = (
            home_of(split(each.symbol)[0], path, self.names.modules) for each in owners if each.kind is Kind.PROJECT
        )
        return split(base.symbol)[0] != path and home in homes


def package(symbol: str) -> str:
    """The first part of a library's name, its scope included."""
    return "/".join(re.split(r"[./]", symbol)[: 2 if symbol.startswith("@") else 1])


def is_hook(method: Function, node: Class, base: Owner, known: Known | None) -> bool:
    """Whether a framework calls a method to answer a request."""
    if known is not None and known.hooks:
        bases = [base.name, *base_names(node)]
        return any(
            fnmatchcase(method.name, hook)
            for written, hooks in known.hooks.items()
            if any(fnmatchcase(each, written) for each in bases)
            for hook in hooks
        )
    if ANSWERS.fullmatch(method.name) is None:
        return False
    if known is not None or any(VIEW.search(each) for each in (base.name, *base_names(node), node.name)):
        return True
    return any(each.name in REQUESTS for each in method.parameters[:2])


def base_names(node: Class) -> list[str]:
    """The last names of what a class extends, as written."""
    bases = (each.value if isinstance(each, Subscript) else each for each in node.bases)
    return [dotted(each).rpartition(".")[2] for each in bases]


def has_path(node: Class) -> bool:
    """Whether a class says at which path it answers: `path = "/x"`."""
    return any(first_text(value).startswith("/") for name, value in valued(node) if name in PATH_WORDS)


def is_field(member: Assignment) -> bool:
    """`balance: int`"""
    return isinstance(member.annotation, Type) and not getattr(member.targets[0], "id", "_").startswith("_")


def names_table(member: Assignment) -> bool:
    """`table = "wallets"`"""
    return (
        getattr(member.targets[0], "id", "") in TABLES and member.value is not None and bool(first_text(member.value))
    )


def is_abstract(node: Class) -> bool:
    """`__abstract__ = True`, and Django's `class Meta: abstract = True`."""
    metas = [each for each in node.members if isinstance(each, Class) and each.name == "Meta"]
    own = [value for name, value in valued(node) if name == "__abstract__"]
    inner = [value for meta in metas for name, value in valued(meta) if name == "abstract"]
    return any(isinstance(each, Literal) and each.value is True for each in (*own, *inner))


def valued(node: Class) -> Iterator[tuple[str, Node]]:
    """Attributes of a class with their values."""
    for each in node.members:
        if isinstance(each, Assignment) and isinstance(each.targets[0], Name) and each.value is not None:
            yield each.targets[0].id, each.value
