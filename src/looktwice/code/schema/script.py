"""A SQL script, cut into statements. Read as words: every dialect is welcome here, and none is parsed."""

from __future__ import annotations

import re

from msgspec import Struct

# Text that may hold a semicolon which ends nothing, or the semicolon that ends a statement. What is never closed goes
# on to the end: looking for its end once more at every place would take the square of the length.
BREAK = re.compile(
    r"'(?:[^']|'')*+(?:'|\Z)|\"(?:[^\"]|\"\")*+(?:\"|\Z)|`[^`]*+(?:`|\Z)|--[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"
    r"|(\$(?:[A-Za-z_]\w*+)?+\$)|;"
)
ESCAPED = re.compile(r"'(?:[^'\\]|\\.|'')*+(?:'|\Z)", re.DOTALL)  # where a backslash escapes: MySQL, and E'…'


class Script(Struct, frozen=True):
    """Where each statement starts and ends, its semicolon left out.

    open_at: where the text, name or comment begins that the script never closes; -1 when it closes all.
    """

    statements: tuple[tuple[int, int], ...]
    open_at: int = -1


def cut(text: str, dialect: str = "postgres") -> Script:
    """The statements of a script."""
    found: list[tuple[int, int]] = []
    start = position = 0
    open_at = -1
    while mark := BREAK.search(text, position):
        begin, position = mark.span()
        if text[begin] == ";":
            found.append((start, begin))
            start = position
            continue
        position, is_closed = _end(text, mark, dialect)
        if not is_closed:
            open_at = begin
            break
    if text[start:].strip():
        found.append((start, len(text)))
    return Script(tuple(found), open_at)


def _end(text: str, mark: re.Match[str], dialect: str) -> tuple[int, bool]:
    """Where a text, name or comment ends, and whether the script says so."""
    begin, end = mark.span()
    if (tag := mark[1]) is not None:
        closing = text.find(tag, end)
        return (closing + len(tag), True) if closing >= 0 else (len(text), False)
    if text[begin] == "'" and (dialect == "mysql" or text[max(0, begin - 1) : begin] in ("E", "e")):
        escaped = ESCAPED.match(text, begin)
        end = escaped.end() if escaped else end
    if text.startswith("--", begin):
        return end, True
    if text.startswith("/*", begin):
        return end, end - begin >= 4 and text.endswith("*/", begin, end)
    return end, end - begin > 1 and text[end - 1] == text[begin]


def dialect_of(text: str) -> str:
    """The dialect whose words are in a script: "mysql", "sqlite" or "postgres"."""
    if "`" in text or re.search(r"\bENGINE\s{0,9}=|AUTO_INCREMENT", text, re.IGNORECASE):
        return "mysql"
    return "sqlite" if re.search(r"\bAUTOINCREMENT\b", text, re.IGNORECASE) else "postgres"
