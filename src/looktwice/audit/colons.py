"""Paths with a colon: symbols are written `path:name`, so such a file gets another name while it is analysed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from looktwice.audit.reading import Files
from looktwice.audit.result import Result

_PRIVATE = range(0xE000, 0xF8FF)
"""Letters of Unicode that mean nothing: one that is in no path stands for the colon."""


def without_colons(paths: Iterable[str]) -> dict[str, str]:
    """The name to use instead, by path; only paths with a colon are in it."""
    paths = tuple(paths)
    wrong = [path for path in paths if ":" in path]
    if not wrong:
        return {}
    used = set("".join(paths))
    letter = next(chr(each) for each in _PRIVATE if chr(each) not in used)
    return {path: path.replace(":", letter) for path in wrong}


def renamed(files: Files, names: Mapping[str, str]) -> Files:
    """The files under the names that stand in for theirs."""
    code, context = (
        {names.get(path, path): data for path, data in each.items()} for each in (files.code, files.context)
    )
    unread = tuple(msgspec.structs.replace(it, path=names.get(it.path, it.path)) for it in files.unread)
    return Files(code, context, unread, files.skipped)


def restored(result: Result, names: Mapping[str, str]) -> Result:
    """The result with the files' own names, in its messages, too."""
    text = msgspec.json.encode(result)
    for path in sorted(names, key=len, reverse=True):  # a path may be the end of another one
        text = text.replace(_within(names[path]), _within(path))
    return msgspec.json.decode(text, type=Result)


def _within(text: str) -> bytes:
    """The text as written inside a JSON string."""
    return msgspec.json.encode(text)[1:-1]
