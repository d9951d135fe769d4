"""Path aliases of tsconfig.json and jsconfig.json, with what they extend."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from looktwice.code.project.manifests import Manifests
from looktwice.code.project.paths import folder_of, joined
from looktwice.code.project.patterns import StarPatterns

NAMES = ("tsconfig.json", "jsconfig.json")
Paths = dict[str, tuple[str, ...]]


class Aliases:
    """`paths` maps patterns to targets relative to the audited root; bare names start at `base`, None for nowhere."""

    def __init__(self, paths: Paths, base: str | None) -> None:
        self.has_paths, self.base = bool(paths), base
        self._patterns = StarPatterns(sorted(paths.items()))

    def targets(self, module: str) -> Iterator[str]:
        """Paths that `module` may stand for, without endings, the most specific pattern first."""
        for targets, middle in self._patterns.matching(module):
            yield from (target.replace("*", middle, 1) for target in targets)
        if self.base is not None:
            yield self.base + module


class Options(Struct, frozen=True):
    """`paths` (relative to the root) and `baseUrl` of a configuration; None where neither it nor its base says it."""

    paths: Paths | None = None
    base: str | None = None


def aliases_of(manifests: Manifests) -> dict[str, Aliases]:
    """The aliases that hold in a folder and below, by folder, for every folder with a configuration of its own."""
    known: dict[str, Options] = {}
    found: dict[str, Aliases] = {}
    for path in sorted(manifests, reverse=True):  # tsconfig.json is read after jsconfig.json and stays
        if path.rpartition("/")[2] in NAMES:
            options = with_bases(path, manifests, known)
            if options.paths is not None or options.base is not None:
                found[folder_of(path)] = Aliases(options.paths or {}, options.base)
    return found


def with_bases(path: str, manifests: Manifests, known: dict[str, Options]) -> Options:
    """The options of one configuration, over those of the configurations that it extends, however many there are."""
    waiting, around = [(path, False)], set[str]()
    while waiting:
        current, is_ready = waiting.pop()
        bases = extended(current, manifests)
        if is_ready:
            around.discard(current)
            known[current] = options(current, manifests, [known[base] for base in bases if base in known])
        elif current not in known and current not in around:
            around.add(current)
            if any(base in around for base in bases):
                manifests.report(current, "its `extends` leads back to itself")
            waiting.append((current, True))
            waiting += [(base, False) for base in bases]
    return known[path]


def options(path: str, manifests: Manifests, bases: list[Options]) -> Options:
    """What a configuration says itself, over what its bases say; a later base is stronger."""
    folder = folder_of(path)
    paths = next((each.paths for each in reversed(bases) if each.paths is not None), None)
    base = next((each.base for each in reversed(bases) if each.base is not None), None)
    written = manifests.object(path).get("compilerOptions")
    if not isinstance(written, dict):
        return Options(paths, base)
    if isinstance(url := written.get("baseUrl"), str):
        base = as_folder(joined(folder, url))
    if isinstance(own := written.get("paths"), dict):
        start = base if base is not None and "baseUrl" in written else folder if base is None else base
        paths = {
            str(pattern): tuple(target for each in targets if (target := joined(start, str(each))) is not None)
            for pattern, targets in own.items()
            if isinstance(targets, list)
        }
    return Options(paths, base)


def extended(path: str, manifests: Manifests) -> tuple[str, ...]:
    """The configurations of the repository that one extends; a file that it names and that was not read is reported."""
    written = manifests.object(path).get("extends")
    names = [name for name in (written if isinstance(written, list) else [written]) if isinstance(name, str)]
    found: dict[str, None] = {}
    for name in names:
        if not name.startswith("."):  # a package's, which sets no aliases for this repository
            continue
        if (base := found_config(folder_of(path), name, manifests)) is not None:
            found[base] = None
        else:
            manifests.report(path, f"it extends {name}, which is not among the files that were read")
    return tuple(found)


def found_config(folder: str, name: str, manifests: Manifests) -> str | None:
    """The configuration that `extends` names, when it is a file of the repository."""
    path = joined(folder, name)
    if path is None:
        return None
    return next((each for each in (path, f"{path}.json", f"{path}/tsconfig.json") if each in manifests), None)


def as_folder(path: str | None) -> str | None:
    return path if not path else f"{path}/"
