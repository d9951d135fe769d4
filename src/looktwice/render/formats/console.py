"""For people at a terminal: what was found and what was proven, as it comes, and a line of summary at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.text import Text

from looktwice.core.event import Event, Finished, Found, Noted, NotProven, Proven, Reached, Unread
from looktwice.core.finding import Finding
from looktwice.core.quoting import shell
from looktwice.core.visible import visible
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
        self.reached: list[Reached] = []
        self.proven, self.held = 0, 0

    def take(self, event: Event) -> None:
        match event:
            case Found(finding) if not finding.suppressed:
                self.shown.append(finding)
                self.console.print(self.finding(finding))
            case Proven():
                self.proven += 1
                concise = self.setting.concise
                self.console.print(brief_proof(event) if concise else proof(event, self.setting.width))
            case NotProven():
                self.held += 1
                self.console.print(held(event))
            case Reached():
                self.reached.append(event)
            case Unread():
                self.unread.append(event)
            case Noted():
                self.notes.append(event)
            case Finished():
                self.console.print(self.summary(event))

    def finding(self, finding: Finding) -> Text:
        if self.setting.concise:
            return brief(finding)
        guide = self.setting.guides.get(finding.code)
        return full(finding, guide.section if guide else "", self.sources, self.setting.width)

    def summary(self, finished: Finished) -> Text:
        text = Text()
        if self.reached:
            text.append_text(reach_table(self.reached, self.setting.width)).append("\n")
        for noted in self.notes:
            where = f"{noted.path}:{noted.line}: " if noted.path else ""
            text.append(f"note: {where}{noted.text}\n", "yellow")
        for unread in self.unread:
            line = f":{unread.line}" if unread.line else ""
            text.append(f"not read whole: {unread.path}{line}: {unread.why}\n", "yellow")
        text.append_text(self.proofs(finished) if finished.verb == "prove" else self.findings(finished))
        if self.setting.statistics:
            for name, value in sorted(finished.statistics.items()):
                text.append(f"\n  {name:<44} {value:,.3f}".rstrip("0").rstrip("."))
        return text

    def findings(self, finished: Finished) -> Text:
        counts = confidence_counts(self.shown)
        said = f"{plural(len(self.shown), 'finding')} ({counts})" if self.shown else "No findings"
        text = Text.assemble((said, "bold"), f" in {extent(finished)}")
        if finished.suppressed:
            text.append(f" · {finished.suppressed} accepted with a reason")
        if finished.unread:
            text.append(f" · {plural(finished.unread, 'file')} not read whole", "yellow")
        if self.shown and not self.setting.concise:
            text.append(f"\nWhy, and what to do instead: {shell('looktwice', 'explain', self.shown[0].code)}", "dim")
        return text

    def proofs(self, finished: Finished) -> Text:
        answered = sum(it.succeeded for it in self.reached)
        text = Text.assemble((f"{self.proven} proven", "bold magenta" if self.proven else "bold"))
        text.append(f", {self.held} tried and not shown")
        if self.reached:
            text.append(f" · {answered} of {plural(len(self.reached), 'request')} answered with success")
        return text.append(f" · {finished.seconds:.1f} s")
