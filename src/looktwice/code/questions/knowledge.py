"""Facts about a program as a whole: its roots, the writers of each column, the columns that tie rows to owners."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Protocol

from looktwice.code.ir.common import NONE, Maybe, Place
from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import STORE_READS, STORE_WRITES, Effect, EffectKind
from looktwice.code.ir.entities import ColumnKind, Entity
from looktwice.code.ir.handlers import Handler, HandlerKind
from looktwice.code.ir.summary import CallSite, FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.lowering.functions import MODULE_BODY
from looktwice.code.project.names import split
from looktwice.code.questions.guards import sides
from looktwice.code.questions.reaching import reading_and_writing, references
from looktwice.code.questions.rows import column_name
from looktwice.core.config import System
from looktwice.core.source import Source, Span

STORE = STORE_READS | STORE_WRITES
SOLO = (HandlerKind.STARTUP, HandlerKind.CLI)
OFF_ROUTES = frozenset((HandlerKind.STARTUP, HandlerKind.CLI, HandlerKind.JOB))
SOLO_PATHS = ("test", "tests", "__tests__", "migrations", "alembic", "seeds", "seed", "scripts", "fixtures", "spec")


HANDLES_VIOLATIONS = re.compile(
    rb"exception_handler\(\s*(\w+\.)*IntegrityError|"  # FastAPI, Flask's is `errorhandler`
    rb"errorhandler\(\s*(\w+\.)*IntegrityError|"
    rb"\(\s*_?err(or)?\b[^()]*,\s*_?req\b(?s:.){0,4000}?P2002"  # Express: (error, request, response, next)
)


class Program(Protocol):
    """The part of a linked program that the questions need."""

    @property
    def sources(self) -> Mapping[str, Source]: ...
    @property
    def functions(self) -> Mapping[str, FunctionSummary]: ...
    @property
    def entities(self) -> Mapping[str, Entity]: ...
    @property
    def handlers(self) -> tuple[Handler, ...]: ...
    @property
    def system(self) -> System: ...
    @property
    def authenticating(self) -> frozenset[str]: ...
    @property
    def browser(self) -> frozenset[str]: ...
    @property
    def loading(self) -> frozenset[str]: ...
    @property
    def reach(self) -> Mapping[str, int]: ...
    @property
    def callers(self) -> Mapping[str, tuple[tuple[str, CallSite], ...]]: ...
    def expand(self, name: str) -> FunctionSummary: ...
    def span(self, place: Place) -> Span: ...


class Root:
    """A function from which code is analysed, with its callees inlined, and the route that leads to it."""

    def __init__(self, program: Program, name: str, handler: Handler | None = None) -> None:
        self.name, self.handler = name, handler
        self._program = program

    @property
    def f(self) -> FunctionSummary:
        """The function with its callees inlined, computed on first use."""
        return self._program.expand(self.name)

    @property
    def route(self) -> str:
        return self.handler.route if self.handler else ""


class Knowledge:
    """Answers about the whole program, each computed once, on first use."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @property
    def processes(self) -> int:
        system = self.program.system
        return system.instances * system.workers * system.regions

    def entity(self, effect: Effect) -> Entity | None:
        return self.program.entities.get(effect.target.name)

    def name(self, effect: Effect) -> str:
        """The name of the effect's target, as in the code."""
        entity = self.entity(effect)
        return entity.name if entity else effect.target.name.rpartition(":")[2] or "the rows"

    @cached_property
    def handles_violations(self) -> bool:
        """Whether an application-wide error handler turns a violated constraint into a response."""
        return any(HANDLES_VIOLATIONS.search(source.data) for source in self.program.sources.values())

    # ── backend code ─────────────────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def scripts(self) -> frozenset[str]:
        """Files run by hand: they call their own functions at module level, and no route leads into them."""
        found = set()
        for name, f in self.program.functions.items():
            if name.endswith(f":{MODULE_BODY}"):
                called = (split(each)[0] for call in f.calls for each in call.candidates)
                found |= {f.path} & set(called)
        served = {f.path for name, f in self.program.functions.items() if self.leads[name]}
        return frozenset(found - served)

    def is_served(self, f: FunctionSummary) -> bool:
        """Whether the function is part of a backend: not a test, a script or browser code."""
        runs = f.path not in self.program.browser or f.name in self.program.loading
        return runs and not is_solo_path(f.path)

    @cached_property
    def routes(self) -> Mapping[str, Handler]:
        """The handlers by function name."""
        return {each.function: each for each in self.program.handlers}

    # ── roots ────────────────────────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def roots(self) -> tuple[Root, ...]:
        """Handlers, then functions without callers in the program; without tests, migrations and seeds."""
        functions = self.program.functions
        handlers = {each.function: each for each in self.program.handlers if each.function in functions}
        called = {name for f in functions.values() for call in f.calls for name in call.candidates}
        names = [*handlers, *(name for name in functions if name not in handlers and name not in called)]
        return tuple(Root(self.program, name, handlers.get(name)) for name in names if self.is_served(functions[name]))

    @cached_property
    def leads(self) -> Mapping[str, Mapping[HandlerKind, Handler]]:
        """For each function, the first handler of each kind that reaches it."""
        found: dict[str, dict[HandlerKind, Handler]] = {name: {} for name in self.program.functions}
        for handler in self.program.handlers:
            waiting = [handler.function]
            while waiting:
                name = waiting.pop()
                if name in found and handler.kind not in found[name]:
                    found[name][handler.kind] = handler
                    waiting += [each for call in self.program.functions[name].calls for each in call.candidates]
        return found

    def route_to(self, name: str) -> str:
        """The first route that reaches the function, "" when none does."""
        handler = self.leads.get(name, {}).get(HandlerKind.HTTP)
        return handler.route if handler else ""

    def is_unrouted(self, name: str) -> bool:
        """Whether the program has routes and none reaches the function: it runs at start-up, or on a schedule."""
        return bool(self.program.handlers) and self.leads.get(name, {}).keys() <= OFF_ROUTES

    def doubt_about(self, root: Root) -> str:
        """The doubt about whether a root runs concurrently, or ""."""
        return "no route leads here, so it may run alone" if self.is_unrouted(root.name) else ""

    def shared_roots(self, *needs: int) -> Iterator[Root]:
        """The roots that two callers can run concurrently, and that reach an effect of each of these kinds."""
        for root in self.roots:
            is_solo = root.handler is not None and root.handler.kind in SOLO
            if is_solo or root.name.endswith(MODULE_BODY) or self.program.functions[root.name].path in self.scripts:
                continue
            if all(self.program.reach[root.name] & need for need in needs):
                yield root

    @cached_property
    def reading_and_writing(self) -> frozenset[str]:
        """The functions that reach both a read and a write of the same entity."""
        return reading_and_writing(self.program.functions, self.program.callers, self._referring)

    @cached_property
    def _referring(self) -> Mapping[str, list[str]]:
        return references(self.program.functions)

    def leading_to(self, is_wanted: Callable[[FunctionSummary], bool]) -> frozenset[str]:
        """The functions that reach one for which `is_wanted` is true, by calling or by mentioning it."""
        waiting = [name for name, f in self.program.functions.items() if is_wanted(f)]
        leading: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in leading:
                leading.add(name)
                waiting += [caller for caller, _ in self.program.callers.get(name, ())]
                waiting += self._referring.get(name, ())
        return frozenset(leading)

    def roots_to(self, is_wanted: Callable[[FunctionSummary], bool]) -> Iterator[Root]:
        """The roots that reach a function for which `is_wanted` is true."""
        leading = self.leading_to(is_wanted)
        return (root for root in self.roots if root.name in leading)

    # ── columns ──────────────────────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def _writers(self) -> Mapping[tuple[str, str], list[tuple[str, Effect]]]:
        found: dict[tuple[str, str], list[tuple[str, Effect]]] = defaultdict(list)
        for name, f in self.program.functions.items():
            for each in f.effects:
                if each.kind & (STORE_WRITES & ~EffectKind.CREATE) and not is_solo_path(f.path):
                    entity = self.entity(each)
                    for put in each.puts:
                        found[each.target.name, column_name(entity, put.column)].append((name, each))
        return found

    def writers(self, entity: str, column: str) -> list[tuple[str, Effect]]:
        """The functions and effects that change the column of existing rows (not those that only create rows)."""
        known = self.program.entities.get(entity)
        name = column_name(known, column)
        return [*self._writers.get((entity, name), ()), *self._writers.get((entity, "*"), ())]

    def changes(self, entity: str, column: str) -> Maybe:
        """Whether the column of an existing row ever changes."""
        if self.writers(entity, column):
            return Maybe.YES
        known = self.program.entities.get(entity)
        open_writers = self._writers.get(("", column_name(known, column)), ())
        return Maybe.UNKNOWN if open_writers else Maybe.NO

    # ── owners ───────────────────────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def owner_columns(self) -> Mapping[str, frozenset[str]]:
        """The columns of each entity that some handler compares with, or filters by, the caller."""
        found: dict[str, set[str]] = defaultdict(set)
        for root in self.roots:
            if root.handler is None or not self.program.reach[root.name] & STORE:
                continue
            for target, column in _compared_with_principal(root.f):
                found[target].add(column_name(self.program.entities.get(target), column))
        for key, entity in self.program.entities.items():
            if found:
                found[key] |= {each.name for each in entity.columns if each.kind is ColumnKind.OWNER}
        return {key: frozenset(columns) for key, columns in found.items() if columns}


def _compared_with_principal(f: FunctionSummary) -> Iterator[tuple[str, str]]:
    for each in f.effects:
        for cond in each.where:
            if cond.op in (Op.EQ, Op.IN, Op.OPAQUE) and cond.value != NONE and is_principal(f, cond.value):
                yield each.target.name, cond.column
    for fact in f.facts:
        for atom in fact.tests:
            for here, there in sides(f, atom):
                if any(origin.kind is OriginKind.PRINCIPAL for origin in there):
                    for origin in here:
                        if origin.kind is OriginKind.ROW and len(origin.path) == 1 and 0 <= origin.ref < len(f.effects):
                            yield f.effects[origin.ref].target.name, origin.path[0]


def is_principal(f: FunctionSummary, value: int) -> bool:
    """Whether a value identifies the caller."""
    return value != NONE and any(origin.kind is OriginKind.PRINCIPAL for origin in f.values[value])


def is_solo_path(path: str) -> bool:
    """Whether the path is of a test, migration, seed or script: code run by hand or by a build, one at a time."""
    *folders, name = path.split("/")
    stem = name.split(".")[0]
    return (
        any(folder in SOLO_PATHS for folder in folders)
        or stem.startswith(("test_", "seed", "conftest"))
        or stem.endswith(("_test", "-seed"))
        or ".test." in name
        or ".spec." in name
    )
