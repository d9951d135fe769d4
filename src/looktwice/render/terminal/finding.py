"""A finding for the terminal: heading, message, its lines with carets and words, and why it is believed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from rich.cells import cell_len
from rich.text import Text

from looktwice.core.evidence import Flow
from looktwice.core.finding import Confidence, Finding, Severity
from looktwice.core.visible import visible
from looktwice.render.excerpt import Excerpt, Label, Line, Sources, excerpts
from looktwice.render.words import evidence_text, gap

SEVERITY_STYLE: Mapping[Severity, str] = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}
CONFIDENCE_STYLE: Mapping[Confidence, str] = {Confidence.PROVEN: "bold magenta", Confidence.HIGH: "bold"}
PRIMARY, SECONDARY = "red", "blue"


def full(finding: Finding, section: str, sources: Sources, width: int) -> Text:
    """The finding as a person reads it. `section` is its pattern's, "" when it is not known."""
    places = visible(excerpts(finding, sources))  # of the finding itself: its paths open files
    finding = visible(finding)
    text = heading(finding, width)
    text.append("\n" + folded(finding.message, width) + "\n")
    missing = gap(finding, section)
    for number, excerpt in enumerate(places):
        text.append("\n")
        if number or excerpt.path != finding.path:
            text.append(f"  {excerpt.path}:{excerpt.line}\n", "dim")
        text.append_text(drawn(excerpt, width, missing))
    for line in footer(finding):
        text.append(folded(line, width) + "\n", "dim")
    return text


def heading(finding: Finding, width: int) -> Text:
    left = Text()
    left.append(finding.code, "bold")
    left.append(f" {finding.pattern}  ")
    left.append(finding.severity, SEVERITY_STYLE[finding.severity])
    left.append(" · ")
    left.append(finding.confidence, CONFIDENCE_STYLE.get(finding.confidence, ""))
    if finding.status == "preview":
        left.append(" · preview", "dim")
    where = f"{finding.path}:{finding.start_line}:{finding.start_column}"
    room = width - cell_len(left.plain) - cell_len(where)
    left.append(" " * room if room >= 2 else "\n  ")
    left.append(where, "underline")
    return left


def brief(finding: Finding) -> Text:
    """One line for readers that are programs, and one for each other place."""
    finding = visible(finding)
    lines = [
        f"{finding.path}:{finding.start_line}:{finding.start_column}: {finding.code} {finding.pattern}"
        f" [{finding.severity}, {finding.confidence}] {finding.message}"
    ]
    lines += [
        f"  {span.role}: {span.path}:{span.start_line}{' ' + span.note if span.note else ''}"
        for span in finding.spans
        if (span.path, span.start_line) != (finding.path, finding.start_line)
    ]
    return Text("\n".join(lines))


def footer(finding: Finding) -> list[str]:
    lines = [] if any(isinstance(it, Flow) for it in finding.evidence) or not finding.handler else [finding.handler]
    lines += [evidence_text(it, finding.handler) for it in finding.evidence]
    if finding.because and finding.confidence is not Confidence.HIGH:
        lines.append(f"{finding.confidence} because " + "; ".join(finding.because))
    return lines


def folded(text: str, width: int) -> str:
    return textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def drawn(excerpt: Excerpt, width: int, missing: str) -> Text:
    gutter = max(len(str(line.number)) for line in excerpt.lines) + 2
    room = max(30, width - gutter - 3)
    marked = [line for line in excerpt.lines if line.labels]
    between = marked[0].number if missing and len(marked) > 1 else 0
    text = Text()
    for line in excerpt.lines:
        if not line.number:
            text.append(" " * (gutter - 1) + "⋮\n", "dim")
            continue
        moved, offset = window(line, room)
        text.append(f"{line.number:>{gutter}} │ ", "dim")
        text.append(moved.rstrip() + "\n", "" if line.labels else "dim")
        for row in label_rows(moved, line.labels, offset):
            text.append(" " * gutter + " │ ", "dim")
            text.append_text(row)
            text.append("\n")
        if between and line.number == between:
            text.append(" " * gutter + " │ ", "dim")
            text.append(f"… {missing}\n", "red")
    return text


def window(line: Line, room: int) -> tuple[str, int]:
    """The part of a long line that has its first label, and how many columns were cut off before it."""
    if cell_len(line.text) <= room:
        return line.text, 0
    first = min((label.start for label in line.labels), default=0)
    offset = 0 if first < room * 2 // 3 else first - room // 3
    part = line.text[offset : offset + room - 2]
    return ("…" if offset else "") + part[1 if offset else 0 :] + (
        "…" if offset + room - 2 < len(line.text) else ""
    ), offset


def label_rows(text: str, labels: tuple[Label, ...], offset: int) -> Iterable[Text]:
    """Carets and words, a row for each label, so that nothing overlaps; wide letters take two columns."""
    for label in sorted(labels, key=lambda it: it.start):
        start = max(0, label.start - offset)
        style = PRIMARY if label.is_primary else SECONDARY
        row = Text(" " * cell_len(text[:start]))
        length = cell_len(text[start : label.end - offset])
        row.append(("^" if label.is_primary else "─") * max(1, length), style)
        row.append(f" {label.words}", style)
        yield row
