"""Text in JavaScript source: escapes, and the few constructs that the grammars do not support yet."""

from __future__ import annotations

import re

ESCAPE = re.compile(r"\\(\r\n|u\{[0-9a-fA-F]{1,8}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}

# `sql<Row[]>`…`` — type arguments of a tagged template, nested at most one level and of limited length.
TAG_TYPES = re.compile(
    rb"(?<=[\w$])<(?:[\w\s.,\[\]|&?:\"']|\{[^{}`$<>]{0,400}\}|<[\w\s.,\[\]|&\"']{0,200}>){1,400}>(?=`)"
)
USING = re.compile(rb"(?:^|(?<=[;{}]))([ \t]*)(?:(await)[ \t]+)?using(?=[ \t]+[\w$]+[ \t]*[:=][^=])", re.MULTILINE)
# `interface Box<in out T>`: variance annotations. Nothing else follows `<` or `,` like this.
VARIANCE = re.compile(rb"(?<=[<,\s])(?:in[ \t]+out|in|out)(?=[ \t]+[A-Z]\w*[ \t]*(?:[,>=\n]|extends\b))")
TYPE_HEAD = re.compile(rb"\b(?:interface|class|type)[ \t]+\w+\s*<[^(){};]{1,2000}")


def unescaped(text: str) -> str:
    """The text of a string or template, with escapes replaced by their characters."""
    return ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    body = escape[1]
    if body in SIMPLE:
        return SIMPLE[body]
    if body[0] in "ux" and len(body) > 1:
        code = int(body[1:].strip("{}"), 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    return body


def _without_variance(head: re.Match[bytes]) -> bytes:
    return VARIANCE.sub(lambda mark: b" " * len(mark[0]), head[0])


def normalized(data: bytes) -> bytes:
    """Rewrite what the grammars would misread, with the same number of bytes, so that offsets do not change.

    Type arguments of tagged templates and variance annotations become blanks, and `using x = …` becomes `const x = …`.
    """
    if b"out " in data or b"<in " in data:
        data = TYPE_HEAD.sub(_without_variance, data)
    if b">`" in data:
        data = TAG_TYPES.sub(lambda found: b" " * len(found[0]), data)
    if b"using" in data:
        data = USING.sub(lambda found: found[1] + b"const".ljust(len(found[0]) - len(found[1])), data)
    return data
