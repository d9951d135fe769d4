"""A repository as one or several projects: what its manifests say, and what an import means in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from looktwice.code.project.manifests import Manifests
from looktwice.code.project.paths import folder_of
from looktwice.code.project.python_imports import PythonImports
from looktwice.code.project.typescript_imports import TypeScriptImports
from looktwice.code.project.versions import Versions, locked_versions
from looktwice.code.syntax.tree import Import

PYTHON_SUFFIXES = (".py", ".pyi")


class Project:
    """What is known of a repository as a whole.

    `versions` are the locked (else the declared) versions of libraries, by folder of the lock file. `manifests` know
    what of them could not be read.
    """

    def __init__(
        self,
        python: PythonImports,
        typescript: TypeScriptImports,
        versions: Mapping[str, Versions],
        manifests: Manifests,
    ) -> None:
        self._python, self._typescript = python, typescript
        self.versions = versions
        self.manifests = manifests

    def resolve(self, path: str, item: Import) -> str | None:
        """The file of the module that an import in the file `path` names, None when it is no file of the repository.

        `from a import b` leads to `a`, whether or not `b` is a module itself: see `submodule`.
        """
        return self._imports(path).module(path, item.module, item.level)

    def submodule(self, path: str, item: Import) -> str | None:
        """The file of `b` in `from a import b` when `b` is a module; None else, and always None outside of Python."""
        if not item.name or not path.endswith(PYTHON_SUFFIXES):
            return None
        module = f"{item.module}.{item.name}" if item.module else item.name
        return self._python.module(path, module, item.level)

    def library(self, path: str, item: Import) -> str:
        """The name of the package that an import brings in when it is no file of the repository: "@nestjs/common"."""
        return self._imports(path).package(item.module)

    def version(self, path: str, library: str) -> str:
        """The version of a library that the file `path` runs with, "" when nothing says it."""
        is_python = path.endswith(PYTHON_SUFFIXES)
        name = library.lower().replace("_", "-") if is_python else library
        folder = path
        while folder:
            folder = folder_of(folder)
            found = self.versions.get(folder)
            if found and (version := (found.python if is_python else found.javascript).get(name)):
                return version
        return ""

    def _imports(self, path: str) -> PythonImports | TypeScriptImports:
        return self._python if path.endswith(PYTHON_SUFFIXES) else self._typescript


def open_project(files: Iterable[str], manifests: Mapping[str, bytes]) -> Project:
    """The project that these files are.

    files: paths of source files, relative to the audited root, with forward slashes. manifests: the contents of
    pyproject.toml, package.json, tsconfig*.json, requirements*.txt and lock files by path; what cannot be read of one
    is as if it were not there, and is in `Project.manifests.unread`.
    """
    known, read = frozenset(files), Manifests(manifests)
    versions = locked_versions(read)
    libraries = {name for each in versions.values() for name in each.python}
    return Project(
        PythonImports(known, frozenset(map(folder_of, manifests)), libraries),
        TypeScriptImports(known, read),
        versions,
        read,
    )
