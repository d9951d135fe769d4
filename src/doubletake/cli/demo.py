"""The demonstration: read a backend, prove what was read, look at the mended twin, and write one report of it all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.text import Text

import doubletake
from doubletake.audit import Options, audit
from doubletake.cli import terminal
from doubletake.cli.extras import needs
from doubletake.cli.joining import endpoints, held, routes_of, shows, witnessed
from doubletake.cli.proving import proving
from doubletake.cli.reading import guides
from doubletake.core.config import Config, load
from doubletake.core.errors import DoubletakeError
from doubletake.core.event import Event, Found, NotProven, Proven, Ran
from doubletake.core.finding import Confidence, Finding, Severity
from doubletake.core.trace import Trace, Verdict
from doubletake.render.collected import collect
from doubletake.render.html.report import Chapter, whole
from doubletake.render.renderer import Guide, Setting
from doubletake.render.terminal import lanes
from doubletake.render.terminal.finding import CONFIDENCE_STYLE
from doubletake.render.terminal.proof import held as held_line
from doubletake.render.words import plural

EXAMPLES = Path(doubletake.__file__).parents[2] / "examples"
PAIRS = (("shop", "shop_fixed"), ("candidates", "candidates_fixed"))
REPORT = Path(".doubletake") / "demo.html"
NAME_WIDTH, ROUTE_WIDTH = 30, 34


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


def demo(app: Path | None) -> int:
    """Show it on `app`, or on the two examples and their mended twins. Gives the exit code, 0."""
    colour = terminal.takes_colour(sys.stdout)
    told = _Told(Console(highlight=False, width=terminal.width(sys.stdout), no_color=not colour))
    seen = list(yours(app, told) if app else ours(told))
    REPORT.parent.mkdir(exist_ok=True)
    shown = guides()
    chapters = [chapter(it, shown) for it in seen]
    REPORT.write_text(whole("doubletake: what was found, and what was proven", chapters), "utf-8")
    told.end()
    return 0


def yours(app: Path, told: _Told) -> Iterator[Seen]:
    if not app.is_dir():
        raise DoubletakeError(f"cannot show it on {app}", "there is no such folder", "Name the folder of a backend.")
    yield look_twice(app.resolve().name, app, told, draws=True)


def ours(told: _Told) -> Iterator[Seen]:
    if not EXAMPLES.is_dir():
        advice = "They come with the repository. Or name a folder of your own."
        raise DoubletakeError("cannot find the examples", f"{EXAMPLES} is not there", advice)
    for written, mended in PAIRS:
        first = look_twice(written, EXAMPLES / written, told, draws=written == PAIRS[0][0])
        yield first
        yield look_twice(mended, EXAMPLES / mended, told, suspected=routes_of(first.findings))


def look_twice(
    name: str, root: Path, told: _Told, *, suspected: Sequence[tuple[str, str]] = (), draws: bool = False
) -> Seen:
    """Audit the project, then prove what was found; a mended twin is asked what its other half was suspected of."""
    settings = load(root)
    told.begin(name, root)
    read = list(terminal.with_progress(audit(root, Options(config=settings, exclude=settings.audit.exclude))))
    findings = [it.finding for it in read if isinstance(it, Found) and not it.finding.suppressed]
    findings = [it for it in findings if it.confidence is not Confidence.LOW]
    told.read(read, findings)
    asked = tuple(suspected) or routes_of(findings)
    ran = list(proven(root, settings, asked, told)) if asked else []
    findings = witnessed(findings, [it for it in ran if isinstance(it, Proven)])
    seen = Seen(name, root, tuple(findings), (*(it for it in read if not isinstance(it, Found)), *ran))
    told.verdicts(seen, guides())
    if draws and seen.proofs:
        told.picture(min((it.trace for it in seen.proofs), key=legibility))
    return seen


def proven(root: Path, settings: Config, asked: Sequence[tuple[str, str]], told: _Told) -> Iterator[Event]:
    """The events of proving; an application that cannot be started is said, and the rest goes on."""
    try:
        with needs("demo", "prove"):
            yield from terminal.with_progress(proving(root, settings, suspected=asked, suspected_only=True))
    except DoubletakeError as error:
        told.could_not(error)


def legibility(trace: Trace) -> tuple[bool, int]:
    """The picture that is understood first comes first: two requests, wrong data, few steps."""
    return trace.verdict is not Verdict.DATA_WRONG or len(trace.lanes) != 2, len(trace.steps)


def chapter(seen: Seen, shown: dict[str, Guide]) -> Chapter:
    report = collect([*(Found(it) for it in seen.findings), *seen.events])
    return Chapter(seen.name, report, Setting(root=seen.root, guides=shown), seen.runs[:2])


class _Told:
    """What the demonstration says in the terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def begin(self, name: str, root: Path) -> None:
        self.console.print()
        self.console.rule(Text.assemble((name, "bold"), f"  {root}"), align="left", characters="━")

    def read(self, events: Sequence[Event], findings: Sequence[Finding]) -> None:
        done = collect(events).finished
        if done:
            counted = f"{plural(done.files, 'file')}, {plural(done.lines, 'line')} in {done.seconds:.2f} s"
            self.console.print(f"read    {counted}: {plural(len(findings), 'finding')}")

    def could_not(self, error: DoubletakeError) -> None:
        self.console.print(Text.assemble(("not proven  ", "yellow"), str(error)))

    def verdicts(self, seen: Seen, shown: dict[str, Guide]) -> None:
        """Finding → verdict → test, surest first; then what was shown and not read; in clean code, what held."""
        for it in sorted(seen.findings, key=lambda one: (one.confidence.rank, list(Severity).index(one.severity))):
            guide = shown.get(it.code)
            proof = next((one for one in seen.proofs if shows(one, it)), None)
            kept = held(it, guide.experiment if guide else "", seen.tried) if proof is None else None
            self.console.print(verdict(it, proof, kept))
        for proof in seen.proofs:
            if not any(shows(proof, it) for it in seen.findings):
                name = shown[proof.code].name if proof.code in shown else ""
                self.console.print(row(f"{proof.code} {name}", ", ".join(endpoints(proof)), proof))
        if not seen.findings:
            for tried in seen.tried:
                said = Text("  ").append_text(held_line(tried))
                said.truncate(self.console.width, overflow="ellipsis")
                self.console.print(said)

    def picture(self, trace: Trace) -> None:
        self.console.print()
        self.console.print(lanes.text(trace, self.console.width), soft_wrap=True)

    def end(self) -> None:
        self.console.print()
        for label, value in (("The report", REPORT.resolve().as_uri()), ("The playbook", f"{sys.argv[0]} learn")):
            self.console.print(Text.assemble(f"{label:<14}", (value, "bold")))


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
