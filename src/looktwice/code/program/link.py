"""Entry points: combines the routes, mounts and guards of all files into handlers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from looktwice.code.ir.common import Maybe, Place
from looktwice.code.ir.handlers import Guard, Handler, HandlerKind, Scope
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.lowering.registration import Registered, Registration
from looktwice.code.program.guards import Guarding
from looktwice.code.program.router_guards import RouterGuards, distinct
from looktwice.code.program.world import Workspace

MOUNTED_DEEP = 12
"""Routers in routers that are followed. Programs have three or four."""
MOUNTED_OFTEN = 64
"""Paths of mounts that are followed for one route."""
CUT_MOUNTS = (
    f"routers are mounted more than {MOUNTED_DEEP} deep or in more than {MOUNTED_OFTEN} ways, and not all of that was "
    "followed: paths and guards of their routes are not complete"
)
Mounting = tuple[str, tuple[Guard, ...]]
SCHEDULED = (HandlerKind.JOB, HandlerKind.MESSAGE)


def link(
    world: Workspace, summaries: Mapping[str, FunctionSummary], registered: list[Registered]
) -> tuple[tuple[Handler, ...], frozenset[str], tuple[Place, ...]]:
    """The handlers in source order, the functions that authenticate the caller, and the places of routers of which not
    every path of mounts was followed."""
    guarding = Guarding(world, summaries)
    registrations = [each.registration for each in registered]
    routers = Routers(registrations, guarding)
    found: dict[tuple[str, str, str], Handler] = {}
    for each in registrations:
        for handler in routers.handlers(each, summaries, world):
            found.setdefault((handler.function, handler.method, handler.path), handler)
    handlers = tuple(sorted(found.values(), key=lambda handler: (handler.place.path, handler.place.start)))
    cut = sorted({(each.place.path, each.place.start, each.place.end) for each in routers.cut})
    return handlers, guarding.authenticating, tuple(Place(*each) for each in cut)


class Routers:
    """Routers by identity, with what is registered on each and where it is mounted.

    `cut`: registrations of which not every path of mounts was followed.
    """

    def __init__(self, registrations: list[Registration], guarding: Guarding) -> None:
        self._guarding = guarding
        self._guards: dict[str, RouterGuards] = {}
        self._mounts: dict[str, list[Registration]] = {}
        self._known: dict[tuple[int, str, int], list[Mounting]] = {}
        self.cut: list[Registration] = []
        for each in registrations:
            if each.kind in ("mount", "guard"):
                routers = [
                    reference.router for reference in each.references if reference.router and not reference.function
                ]
                for router in routers:
                    self._mounts.setdefault(router, []).append(each)
                if each.kind == "mount" or not routers:  # else the mount of another router
                    guards = (guarding.guard(reference, Scope.ROUTER) for reference in each.references)
                    self._guards.setdefault(each.router, RouterGuards()).add(each, guards)

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
            guards = distinct(each for each in (*outer, *own, *injected) if each.function or each.role)
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

    def _mountings(self, route: Registration, depth: int) -> list[Mounting]:
        """(prefix, guards) for every path of mounts from an application to the registration's router."""
        here = distinct(self._of_router(route))
        mounts = [each for each in self._mounts.get(route.router, ()) if each is not route]
        if not mounts:
            return [("", here)]
        if depth > MOUNTED_DEEP:
            self.cut.append(route)
            return [("", here)]
        found: list[Mounting] = []
        for mount in mounts:
            for prefix, outer in self._mounted(mount, route.router, depth + 1):
                found.append((joined(prefix, mount.path), distinct((*outer, *here))))
            if len(found) > MOUNTED_OFTEN:
                self.cut.append(route)
                return found[:MOUNTED_OFTEN]
        return found

    def _mounted(self, mount: Registration, router: str, depth: int) -> list[Mounting]:
        """The same for a mount of a router, with the guards that it is mounted with."""
        known = (id(mount), router, depth)
        if (found := self._known.get(known)) is None:
            functions = [each for each in mount.references if each.router != router or each.function]
            guards = tuple(self._guarding.guard(each, Scope.MOUNT) for each in functions)
            outside = self._mountings(mount, depth)
            found = self._known[known] = [(prefix, distinct((*outer, *guards))) for prefix, outer in outside]
        return found

    def _of_router(self, route: Registration) -> Iterator[Guard]:
        """Guards registered on the router before the registration whose path covers it."""
        guards = self._guards.get(route.router)
        return guards.before(route) if guards is not None else iter(())


def joined(prefix: str, path: str) -> str:
    """Join two parts of a route's path."""
    whole = f"{prefix.rstrip('/')}/{path.lstrip('/')}" if path not in ("", "/") else prefix
    return whole or "/"


def is_webhook(path: str) -> bool:
    return "webhook" in path.lower()
