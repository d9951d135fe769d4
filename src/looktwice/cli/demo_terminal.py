"""The demonstration's terminal output: for each project the audit's result, and finding → verdict → test."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher, unified_diff
from pathlib import Path

from msgspec import Struct
from rich.markdown import Markdown
from rich.padding import Padding
from rich.text import Text

from looktwice.cli import terminal
from looktwice.cli.joining import endpoints, held, shows
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Covered, Event, Finished, NotProven, Proven, Ran
from looktwice.core.files import UnreadableError
from looktwice.core.finding import Confidence, Finding, Severity
from looktwice.core.quoting import shell
from looktwice.core.text import read_text
from looktwice.core.trace import Trace, Verdict
from looktwice.core.visible import line, visible
from looktwice.render.coverage import headline
from looktwice.render.excerpt import Sources
from looktwice.render.renderer import Guide
from looktwice.render.terminal import lanes
from looktwice.render.terminal.finding import CONFIDENCE_STYLE, full
from looktwice.render.terminal.proof import held as held_line
from looktwice.render.terminal.writer import Writer
from looktwice.render.words import plural, proof_counts

NAME_WIDTH, ROUTE_WIDTH = 30, 34
CHANGE_STYLE = {"-": "red", "+": "green"}


class ProjectResult(Struct, frozen=True):
    """The results of auditing and proving one project."""

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
        """Recorded runs in which a protection kept the requests apart."""
        return tuple(it.trace for it in self.events if isinstance(it, Ran) and it.trace.verdict is Verdict.PROTECTED)


class DemoOutput:
    """Prints the demonstration to the terminal."""

    def __init__(self, guides: Mapping[str, Guide]) -> None:
        self.console = Writer(sys.stdout, terminal.width(sys.stdout), terminal.takes_colour(sys.stdout), wraps=True)
        self.guides = guides

    def begin(self, name: str, root: Path) -> None:
        self.console.print()
        self.console.rule(Text.assemble((line(name), "bold"), f"  {line(str(root))}"), align="left", characters="━")

    def read(self, result: ProjectResult) -> None:
        for it in result.events:
            if isinstance(it, Covered):
                for text in headline(it.coverage, self.guides):
                    self.console.print(Text(line(text), "yellow"))
            if isinstance(it, Finished) and it.verb == "audit":
                counted = f"{plural(it.files, 'file')}, {plural(it.lines, 'line')} in {it.seconds:.2f} s"
                self.console.print(f"read    {counted}: {plural(len(result.findings), 'finding')}")

    def not_proven(self, error: LooktwiceError) -> None:
        self.console.print(Text.assemble(("not proven  ", "yellow"), str(error)))

    def verdicts(self, result: ProjectResult) -> None:
        """Finding → verdict → tests, by confidence; then proofs without a finding; without findings, what held."""
        result = visible(result)
        if result.proofs:
            self.console.print(f"proven  {proof_counts(result.findings, result.proofs)}")
        for it in sorted(result.findings, key=lambda one: (one.confidence.rank, list(Severity).index(one.severity))):
            guide = self.guides.get(it.code)
            proofs = [one for one in result.proofs if shows(one, it)]
            kept = held(it, guide.experiment if guide else "", result.tried) if not proofs else None
            self.console.print(verdict(it, proofs, kept), soft_wrap=True)
        for proof in result.proofs:
            if not any(shows(proof, it) for it in result.findings):
                name = self.guides[proof.code].name if proof.code in self.guides else "(no page yet)"
                self.console.print(row(f"{proof.code} {name}", ", ".join(endpoints(proof)), [proof]), soft_wrap=True)
        if not result.findings:
            for tried in result.tried:
                self.console.print(Padding(held_line(tried), (0, 0, 0, 2)))

    def story(self, result: ProjectResult, proof: Proven, fixed: Path | None) -> None:
        """One proof from end to end: the line, the two requests, the fix, and the regression test."""
        finding = next((it for it in result.findings if shows(proof, it)), None)
        guide = self.guides.get(proof.code)
        if finding is not None:
            self.headline("The line")
            section = guide.section if guide else ""
            self.console.print(full(finding, section, Sources(result.root), self.console.width), soft_wrap=True)
        self.headline("What happens")
        self.console.print(lanes.text(proof.trace, self.console.width), soft_wrap=True)
        changed = hunk(result.root / finding.path, fixed / finding.path, finding) if finding and fixed else ()
        if changed:
            self.headline("The fix")
            for it in changed:
                self.console.print(Text(f"  {it}", CHANGE_STYLE.get(it[:1], "dim")), soft_wrap=True)
        elif guide and guide.remedy:
            self.headline("The fix")
            self.console.print(Markdown(guide.remedy))
        if proof.test:
            self.headline("The test")
            message = f"  {line(str(result.root / proof.test))}  fails now and passes once the code is fixed"
            self.console.print(message, soft_wrap=True)

    def headline(self, words: str) -> None:
        self.console.print(Text(f"\n{words}", "bold"))

    def end(self, report: Path) -> None:
        self.console.print()
        for label, value in (("The report", report.resolve().as_uri()), ("The playbook", shell(sys.argv[0], "learn"))):
            self.console.print(Text.assemble(f"{label:<14}", (value, "bold")), soft_wrap=True)


def hunk(written: Path, fixed: Path, finding: Finding) -> tuple[str, ...]:
    """The diff between a file and its fixed version at the location of a finding; empty when nothing changed there."""
    try:
        before, after = (read_text(path).splitlines() for path in (written, fixed))
    except UnreadableError:
        return ()
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(1):
        changed = [(low, high) for tag, low, high, _, _ in group if tag != "equal"]
        if any(low < finding.end_line and finding.start_line <= max(high, low + 1) for low, high in changed):
            first, last = group[0], group[-1]
            old, new = before[first[1] : last[2]], after[first[3] : last[4]]
            return tuple(unified_diff(old, new, lineterm="", n=1))[3:]
    return ()


def verdict(finding: Finding, proofs: Sequence[Proven], kept: NotProven | None) -> Text:
    where = f"{finding.path}:{finding.start_line}"
    doubt = f"{finding.confidence}, {kept.verdict}" if kept else str(finding.confidence)
    return row(f"{finding.code} {finding.pattern}", finding.handler, proofs, where, doubt)


def row(
    name: str, route: str, proofs: Sequence[Proven], where: str = "not found by the audit", doubt: str = ""
) -> Text:
    """The pattern, the route and the verdict; then the location and the regression tests, one per proof."""
    line = Text.assemble((f"  {name:<{NAME_WIDTH}}", "bold"), f"{route:<{ROUTE_WIDTH}}")
    if not proofs:
        return line.append(doubt).append(f"\n     {where}", "dim")
    names = dict.fromkeys(it.trace.name or str(it.trace.verdict) for it in proofs)
    line.append("PROVEN", CONFIDENCE_STYLE[Confidence.PROVEN]).append(f"  {', '.join(names)}")
    line.append(f"\n     {where}", "dim")
    for number, test in enumerate(dict.fromkeys(it.test for it in proofs if it.test)):
        line.append(f"{f'{chr(10)}     and' if number else ''}  → {test}", "dim")
    return line
