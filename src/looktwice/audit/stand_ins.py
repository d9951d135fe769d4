"""Names under which files are analysed, where their own would not do.

Symbols are written `path:name`, so that a path with a colon gets another name; and everything that reads a program goes
by the ending of its name, so that `App.PY`, `shop.wsgi` and a script without an ending get the usual one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from looktwice.audit.endings import HEAD, ending, suffix
from looktwice.audit.reading import Files
from looktwice.audit.result import Result

_PRIVATE = range(0xE000, 0xF8FF)
"""Letters of Unicode that mean nothing: one that is in no path stands for the colon."""


def stand_ins(files: Files) -> dict[str, str]:
    """The name to use instead, by path; only paths that need one are in it."""
    paths = (*files.everything, *(it.path for it in files.unread))
    wanted = {path: wanted_name(path, files.code.get(path, b"")) for path in paths}
    wrong = {path: name for path, name in wanted.items() if name != path or ":" in path}
    if not wrong:
        return {}
    letters = set("".join(paths))
    letter = next(chr(each) for each in _PRIVATE if chr(each) not in letters)
    taken, found = set(paths), dict[str, str]()
    for path, name in wrong.items():
        name = name.replace(":", letter)
        while name in taken:  # another file has the usual name
            stem, dot, end = name.rpartition(".")
            name = f"{stem}{letter}{dot}{end}"
        taken.add(name)
        found[path] = name
    return found


def wanted_name(path: str, data: bytes) -> str:
    """The path with the ending by which the language is known, in small letters. data: of a program."""
    end = suffix(path)
    return path[: len(path) - len(end)] + (ending(path, data[:HEAD]) or end)


def renamed(files: Files, names: Mapping[str, str]) -> Files:
    """The files under the names that stand in for theirs."""
    code, context = (
        {names.get(path, path): data for path, data in each.items()} for each in (files.code, files.context)
    )
    unread = tuple(msgspec.structs.replace(it, path=names.get(it.path, it.path)) for it in files.unread)
    return msgspec.structs.replace(files, code=code, context=context, unread=unread)


def restored(result: Result, names: Mapping[str, str]) -> Result:
    """The result with the files' own names, in its messages, too."""
    own = {_within(name): _within(path) for path, name in names.items()}
    longest = sorted(own, key=len, reverse=True)  # a path may be the end of another one
    whole = re.compile(rf"(?:(?<![\w/.-])|(?<=\\[nrt]))(?:{'|'.join(map(re.escape, longest))})(?![\w/-])")
    text = whole.sub(lambda found: own[found[0]], msgspec.json.encode(result).decode())
    return msgspec.json.decode(text, type=Result)


def _within(text: str) -> str:
    """The text as written inside a JSON string."""
    return msgspec.json.encode(text)[1:-1].decode()
