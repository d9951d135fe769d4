"""Path aliases of tsconfig.json and jsconfig.json, with what they extend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from looktwice.code.project.json_text import decoded
from looktwice.code.project.paths import folder_of, joined

NAMES = ("tsconfig.json", "jsconfig.json")
DEEPEST = 8


class Aliases(Struct, frozen=True):
    """`paths` maps patterns to targets relative to the audited root; bare names start at `base`, None for nowhere."""

    paths: tuple[tuple[str, tuple[str, ...]], ...]
    base: str | None

    def targets(self, module: str) -> Iterator[str]:
        """Paths that `module` may stand for, without endings, the most specific pattern first."""
        for pattern, targets in self.paths:
            prefix, star, suffix = pattern.partition("*")
            if pattern == module:
                yield from targets
            elif star and module.startswith(prefix) and module.endswith(suffix) and len(module) >= len(pattern) - 1:
                middle = module[len(prefix) : len(module) - len(suffix)]
                yield from (target.replace("*", middle, 1) for target in targets)
        if self.base is not None:
            yield self.base + module


def aliases_of(manifests: Mapping[str, bytes]) -> dict[str, Aliases]:
    """The aliases that hold in a folder and below, by folder, for every folder with a configuration of its own."""
    found: dict[str, Aliases] = {}
    for path in sorted(manifests, reverse=True):  # tsconfig.json is read after jsconfig.json and stays
        if path.rpartition("/")[2] in NAMES:
            paths, base = options(path, manifests, DEEPEST)
            if paths is not None or base is not None:
                ordered = sorted((paths or {}).items(), key=lambda item: (-len(item[0].partition("*")[0]), item[0]))
                found[folder_of(path)] = Aliases(tuple(ordered), base)
    return found


def options(
    path: str, manifests: Mapping[str, bytes], depth: int
) -> tuple[dict[str, tuple[str, ...]] | None, str | None]:
    """`paths` (relative to the root) and `baseUrl` of one configuration; None where neither it nor its base says it."""
    content = decoded(manifests.get(path, b""))
    folder = folder_of(path)
    paths: dict[str, tuple[str, ...]] | None = None
    base: str | None = None
    for extended in extensions(content, depth):
        if (parent := found_config(folder, extended, manifests)) is not None:
            paths, base = options(parent, manifests, depth - 1)
    written = content.get("compilerOptions")
    if not isinstance(written, dict):
        return paths, base
    if isinstance(url := written.get("baseUrl"), str):
        base = as_folder(joined(folder, url))
    if isinstance(own := written.get("paths"), dict):
        start = base if base is not None and "baseUrl" in written else folder if base is None else base
        paths = {
            str(pattern): tuple(target for each in targets if (target := joined(start, str(each))) is not None)
            for pattern, targets in own.items()
            if isinstance(targets, list)
        }
    return paths, base


def extensions(content: dict[str, object], depth: int) -> list[str]:
    extended = content.get("extends")
    if depth <= 0 or extended is None:
        return []
    return [str(each) for each in extended] if isinstance(extended, list) else [str(extended)]


def found_config(folder: str, extended: str, manifests: Mapping[str, bytes]) -> str | None:
    """The configuration that `extends` names, when it is a file of the repository."""
    path = joined(folder, extended)
    if path is None or not extended.startswith("."):
        return None
    return next((each for each in (path, f"{path}.json", f"{path}/tsconfig.json") if each in manifests), None)


def as_folder(path: str | None) -> str | None:
    return path if not path else f"{path}/"
