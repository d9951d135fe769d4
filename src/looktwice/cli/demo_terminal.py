"""What the demonstration says in the terminal: for each project what was read, and finding → verdict → test."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from difflib import SequenceMatcher, unified_diff
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from looktwice.cli import terminal
from looktwice.cli.joining import endpoints, held, shows
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Covered, Event, Finished, NotProven, Proven, Ran
from looktwice.core.finding import Confidence, Finding, Severity
from looktwice.core.trace import Trace, Verdict
from looktwice.render.coverage import headline
from looktwice.render.excerpt import Sources
from looktwice.render.renderer import Guide
from looktwice.render.terminal import lanes
from looktwice.render.terminal.finding import CONFIDENCE_STYLE, full
from looktwice.render.terminal.proof import held as held_line
from looktwice.render.words import plural

NAME_WIDTH, ROUTE_WIDTH = 30, 34
CHANGE_STYLE = {"-": "red", "+": "green"}


class Seen(Struct, frozen=True):
    """What came of looking twice at one project."""

    name: str
    root: Path
    findings: tuple[Finding, ...]
    events: tuple[Event, ...]

    @property
    def proofs(self) -> tuple[Proven, ...]:
        return tuple(it for it in self.events if isinstance(it, Proven))

    @property
    def tried(self) -> tuple[NotProven, ...]:
        return tuple(it for it in self.events if isinstance(it, NotProven))

    @property
    def runs(self) -> tuple[Trace, ...]:
        """Recorded runs in which something held the requests apart."""
        return tuple(it.trace for it in self.events if isinstance(it, Ran) and it.trace.verdict is Verdict.PROTECTED)


class Teller:
    """What the demonstration says in the terminal."""

    def __init__(self, guides: Mapping[str, Guide]) -> None:
        colour = terminal.takes_colour(sys.stdout)
        self.console = Console(highlight=False, width=terminal.width(sys.stdout), no_color=not colour)
        self.guides = guides

    def begin(self, name: str, root: Path) -> None:
        self.console.print()
        self.console.rule(Text.assemble((name, "bold"), f"  {root}"), align="left", characters="━")

    def read(self, seen: Seen) -> None:
        for it in seen.events:
            if isinstance(it, Covered):
                for line in headline(it.coverage, self.guides):
                    self.console.print(Text(line, "yellow"))
            if isinstance(it, Finished) and it.verb == "audit":
                counted = f"{plural(it.files, 'file')}, {plural(it.lines, 'line')} in {it.seconds:.2f} s"
                self.console.print(f"read    {counted}: {plural(len(seen.findings), 'finding')}")

    def could_not(self, error: LooktwiceError) -> None:
        self.console.print(Text.assemble(("not proven  ", "yellow"), str(error)))

    def verdicts(self, seen: Seen) -> None:
        """Finding → verdict → test, surest first; then what was shown and not read; in clean code, what held."""
        for it in sorted(seen.findings, key=lambda one: (one.confidence.rank, list(Severity).index(one.severity))):
            guide = self.guides.get(it.code)
            proof = next((one for one in seen.proofs if shows(one, it)), None)
            kept = held(it, guide.experiment if guide else "", seen.tried) if proof is None else None
            self.console.print(verdict(it, proof, kept), soft_wrap=True)
        for proof in seen.proofs:
            if not any(shows(proof, it) for it in seen.findings):
                name = self.guides[proof.code].name if proof.code in self.guides else ""
                self.console.print(row(f"{proof.code} {name}", ", ".join(endpoints(proof)), proof), soft_wrap=True)
        if not seen.findings:
            for tried in seen.tried:
                said = Text("  ").append_text(held_line(tried))
                said.truncate(self.console.width, overflow="ellipsis")
                self.console.print(said)

    def story(self, seen: Seen, proof: Proven, mended: Path | None) -> None:
        """One proof from end to end: the line, the two requests, the mend, and the test that guards it from now on."""
        finding = next((it for it in seen.findings if shows(proof, it)), None)
        guide = self.guides.get(proof.code)
        if finding is not None:
            self.headline("The line")
            section = guide.section if guide else ""
            self.console.print(full(finding, section, Sources(seen.root), self.console.width), soft_wrap=True)
        self.headline("What happens")
        self.console.print(lanes.text(proof.trace, self.console.width), soft_wrap=True)
        changed = hunk(seen.root / finding.path, mended / finding.path, finding) if finding and mended else ()
        if changed:
            self.headline("The mend")
            for line in changed:
                self.console.print(Text(f"  {line}", CHANGE_STYLE.get(line[:1], "dim")), soft_wrap=True)
        elif guide and guide.remedy:
            self.headline("The mend")
            self.console.print(Markdown(guide.remedy))
        if proof.test:
            self.headline("The test")
            said = f"  {seen.root / proof.test}  fails today, and passes once it is mended"
            self.console.print(said, soft_wrap=True)

    def headline(self, words: str) -> None:
        self.console.print(Text(f"\n{words}", "bold"))

    def end(self, report: Path) -> None:
        self.console.print()
        for label, value in (("The report", report.resolve().as_uri()), ("The playbook", f"{sys.argv[0]} learn")):
            self.console.print(Text.assemble(f"{label:<14}", (value, "bold")), soft_wrap=True)


def hunk(written: Path, mended: Path, finding: Finding) -> tuple[str, ...]:
    """What the mended twin of a file changes at the place of a finding, as a diff; empty where it changes nothing."""
    try:
        before, after = (path.read_text("utf-8").splitlines() for path in (written, mended))
    except OSError:
        return ()
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(1):
        changed = [(low, high) for tag, low, high, _, _ in group if tag != "equal"]
        if any(low < finding.end_line and finding.start_line <= max(high, low + 1) for low, high in changed):
            first, last = group[0], group[-1]
            old, new = before[first[1] : last[2]], after[first[3] : last[4]]
            return tuple(unified_diff(old, new, lineterm="", n=1))[3:]
    return ()


def verdict(finding: Finding, proof: Proven | None, kept: NotProven | None) -> Text:
    where = f"{finding.path}:{finding.start_line}"
    doubt = f"{finding.confidence}, {kept.verdict}" if kept else str(finding.confidence)
    return row(f"{finding.code} {finding.pattern}", finding.handler, proof, where, doubt)


def row(name: str, route: str, proof: Proven | None, where: str = "not foretold by reading", doubt: str = "") -> Text:
    """Two lines: the pattern, the route and the verdict; where it is, and the test that guards it from now on."""
    said = Text.assemble((f"  {name:<{NAME_WIDTH}}", "bold"), f"{route:<{ROUTE_WIDTH}}")
    if proof is None:
        return said.append(doubt).append(f"\n     {where}", "dim")
    said.append("PROVEN", CONFIDENCE_STYLE[Confidence.PROVEN]).append(f"  {proof.trace.name or proof.trace.verdict}")
    said.append(f"\n     {where}", "dim")
    return said.append(f"  → {proof.test}", "dim") if proof.test else said
