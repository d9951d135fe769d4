"""Sightings grouped by package, counted, and judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping

from msgspec import Struct

from looktwice.code.coverage.homes import home_of
from looktwice.code.coverage.imports import package_of
from looktwice.code.coverage.owner import Kind
from looktwice.code.coverage.packages import Known
from looktwice.code.coverage.sightings import CALL, ENTITY, HANDLER, Sighting, Understood
from looktwice.code.coverage.statements import MAYBE, NAMES_TABLE
from looktwice.code.coverage.verbs import plain
from looktwice.code.project.names import Names, language_of, split
from looktwice.core.coverage import Count, Understanding

Key = tuple[str, str]
"""Language and name of a package."""

MOST, LEAST = 0.9, 0.5
"""Shares of what was seen: from the one on, a package is understood; below the other, it is not."""


class Gathered(Struct):
    """What was seen of one package. extra: understood, though nothing was seen by its shape, by kind.

    is_own: it is a part of the program. is_nowhere: it is no package, but an object that leads nowhere.
    """

    known: Known | None = None
    is_own: bool = False
    is_nowhere: bool = False
    sightings: list[Sighting] = []
    extra: dict[str, int] = {}

    def of(self, kind: str) -> list[Sighting]:
        return [each for each in self.sightings if each.kind == kind]

    def kinds(self) -> tuple[str, ...]:
        """What there is to understand: by the table, else by what the package looks like."""
        if self.known is not None:
            return self.known.kinds
        keeps_data = self._keeps_own_data() if self.is_own else self._keeps_data()
        return (*((HANDLER,) if self.of(HANDLER) else ()), *((ENTITY, CALL) if keeps_data else ()))

    def _keeps_data(self) -> bool:
        """Calls that can be nothing else, or entities and any calls."""
        calls = self.of(CALL)
        return any(each.strength > MAYBE for each in calls) or (bool(calls) and bool(self.of(ENTITY)))

    def _keeps_own_data(self) -> bool:
        """A store that somebody put into the tree, and never the program's own services.

        Those have methods called `find_one` as well. What they lack is classes elsewhere that are made of their
        columns, and statements that are built word by word.
        """
        calls = self.of(CALL)
        return (bool(calls) and bool(self.of(ENTITY))) or any(each.strength == NAMES_TABLE for each in calls)

    def count(self, kind: str, understood: Understood) -> Count:
        seen, extra = self.of(kind), self.extra.get(kind, 0)
        return Count(len(seen) + extra, sum(map(understood.has, seen)) + extra)


def by_share(share: float) -> Understanding:
    if share < LEAST:
        return Understanding.NOT
    return Understanding.UNDERSTOOD if share >= MOST else Understanding.PARTLY


def verdict(counts: Mapping[str, Count]) -> Understanding:
    """By share, the worst kind deciding; entities alone make understood calls understood in part only."""
    shares = {kind: each.understood / each.seen for kind, each in counts.items() if each.seen}
    if not shares:
        return Understanding.UNDERSTOOD
    deciding = [share for kind, share in shares.items() if kind != ENTITY] or list(shares.values())
    worst = by_share(min(deciding))
    return Understanding.PARTLY if worst is Understanding.UNDERSTOOD and min(shares.values()) < MOST else worst


class Grouping:
    """Gives every sighting the package that it is counted under."""

    def __init__(self, names: Names, missing: frozenset[str], used: Mapping[Key, Known]) -> None:
        """missing: modules that lead nowhere. used: packages of the table that the application imports."""
        self._files: Container[str] = names.modules
        self._names, self._missing, self._used = names, missing, used

    def grouped(self, sightings: Iterable[Sighting]) -> dict[Key, Gathered]:
        found: dict[Key, Gathered] = {}
        nowhere = []
        entities = self._own_entities(sightings)
        for each in sightings:
            language, known, is_own = language_of(each.path), None, each.owner.kind is not Kind.LIBRARY
            if not is_own:
                name, known = package_of(each.owner.symbol, language, self._missing)
            elif each.owner.kind is Kind.PROJECT or each.owner.symbol in entities:
                name = entities.get(each.owner.symbol) or self._home(each)
            else:
                nowhere.append(each)
                continue
            if name:
                found.setdefault((language, name), Gathered(known, is_own)).sightings.append(each)
        self._add_nowhere(found, nowhere)
        return found

    def _own_entities(self, sightings: Iterable[Sighting]) -> dict[str, str]:
        """Classes that look like entities of a store in the tree, each with the part that the store is."""
        own = (each for each in sightings if each.kind == ENTITY and each.owner.kind is Kind.PROJECT)
        return {each.symbol: self._home(each) for each in own}

    def _home(self, sighting: Sighting) -> str:
        """The part of the program that defines what a sighting is of; "" for the file that it stands in."""
        symbol = sighting.owner.symbol
        if sighting.kind != ENTITY:
            symbol = self._names.method(symbol, sighting.name) or symbol
        path = split(symbol)[0]
        return home_of(path, sighting.path, self._files) if path != sighting.path else ""

    def _add_nowhere(self, found: dict[Key, Gathered], sightings: Iterable[Sighting]) -> None:
        """What leads nowhere is of the package that it is named after, or that most of its kind is of."""
        most = {kind: self._most(found, kind) for kind in (HANDLER, CALL, ENTITY)}
        for each in sightings:
            language, written = language_of(each.path), each.receiver or each.owner.name
            name = self._close(language, each.kind, plain(written)) or most[each.kind].get(language, "")
            key = (language, name or written)
            if key not in found:
                found[key] = Gathered(self._used.get(key), is_nowhere=not name)
            found[key].sightings.append(each)

    def _close(self, language: str, kind: str, name: str) -> str:
        """A package that something is named after: `prisma`, `supabaseClient`."""
        names = [each for (of, each), known in self._used.items() if of == language and kind in known.kinds]
        close = (each for each in names if name and (name in plain(each) or plain(each) in name))
        return min(close, key=len, default="") if len(name) > 3 else ""

    def _most(self, found: Mapping[Key, Gathered], kind: str) -> dict[str, str]:
        """By language, the package that more than half of everything of a kind is of, if there is one."""
        counts: Counter[Key] = Counter()
        for key, known in self._used.items():
            if kind in known.kinds and known.role in ("framework", "store"):
                counts[key] += 1  # it is imported
        for key, gathered in found.items():
            if kind in gathered.kinds():
                counts[key] += len(gathered.of(kind))
        totals: Counter[str] = Counter()
        for (language, _), number in counts.items():
            totals[language] += number
        return {language: name for (language, name), number in counts.items() if number > totals[language] / 2}
