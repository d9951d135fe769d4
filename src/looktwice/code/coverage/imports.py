"""Which packages each file brings in, wherever in the file it does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from looktwice.code.coverage.owner import RUNTIMES
from looktwice.code.coverage.packages import Known, packages
from looktwice.code.project import Project
from looktwice.code.project.imports import library_name
from looktwice.code.project.names import Names, language_of
from looktwice.code.project.paths import folder_of
from looktwice.code.syntax.tree import Import, Module

INNER_PYTHON = re.compile(rb"import[ \t]")
LINE = re.compile(rb"[ \t]+(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+\(?[ \t]*(\w+)|import[ \t]+([\w.]+))")
INNER_SCRIPT = tuple(re.compile(word + rb"\s*\(\s*[\"']([^\"'\n]+)[\"']\s*\)") for word in (rb"require", rb"import"))
RUNTIME = re.compile(rb"(?<![\w.$\"'`/])(" + "|".join(RUNTIMES).encode() + rb")\.[a-z]")
OUTSIDE = frozenset(("vendor", "vendored", "_vendor", "third_party", "external", "extern", "lib", "libs"))
"""Folders for what others wrote: the package is what is in them."""
ONLY_NAMES = re.compile(r"[A-Z]\w*(?:Error|Exception|Warning)")


class Used(Struct, frozen=True):
    """A package in a file. is_light: only its types and errors are imported."""

    name: str
    known: Known | None
    is_light: bool


def package_of(symbol: str, language: str, written: frozenset[str] = frozenset()) -> tuple[str, Known | None]:
    """The package that a library's name belongs to, by the name it goes by, and what the table knows of it.

    written: names of modules that lead nowhere and are no packages (`../lib/db`), as symbols begin with them.
    """
    if (found := packages(language).find(symbol)) is not None:
        return found
    for each in written:
        if symbol == each or symbol.startswith((f"{each}.", f"{each}/")):
            return each, None
    if language == "python":
        first, *rest = symbol.split(".")
        return (f"{first}.{rest[0]}" if first in OUTSIDE and rest else first), None
    head, slash, last = symbol.rpartition("/")
    if symbol.startswith("@") and not symbol.startswith("@/"):
        scope, _, scoped = symbol.partition("/")
        return f"{scope}/{re.split(r'[/.]', scoped)[0]}", None
    if symbol.startswith(("@/", "~/", "#")) or head in OUTSIDE:
        return f"{head}{slash}{last.partition('.')[0]}", None
    return re.split(r"[/.]", symbol)[0], None


class Imports:
    """Imports of all files that lead out of the program."""

    def __init__(self, names: Names, project: Project) -> None:
        self._names, self._project = names, project
        self._found: dict[tuple[str, str, str, str], tuple[str, Known | None] | None] = {}

    def of(self, path: str, module: Module, data: bytes) -> dict[str, Used]:
        """Packages of one file, by name."""
        found: dict[str, Used] = {}
        for each in (*module.imports, *inner_imports(path, data)):
            brought = self._package(path, each)
            if brought is not None:
                name, known = brought
                is_light = each.is_type or ONLY_NAMES.fullmatch(each.name) is not None
                before = found.get(name)
                found[name] = Used(name, known, is_light and (before is None or before.is_light))
        return found

    def _package(self, path: str, item: Import) -> tuple[str, Known | None] | None:
        """The package that an import is of; None for a file of the program, there or missing."""
        if not item.module or item.level or item.module.startswith("."):
            return None
        language = language_of(path)
        key = (language, folder_of(path), item.module, item.name if language == "python" else "")
        try:
            return self._found[key]
        except KeyError:
            is_own = self._project.resolve(path, item) is not None or ":" in self._names.imported(path, item)
            symbol = library_name(item.module, item.name if item.name != "*" else "", language)
            found = self._found[key] = None if is_own else package_of(symbol, language)
            return found

    def missing(self, path: str, module: Module) -> Iterator[str]:
        """Modules of the program's own that are not there, as the symbols of what they would give begin."""
        for each in module.imports:
            if (each.level or each.module.startswith(".")) and ":" not in self._names.imported(path, each):
                yield each.module.lstrip("./") or each.name


def inner_imports(path: str, data: bytes) -> Iterator[Import]:
    """Imports inside functions, those that a script asks for while it runs, and what a runtime brings by itself."""
    if language_of(path) == "python":
        for match in INNER_PYTHON.finditer(data):
            line = LINE.match(data, data.rfind(b"\n", 0, match.start()) + 1)
            if line is not None:
                module = (line[1] or line[3]).decode()
                name = (line[2] or b"").decode()
                yield Import(0, 0, module.lstrip("."), name, name, len(module) - len(module.lstrip(".")))
        return
    for runtime in {each.decode() for each in RUNTIME.findall(data)}:
        yield Import(0, 0, RUNTIMES[runtime], "", "")
    for pattern in INNER_SCRIPT:
        for match in pattern.finditer(data):
            yield Import(0, 0, match[1].decode("utf-8", "replace"), "", "")
