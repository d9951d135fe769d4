"""A linked program: functions, entities and handlers of all files, and functions with inlined callees on demand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property

from msgspec.structs import replace

from looktwice.code.ir.common import Known, Place
from looktwice.code.ir.effects import EffectKind, TargetKind
from looktwice.code.ir.entities import Entity
from looktwice.code.ir.handlers import Handler, HandlerKind
from looktwice.code.ir.summary import CallSite, FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind, Value
from looktwice.code.program.inlining import Expansion, Plan
from looktwice.code.program.purity import impurities
from looktwice.code.program.shortfalls import why_failed
from looktwice.core.config import System
from looktwice.core.coverage import Coverage
from looktwice.core.event import Noted, Unread
from looktwice.core.source import Source, Span

ERRORS_KEPT = 20


class Program:
    """Everything known about the code. Detectors and questions read it and never modify it.

    functions: own summaries by symbol. entities: by key. handlers: what frameworks call. sources: text by path.
    """

    def __init__(
        self,
        functions: Mapping[str, FunctionSummary],
        entities: Mapping[str, Entity],
        handlers: tuple[Handler, ...],
        sources: Mapping[str, Source],
        system: System,
        errors: Mapping[str, tuple[tuple[int, int], ...]],
        authenticating: frozenset[str] = frozenset(),
        failures: int = 0,
        browser: frozenset[str] = frozenset(),
        unread: tuple[Unread, ...] = (),
        notes: tuple[Noted, ...] = (),
        loading: frozenset[str] = frozenset(),
        coverage: Coverage | None = None,
    ) -> None:
        self.functions, self.entities, self.handlers = functions, entities, handlers
        self.sources, self.system, self.errors = sources, system, errors
        self.authenticating = authenticating
        self.failures = failures  # functions that could not be lowered
        self.browser = browser  # paths of scripts that only run in a browser
        self.coverage = coverage  # how much was understood, when it was measured
        self.loading = loading  # symbols of functions in those scripts that load a page's data on the server
        self.unread, self.notes = unread, notes  # what beside syntax could not be read, and remarks on files
        self._expanded: dict[str, FunctionSummary] = {}
        self._plans: dict[str, Plan] = {}

    def expand(self, name: str) -> FunctionSummary:
        """The function with its callees inlined. Raises KeyError for a name that is not a function of the program."""
        if (found := self._expanded.get(name)) is None:
            summary = self.functions[name]
            expansion = Expansion(
                self.functions.get,
                self.authenticating.__contains__,
                self.impurities.get,
                self._plans,
                self.entities.__contains__,
            )
            try:
                found = expansion.run(summary, self._arguments(name, summary))
            except Exception as error:  # nobody should lose a pattern's findings to one function: it stands alone then
                self._fail(summary, error)
                found = replace(summary, complete=False)
            self._expanded[name] = found
        return found

    def _fail(self, summary: FunctionSummary, error: Exception) -> None:
        if os.environ.get("LOOKTWICE_DEBUG") and not isinstance(error, RecursionError):
            raise error
        place = self.span(Place(summary.path, summary.start, summary.end))
        name = summary.name.partition(":")[2]
        why = f"what {name} calls could not be followed: {why_failed(error)}"
        self.unread = (*self.unread, Unread(summary.path, why, place.start_line))

    def _arguments(self, name: str, summary: FunctionSummary) -> Mapping[int, Value]:
        """What a framework passes to a handler: the parameters that hold the caller's input."""
        handler = self.handler_of.get(name)
        if handler is None:
            return {}
        via = _checks(summary)
        return {
            number: (Origin(OriginKind.REQUEST, -1, (summary.parameters[number],), via.get(number, 0)),)
            for number in handler.sources
        }

    @cached_property
    def handler_of(self) -> Mapping[str, Handler]:
        """Handlers by the symbol of their function."""
        return {handler.function: handler for handler in reversed(self.handlers)}

    def span(self, place: Place) -> Span:
        """The lines and columns of a place."""
        source = self.sources.get(place.path)
        return source.span(place.start, place.end) if source is not None else Span(place.path, 1, 1, 1, 1)

    def source(self, path: str) -> Source | None:
        """The text that places refer to; None for a file that was not read as code."""
        return self.sources.get(path)

    def text(self, place: Place) -> str:
        source = self.sources.get(place.path)
        return source.text(place.start, place.end) if source is not None else ""

    @cached_property
    def callers(self) -> Mapping[str, tuple[tuple[str, CallSite], ...]]:
        """Call sites by the function that they may call: (caller, site)."""
        found: dict[str, list[tuple[str, CallSite]]] = {}
        for name, summary in self.functions.items():
            for site in summary.calls:
                for candidate in site.candidates:
                    found.setdefault(candidate, []).append((name, site))
        return {name: tuple(sites) for name, sites in found.items()}

    @cached_property
    def impurities(self) -> Mapping[str, int]:
        """The observable actions of each function, its own and its callees', as the bits of `purity`."""
        return impurities(self.functions, self.callers)

    @cached_property
    def reach(self) -> Mapping[str, int]:
        """The kinds of effects that each function reaches through its calls, as `EffectKind` flags."""
        bits = {name: 0 for name in self.functions}
        for name, summary in self.functions.items():
            for effect in summary.effects:
                bits[name] |= effect.kind
        waiting = list(bits)
        while waiting:
            name = waiting.pop()
            for caller, site in self.callers.get(name, ()):
                if site.known > Known.GUESSED and bits[caller] | bits[name] != bits[caller]:
                    bits[caller] |= bits[name]
                    waiting.append(caller)
        return bits

    def statistics(self) -> dict[str, float]:
        """How well the code was understood. What was understood of each package is in `coverage`."""
        effects = [each for summary in self.functions.values() for each in summary.effects]
        store = [each for each in effects if each.target.kind is TargetKind.ENTITY or each.kind is EffectKind.QUERY]
        named = [each for each in store if each.target.name in self.entities]
        http = [each for each in self.handlers if each.kind is HandlerKind.HTTP]
        return {
            "functions lowered": len(self.functions),
            "functions that could not be read": self.failures,
            "effects": len(effects),
            "store effects without a known entity": len(store) - len(named),
            "entities": len(self.entities),
            "handlers": len(self.handlers),
            "HTTP handlers without a function": sum(each.function not in self.functions for each in http),
            "summaries that are not complete": sum(not each.complete for each in self.functions.values()),
            "files of browser code set aside": len(self.browser),
        }


def _checks(summary: FunctionSummary) -> dict[int, int]:
    """The validation implied by the parameters' types, as it was lowered."""
    found: dict[int, int] = {}
    for value in summary.values:
        for origin in value:
            if origin.kind is OriginKind.PARAM and not origin.path:
                found[origin.ref] = found[origin.ref] & origin.via if origin.ref in found else origin.via
    return found
