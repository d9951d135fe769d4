"""Which files run in a browser: a backend's repository often holds its front end, and that is another world.

Decided for each file by what shows where it runs: what it brings in and who brings it in, directives, its place, words
that exist on one side only. A file without any sign is part of the backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum

from looktwice.code.project import browser_signs as signs
from looktwice.code.project.manifests import Manifests
from looktwice.code.project.paths import folder_of, folders_above
from looktwice.code.syntax.tree import Expression, Import, Literal, Module
from looktwice.core.file_kinds import SCRIPTS
from looktwice.core.script_text import without_texts

Resolve = Callable[[str, Import], str | None]


class Side(IntEnum):
    """What a file shows of itself. A browser for certain stays one even where a server renders it first."""

    UNKNOWN = 0
    SERVER = 1
    PAGE = 4  # a browser's, but for the functions that load its data on the server
    PERHAPS_BROWSER = 2  # unless something that is no browser's brings it in
    BROWSER = 3


def browser_files(
    modules: Mapping[str, Module],
    texts: Mapping[str, bytes],
    pages: Mapping[str, bytes],
    manifests: Manifests,
    resolve: Resolve,
) -> tuple[frozenset[str], frozenset[str]]:
    """Paths of the scripts that run in a browser, and the symbols of the functions in them that run on the server.

    modules, texts: programs by path, outlined and as text. pages: HTML, templates and components by path. resolve:
    where an import leads. Files that only browser's files bring in are a browser's too, unless they show a server.
    """
    scripts = {path: module for path, module in modules.items() if path.endswith(SCRIPTS)}
    if not scripts:
        return frozenset(), frozenset()
    packages = Packages(manifests)
    tags = set(_in_tags(pages, scripts))
    sides = {path: _side(path, module, texts[path], packages, path in tags) for path, module in scripts.items()}
    importers: dict[str, set[str]] = {}
    for path, module in scripts.items():
        if not signs.SIDE.search(path):
            for target in _brought_in(path, module, texts[path], resolve):
                importers.setdefault(target, set()).add(path)
    for path, data in pages.items():
        for target in _of_page(path, data, resolve):
            importers.setdefault(target, set()).add(path)
    shared = {path for path, side in sides.items() if side is Side.PAGE}
    loading = (f"{path}:{name}" for path in shared for name in signs.server_exports(path))
    return _closed(sides, importers, pages) | shared, frozenset(loading)


def _closed(sides: Mapping[str, Side], importers: Mapping[str, set[str]], pages: Mapping[str, bytes]) -> frozenset[str]:
    """The files that show a browser, and in turn those that nothing else brings in."""
    found = {path for path, side in sides.items() if side is Side.BROWSER}
    needed: dict[str, list[str]] = {}
    missing = {path: 0 for path in sides}  # who brings a file in and is no browser's, so far
    for target, users in importers.items():
        if target in missing:
            for user in users - found - pages.keys() - {target}:
                missing[target] += 1
                needed.setdefault(user, []).append(target)
    waiting = [
        path
        for path, side in sides.items()
        if path not in found and not missing[path] and (side is Side.PERHAPS_BROWSER or importers.get(path))
    ]
    while waiting:
        path = waiting.pop()
        if path in found or sides[path] in (Side.SERVER, Side.PAGE):
            continue
        found.add(path)
        for target in needed.get(path, ()):
            missing[target] -= 1
            if not missing[target]:
                waiting.append(target)
    return frozenset(found)


class Packages:
    """What the nearest package.json of a file says it needs."""

    def __init__(self, manifests: Manifests) -> None:
        read = ((path, manifests.object(path)) for path in manifests.packages)
        self._needs = {folder_of(path): needed(content) for path, content in read if content}

    def needs(self, path: str) -> frozenset[str] | None:
        """Names of the packages that the project of a file needs; None where no manifest says anything."""
        folder = next((folder for folder in folders_above(path) if folder in self._needs), None)
        return self._needs[folder] if folder is not None else None

    def is_interface(self, path: str) -> bool:
        """Whether the project of a file shows things to a person, and needs nothing that could be a server's."""
        needs = self.needs(path) or frozenset()
        known = (signs.INTERFACES, signs.IN_PAGES, signs.NEUTRAL)
        return bool(needs & signs.INTERFACES) and all(
            any(signs.is_among(each, names) for names in known) for each in needs
        )


def needed(manifest: Mapping[str, object]) -> frozenset[str]:
    """The packages that a package.json needs when it runs, and the servers among those that it needs to be built."""
    runs, builds = (_names(manifest.get(key)) for key in ("dependencies", "devDependencies"))
    return runs | frozenset(
        each for each in builds if signs.is_among(each, signs.SERVERS) or signs.is_among(each, signs.INTERFACES)
    )


def _names(table: object) -> frozenset[str]:
    return frozenset(map(str, table)) if isinstance(table, dict) else frozenset()


def _side(path: str, module: Module, text: bytes, packages: Packages, is_in_tag: bool) -> Side:
    values = [each.module for each in module.imports if not each.is_type]
    exports = not signs.server_exports(path).isdisjoint(module.exports)
    shows = _shows_browser(path, module, text, values)
    if exports or _shows_server(path, module, text, values, packages):
        return Side.PAGE if exports and shows else Side.SERVER
    if shows:
        return Side.BROWSER
    speaks = signs.IN_BROWSER.search(text) and not signs.EITHER.search(text)
    if speaks and signs.IN_BROWSER.search(without_texts(text)):
        return Side.PERHAPS_BROWSER
    if is_in_tag or signs.SERVED.search(path) or signs.ASKS_ITS_SERVER.search(text):
        return Side.PERHAPS_BROWSER
    is_plain = all(each.startswith(".") or signs.is_among(each, signs.NEUTRAL) for each in values)
    if is_plain and not signs.OF_A_SERVER.search(path) and packages.is_interface(path):
        return Side.PERHAPS_BROWSER
    return Side.UNKNOWN


def _shows_browser(path: str, module: Module, text: bytes, values: Iterable[str]) -> bool:
    """Whether components live here: what no server does, even one that renders them first."""
    return bool(
        "use client" in _directives(module)
        or any(signs.is_among(each, signs.IN_PAGES) for each in values)
        or any(each.module == "react" and each.name in signs.HOOKS and not each.is_type for each in module.imports)
        or (path.endswith((".tsx", ".jsx", ".js")) and signs.EVENTS.search(text))
        or signs.REACT_HOOK.search(text)
    )


def _shows_server(path: str, module: Module, text: bytes, values: Iterable[str], packages: Packages) -> bool:
    if any(map(signs.is_of_server, values)) or "use server" in _directives(module):
        return True
    needs = packages.needs(path)
    for framework, place in signs.PLACES:
        if place.search(path) and (
            needs is None or any(signs.is_among(each, frozenset({framework})) for each in needs)
        ):
            return True
    return bool(signs.ON_SERVER.search(text) and signs.ON_SERVER.search(without_texts(text)))


def _directives(module: Module) -> frozenset[str]:
    """`"use client"` and the like, which stand before everything else."""
    found = set()
    for node in module.body:
        if not (isinstance(node, Expression) and isinstance(node.value, Literal) and isinstance(node.value.value, str)):
            break
        found.add(node.value.value)
    return frozenset(found)


# ── who brings a file in ─────────────────────────────────────────────────────────────────────────────────────────────
def _brought_in(path: str, module: Module, text: bytes, resolve: Resolve) -> set[str]:
    """The files that a file brings in when it runs, at its top or later; types vanish before."""
    names = {each.module for each in module.imports if not each.is_type}
    names.update(found.decode("utf-8", "replace") for found in signs.BOUND_LATE.findall(text))
    return set(_files(path, names, resolve)) - {path}


def _of_page(path: str, data: bytes, resolve: Resolve) -> Iterator[str]:
    """The files that a component of Vue or Svelte brings in."""
    if path.endswith((".vue", ".svelte")):
        yield from _files(path, {found.decode("utf-8", "replace") for found in signs.BROUGHT_IN.findall(data)}, resolve)


def _files(path: str, names: Iterable[str], resolve: Resolve) -> Iterator[str]:
    for name in names:
        if (target := resolve(path, Import(0, 0, name, "", ""))) is not None:
            yield target


def _in_tags(pages: Mapping[str, bytes], scripts: Iterable[str]) -> Iterator[str]:
    """The scripts that a page names in a `<script>`: those beside the page or in a folder that is served, else the one
    of that name."""
    by_name: dict[str, list[str]] = {}
    for path in scripts:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    for page, data in pages.items():
        for tag in signs.SCRIPT_TAG.findall(data):
            for written in signs.SCRIPT_NAME.findall(tag):
                name = written.decode("utf-8", "replace").lstrip("./")
                same = [each for each in by_name.get(name.rpartition("/")[2], ()) if f"/{each}".endswith(f"/{name}")]
                near = [each for each in same if signs.SERVED.search(each) or each == folder_of(page) + name]
                yield from near or (same if len(same) == 1 else ())
