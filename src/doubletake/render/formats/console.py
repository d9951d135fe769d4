"""For people at a terminal: the finding, its lines with carets and words, and one line of summary at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from doubletake.core.event import Event, Finished, Found, Noted, Started, Unread
from doubletake.core.finding import Confidence, Finding, Severity
from doubletake.render.excerpt import Excerpt, Label, Line, Sources, excerpts, shown
from doubletake.render.renderer import Setting
from doubletake.render.words import confidence_counts, extent, gap, plural

SEVERITY_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}
CONFIDENCE_STYLE = {Confidence.PROVEN: "bold magenta", Confidence.HIGH: "bold"}
PRIMARY, SECONDARY = "red", "blue"


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    console = Console(
        file=out,
        width=setting.width,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
        no_color=not setting.colour,
        color_system="standard" if setting.colour else None,
        force_terminal=setting.colour,
        legacy_windows=False,
    )
    writer = _Writer(console, setting)
    for event in events:
        writer.take(event)


class _Writer:
    """Writes findings as they come, and keeps what the summary needs."""

    def __init__(self, console: Console, setting: Setting) -> None:
        self.console, self.setting = console, setting
        self.sources = Sources(setting.root)
        self.shown: list[Finding] = []
        self.unread: list[Unread] = []
        self.notes: list[Noted] = []

    def take(self, event: Event) -> None:
        match event:
            case Started():
                pass
            case Found(finding) if not finding.suppressed:
                self.shown.append(finding)
                self.console.print(brief(finding) if self.setting.concise else self.full(finding))
            case Unread():
                self.unread.append(event)
            case Noted():
                self.notes.append(event)
            case Finished():
                self.console.print(self.summary(event))

    def full(self, finding: Finding) -> Text:
        guide = self.setting.guides.get(finding.code)
        text = heading(finding, self.setting.width)
        text.append("\n  " + shown(finding.message) + "\n")
        missing = gap(finding, guide.section if guide else "")
        for number, excerpt in enumerate(excerpts(finding, self.sources)):
            text.append("\n")
            if number or excerpt.path != finding.path:
                text.append(f"  {excerpt.path}:{excerpt.line}\n", "dim")
            text.append_text(drawn(excerpt, self.setting.width, missing))
        for line in footer(finding):
            text.append(f"  {line}\n", "dim")
        return text

    def summary(self, finished: Finished) -> Text:
        text = Text()
        for noted in self.notes:
            where = f"{noted.path}:{noted.line}: " if noted.path else ""
            text.append(f"note: {where}{noted.text}\n", "yellow")
        for unread in self.unread:
            line = f":{unread.line}" if unread.line else ""
            text.append(f"not read whole: {unread.path}{line}: {unread.why}\n", "yellow")
        said = (
            f"{plural(len(self.shown), 'finding')} ({confidence_counts(self.shown)})" if self.shown else "No findings"
        )
        text.append(said, "bold")
        text.append(f" in {extent(finished)}")
        if finished.suppressed:
            text.append(f" · {finished.suppressed} accepted with a reason")
        if finished.unread:
            text.append(f" · {plural(finished.unread, 'file')} not read whole", "yellow")
        if self.shown and not self.setting.concise:
            text.append(f"\nWhy, and what to do instead: doubletake explain {self.shown[0].code}", "dim")
        if self.setting.statistics:
            for name, value in sorted(finished.statistics.items()):
                text.append(f"\n  {name:<44} {value:,.3f}".rstrip("0").rstrip("."))
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
    lines = [
        f"{finding.path}:{finding.start_line}:{finding.start_column}: {finding.code} {finding.pattern}"
        f" [{finding.severity}, {finding.confidence}] {shown(finding.message)}"
    ]
    lines += [
        f"  {span.role}: {span.path}:{span.start_line}{' ' + shown(span.note) if span.note else ''}"
        for span in finding.spans
        if (span.path, span.start_line) != (finding.path, finding.start_line)
    ]
    return Text("\n".join(lines))


def footer(finding: Finding) -> list[str]:
    lines = [finding.handler] if finding.handler else []
    lines += [shown(evidence.explain()) for evidence in finding.evidence]
    if finding.because and finding.confidence is not Confidence.HIGH:
        lines.append(f"{finding.confidence} because " + "; ".join(finding.because))
    return lines


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
        row.append(f" {shown(label.words)}", style)
        yield row
