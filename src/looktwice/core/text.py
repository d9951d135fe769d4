"""From bytes to text, whatever wrote them: by byte order mark, as UTF-8, else as Latin-1, and what is wrong with it."""

from __future__ import annotations

import codecs
from bisect import bisect_right
from pathlib import Path

from msgspec import Struct

from looktwice.core.files import LARGEST, read_bytes

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, the longer ones first, and how what follows is decoded."""

_SAMPLE = 4_096


def read_text(path: Path, most: int = LARGEST) -> str:
    """The text of a regular file of at most `most` bytes, whatever wrote it. Raises UnreadableError."""
    return decode(read_bytes(path, most)).text


class Text(Struct, frozen=True):
    """The text of a file without a byte order mark. wrong: why it may differ from what was meant, "" when it cannot.

    note: what a reader should know of a text that was understood: that it is UTF-16.
    """

    text: str
    wrong: str = ""
    note: str = ""


def decode(data: bytes) -> Text:
    """The text of a file that is no program: a schema, a manifest, a script. Never raises."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _marked(data, encoding)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if not _wide(data):
            line = data.count(b"\n", 0, error.start) + 1
            return Text(data.decode("latin-1"), f"line {line} is not UTF-8, so all of it was taken for Latin-1")
        text = "\0"
    if "\0" not in text:
        return Text(text)
    if encoding := _wide(data):
        return _marked(data, encoding)
    return Text(text.replace("\0", " "), "it holds zero bytes, so it is not text")


def _marked(data: bytes, encoding: str) -> Text:
    note = "" if encoding == "utf-8" else f"it is {encoding[:6].upper()} and was read as such; few tools do"
    try:
        return Text(data.decode(encoding).removeprefix("\ufeff"), "", note)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace").removeprefix("\ufeff")
        return Text(text, f"it is not valid {encoding[:6].upper()}, and what is not was left out")


def _wide(data: bytes) -> str:
    """The encoding of text in UTF-16 without a mark: nearly every other byte is zero; "" for anything else."""
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    if len(data) % 2 or half < 4:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > half * 0.7 and even < half * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.7 and odd < half * 0.1 else ""


class Offsets:
    """Byte offsets of the places in a text, as UTF-8 would have them, however many are asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts, self._bytes = [0], [0]
        if not text.isascii():
            for line in text.splitlines(keepends=True):
                self._starts.append(self._starts[-1] + len(line))
                self._bytes.append(self._bytes[-1] + len(line.encode("utf-8", "replace")))

    def of(self, position: int) -> int:
        """The byte offset of a place in the text."""
        line = bisect_right(self._starts, position) - 1
        start = self._starts[line]
        part = self._text[start:position] if len(self._starts) > 1 else ""
        return self._bytes[line] + (len(part.encode("utf-8", "replace")) if part else position - start)
