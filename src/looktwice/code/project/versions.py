"""Versions of libraries: from lock files where there are any, else what the manifest asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from looktwice.code.project.manifests import Manifests
from looktwice.code.project.paths import folder_of

REQUIREMENT = re.compile(
    r"^[ \t]*+([A-Za-z0-9][\w.-]*+)[ \t]*+(?:\[[^\]\n]*+\])?+[ \t]*+(?:===?|>=|~=|\^|~)[ \t]*+v?(\d[\w.]*)",
    re.MULTILINE,
)
PNPM = re.compile(r"^ {2}'?/?(@?[^@'\s(]++)@(\d[^:'(\s]*)", re.MULTILINE)
YARN = re.compile(r'^"?(@?[^@\s"]++)@[^\n]*:\n\s++version:? "?(\d[^"\s]*)', re.MULTILINE)
NUMBER = re.compile(r"\d[\w.]*")


class Versions(Struct):
    """Versions by library; names of Python's packages in lower case with dashes."""

    python: dict[str, str]
    javascript: dict[str, str]


def locked_versions(manifests: Manifests) -> dict[str, Versions]:
    """What each folder's manifests and lock files say, by folder. A lock file overrules a manifest beside it."""
    found: dict[str, Versions] = {}
    for path in sorted(manifests, key=lambda path: (is_lock(path), path)):
        versions = found.setdefault(folder_of(path), Versions({}, {}))
        for language, library, version in read(manifests, path):
            if language == "python":
                versions.python[library.lower().replace("_", "-")] = version
            else:
                versions.javascript[library] = version
    return found


def is_lock(path: str) -> bool:
    return "lock" in path.rpartition("/")[2]


def read(manifests: Manifests, path: str) -> Iterator[tuple[str, str, str]]:
    """(language, library, version) of one file."""
    name = path.rpartition("/")[2]
    if name in ("poetry.lock", "uv.lock"):
        for package in entries(manifests.object(path).get("package")):
            yield "python", str(package.get("name")), str(package.get("version"))
    elif name == "Pipfile.lock":
        for group in ("default", "develop"):
            for library, locked in items(manifests.object(path).get(group)):
                yield "python", library, str(dict(items(locked)).get("version", "")).lstrip("=")
    elif name == "pyproject.toml":
        yield from pyproject(manifests.object(path))
    elif name.startswith("requirements") and name.endswith(".txt"):
        for library, version in REQUIREMENT.findall(manifests.text(path)):
            yield "python", library, version
    elif name == "package.json":
        for group in ("devDependencies", "dependencies"):
            for library, asked in items(manifests.object(path).get(group)):
                if number := NUMBER.search(str(asked)):
                    yield "javascript", library, number[0]
    elif name == "package-lock.json":
        yield from package_lock(manifests.object(path))
    elif name in ("pnpm-lock.yaml", "yarn.lock"):
        yield from listed(manifests, path, PNPM if name == "pnpm-lock.yaml" else YARN)


def listed(manifests: Manifests, path: str, entry: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    """The entries of a lock file that is read line by line."""
    text = manifests.text(path)
    found = entry.findall(text)
    if not found and "@" in text:
        manifests.report(path, "no version in it could be read")
    for library, version in found:
        yield "javascript", library, version


def pyproject(content: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    project = dict(items(content.get("project")))
    groups = [project.get("dependencies"), *dict(items(project.get("optional-dependencies"))).values()]
    for group in groups:
        for requirement in group if isinstance(group, list) else ():
            if found := REQUIREMENT.match(str(requirement)):
                yield "python", found[1], found[2]
    poetry = dict(items(dict(items(content.get("tool"))).get("poetry")))
    for library, asked in items(poetry.get("dependencies")):
        version = dict(items(asked)).get("version", "") if isinstance(asked, dict) else asked
        if library != "python" and (number := NUMBER.search(str(version))):
            yield "python", library, number[0]


def package_lock(content: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    for place, package in items(content.get("packages")):
        if place.startswith("node_modules/") and place.count("node_modules/") == 1:
            yield "javascript", place.removeprefix("node_modules/"), str(dict(items(package)).get("version", ""))
    for library, package in items(content.get("dependencies")):  # npm 6
        yield "javascript", library, str(dict(items(package)).get("version", ""))


def items(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((str(key), each) for key, each in value.items())


def entries(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))
