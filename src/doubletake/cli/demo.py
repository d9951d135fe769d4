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
from doubletake.cli.joining import endpoints, held, routes_of, witnessed
from doubletake.cli.proving import proving
from doubletake.cli.reading import guides
from doubletake.core.config import Config, load
from doubletake.core.errors import DoubletakeError
from doubletake.core.event import Event, Found, NotProven, Proven, Ran
from doubletake.core.finding import Confidence, Finding
from doubletake.core.trace import Trace, Verdict
from doubletake.render.collected import collect
from doubletake.render.html.report import Chapter, whole
from doubletake.render.renderer import Guide, Setting
from doubletake.render.terminal import lanes
from doubletake.render.terminal.finding import CONFIDENCE_STYLE
from doubletake.render.words import plural

EXAMPLES = Path(doubletake.__file__).parents[2] / "examples"
PAIRS = (("shop", "shop_fixed"), ("candidates", "candidates_fixed"))
REPORT = Path(".doubletake") / "demo.html"
CODE_WIDTH, ROUTE_WIDTH = 30, 34


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
    """Show it on `app`, or on the two examples and their mended twins. Gives the exit code: 0 when all of it was done."""
    told = _Told(
        Console(highlight=False, width=terminal.width(sys.stdout), no_color=not terminal.takes_colour(sys.stdout))
    )
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
    yield look_twice(app.name or str(app), app, told)


def ours(told: _Told) -> Iterator[Seen]:
    if not EXAMPLES.is_dir():
        raise DoubletakeError(
            "cannot find the examples",
            f"{EXAMPLES} is not there",
            "They come with the repository; or name your own folder.",
        )
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
        told.picture(seen.proofs[0].trace)
    return seen


def proven(root: Path, settings: Config, asked: Sequence[tuple[str, str]], told: _Told) -> Iterator[Event]:
    """The events of proving; an application that cannot be started is said, and the rest goes on."""
    try:
        with needs("demo", "prove"):
            yield from terminal.with_progress(proving(root, settings, suspected=asked, suspected_only=True))
    except DoubletakeError as error:
        told.could_not(error)


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
        """Finding → verdict → test; then what was shown and not read, and what held."""
        proofs = list(seen.proofs)
        for it in seen.findings:
            guide = shown.get(it.code)
            own = [proof for proof in proofs if proof.code == it.code and proof.proof in str(it.evidence)]
            kept = held(it, guide.experiment if guide else "", seen.tried) if not own else None
            self.console.print(verdict(it, own[0] if own else None, kept))
        told = {str(it.evidence) for it in seen.findings}
        for proof in proofs:
            if not any(proof.proof and proof.proof in text for text in told):
                self.console.print(extra(proof))
        if not seen.findings:
            for it in seen.tried:
                why = it.why.removeprefix(f"{it.verdict}: ")
                self.console.print(
                    Text.assemble(("  held  ", "green"), (it.endpoint, "bold"), f"  {it.verdict}: {why}")
                )

    def picture(self, trace: Trace) -> None:
        self.console.print()
        self.console.print(lanes.text(trace, self.console.width), soft_wrap=True)

    def end(self) -> None:
        self.console.print()
        self.console.print(Text.assemble("The report  ", (REPORT.resolve().as_uri(), "bold")))
        self.console.print(
            Text.assemble("Learn it    ", (f"{Path(sys.argv[0])} learn", "bold"), "  (opens the playbook)")
        )


def verdict(finding: Finding, proof: Proven | None, kept: NotProven | None) -> Text:
    where = f"{finding.path}:{finding.start_line}"
    said = Text.assemble(
        (f"  {finding.code} {finding.pattern}".ljust(CODE_WIDTH), "bold"), f" {finding.handler:<{ROUTE_WIDTH}} "
    )
    if proof is not None:
        said.append("PROVEN", CONFIDENCE_STYLE[Confidence.PROVEN]).append(
            f"  {proof.trace.name or proof.trace.verdict}"
        )
        said.append(f"\n     {where}", "dim")
        return said.append(f"  → {proof.test}", "dim") if proof.test else said
    said.append(f"{finding.confidence}" if kept is None else f"{finding.confidence}, {kept.verdict}")
    return said.append(f"\n     {where}", "dim")


def extra(proof: Proven) -> Text:
    """A proof that no finding foretold."""
    said = Text.assemble(
        (f"  {proof.code} ".ljust(CODE_WIDTH), "bold"), f" {', '.join(endpoints(proof)):<{ROUTE_WIDTH}} "
    )
    said.append("PROVEN", CONFIDENCE_STYLE[Confidence.PROVEN]).append(f"  {proof.trace.name or proof.trace.verdict}")
    return said.append(f"\n     not foretold by the audit  → {proof.test}", "dim")
