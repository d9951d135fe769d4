"""Excerpts: the lines of a finding with carets and words under its spans, independent of where they are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from looktwice.core.files import UnreadableError, read_bytes
from looktwice.core.finding import Finding, Role
from looktwice.core.program_text import as_read
from looktwice.core.source import Source, Span
from looktwice.core.visible import source_line

FILL = 3
"""Gaps of up to so many lines between two spans are shown; longer ones become one mark."""

LONGEST_SPAN = 4
"""Lines of one span that are shown; what carries the words is its first line."""

LARGEST = 10_000_000
"""Bytes of one file: what was audited has no more."""


class Label(Struct, frozen=True):
    """Carets under a line, and the words beside them; columns count from 0 in the text as shown, the end exclusive."""

    start: int
    end: int
    words: str
    role: Role | None
    is_primary: bool


class Line(Struct, frozen=True):
    """One displayed line of source; number 0 stands for lines left out."""

    number: int
    text: str = ""
    labels: tuple[Label, ...] = ()


class Excerpt(Struct, frozen=True):
    """The spans of a finding in one file."""

    path: str
    line: int  # of the span that comes first in the finding
    lines: tuple[Line, ...]


class Sources:
    """Source files under one root, each read once; a file that has gone reads as empty."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: dict[str, Source] = {}

    def get(self, path: str) -> Source:
        if path not in self._read:
            try:
                data = read_bytes(self.root / path, LARGEST)
            except UnreadableError:
                data = b""
            self._read[path] = as_read(Source(path, data))
        return self._read[path]


def excerpts(finding: Finding, sources: Sources) -> tuple[Excerpt, ...]:
    """One excerpt for each file, the one of the primary span first."""
    by_path: dict[str, list[tuple[Span, Role | None, str, bool]]] = defaultdict(list)
    primary = finding.span
    spans = list(finding.spans)
    if not any(same_place(span, primary) for span in spans):
        by_path[primary.path].append((primary, None, "here", True))
    else:
        by_path[primary.path] = []
    for span in spans:
        words = span.note or str(span.role)
        by_path[span.path].append((span, span.role, words, same_place(span, primary)))
    return tuple(
        Excerpt(path, min(items, key=lambda it: (not it[3], it[0]))[0].start_line, lines(sources.get(path), items))
        for path, items in by_path.items()
    )


def same_place(span: Span, other: Span) -> bool:
    return (span.path, span.start_line, span.start_column) == (other.path, other.start_line, other.start_column)


def lines(source: Source, spans: Iterable[tuple[Span, Role | None, str, bool]]) -> tuple[Line, ...]:
    labels: dict[int, list[Label]] = defaultdict(list)
    wanted: set[int] = set()
    for span, role, words, is_primary in sorted(spans, key=lambda it: (it[0].start_line, it[0].start_column)):
        first = span.start_line
        wanted.update(range(first, min(max(first, span.end_line), first + LONGEST_SPAN - 1) + 1))
        raw = source.line(first)
        until = span.end_column - 1 if span.end_line == first else len(raw)
        start = len(source_line(raw[: span.start_column - 1]))
        end = max(start + 1, len(source_line(raw[:until])))
        labels[first].append(Label(start, end, words, role, is_primary))
    result: list[Line] = []
    previous = 0
    for number in sorted(wanted):
        if previous and number - previous - 1 > FILL:
            result.append(Line(0))
        elif previous:
            result += [Line(between, source_line(source.line(between))) for between in range(previous + 1, number)]
        result.append(Line(number, source_line(source.line(number)), tuple(labels[number])))
        previous = number
    return dedent(result)


def dedent(found: list[Line]) -> tuple[Line, ...]:
    """Without the indentation that all lines share, beyond one step."""
    margins = [len(line.text) - len(line.text.lstrip()) for line in found if line.text.strip()]
    cut = max(0, min(margins, default=0))
    return tuple(
        Line(
            line.number,
            line.text[cut:],
            tuple(
                Label(max(0, it.start - cut), max(1, it.end - cut), it.words, it.role, it.is_primary)
                for it in line.labels
            ),
        )
        for line in found
    )
