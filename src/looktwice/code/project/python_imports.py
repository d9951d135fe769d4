"""Where Python's imports lead: relative levels, packages, namespace packages, several roots in one repository."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from looktwice.code.project.paths import folder_of, folders_above

SOURCE_FOLDERS = frozenset({"src", "lib", "python", "backend", "server", "api", "app"})


class PythonImports:
    """files: all source files. projects: folders that hold a manifest. libraries: names that manifests ask for."""

    def __init__(self, files: frozenset[str], projects: frozenset[str], libraries: Iterable[str] = ()) -> None:
        self._files = frozenset(path for path in files if path.endswith((".py", ".pyi")))
        self._projects = projects
        self._libraries = frozenset(name.lower().replace("-", "_") for name in libraries)
        self._folders = {folder for path in self._files for folder in folders_above(path)}
        self._roots: dict[str, list[str]] = {}
        for entry in self._folders | self._files:
            name = entry.rstrip("/").rpartition("/")[2].partition(".")[0]
            if name and name != "__init__":
                self._roots.setdefault(name, []).append(folder_of(entry))
        for roots in self._roots.values():
            roots.sort()
        self._found: dict[tuple[str, str, int], str | None] = {}

    def module(self, path: str, module: str, level: int) -> str | None:
        """The file of a module as imported in `path`; None for a library, and for a package without `__init__.py`."""
        key = (folder_of(path), module, level)
        if key not in self._found:
            self._found[key] = self._relative(path, module, level) if level else self._absolute(path, module)
        return self._found[key]

    def package(self, module: str) -> str:
        return module.partition(".")[0]

    def _relative(self, path: str, module: str, level: int) -> str | None:
        folder = folder_of(path)
        for _ in range(level - 1):
            if not folder:
                return None
            folder = folder_of(folder)
        return self._file(folder, module)

    def _absolute(self, path: str, module: str) -> str | None:
        first = module.partition(".")[0]
        candidates = self._roots.get(first)
        if not candidates:
            return None
        above = list(folders_above(path))
        for root in sorted(set(candidates), key=lambda root: self._rank(root, above, first)):
            if self._rank(root, above, first)[0] == NEVER:
                break
            if found := self._file(root, module):
                return found
        return None

    def _rank(self, root: str, above: list[str], first: str) -> tuple[int, int, str]:
        """How likely a folder is on the search path of a file: its own roots, then those of its neighbours.

        A folder above the file counts even when it is a package, for a file that is run as a script; but there it never
        hides a module of the standard library. Another folder counts when it is a project's root or looks like one.
        """
        is_package = self._is_package(root)
        is_standard = first in sys.stdlib_module_names
        if root in above:
            if is_package and f"{root}{first}/" in above and self._is_library(root, first):
                return (NEVER, 0, root)
            if not is_package:
                return (0 if not is_standard else 2, above.index(root), root)
            return (NEVER if is_standard else 1, above.index(root), root)
        if is_package or is_standard:
            return (NEVER, 0, root)
        shared = sum(1 for folder in above if root.startswith(folder))
        if root in self._projects or root.rstrip("/").rpartition("/")[2] in SOURCE_FOLDERS:
            return (3, -shared, root)
        if f"{root}{first}/__init__.py" in self._files and len(set(self._roots[first])) == 1:
            return (4, -shared, root)
        return (NEVER, 0, root)

    def _is_library(self, root: str, first: str) -> bool:
        """Whether `import stripe` in `integrations/stripe/` is of the library: by a manifest, or as no program is run
        from a package within a package.
        """
        return first.lower() in self._libraries or self._is_package(folder_of(root))

    def _is_package(self, folder: str) -> bool:
        return f"{folder}__init__.py" in self._files

    def _file(self, root: str, module: str) -> str | None:
        base = root + module.replace(".", "/")
        candidates = (f"{base}/__init__.py", f"{base}.py", f"{base}.pyi") if module else (f"{root}__init__.py",)
        return next((candidate for candidate in candidates if candidate in self._files), None)


NEVER = 9
