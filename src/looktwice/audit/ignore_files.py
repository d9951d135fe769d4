"""The ignore files of a tree: where they are, what each speaks for, and which of them could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from looktwice.audit.ignore import Rules
from looktwice.core.event import Unread
from looktwice.core.files import UnreadableError, is_present, read_bytes
from looktwice.core.text import decode

NAME = ".gitignore"


class IgnoreFile(Struct, frozen=True):
    """The patterns of one ignore file, and the directory they speak for.

    `base` is that directory, relative to the root ("" or ending in a slash); `above` is the way from it down to the
    root when it lies above. `covers_root`: what it says of a directory that the root lies in.
    """

    base: str
    rules: Rules
    above: str = ""
    covers_root: bool | None = None

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether a path below the root is ignored; None when this file says nothing about it."""
        verdict = self.rules.verdict(self.above + path[len(self.base) :], is_folder)
        return self.covers_root if verdict is None else verdict


def is_ignored(path: str, is_folder: bool, files: Sequence[IgnoreFile]) -> bool:
    """As in git: the nearest ignore file with a verdict decides."""
    return next((verdict for it in reversed(files) if (verdict := it.verdict(path, is_folder)) is not None), False)


def read_own(root: Path, base: str, unread: list[Unread]) -> IgnoreFile | None:
    """The ignore file of the directory `base`. As to git, one that is a symbolic link says nothing."""
    path = root / base / NAME
    shown = f"{base}{NAME}"
    if path.is_symlink():
        unread.append(
            Unread(shown, "it is a symbolic link, which git does not follow; the files it would exclude were read")
        )
        return None
    rules = read_rules(path, shown, unread)
    return IgnoreFile(base, rules) if rules else None


def read_rules(path: Path, shown: str, unread: list[Unread]) -> Rules | None:
    """The patterns of a file that is there; one that cannot be read is reported, and nothing is left out for it."""
    try:
        data = read_bytes(path)
    except UnreadableError as error:
        if not error.is_missing:
            unread.append(Unread(shown, f"{error.why}; the files it would exclude were read"))
        return None
    text = decode(data)
    if text.wrong:
        unread.append(Unread(shown, f"{text.wrong}; its patterns may not be read as intended", 1))
    return Rules(text.text)


def outer(root: Path, unread: list[Unread]) -> Iterator[IgnoreFile]:
    """Ignore files above the root, when it lies inside a git repository, outermost first."""
    resolved = root.resolve()
    top = next((parent for parent in (resolved, *resolved.parents) if is_present(parent / ".git")), None)
    if top is None:
        return
    inside = resolved.relative_to(top).parts
    up = "../" * len(inside)
    if (top / ".git").is_dir() and (
        rules := read_rules(top / ".git" / "info" / "exclude", f"{up}.git/info/exclude", unread)
    ):
        yield above(rules, inside)
    for depth in range(len(inside)):
        path = top.joinpath(*inside[:depth], NAME)
        shown = "../" * (len(inside) - depth) + NAME
        if not path.is_symlink() and (rules := read_rules(path, shown, unread)):
            yield above(rules, inside[depth:])


def above(rules: Rules, inside: tuple[str, ...]) -> IgnoreFile:
    """Patterns that stand above the root; `inside` are the names of the directories from there down to the root."""
    folders = ("/".join(inside[:length]) for length in range(1, len(inside) + 1))
    verdicts = [verdict for folder in folders if (verdict := rules.verdict(folder, True)) is not None]
    return IgnoreFile("", rules, "".join(f"{name}/" for name in inside), True if any(verdicts) else None)
