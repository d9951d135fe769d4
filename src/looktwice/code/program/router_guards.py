"""Guards of a router that are registered before a route, without walking through all of them for every route.

A web application registers its guards first and its routes afterwards, so that nearly all routes have the same guards
before them. What is kept for each place in the order is bounded: of guards that say the same, a few.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from looktwice.code.ir.common import Known
from looktwice.code.ir.handlers import Guard, GuardRole
from looktwice.code.lowering.registration import Registration

Key = tuple[GuardRole, Known, bool, bool]
KEPT = 2
"""Guards that are kept of those that say the same: one of them may be the registration that asks."""


class Placed(Struct, frozen=True, gc=False):
    """A guard with the registration that it belongs to."""

    registration: Registration
    guard: Guard


Summary = Mapping[Key, tuple[Placed, ...]]


def key(guard: Guard) -> Key:
    """All that is asked of a guard: guards with the same key are the same to every question."""
    return guard.role, guard.known, bool(guard.function), guard.name.isidentifier()


def distinct(guards: Iterable[Guard]) -> tuple[Guard, ...]:
    """The first of the guards that say the same."""
    found: dict[Key, Guard] = {}
    for each in guards:
        found.setdefault(key(each), each)
    return tuple(found.values())


class RouterGuards:
    """The guards of one router: those of every path, and those of paths below a prefix."""

    def __init__(self) -> None:
        self._by_prefix: dict[str, _Ordered] = {}

    def add(self, registration: Registration, guards: Iterable[Guard]) -> None:
        below = self._by_prefix.setdefault(registration.path.rstrip("/*"), _Ordered())
        for guard in guards:
            below.add(Placed(registration, guard))

    def before(self, route: Registration) -> Iterator[Guard]:
        """Guards whose path covers that of a registration, and which are not registered after it."""
        for prefix in prefixes(route.path):
            if (below := self._by_prefix.get(prefix)) is not None:
                yield from below.before(route)


def prefixes(path: str) -> Iterator[str]:
    """What a guard's path may be to cover a path: "", "/a", "/a/b" for "/a/b"."""
    yield ""
    position = path.find("/", 1)
    while position > 0:
        yield path[:position]
        position = path.find("/", position + 1)
    if path:
        yield path


class _Ordered:
    """Guards in the order of their modules. Those of other modules than the route's come before it in any case."""

    def __init__(self) -> None:
        self._placed: dict[str, list[Placed]] = {}
        self._somewhere: dict[Key, tuple[Placed, ...]] = {}  # of two modules each
        self._summaries: dict[str, tuple[list[int], list[Summary]]] = {}

    def add(self, placed: Placed) -> None:
        module = placed.registration.module
        self._placed.setdefault(module, []).append(placed)
        self._summaries.pop(module, None)
        same = self._somewhere.get(key(placed.guard), ())
        if len(same) < KEPT and all(it.registration.module != module for it in same):
            self._somewhere[key(placed.guard)] = (*same, placed)

    def before(self, route: Registration) -> Iterator[Guard]:
        for group in self._somewhere.values():
            yield from (it.guard for it in group if it.registration.module != route.module)
        orders, summaries = self._of_module(route.module)
        if count := bisect_right(orders, route.order):
            for group in summaries[count - 1].values():
                yield from (it.guard for it in group if it.registration is not route)

    def _of_module(self, module: str) -> tuple[list[int], list[Summary]]:
        """The orders of a module's guards, and for each what has been registered up to it."""
        if (found := self._summaries.get(module)) is None:
            placed = sorted(self._placed.get(module, ()), key=lambda it: it.registration.order)
            summaries: list[Summary] = []
            latest: Summary = {}
            for each in placed:
                same = latest.get(key(each.guard), ())
                if len(same) < KEPT and all(it.registration is not each.registration for it in same):
                    latest = {**latest, key(each.guard): (*same, each)}
                summaries.append(latest)
            found = self._summaries[module] = ([it.registration.order for it in placed], summaries)
        return found
