"""Which files of a tree belong to the application: not what git ignores, what was installed, or what was generated."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from pathspec import GitIgnoreSpec

from looktwice.core.event import Unread

INSTALLED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "__pycache__",
        ".tox",
        ".nox",
        ".eggs",
        "site-packages",
        "__pypackages__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".looktwice",
        "node_modules",
        "bower_components",
        ".next",
        ".nuxt",
        ".svelte-kit",
        ".turbo",
        ".yarn",
        ".pnpm-store",
        "jspm_packages",
        ".terraform",
        ".serverless",
        ".aws-sam",
        "vendor",
        "vendored",
        "_vendor",
        "third_party",
        ".idea",
        ".vscode",
    }
)
"""Names of directories that hold what somebody else wrote or a tool made."""

BUILT = frozenset({"dist", "build", "out", "coverage", "htmlcov"})
"""Output of a build, but only beside a manifest: elsewhere these are ordinary names of packages."""

MANIFESTS = frozenset({"package.json", "pyproject.toml", "setup.py", "setup.cfg"})

CODE_SUFFIXES = (".py", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
"""What is parsed as a program. `.d.ts` files hold types and no behaviour and are left out."""

CONTEXT_SUFFIXES = (".prisma", ".sql")
CONTEXT_NAMES = frozenset(
    {
        "package.json",
        "pyproject.toml",
        "setup.cfg",
        "pnpm-workspace.yaml",
        "package-lock.json",
        "poetry.lock",
        "uv.lock",
        "yarn.lock",
        "pnpm-lock.yaml",
        "Pipfile.lock",
    }
)
"""How programs are put together: schemas, manifests, locked versions; requirements*.txt and tsconfig*.json as well."""


class Discovery(Struct, frozen=True):
    """What a walk found, in order of paths (relative to the root, forward slashes).

    `code` are programs, `context` is what helps to understand them, `unread` could not be entered, and `skipped`
    counts what was left out on purpose, by reason.
    """

    code: tuple[str, ...]
    context: tuple[str, ...]
    unread: tuple[Unread, ...] = ()
    skipped: Mapping[str, int] = {}


def discover(root: Path, exclude: tuple[str, ...] = ()) -> Discovery:
    """Walk the directory `root`, or take the one file that it names.

    exclude: gitignore patterns relative to the root, stronger than any .gitignore. Symbolic links are not followed:
    what they lead to is either in the tree anyhow, or outside of it. Raises OSError when `root` itself cannot be read.
    """
    if root.is_file():
        return Discovery((root.name,), ())
    walk = _Walk(root, exclude)
    walk.run()
    return Discovery(
        tuple(sorted(walk.code)),
        tuple(sorted(walk.context)),
        tuple(sorted(walk.unread, key=lambda it: it.path)),
        dict(walk.skipped),
    )


class _Rules(Struct, frozen=True):
    """The patterns of one ignore file, and the directory they speak for.

    `base` is that directory, relative to the root ("" or ending in a slash); `above` is the way from it down to the
    root when it lies above.
    """

    base: str
    spec: GitIgnoreSpec
    above: str = ""

    def ignores(self, path: str) -> bool | None:
        return self.spec.check_file(self.above + path[len(self.base) :]).include


class _Walk:
    """One walk over a tree. Kept as an object because the results gather while it goes."""

    def __init__(self, root: Path, exclude: tuple[str, ...]) -> None:
        self.root = root
        self.exclude = GitIgnoreSpec.from_lines(exclude)
        self.code: list[str] = []
        self.context: list[str] = []
        self.unread: list[Unread] = []
        self.skipped: Counter[str] = Counter()

    def run(self) -> None:
        """An explicit stack: trees can be deeper than Python's own."""
        os.scandir(self.root).close()  # raises for the root; below it, an unreadable directory is only reported
        pending = [("", tuple(outer_rules(self.root)))]
        while pending:
            directory, rules = pending.pop()
            try:
                with os.scandir(self.root / directory) as entries:
                    listing = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self.unread.append(Unread(directory.rstrip("/"), f"the directory cannot be read: {plain(error)}"))
                continue
            names = {entry.name for entry in listing}
            if ".gitignore" in names and (own := read_rules(self.root / directory / ".gitignore", directory)):
                rules = (*rules, own)
            for entry in listing:
                self.visit(entry, directory + entry.name, names, rules, pending)

    def visit(
        self,
        entry: os.DirEntry[str],
        path: str,
        beside: set[str],
        rules: tuple[_Rules, ...],
        pending: list[tuple[str, tuple[_Rules, ...]]],
    ) -> None:
        if not printable(path):
            if is_code(path):
                self.unread.append(Unread(path.encode("utf-8", "replace").decode(), "its name is not UTF-8"))
            return
        if entry.is_symlink():
            if is_code(path) or not entry.is_file():
                self.skipped["symbolic links"] += 1
        elif entry.is_dir(follow_symlinks=False):
            if reason := self.passes_over(entry, path, beside, rules):
                self.skipped[reason] += 1
            else:
                pending.append((path + "/", rules))
        elif is_code(path) or is_context(entry.name):
            if self.ignored(path, rules):
                self.skipped["files ignored"] += is_code(path)
            elif not entry.is_file(follow_symlinks=False):
                self.skipped["not regular files"] += 1
            else:
                (self.code if is_code(path) else self.context).append(path)

    def passes_over(self, entry: os.DirEntry[str], path: str, beside: set[str], rules: tuple[_Rules, ...]) -> str:
        """Why a directory is not entered; empty when it is."""
        if entry.name in INSTALLED or (entry.name in BUILT and MANIFESTS & beside):
            return "directories installed or built"
        if self.ignored(path + "/", rules):
            return "directories ignored"
        if os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
            return "directories installed or built"
        return ""

    def ignored(self, path: str, rules: tuple[_Rules, ...]) -> bool:
        """As git decides: the nearest file that has a word on it."""
        verdict = self.exclude.check_file(path).include
        if verdict is not None:
            return verdict
        return next((said for it in reversed(rules) if (said := it.ignores(path)) is not None), False)


def is_code(path: str) -> bool:
    return path.endswith(CODE_SUFFIXES) and not path.endswith((".d.ts", ".d.mts", ".d.cts"))


def is_context(name: str) -> bool:
    return (
        name in CONTEXT_NAMES
        or name.endswith(CONTEXT_SUFFIXES)
        or (name.startswith("tsconfig") and name.endswith(".json"))
        or (name.startswith("requirements") and name.endswith(".txt"))
    )


def outer_rules(root: Path) -> Iterator[_Rules]:
    """Ignore files above the root, when it lies inside a git repository, outermost first."""
    top = next((parent for parent in (root, *root.resolve().parents) if (parent / ".git").exists()), None)
    if top is None:
        return
    if excluded := read_rules(top / ".git" / "info" / "exclude", ""):
        yield excluded
    resolved = root.resolve()
    if resolved == top.resolve():
        return
    inside = resolved.relative_to(top.resolve()).parts
    for depth in range(len(inside)):
        directory = top.joinpath(*inside[:depth])
        if lines := read_lines(directory / ".gitignore"):
            yield _Rules("", GitIgnoreSpec.from_lines(lines), "/".join(inside[depth:]) + "/")


def read_rules(path: Path, base: str) -> _Rules | None:
    lines = read_lines(path)
    return _Rules(base, GitIgnoreSpec.from_lines(lines)) if lines else None


def read_lines(path: Path) -> list[str]:
    """The lines of an ignore file; none when it cannot be read: git itself goes on then."""
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def printable(path: str) -> bool:
    """Whether the name is text: Linux allows any bytes, which Python keeps as lone surrogates."""
    return not any("\udc80" <= character <= "\udcff" for character in path)


def plain(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
