"""The measurement: what the application imports, registers and calls, beside what reading it gave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from looktwice.code.coverage.classes import Classes
from looktwice.code.coverage.conventions import Conventions
from looktwice.code.coverage.files import is_aside
from looktwice.code.coverage.finder import Finder
from looktwice.code.coverage.imports import Imports, package_of
from looktwice.code.coverage.owners import Owners
from looktwice.code.coverage.packages import OUTER_ROLES, PLAIN, Known, packages
from looktwice.code.coverage.sightings import CALL, ENTITY, HANDLER, Sighting, Understood
from looktwice.code.coverage.tally import Gathered, Grouping, Key, by_share, verdict
from looktwice.code.coverage.verbs import VERBS, plain
from looktwice.code.coverage.words import Words, called, methods_of
from looktwice.code.lowering.models import Models
from looktwice.code.project import Project
from looktwice.code.project.names import Names, language_of
from looktwice.code.syntax.languages import Parsed
from looktwice.code.syntax.languages.lookup import Lookup
from looktwice.code.syntax.tree import Module
from looktwice.core.coverage import ALWAYS_MAJOR, Count, Coverage, Package, Understanding

EXAMPLES = 3
FEW = 50
"""One place that was not understood is little beside this many that were."""
LANGUAGES = ("python", "typescript")


class Reading(Struct, frozen=True):
    """A program as it was read. browser: paths of scripts that are no part of a backend."""

    names: Names
    project: Project
    parsed: Mapping[str, Parsed]
    modules: Mapping[str, Module]
    models: Mapping[str, Models]
    understood: Understood
    browser: frozenset[str]


class Use(Struct):
    """Files that import a package: of the application, those of them that use more than its types, and beside it."""

    known: Known | None
    files: set[str]
    heavy: set[str]
    aside: set[str]


def measure(reading: Reading) -> Coverage:
    """How much of a program was understood, package by package."""
    return Measurement(reading).coverage()


class Measurement:
    """One measurement; its parts share what was answered about names."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.names = reading, reading.names
        self.paths = [path for path in reading.modules if path not in reading.browser]
        self.application = [path for path in self.paths if not is_aside(path)]
        self.owners = Owners(self.names, self.lookup, self.canonical)
        self._lookups: dict[str, Lookup] = {}
        self._used: dict[str, set[str]] = defaultdict(set)  # packages of the table by file
        self.uses: dict[Key, Use] = {}
        self.missing: frozenset[str] = frozenset()
        self._read_imports()

    def coverage(self) -> Coverage:
        sightings = list(self.sightings())
        used = {key: use.known for key, use in self.uses.items() if use.known is not None and use.files}
        found = Grouping(self.names, self.missing, used).grouped(sightings)
        self._add_unseen(found, sightings)
        keys = {*found, *(key for key, use in self.uses.items() if use.known is not None)}
        nowhere = self._verdicts_of_nowhere(found)
        listed = (self._package(key, found.get(key), nowhere) for key in sorted(keys))
        packages = [each for each in listed if each is not None]
        return Coverage(packages=tuple(weighed(each, packages) for each in packages))

    def lookup(self, path: str) -> Lookup:
        if (found := self._lookups.get(path)) is None:
            found = self._lookups[path] = Lookup(self.reading.parsed[path])
        return found

    def canonical(self, path: str, symbol: str) -> str:
        """The library's name behind a symbol; "" for what needs no understanding."""
        language = language_of(path)
        name = self.reading.models[language].canonical(symbol)
        found = packages(language).find(name)
        return "" if found is not None and found[1].role == PLAIN else name

    def _read_imports(self) -> None:
        imports = Imports(self.names, self.reading.project)
        missing: set[str] = set()
        for path in self.paths:
            module, aside = self.reading.modules[path], is_aside(path)
            data = b"" if aside else self.reading.parsed[path].source.data
            for brought in imports.of(path, module, data).values():
                key = (language_of(path), brought.name)
                use = self.uses.setdefault(key, Use(brought.known, set(), set(), set()))
                (use.aside if aside else use.files).add(path)
                if not aside and not brought.is_light:
                    use.heavy.add(path)
                if brought.known is not None:
                    self._used[path].add(brought.name)
            missing |= set(imports.missing(path, module))
        self.missing = frozenset(missing)

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────────
    def sightings(self) -> Iterator[Sighting]:
        finder = Finder(self.names, self.owners, self.reading.understood)
        classes = Classes(self.names, self.owners)
        conventions = Conventions(self.names, frozenset(name for _, name in self.uses))
        known = {each: [use.known for (of, _), use in self.uses.items() if of == each] for each in LANGUAGES}
        methods = {language: methods_of(each for each in used if each) for language, used in known.items()}
        for path in self.application:
            module, data = self.reading.modules[path], self.reading.parsed[path].source.data
            yield from classes.sightings(path, module)
            if language_of(path) == "typescript":
                yield from conventions.sightings(path, module, data, self.lookup(path))
            yield from finder.sightings(path, data, self.lookup(path), self._words(path, methods[language_of(path)]))

    def _words(self, path: str, methods: frozenset[bytes]) -> Words:
        here = [self.uses[language_of(path), name].known for name in self._used[path]]
        names = frozenset(name for known in here if known for name in (*known.handlers, *known.entities))
        used = frozenset(self._used[path])
        return Words(methods, used, called(names), any(known.role in OUTER_ROLES for known in here if known))

    def _add_unseen(self, found: dict[Key, Gathered], sightings: list[Sighting]) -> None:
        """What was understood without having been seen by its shape counts as seen."""
        understood, application = self.reading.understood, frozenset(self.application)
        ends = {(each.path, end) for each in sightings for end in each.ends}
        starts = {(each.path, each.start) for each in sightings}
        for path in application & understood.handlers.keys():
            for end, framework in understood.handlers[path].items():
                if (path, end) not in ends:
                    self._add(found, language_of(path), framework, HANDLER)
        for path in application & understood.calls.keys():
            for end, (start, name) in understood.calls[path].items():
                if (path, end) not in ends and (path, start) not in starts and is_call(name):
                    starts.add((path, start))
                    self._add(found, language_of(path), name, CALL)
        for key in understood.entities:
            if key.partition(":")[0].endswith(".prisma"):
                self._add(found, "typescript", "@prisma/client", ENTITY)

    def _add(self, found: dict[Key, Gathered], language: str, symbol: str, kind: str) -> None:
        name, known = package_of(symbol, language, self.missing)
        if known is not None and kind in known.kinds:
            extra = found.setdefault((language, name), Gathered(known)).extra
            extra[kind] = extra.get(kind, 0) + 1

    # ── what is made of it ───────────────────────────────────────────────────────────────────────────────────────────
    def _verdicts_of_nowhere(self, found: Mapping[Key, Gathered]) -> dict[Key, Understanding]:
        """For what leads nowhere, by kind and language: a few such places beside many that are understood are few."""
        known: dict[Key, int] = defaultdict(int)
        missed: dict[Key, int] = defaultdict(int)
        for (language, _), gathered in found.items():
            for kind in gathered.kinds():
                counted = gathered.count(kind, self.reading.understood)
                known[language, kind] += counted.understood
                missed[language, kind] += counted.missing if gathered.is_nowhere else 0
        shares = {key: known[key] / (known[key] + number) for key, number in missed.items() if number}
        return {key: by_share(share) for key, share in shares.items()}

    def _package(self, key: Key, gathered: Gathered | None, nowhere: Mapping[Key, Understanding]) -> Package | None:
        use = self.uses.get(key) or Use(None, set(), set(), set())
        gathered = gathered or Gathered(use.known)
        known, kinds = gathered.known, gathered.kinds()
        counts = {each: gathered.count(each, self.reading.understood) for each in kinds}
        is_seen = any(each.seen for each in counts.values())
        if not kinds or (not is_seen and (known is None or known.silent)):
            return None
        language, name = key
        judged = self._judged(key, counts, gathered, nowhere)
        if not is_seen and not self._is_modelled(key) and (use.heavy or not use.files):
            judged = Understanding.NOT
        missed = [each for each in gathered.sightings if each.kind in kinds and not self.reading.understood.has(each)]
        return Package(
            name=name,
            language=language,
            role=known.role if known is not None else role_of(kinds),
            verdict=judged,
            files=len(use.files | {each.path for each in gathered.sightings}),
            aside=len(use.aside),
            handlers=counts.get(HANDLER, Count()),
            entities=counts.get(ENTITY, Count()),
            calls=counts.get(CALL, Count()),
            examples=tuple(self._place(each) for each in missed[:EXAMPLES]),
            is_nowhere=gathered.is_nowhere,
        )

    def _judged(
        self, key: Key, counts: Mapping[str, Count], gathered: Gathered, nowhere: Mapping[Key, Understanding]
    ) -> Understanding:
        if gathered.is_nowhere:
            verdicts = [nowhere.get((key[0], each), Understanding.UNDERSTOOD) for each in counts]
            return max(verdicts, key=list(Understanding).index)
        judged = verdict(counts)
        if judged is Understanding.UNDERSTOOD and any(each.seen for each in counts.values()):
            return judged if self._is_modelled(key) else Understanding.PARTLY  # its calls look like another's
        return judged

    def _is_modelled(self, key: Key) -> bool:
        language, name = key
        return name in self.reading.models[language].packages

    def _place(self, sighting: Sighting) -> str:
        return f"{sighting.path}:{self.reading.parsed[sighting.path].source.position(sighting.start)[0]}"


def is_call(name: str) -> bool:
    """Whether a call that has a model is one that counts: a verb of an object, no function of a module."""
    owner, _, verb = name.rpartition(".")
    return plain(verb) in VERBS and "." in owner.rpartition("/")[2]


def weighed(package: Package, every: list[Package]) -> Package:
    """The package, marked where it is so little beside what was understood that an audit without it is still done.

    Routes are compared with routes, calls with calls. A framework or a payment is never little.
    """
    if package.verdict is not Understanding.NOT or ALWAYS_MAJOR & set(package.role.split(", ")):
        return package
    kinds = [kind for kind in (HANDLER, CALL) if getattr(package, kind).seen] or [HANDLER, CALL]
    beside = sum(getattr(each, kind).understood for each in every for kind in kinds)
    return replace(package, is_minor=package.missing * FEW <= beside)


def role_of(kinds: tuple[str, ...]) -> str:
    """The role of a package that is not in the table."""
    return ", ".join((*(("framework",) if HANDLER in kinds else ()), *(("store",) if CALL in kinds else ())))
