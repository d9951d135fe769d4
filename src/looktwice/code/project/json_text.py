"""JSON as configuration files hold it: with comments and trailing commas."""

from __future__ import annotations

import re

import msgspec

# A comment that is not closed goes on to the end: looking for its end at every place would take too long.
TOKENS = re.compile(
    r'"(?:[^"\\\n]|\\[^\n])*+"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|,|[^\s",/]++|[^\s]',
    re.DOTALL,
)


def parse_json(text: str) -> object:
    """What the text holds, with comments and trailing commas where it has any. Raises what msgspec raises."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        if "//" not in text and "/*" not in text and "," not in text:
            raise
        return msgspec.json.decode(plain(text))


def plain(text: str) -> str:
    """Without comments and trailing commas; what is in quotes stays, and every place keeps its line."""
    parts: list[str] = []
    position = 0
    comma = -1  # the part that is a comma after which nothing but comments came so far
    for token in TOKENS.finditer(text):
        parts.append(text[position : token.start()])
        position = token.end()
        written = token[0]
        if written.startswith(("//", "/*")):
            written = "\n" * written.count("\n")
        elif written == ",":
            comma = len(parts)
        else:
            if comma >= 0 and written[0] in "]}":
                parts[comma] = " "
            comma = -1
        parts.append(written)
    return "".join(parts) + text[position:]
