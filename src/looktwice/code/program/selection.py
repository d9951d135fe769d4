"""Which functions are worth lowering: those that touch a library with a model, and those that reach them through calls.

In a large repository most code does neither. Files are separated by plain text first; the names that their functions
call are looked at only where a library is used or where a file that uses one is imported.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from looktwice.code.lowering.models import Models
from looktwice.code.project.names import Names, is_project
from looktwice.code.syntax.definitions import functions
from looktwice.code.syntax.languages import Parsed
from looktwice.code.syntax.tree import Assignment, Function, Import, Module, Node

SMALL = 8_000  # lines: below, everything is lowered
SEARCHES = 20  # of the text of one file: after that many it is cheaper to know all that it calls
INNER_IMPORT = re.compile(rb"^[ \t]++from[ \t]++(\.*+)([\w.]*+)[ \t]++import[ \t]++(\w+)", re.MULTILINE)
EVERYDAY = (  # words that also are methods of lists, dictionaries, files and everything else
    "get set add add_all update delete remove all list first one count exists run open call send search create "
    "connect merge put patch post head options request retrieve stream write end use route expire move attach "
    "render confirm capture cancel modify publish begin refresh flush transaction schedule delay pay download "
    "upload connection del json unlink session acquire fetch sleep"
)
EVERYDAY_WORDS = frozenset(EVERYDAY.split())
EVERYDAY_CALL = re.compile(
    rb"(?<!\w)([A-Za-z_]\w*+)(?:\(\))?+\s*+\.\s*+(?:" + "|".join(sorted(EVERYDAY_WORDS)).encode() + rb")\s*+\("
)
CLIENT = re.compile(
    rb"session|client|http|requests|redis|cache|\bdb|_db|database|conn|pool|cursor|repo|store|engine|prisma|\btx|\btrx|"
    rb"axios|stripe|broker|queue|scheduler|router|\bapp\b|\bapi|_api|transport|mail|smtp|bucket|s3"
)
CONSTRUCTORS = frozenset(("__init__", "constructor"))
Named = tuple[str, Function, str]


class Selection:
    """The functions that matter, file by file.

    names: definitions of all files; parsed: the files; models: those that a file is lowered with, the user's own among
    them. Each function is `(symbol, function, symbol of its class)`.
    """

    def __init__(
        self,
        names: Names,
        parsed: Mapping[str, Parsed],
        modules: Mapping[str, Module],
        models: Callable[[str], Models],
    ) -> None:
        self._names, self._parsed, self._modules, self._models = names, parsed, modules, models
        self._functions: dict[str, list[Named]] = {}
        self._called: dict[str, list[frozenset[str]]] = {}
        self._callers: dict[str, dict[str, list[Named]]] = {}
        self._searches: Counter[str] = Counter()

    @cached_property
    def is_small(self) -> bool:
        return sum(each.source.line_count for each in self._parsed.values()) <= SMALL

    def functions(self, path: str) -> list[Named]:
        if (found := self._functions.get(path)) is None:
            found = self._functions[path] = list(functions(self._modules[path], path))
        return found

    def called(self, path: str) -> list[frozenset[str]]:
        """Names that each function of a file calls or reads, in the order of `functions`."""
        if (found := self._called.get(path)) is None:
            parsed = self._parsed[path]
            found = self._called[path] = [parsed.names(function) for _, function, _ in self.functions(path)]
        return found

    def callers(self, path: str) -> Mapping[str, list[Named]]:
        """Functions of a file by the names that they call or read."""
        if (found := self._callers.get(path)) is None:
            found = self._callers[path] = {}
            for each, called in zip(self.functions(path), self.called(path), strict=True):
                for name in called:
                    found.setdefault(name, []).append(each)
        return found

    def _mentions(self, path: str, name: str) -> bool:
        """Whether a file may call a name: by its text at first, which is cheaper than what each function calls."""
        if path in self._callers:
            return True
        self._searches[path] += 1
        if self._searches[path] > SEARCHES:
            return True
        return name.encode() in self._parsed[path].source.data

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def marked(self) -> frozenset[str]:
        """Files that mention a library with a model."""
        if self.is_small:
            return frozenset(self._modules)
        return frozenset(
            path for path, parsed in self._parsed.items() if self._models(path).uses.search(parsed.source.data)
        )

    @cached_property
    def importers(self) -> Mapping[str, Mapping[str, frozenset[str]]]:
        """By file: the files that import from it, and the names that they take ("" the whole module)."""
        found: dict[str, dict[str, set[str]]] = {}
        for path, module in self._modules.items():
            for item in self._imports(path, module):
                symbol = self._names.imported(path, item)
                if is_project(symbol):
                    target, _, name = symbol.partition(":")
                    found.setdefault(target, {}).setdefault(path, set()).add(name.partition(".")[0])
        return {path: {by: frozenset(names) for by, names in each.items()} for path, each in found.items()}

    def _imports(self, path: str, module: Module) -> Iterable[Import]:
        yield from module.imports
        if path.endswith(".py"):
            for level, name, item in INNER_IMPORT.findall(self._parsed[path].source.data):
                yield Import(0, 0, name.decode(), item.decode(), item.decode(), len(level))

    @cached_property
    def tops(self) -> frozenset[str]:
        """Files where a library is available: they import it, or an object that was made with it (a client, a
        router)."""
        near = {
            importer
            for path in self.marked
            for importer, taken in self.importers.get(path, {}).items()
            if any(not name or isinstance(self._names.table(path).get(name), Assignment) for name in taken)
        }
        return self.marked | near

    def _calls_a_client(self, path: str, function: Function) -> bool:
        """Whether a method with an everyday name is called on something named like a client: `session.get(…)`, not
        `row.get(…)`."""
        data = self._parsed[path].source.data
        receivers = {found[1] for found in EVERYDAY_CALL.finditer(data, function.start, function.end)}
        if any(CLIENT.search(each.lower()) for each in receivers):
            return True
        typed = {each.name.encode() for each in function.parameters if self._is_of_library(path, each.annotation)}
        if typed & receivers:
            return True
        table = self._names.table(path)
        return any(self._may_be_client(path, table.get(each.decode("utf-8", "replace"))) for each in receivers)

    def _may_be_client(self, path: str, value: object) -> bool:
        """Whether a name at the top of a file may stand for a library's object, made here or in another file."""
        if isinstance(value, Assignment):
            return True
        if not isinstance(value, Import):
            return False
        symbol = self._names.imported(path, value)
        target, _, name = symbol.partition(":")
        if not is_project(symbol) or not name:
            return not is_project(symbol)  # what is taken from a module of the project is a function of it
        return isinstance(self._names.table(target).get(name.partition(".")[0]), Assignment)

    def _is_of_library(self, path: str, annotation: Node | None) -> bool:
        """Whether an annotation names a type that has a model."""
        symbol = self._names.expression(path, annotation) if annotation is not None else ""
        models = self._models(path)
        return bool(symbol) and not is_project(symbol) and models.type(models.canonical(symbol)) is not None

    # ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────
    def worth_lowering(self, handlers: Iterable[str]) -> list[Named]:
        """Functions with an effect of their own, those that frameworks call, and whoever calls them by name."""
        if self.is_small:
            return [each for path in self._modules for each in self.functions(path)]
        chosen: dict[str, Named] = {}
        waiting: deque[Named] = deque()

        def choose(each: Named) -> None:
            if each[0] not in chosen:
                chosen[each[0]] = each
                waiting.append(each)

        wanted = set(handlers)
        for path in sorted(self.tops):
            telling = self._models(path).telling
            for each, called in zip(self.functions(path), self.called(path), strict=True):
                found = called & telling
                if each[0] in wanted or found - EVERYDAY_WORDS or (found and self._calls_a_client(path, each[1])):
                    choose(each)
        followed: set[tuple[str, str, str]] = set()
        spread: set[tuple[str, str]] = set()  # files all of whose callers of a name were chosen
        while waiting:
            symbol = waiting.popleft()[0]
            path, _, qualified = symbol.partition(":")
            outer, _, name = qualified.rpartition(".")
            name = outer if name in CONSTRUCTORS else name
            top = qualified.partition(".")[0]
            if (path, name, top) in followed:
                continue
            followed.add((path, name, top))
            for importer, taken in ((path, {top}), *self.importers.get(path, {}).items()):
                is_open = (top in taken or "" in taken) and (importer, name) not in spread
                if is_open and self._mentions(importer, name):
                    spread.add((importer, name))
                    for each in self.callers(importer).get(name, ()):
                        choose(each)
        return list(chosen.values())
