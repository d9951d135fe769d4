"""For people at a terminal: what was found and what was proven, as it comes, and a line of summary at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.text import Text

from looktwice.core.coverage import Coverage
from looktwice.core.event import (
    Covered,
    Event,
    Executing,
    Finished,
    Found,
    Noted,
    NotProven,
    Proven,
    Reach,
    Reached,
    Unread,
)
from looktwice.core.finding import Finding
from looktwice.core.quoting import shell
from looktwice.core.visible import visible
from looktwice.render.coverage import TABLE, headline, not_read, unfinished
from looktwice.render.coverage import rows as rows_of
from looktwice.render.excerpt import Sources
from looktwice.render.renderer import Setting
from looktwice.render.terminal.finding import brief, full
from looktwice.render.terminal.proof import brief_proof, held, proof, reach_table
from looktwice.render.terminal.writer import Writer
from looktwice.render.words import confidence_counts, extent, plural


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    report = _Report(Writer(out, setting.width, setting.colour), setting)
    for event in events:
        report.take(event if isinstance(event, Found) else visible(event))


class _Report:
    """Writes as events come, and keeps what the summary needs."""

    def __init__(self, console: Writer, setting: Setting) -> None:
        self.console, self.setting = console, setting
        self.sources = Sources(setting.root)
        self.shown: list[Finding] = []
        self.unread: list[Unread] = []
        self.notes: list[Noted] = []
        self.reach: Reach | None = None
        self.reached: list[Reached] = []
        self.proven, self.open = 0, 0
        self.held: list[NotProven] = []
        self.coverage = Coverage()

    def take(self, event: Event) -> None:
        if isinstance(event, Proven | NotProven | Finished):
            self.show_reach()
        match event:
            case Executing():
                self.console.print(Text.assemble(("runs  ", "dim"), str(event)))
                self.console.file.flush()  # it is executed next
            case Covered(coverage):
                self.coverage = coverage
                self.console.print(self.headline(coverage), end="")
            case Found(finding) if not finding.suppressed:
                self.shown.append(finding)
                self.console.print(self.finding(finding))
            case Proven():
                self.proven += 1
                concise = self.setting.concise
                self.console.print(brief_proof(event) if concise else proof(event, self.setting.width))
            case NotProven():
                if event.is_open:
                    self.open += 1
                    self.console.print(held(event))
                else:  # what held comes after what could not be determined
                    self.held.append(event)
            case Reach():
                self.reach = event
            case Reached():
                self.reached.append(event)
            case Unread():
                self.unread.append(event)
            case Noted():
                self.notes.append(event)
            case Finished():
                self.console.print(self.summary(event))

    def show_reach(self) -> None:
        """Before any result: how much of the application they speak of."""
        if self.reach or self.reached:
            self.console.print(reach_table(self.reach, self.reached, self.setting.width))
        self.reach, self.reached = None, []

    def headline(self, coverage: Coverage) -> Text:
        """What was not understood, before any finding."""
        lines = headline(coverage, self.setting.guides)
        text = Text()
        for number, line in enumerate(lines):
            text.append(f"{'  ' if number else ''}{line}\n", "yellow" if number else "bold yellow")
        return text.append("\n") if lines and not self.setting.concise else text

    def finding(self, finding: Finding) -> Text:
        if self.setting.concise:
            return brief(finding)
        guide = self.setting.guides.get(finding.code)
        return full(finding, guide.section if guide else "", self.sources, self.setting.width)

    def summary(self, finished: Finished) -> Text:
        text = Text()
        for tried in self.held:
            text.append_text(held(tried)).append("\n")
        if self.held:
            text.append("\n")
        for noted in self.notes:
            where = f"{noted.path}:{noted.line}: " if noted.path else ""
            text.append(f"note: {where}{noted.text}\n", "yellow")
        for unread in self.unread:
            line = f":{unread.line}" if unread.line else ""
            text.append(f"not fully read: {unread.path}{line}: {unread.why}\n", "yellow")
        text.append_text(self.proofs(finished) if finished.verb == "prove" else self.findings(finished))
        if self.setting.statistics:
            for name, value in sorted(finished.statistics.items()):
                text.append(f"\n  {name:<44} {value:,.3f}".rstrip("0").rstrip("."))
            text.append(self.table())
        return text

    def table(self) -> str:
        """What was understood of every package, in columns."""
        rows = [TABLE, *rows_of(self.coverage)]
        if len(rows) == 1:
            return ""
        widths = [max(len(row[column]) for row in rows) for column in range(len(TABLE))]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
        return "\n\n" + "\n".join(f"  {line}" for line in lines)

    def findings(self, finished: Finished) -> Text:
        counts = confidence_counts(self.shown)
        summary = f"{plural(len(self.shown), 'finding')} ({counts})" if self.shown else "No findings"
        text = Text.assemble((summary, "bold"), f" in {extent(finished)}")
        if missing := unfinished(self.coverage):
            text.append(f" · {missing}", "yellow")
        if missing := not_read([it.path for it in self.unread if it.is_code]):
            text.append(f" · {missing}", "yellow")
        if finished.suppressed:
            text.append(f" · {finished.suppressed} accepted with a reason")
        if finished.unread:
            text.append(f" · {plural(finished.unread, 'file')} not fully read", "yellow")
        if self.shown and not self.setting.concise:
            text.append(f"\nWhy, and what to do instead: {shell('looktwice', 'explain', self.shown[0].code)}", "dim")
        return text

    def proofs(self, finished: Finished) -> Text:
        text = Text()
        if finished.statistics.get("endpoints"):
            reached, endpoints = (int(finished.statistics[name]) for name in ("reached", "endpoints"))
            text.append(f"{Reach(reached, endpoints)} · ", "" if reached == endpoints else "yellow")
        text.append(f"{self.proven} proven", "bold magenta" if self.proven else "bold")
        if self.open:
            text.append(f", {self.open} undecided", "yellow")
        text.append(f", {len(self.held)} tried and not shown")
        return text.append(f" · {finished.seconds:.1f} s")
