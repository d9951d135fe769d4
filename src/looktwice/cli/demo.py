"""The demonstration: audit a backend, prove the findings, do the same for its fixed version, and write one report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

import looktwice
from looktwice.audit import Options, audit
from looktwice.cli import terminal
from looktwice.cli.demo_terminal import DemoOutput, ProjectResult
from looktwice.cli.extras import needs
from looktwice.cli.joining import witnessed
from looktwice.cli.parallel import BackgroundProve
from looktwice.cli.reading import guides
from looktwice.core.config import load
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Event, Found, Progress, Proven
from looktwice.core.files import UnreadableError, read_bytes
from looktwice.core.finding import Confidence
from looktwice.core.trace import Trace, Verdict
from looktwice.core.writing import write_inside
from looktwice.render.collected import collect
from looktwice.render.html.report import Chapter, whole
from looktwice.render.renderer import Setting

EXAMPLES = Path(looktwice.__file__).parents[2] / "examples"
PAIRS = (("shop", "shop_fixed"), ("candidates", "candidates_fixed"))
REPORT = Path(".looktwice") / "demo.html"
_LARGEST_REPORT = 200_000_000  # bytes


def demo(app: Path | None) -> int:
    """Run the demonstration on `app`, or on the two examples and their fixed versions. Returns the exit code, 0."""
    prepare_report()  # first, not after minutes of work
    shown = guides()
    output = DemoOutput(shown)
    results = [it for roots in ([(app,)] if app else examples()) for it in look_twice(roots, output)]
    chapters = [chapter(it, Setting(root=it.root, guides=shown)) for it in results]
    write_inside(Path(), REPORT, whole("looktwice: what was found, and what was proven", chapters))
    output.end(REPORT)
    return 0


def prepare_report() -> None:
    """Check that the report can be written. Raises LooktwiceError when it cannot."""
    exists = REPORT.is_file()
    try:
        write_inside(Path(), REPORT, read_bytes(REPORT, _LARGEST_REPORT) if exists else b"")
    except UnreadableError as error:
        raise LooktwiceError(f"cannot write over {REPORT}", error.why, "Move it away and run again.") from None
    if not exists:  # a run that is stopped leaves no empty report
        REPORT.unlink()


def chapter(result: ProjectResult, setting: Setting) -> Chapter:
    return Chapter(result.name, collect([*map(Found, result.findings), *result.events]), setting, result.runs[:2])


def examples() -> Iterator[tuple[Path, ...]]:
    """The examples, each with its fixed version."""
    if not EXAMPLES.is_dir():
        advice = "They come with the repository; or name a folder of your own."
        raise LooktwiceError("cannot find the examples", f"{EXAMPLES} does not exist", advice)
    return ((EXAMPLES / written, EXAMPLES / fixed) for written, fixed in PAIRS)


def look_twice(roots: tuple[Path, ...], output: DemoOutput) -> Iterator[ProjectResult]:
    """Audit the projects, then prove them concurrently, each on the suspected endpoints of the first."""
    read = [audited(root) for root in roots]
    with ExitStack() as stack:
        with needs("demo", "prove"):
            from looktwice.prove.guardian.run import Run
        suspicions = stack.enter_context(Run()).folder() / "findings.jsonl"  # it is removed even when we are killed
        suspicions.write_bytes(b"".join(msgspec.json.encode(it) + b"\n" for it in read[0].findings))
        words = ("--from-audit", str(suspicions), "--suspected")
        running = [stack.enter_context(BackgroundProve(it.root, words)) for it in read if read[0].findings]
        for number, half in enumerate(read):
            output.begin(half.name, half.root)
            output.read(half)
            events = list(proven(running[number], output)) if running else []
            findings = witnessed(half.findings, [it for it in events if isinstance(it, Proven)])
            result = ProjectResult(half.name, half.root, tuple(findings), (*half.events, *events))
            output.verdicts(result)
            if result.proofs:
                shown = min(result.proofs, key=lambda it: legibility(it.trace))
                output.story(result, shown, roots[1] if half is read[0] and len(roots) > 1 else None)
            yield result


def audited(root: Path) -> ProjectResult:
    """The audit of the project at `root`, without findings of low confidence."""
    if not root.is_dir():
        raise LooktwiceError(f"cannot run the demo on {root}", "there is no such folder", "Name a backend's folder.")
    settings = load(root)
    events = list(terminal.with_progress(audit(root, Options(config=settings, exclude=settings.audit.exclude))))
    findings = [it.finding for it in events if isinstance(it, Found) and not it.finding.suppressed]
    firm = tuple(it for it in findings if it.confidence is not Confidence.LOW)
    return ProjectResult(root.resolve().name, root, firm, tuple(it for it in events if not isinstance(it, Found)))


def proven(process: BackgroundProve, output: DemoOutput) -> Iterator[Event]:
    """The events of `prove`; an application that cannot be started is reported, and the demonstration goes on."""
    try:
        yield from (it for it in terminal.with_progress(process.events()) if not isinstance(it, Progress))
    except LooktwiceError as error:
        output.not_proven(error)


def legibility(trace: Trace) -> tuple[bool, int]:
    """Sort key for the easiest diagram: wrong data with two requests first, then by number of steps."""
    return trace.verdict is not Verdict.DATA_WRONG or len(trace.lanes) != 2, len(trace.steps)
