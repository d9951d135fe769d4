"""PostgreSQL's text of an array, read back: `{1,NULL,"a,b",{2}}`."""

from __future__ import annotations

import re

_TOKEN = re.compile(r'\{|\}|,|"((?:[^"\\]|\\.)*)"|([^{},"]+)')
_BOUNDS = re.compile(r"^(?:\[-?\d+:-?\d+\])+=")


def parse(text: str) -> list[object] | None:
    """The items of an array: texts, None for NULL, lists for further dimensions. None when the text is no array."""
    body = _BOUNDS.sub("", text)
    root: list[object] = []
    open_lists = [root]
    position = 0
    while position < len(body):
        match = _TOKEN.match(body, position)
        if match is None:
            return None
        position = match.end()
        token = match[0]
        if token == "{":
            inner: list[object] = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
        elif token == "}":
            if len(open_lists) < 2:
                return None
            open_lists.pop()
        elif match[1] is not None:
            open_lists[-1].append(re.sub(r"\\(.)", r"\1", match[1]))
        elif token != ",":
            open_lists[-1].append(None if token.upper() == "NULL" else token)
    if len(open_lists) != 1 or len(root) != 1 or not isinstance(root[0], list):
        return None
    return root[0]
