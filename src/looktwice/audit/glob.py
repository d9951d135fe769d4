"""A glob as an expression that never tries a place twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

SPECIAL = re.compile(r"[*?\[\\]")
CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "\\x21-\\x7e",
    "lower": "a-z",
    "print": "\\x20-\\x7e",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
ANY_FOLDERS = "(?:[^/]*/)*"
ANY_FOLDER = re.compile(r"\*\*+")  # to git, three stars are two


class HopelessError(Exception):
    """The glob can match nothing: a class that is not closed, a backslash at the end."""


def is_literal(glob: str) -> bool:
    """Whether it stands for itself: escaped characters may be in it, wildcards not."""
    return not SPECIAL.search(re.sub(r"\\.", "", glob, flags=re.DOTALL))


def unescaped(glob: str) -> str:
    return re.sub(r"\\(.)", r"\1", glob, flags=re.DOTALL)


@lru_cache(4_096)
def expression(glob: str) -> str:
    """The expression that a whole path must match; "" when no path can.

    `*` and `?` stay within one folder, `**` between slashes stands for any number of folders, none included. A run of
    folders between two `**` has one number of folders, so that the first place where it fits is the only one to try.
    """
    try:
        return _joined([None if ANY_FOLDER.fullmatch(part) else _part(part) for part in _split(glob)])
    except HopelessError:
        return ""


def _split(glob: str) -> Iterator[str]:
    """What stands between the slashes; those in a class and those that are escaped are no such slashes."""
    start = position = 0
    while position < len(glob):
        if glob[position] == "/":
            yield glob[start:position]
            start = position + 1
        position = _class(glob, position + 1)[1] if glob[position] == "[" else position + 1 + (glob[position] == "\\")
    yield glob[start:]


def _joined(parts: list[str | None]) -> str:
    """None stands for `**`."""
    if parts == [None]:
        return "[^/]*"  # without a slash it is a name, in which two stars are one
    runs: list[list[str]] = [[]]
    for part in parts:
        if part is not None:
            runs[-1].append(part)
        elif runs[-1] or len(runs) == 1:
            runs.append([])
    first, *others = ["/".join(run) for run in runs]
    if not others:
        return first
    *middle, last = others
    text = f"{first}/" if first else ""
    text += "".join(f"(?>(?:[^/]*/)*?{run}/)" for run in middle)
    return text + (f"{ANY_FOLDERS}{last}" if last else ".+")


def _part(glob: str) -> str:
    """The expression of what stands between two slashes."""
    chunks = [""]
    for token in _tokens(glob):
        if token == "*":
            chunks.append("")
        else:
            chunks[-1] += token
    first, *others = chunks
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{chunk})" for chunk in middle if chunk) + "[^/]*" + last


def _tokens(glob: str) -> Iterator[str]:
    """The glob character by character: "*", or an expression for one character."""
    position = 0
    while position < len(glob):
        character = glob[position]
        position += 1
        if character == "*":
            yield "*"
        elif character == "?":
            yield "[^/]"
        elif character == "[":
            found, position = _class(glob, position)
            yield found
        elif character == "\\":
            if position == len(glob):
                raise HopelessError
            yield re.escape(glob[position])
            position += 1
        else:
            yield re.escape(character)


def _class(glob: str, position: int) -> tuple[str, int]:
    """The expression of a class whose bracket is open, and where the glob goes on."""
    is_negated = glob[position : position + 1] in ("!", "^")
    position += is_negated
    members: list[str] = []
    start = position
    while position < len(glob) and (glob[position] != "]" or position == start):
        if glob.startswith("[:", position) and (end := glob.find(":]", position)) >= 0:
            if (named := CLASSES.get(glob[position + 2 : end])) is None:
                raise HopelessError
            members.append(named)
            position = end + 2
            continue
        first, position = _member(glob, position)
        members.append(re.escape(first))
        if glob[position : position + 1] == "-" and glob[position + 1 : position + 2] not in ("", "]"):
            last, position = _member(glob, position + 1)
            members += [f"{re.escape(first)}-{re.escape(last)}"] if first <= last else []  # to git, `[z-a]` is a z
    if position >= len(glob):
        raise HopelessError
    return f"(?!/)[{'^' if is_negated else ''}{''.join(members)}]", position + 1


def _member(glob: str, position: int) -> tuple[str, int]:
    if glob[position] == "\\":
        position += 1
        if position == len(glob):
            raise HopelessError
    return glob[position], position + 1
