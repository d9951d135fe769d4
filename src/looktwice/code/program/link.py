"""Entry points: combines the routes, mounts and guards of all files into handlers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.handlers import Guard, Handler, HandlerKind, Scope
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.lowering.registration import Registered, Registration
from looktwice.code.program.guards import Guarding
from looktwice.code.program.world import Workspace

MOUNTED_DEEP = 6
SCHEDULED = (HandlerKind.JOB, HandlerKind.MESSAGE)


def link(
    world: Workspace, summaries: Mapping[str, FunctionSummary], registered: list[Registered]
) -> tuple[tuple[Handler, ...], frozenset[str]]:
    """The handlers in source order, and the functions that authenticate the caller."""
    guarding = Guarding(world, summaries)
    registrations = [each.registration for each in registered]
    routers = Routers(registrations, guarding)
    found: dict[tuple[str, str, str], Handler] = {}
    for each in registrations:
        for handler in routers.handlers(each, summaries, world):
            found.setdefault((handler.function, handler.method, handler.path), handler)
    handlers = tuple(sorted(found.values(), key=lambda handler: (handler.place.path, handler.place.start)))
    return handlers, guarding.authenticating


class Routers:
    """Routers by identity, with what is registered on each and where it is mounted."""

    def __init__(self, registrations: list[Registration], guarding: Guarding) -> None:
        self._guarding = guarding
        self._guards: dict[str, list[Registration]] = {}
        self._mounts: dict[str, list[Registration]] = {}
        for each in registrations:
            if each.kind in ("mount", "guard"):
                routers = [
                    reference.router for reference in each.references if reference.router and not reference.function
                ]
                for router in routers:
                    self._mounts.setdefault(router, []).append(each)
                self._guards.setdefault(each.router, []).append(each)

    def handlers(
        self, route: Registration, summaries: Mapping[str, FunctionSummary], world: Workspace
    ) -> Iterator[Handler]:
        """The handlers of one registration, one for each mount of its router."""
        if route.kind != "route" or not route.references:
            return
        kind = HandlerKind[route.handler]
        if kind in SCHEDULED:  # the arguments also include triggers; the function is what is run
            last = next((each for each in route.references if each.function in summaries), None)
            if last is not None:
                yield Handler(last.function, kind, "", "", route.place, framework=route.framework)
            return
        *before, last = route.references
        summary = summaries.get(last.function)
        own = tuple(self._guarding.guard(each, Scope.ROUTE) for each in before)
        injected = self._guarding.injected(last.function)
        for prefix, outer in self._mountings(route, 0):
            guards = tuple(each for each in dict.fromkeys((*outer, *own, *injected)) if each.function or each.role)
            path = joined(prefix, route.path)
            yield Handler(
                function=last.function,
                kind=HandlerKind.WEBHOOK if kind is HandlerKind.HTTP and is_webhook(path) else kind,
                method=route.method,
                path=path,
                place=route.place,
                sources=self._guarding.sources(last.function, summary, route.framework),
                guards=guards,
                redelivered=Maybe.YES if is_webhook(path) else Maybe.UNKNOWN,
                framework=route.framework,
            )

    def _mountings(self, route: Registration, depth: int) -> list[tuple[str, tuple[Guard, ...]]]:
        """(prefix, guards) for every path of mounts from an application to the registration's router."""
        here = tuple(self._of_router(route))
        mounts = [each for each in self._mounts.get(route.router, ()) if each is not route]
        if not mounts or depth > MOUNTED_DEEP:
            return [("", here)]
        found = []
        for mount in mounts:
            functions = [each for each in mount.references if each.router != route.router or each.function]
            guards = tuple(self._guarding.guard(each, Scope.MOUNT) for each in functions)
            for prefix, outer in self._mountings(mount, depth + 1):
                found.append((joined(prefix, mount.path), (*outer, *guards, *here)))
        return found

    def _of_router(self, route: Registration) -> Iterator[Guard]:
        """Guards registered on the router before the registration whose path covers it."""
        for each in self._guards.get(route.router, ()):
            if each is route or (each.module == route.module and each.order > route.order):
                continue
            if each.kind == "guard" and any(
                reference.router and not reference.function for reference in each.references
            ):
                continue  # a mount of another router
            if each.path and not covers(each.path, route.path):
                continue
            for reference in each.references:
                yield self._guarding.guard(reference, Scope.ROUTER)


def joined(prefix: str, path: str) -> str:
    """Join two parts of a route's path."""
    whole = f"{prefix.rstrip('/')}/{path.lstrip('/')}" if path not in ("", "/") else prefix
    return whole or "/"


def covers(guarded: str, path: str) -> bool:
    """Whether a guard registered under `guarded` runs for `path`."""
    prefix = guarded.rstrip("/*")
    return path == prefix or path.startswith(f"{prefix}/") or not prefix


def is_webhook(path: str) -> bool:
    return "webhook" in path.lower()
