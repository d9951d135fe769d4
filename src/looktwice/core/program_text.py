"""The text of a program as every part of looktwice counts its lines and columns: in UTF-8, each line ended by "\\n"."""

from __future__ import annotations

import codecs
import re

from looktwice.core.source import Source
from looktwice.core.text import MARKS

LONE_RETURN = re.compile(rb"\r(?!\n)")
LINE_END = re.compile(rb"\r\n?|\n")
CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def as_read(source: Source) -> Source:
    """The source to whose bytes all positions refer: what is parsed, and what is shown."""
    return with_line_ends(in_utf8(source))


def in_utf8(source: Source) -> Source:
    """The file in UTF-8: by byte order mark, otherwise unchanged when valid, by its coding line, or as Latin-1."""
    data = source.data
    for mark, encoding in MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, "replace").removeprefix("\ufeff")
            return Source(source.path, text.encode("utf-8", "replace"))
    if data.isascii():
        return source
    encoding = coding_line(data) or "utf-8"
    for candidate in (encoding, "utf-8"):
        try:
            text = data.decode(candidate)
        except (UnicodeError, LookupError):
            continue
        return (
            source if codecs.lookup(candidate).name == "utf-8" else Source(source.path, text.encode("utf-8", "replace"))
        )
    return Source(source.path, data.decode("latin-1").encode())


def with_line_ends(source: Source) -> Source:
    """The same bytes with every line ended as the grammars know it: to them a comment goes on behind a lone return."""
    if b"\r" not in source.data or not LONE_RETURN.search(source.data):
        return source
    return Source(source.path, LONE_RETURN.sub(b"\n", source.data))


def coding_line(data: bytes) -> str:
    """The encoding declared in one of the first two lines (PEP 263), "" when there is none."""
    for line in LINE_END.split(data, 2)[:2]:
        if found := CODING.match(line):
            name = found[1].decode("ascii", "replace")
            try:
                return name if codecs.lookup(name)._is_text_encoding else ""
            except LookupError:
                return ""
    return ""
