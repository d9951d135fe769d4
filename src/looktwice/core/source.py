"""A file's bytes with its line table, and spans in it."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate

from msgspec import Struct

BLOCK = 4_096
"""Bytes whose code points are counted together."""
_CONTINUES = bytes(range(0x80, 0xC0))
"""Bytes that go on with a code point of UTF-8 and begin none."""


def characters(data: bytes) -> int:
    """The code points that begin in a stretch of UTF-8."""
    return len(data) if data.isascii() else len(data.translate(None, _CONTINUES))


class Span(Struct, frozen=True, order=True):
    """A range of a file.

    `path` is relative to the audited root, with forward slashes. Lines and columns start at 1,
    columns in code points; the end line is inclusive, the end column exclusive.
    """

    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.start_line}"


class Source:
    """The bytes of one file, and the table that converts byte offsets to lines and columns."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    @cached_property
    def line_starts(self) -> list[int]:
        """Byte offset of the first byte of every line."""
        starts, position = [0], self.data.find(b"\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.data.find(b"\n", position + 1)
        return starts

    @property
    def line_count(self) -> int:
        return self.data.count(b"\n") + (not self.data.endswith(b"\n") and bool(self.data))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (both from 1, column in code points) of a byte offset."""
        line = bisect_right(self.line_starts, offset)
        start = self.line_starts[line - 1]
        if offset - start > BLOCK:
            return line, self._characters(offset) - self._characters(start) + 1
        return line, len(self.data[start:offset].decode("utf-8", "replace")) + 1

    def _characters(self, offset: int) -> int:
        """Code points before a byte offset. A line may be as long as the file and hold thousands of places."""
        block = min(offset, len(self.data)) // BLOCK
        return self._blocks[block] + characters(self.data[block * BLOCK : offset])

    @cached_property
    def _blocks(self) -> list[int]:
        """Code points before each block of the file."""
        counts = [characters(self.data[start : start + BLOCK]) for start in range(0, len(self.data), BLOCK)]
        return [0, *accumulate(counts)]

    def span(self, start: int, end: int) -> Span:
        return Span(self.path, *self.position(start), *self.position(max(start, end)))

    def text(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "replace")

    def line(self, number: int) -> str:
        """The text of one line (from 1) without its line break; empty beyond the end of the file."""
        if not 1 <= number <= len(self.line_starts):
            return ""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.data)
        return self.data[start:end].decode("utf-8", "replace").rstrip("\r\n")
