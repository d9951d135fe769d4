"""Where imports of TypeScript and JavaScript lead: relative files, path aliases, workspaces, package `exports`."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.project.manifests import Manifests, Object
from looktwice.code.project.paths import folder_of, folders_above, joined
from looktwice.code.project.patterns import StarPatterns
from looktwice.code.project.tsconfig import Aliases, aliases_of

SUFFIXES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
WRITTEN_AS = {".js": (".ts", ".tsx", ".jsx"), ".mjs": (".mts",), ".cjs": (".cts",), ".jsx": (".tsx",)}
ENTRIES = ("source", "module", "main", "types", "typings")
CONDITIONS = ("source", "development", "import", "module", "require", "node", "default", "types")
BUILT = ("dist/", "build/", "lib/", "out/")
COMMON_ALIASES = ("@/", "~/", "src/")


class TypeScriptImports:
    """files: all source files. manifests: of these, package.json and tsconfig*.json are read."""

    def __init__(self, files: frozenset[str], manifests: Manifests) -> None:
        self._files = frozenset(path for path in files if path.endswith(SUFFIXES))
        self._packages: dict[str, tuple[str, Object]] = {}
        self._manifests: dict[str, Object] = {}
        for path in manifests.packages:
            if content := manifests.object(path):
                self._manifests[folder_of(path)] = content
                name = content.get("name")
                if isinstance(name, str) and name:
                    self._packages.setdefault(name, (folder_of(path), content))
        self._aliases = aliases_of(manifests)
        self._exports: dict[tuple[str, str], StarPatterns[object]] = {}  # by folder, and "." or "#" for imports
        self._found: dict[tuple[str, str], str | None] = {}

    def module(self, path: str, module: str, level: int) -> str | None:
        key = (folder_of(path), module)
        if key not in self._found:
            self._found[key] = next(filter(None, self._candidates(path, module)), None)
        return self._found[key]

    def package(self, module: str) -> str:
        parts = module.removeprefix("node:").split("/")
        return "/".join(parts[:2]) if module.startswith("@") else parts[0]

    def _candidates(self, path: str, module: str) -> Iterator[str | None]:
        folder = folder_of(path)
        if module.startswith("."):
            yield self._file(joined(folder, module))
            return
        if module.startswith("#"):
            yield from self._private(path, module)
        aliases = self._nearest_aliases(path)
        if aliases is not None:
            for target in aliases.targets(module):
                yield self._file(joined("", target))
        yield self._workspace(module)
        if aliases is None or not aliases.has_paths:
            yield from self._customary(path, module)

    def _nearest_aliases(self, path: str) -> Aliases | None:
        return next((self._aliases[folder] for folder in folders_above(path) if folder in self._aliases), None)

    def _customary(self, path: str, module: str) -> Iterator[str | None]:
        """`@/x`, where a bundler's configuration and no tsconfig says what it means: by custom `src` of the package."""
        prefix = next((prefix for prefix in COMMON_ALIASES if module.startswith(prefix)), None)
        if prefix is None:
            return
        for folder in folders_above(path):
            if folder in self._manifests or not folder:
                yield self._file(f"{folder}src/{module.removeprefix(prefix)}")
                yield self._file(f"{folder}{module.removeprefix(prefix)}")

    def _private(self, path: str, module: str) -> Iterator[str | None]:
        """`#name`: the `imports` of the nearest package.json."""
        for folder in folders_above(path):
            if folder in self._manifests:
                yield self._exported(folder, self._manifests[folder].get("imports"), module)
                return

    def _workspace(self, module: str) -> str | None:
        """A package of this repository, by its name and what it exports."""
        name = self.package(module)
        if name not in self._packages:
            return None
        folder, manifest = self._packages[name]
        rest = module[len(name) :].removeprefix("/")
        exported = self._exported(folder, manifest.get("exports"), f"./{rest}" if rest else ".")
        if exported:
            return exported
        if rest:
            return self._file(f"{folder}{rest}") or self._file(f"{folder}src/{rest}")
        entries = [manifest.get(entry) for entry in ENTRIES]
        written = (self._built(folder, entry) for entry in entries if isinstance(entry, str))
        return next(filter(None, written), None) or self._file(f"{folder}src") or self._file(folder.rstrip("/"))

    def _exported(self, folder: str, exports: object, subpath: str) -> str | None:
        if isinstance(exports, str) or (isinstance(exports, dict) and not any(k[:1] in ".#" for k in exports)):
            exports = {".": exports}
        if not isinstance(exports, dict):
            return None
        key = (folder, subpath[:1])
        if (patterns := self._exports.get(key)) is None:
            patterns = self._exports[key] = StarPatterns(exports.items())
        for target, middle in patterns.matching(subpath):
            for written in conditional(target):
                if found := self._built(folder, written.replace("*", middle)):
                    return found
        return None

    def _built(self, folder: str, entry: str) -> str | None:
        """A file that a manifest names; where that is the output of a build, the source that it is built from."""
        entry = entry.removeprefix("./")
        if found := self._file(joined(folder, entry)):
            return found
        for built in BUILT:
            if entry.startswith(built):
                source = entry.removeprefix(built).replace(".d.ts", ".ts")
                return self._file(joined(folder, f"src/{source}")) or self._file(joined(folder, source))
        return None

    def _file(self, path: str | None) -> str | None:
        """A file as an import may write it: with or without ending, by the ending after compilation, or as a folder."""
        if path is None:
            return None
        if path in self._files:
            return path
        stem, dot, ending = path.rpartition(".")
        for suffix in WRITTEN_AS.get(dot + ending, ()):
            if stem + suffix in self._files:
                return stem + suffix
        for suffix in SUFFIXES:
            if path + suffix in self._files:
                return path + suffix
        folder = f"{path}/" if path else ""
        return next((f"{folder}index{suffix}" for suffix in SUFFIXES if f"{folder}index{suffix}" in self._files), None)


def conditional(target: object) -> Iterator[str]:
    """The files of a conditional export, in the order of what is closest to source."""
    waiting = [target]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, str):
            yield current
        elif isinstance(current, list):
            waiting = current + waiting
        elif isinstance(current, dict):
            known = [current[condition] for condition in CONDITIONS if condition in current]
            waiting = known + [value for key, value in current.items() if key not in CONDITIONS] + waiting
