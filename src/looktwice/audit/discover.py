"""Which files of a tree belong to the application: not what git ignores, what was installed, or what was generated."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from looktwice.audit.endings import HEAD, OTHERS, interpreted, is_code, may_be_script, suffix
from looktwice.audit.ignore import Rules
from looktwice.audit.ignore_files import NAME, IgnoreFile, is_ignored, outer, read_own
from looktwice.audit.links import holds_code, relative, target_outside
from looktwice.core.errors import ConfigurationError
from looktwice.core.event import Unread
from looktwice.core.file_kinds import PAGES, SCHEMAS, consequence
from looktwice.core.files import UnreadableError, kind_of, plain, read_start

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
"""Names of directories that hold third-party or generated files."""

BUILT = frozenset({"dist", "build", "out", "coverage", "htmlcov"})
"""Output of a build, but only beside a manifest: elsewhere these are ordinary names of packages."""

MANIFESTS = frozenset({"package.json", "pyproject.toml", "setup.py", "setup.cfg"})

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
"""How programs are assembled: schemas, manifests, locked versions; requirements*.txt and tsconfig*.json as well."""


class Discovery(Struct, frozen=True):
    """What a walk found, in order of paths (relative to the root, forward slashes).

    `code` are programs, `context` is what helps to understand them, `unread` could not be entered or read, and
    `skipped` counts what was left out on purpose, by reason, and `others` code that nothing here reads, by kind.
    """

    code: tuple[str, ...]
    context: tuple[str, ...]
    unread: tuple[Unread, ...] = ()
    skipped: Mapping[str, int] = {}
    others: Mapping[str, int] = {}


def discover(root: Path, exclude: tuple[str, ...] = ()) -> Discovery:
    """Walk the directory `root`, or take the one file that it names.

    exclude: gitignore patterns relative to the root, stronger than any .gitignore. Symbolic links are not followed:
    what they lead to is either in the tree in any case, or outside of it, and reported. Raises OSError when `root`
    itself cannot be read, ConfigurationError for a pattern that can match nothing.
    """
    rules = excluding(exclude)
    if root.is_file():
        is_program = is_code(root.name) or (may_be_script(root.name) and is_script(root))
        return Discovery((root.name,), ()) if is_program else Discovery((), (root.name,))
    walk = _Walk(root, rules)
    walk.run()
    return Discovery(
        tuple(sorted(walk.code)),
        tuple(sorted(walk.context)),
        tuple(sorted(walk.unread, key=lambda it: it.path)),
        dict(walk.skipped),
        dict(walk.others),
    )


def excluding(patterns: tuple[str, ...]) -> Rules:
    """The patterns that a user excludes. Raises ConfigurationError for one that would silently exclude nothing."""
    rules = Rules("\n".join(patterns))
    if rules.hopeless is not None:
        raise ConfigurationError(
            f"cannot exclude {rules.hopeless!r}",
            "no path can match this pattern",
            "Write it as in .gitignore, relative to the audited folder: scripts/, *.gen.py, /local/.",
        )
    return rules


class _Walk:
    """One walk over a tree. Kept as an object because the results gather while it goes."""

    def __init__(self, root: Path, exclude: Rules) -> None:
        self.root, self.exclude = root, exclude
        self.code: list[str] = []
        self.context: list[str] = []
        self.unread: list[Unread] = []
        self.skipped: Counter[str] = Counter()
        self.others: Counter[str] = Counter()

    def run(self) -> None:
        """An explicit stack: trees can be deeper than Python's own."""
        os.scandir(self.root).close()  # raises for the root; below it, an unreadable directory is only reported
        pending = [("", tuple(outer(self.root, self.unread)))]
        while pending:
            directory, rules = pending.pop()
            try:
                with os.scandir(self.root / directory) as entries:
                    listing = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self.unread.append(Unread(directory.rstrip("/"), f"the directory cannot be read: {plain(error)}"))
                continue
            names = {entry.name for entry in listing}
            if NAME in names and (own := read_own(self.root, directory, self.unread)):
                rules = (*rules, own)
            for entry in listing:
                try:
                    self.visit(entry, directory + entry.name, names, rules, pending)
                except OSError as error:
                    self.unread.append(Unread(shown(directory + entry.name), plain(error)))

    def visit(
        self,
        entry: os.DirEntry[str],
        path: str,
        beside: set[str],
        rules: tuple[IgnoreFile, ...],
        pending: list[tuple[str, tuple[IgnoreFile, ...]]],
    ) -> None:
        if entry.is_symlink() and leads_to(entry, os.DirEntry.is_dir):
            self.linked(entry, path, self.passes_over(entry, path, beside, rules))
        elif entry.is_dir(follow_symlinks=False):
            if reason := self.passes_over(entry, path, beside, rules):
                self.skipped[reason] += 1
            elif printable(path):
                pending.append((path + "/", rules))
            else:
                is_lost = holds_code(entry.path, INSTALLED) is not False
                self.unread.append(Unread(shown(path), "its name is not UTF-8", is_code=is_lost))
        elif is_code(path) or is_context(entry.name) or suffix(path) in OTHERS or may_be_script(path):
            if self.ignored(path, False, rules):
                self.skipped["files ignored"] += is_code(path)
            else:
                self.take(entry, path)
        elif entry.is_symlink():
            self.skipped["symbolic links"] += not leads_to(entry, os.DirEntry.is_file)

    def take(self, entry: os.DirEntry[str], path: str) -> None:
        """A file that may matter, and is not ignored."""
        if is_code(path) and entry.is_symlink():
            self.linked(entry, path, "")
        elif entry.is_symlink():
            if is_context(entry.name) and not is_page(path):
                why = f"it is a symbolic link, and links are not followed{consequence(path)}"
                self.unread.append(Unread(shown(path), why))
            else:
                self.skipped["symbolic links"] += is_page(path) or not leads_to(entry, os.DirEntry.is_file)
        elif is_code(path) or is_context(entry.name):
            self.keep(entry, path, self.code if is_code(path) else self.context)
        elif may_be_script(path) and entry.is_file(follow_symlinks=False) and is_script(Path(entry.path)):
            self.keep(entry, path, self.code)
        if suffix(path) in OTHERS and not entry.is_symlink():
            self.others[OTHERS[suffix(path)]] += 1

    def keep(self, entry: os.DirEntry[str], path: str, kept: list[str]) -> None:
        why = ""
        if not printable(path):
            why = "its name is not UTF-8"
        elif not entry.is_file(follow_symlinks=False):
            why = f"{kind_of(entry.stat(follow_symlinks=False).st_mode)}{consequence(path)}"
        if why:
            self.unread.append(Unread(shown(path), why, is_code=kept is self.code))
        else:
            kept.append(path)

    def linked(self, entry: os.DirEntry[str], path: str, passed: str) -> None:
        """A link to a folder, or in the place of a program. passed: why a folder of this name is passed over."""
        target = None if passed else target_outside(self.root, Path(entry.path))
        has_code = target is not None and (is_code(path) or holds_code(target, INSTALLED))
        if target is None or has_code is False:
            self.skipped["symbolic links"] += 1
            return
        place = shown(relative(target, self.root))
        why = f"it is a symbolic link to {place}, outside of the audited folder, and was not followed"
        what = "audit that folder, too" if target.is_dir() else "audit it, too"
        self.unread.append(Unread(shown(path), f"{why}: {what}", is_code=bool(has_code)))

    def passes_over(self, entry: os.DirEntry[str], path: str, beside: set[str], rules: tuple[IgnoreFile, ...]) -> str:
        """Why a directory is not entered; empty when it is."""
        if entry.name in INSTALLED or (entry.name in BUILT and MANIFESTS & beside):
            return "directories installed or built"
        if self.ignored(path, True, rules):
            return "directories ignored"
        if os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
            return "directories installed or built"
        return ""

    def ignored(self, path: str, is_folder: bool, rules: tuple[IgnoreFile, ...]) -> bool:
        """By the user's own patterns, else as git decides."""
        verdict = self.exclude.verdict(path, is_folder)
        return is_ignored(path, is_folder, rules) if verdict is None else verdict


def is_script(path: Path) -> bool:
    """Whether the first line of a file names an interpreter of a language that is read."""
    try:
        return interpreted(read_start(path, HEAD, follows=False)) != ""
    except UnreadableError:
        return False


def is_context(name: str) -> bool:
    name = name if name in CONTEXT_NAMES else name.lower()
    return (
        name in CONTEXT_NAMES
        or name.endswith(SCHEMAS)
        or is_page(name)
        or (name.startswith(("tsconfig", "jsconfig")) and name.endswith(".json"))
        or (name.startswith("requirements") and name.endswith(".txt"))
    )


def is_page(path: str) -> bool:
    return path.lower().endswith(PAGES)


def leads_to(link: os.DirEntry[str], kind: Callable[[os.DirEntry[str]], bool]) -> bool:
    """Whether what a symbolic link leads to is of a kind."""
    try:
        return kind(link)
    except OSError:  # a circle of links
        return False


def printable(path: str) -> bool:
    """Whether the name is text: Linux allows any bytes, which Python keeps as lone surrogates."""
    return not any("\udc80" <= character <= "\udcff" for character in path)


def shown(path: str) -> str:
    return path.encode("utf-8", "replace").decode()
