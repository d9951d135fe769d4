"""The demonstration: read a backend, prove what was read, look at the mended twin, and write one report of it all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

import looktwice
from looktwice.audit import Options, audit
from looktwice.cli import terminal
from looktwice.cli.demo_terminal import Seen, Teller
from looktwice.cli.extras import needs
from looktwice.cli.joining import witnessed
from looktwice.cli.parallel import Beside
from looktwice.cli.reading import guides
from looktwice.core.config import load
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import Event, Found, Progress, Proven
from looktwice.core.finding import Confidence
from looktwice.core.trace import Trace, Verdict
from looktwice.render.collected import collect
from looktwice.render.html.report import Chapter, whole
from looktwice.render.renderer import Setting

EXAMPLES = Path(looktwice.__file__).parents[2] / "examples"
PAIRS = (("shop", "shop_fixed"), ("candidates", "candidates_fixed"))
REPORT = Path(".looktwice") / "demo.html"


def demo(app: Path | None) -> int:
    """Show it on `app`, or on the two examples and their mended twins. Gives the exit code, 0."""
    prepare_report()  # not after minutes of work
    shown = guides()
    teller = Teller(shown)
    seen = [it for roots in ([(app,)] if app else ours()) for it in look_twice(roots, teller)]
    chapters = [chapter(it, Setting(root=it.root, guides=shown)) for it in seen]
    REPORT.write_text(whole("looktwice: what was found, and what was proven", chapters), "utf-8")
    teller.end(REPORT)
    return 0


def prepare_report() -> None:
    """Make sure that the report can be written. Raises LooktwiceError."""
    try:
        REPORT.parent.mkdir(exist_ok=True)
        there = REPORT.exists()
        with REPORT.open("a"):
            pass
        if not there:  # nothing is left of it when nothing comes of it
            REPORT.unlink()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LooktwiceError(f"cannot write {REPORT}", why, "Run it in a folder that can be written.") from None


def chapter(seen: Seen, setting: Setting) -> Chapter:
    return Chapter(seen.name, collect([*map(Found, seen.findings), *seen.events]), setting, seen.runs[:2])


def ours() -> Iterator[tuple[Path, ...]]:
    """The examples, each with its mended twin."""
    if not EXAMPLES.is_dir():
        advice = "They come with the repository. Or name a folder of your own."
        raise LooktwiceError("cannot find the examples", f"{EXAMPLES} is not there", advice)
    return ((EXAMPLES / written, EXAMPLES / mended) for written, mended in PAIRS)


def look_twice(roots: tuple[Path, ...], teller: Teller) -> Iterator[Seen]:
    """Read the projects, then prove them at the same time: each is asked what the first of them is suspected of."""
    read = [audited(root) for root in roots]
    with ExitStack() as stack:
        with needs("demo", "prove"):
            from looktwice.prove.guardian.run import Run
        suspicions = stack.enter_context(Run()).folder() / "findings.jsonl"  # it is removed even when we are killed
        suspicions.write_bytes(b"".join(msgspec.json.encode(it) + b"\n" for it in read[0].findings))
        words = ("--from-audit", str(suspicions), "--suspected")
        running = [stack.enter_context(Beside(it.root, words)) for it in read if read[0].findings]
        for number, half in enumerate(read):
            teller.begin(half.name, half.root)
            teller.read(half)
            events = list(proven(running[number], teller)) if running else []
            findings = witnessed(half.findings, [it for it in events if isinstance(it, Proven)])
            seen = Seen(half.name, half.root, tuple(findings), (*half.events, *events))
            teller.verdicts(seen)
            if seen.proofs:
                told = min(seen.proofs, key=lambda it: legibility(it.trace))
                teller.story(seen, told, roots[1] if half is read[0] and len(roots) > 1 else None)
            yield seen


def audited(root: Path) -> Seen:
    """What reading alone says of the project at `root`; findings of low confidence are left out."""
    if not root.is_dir():
        raise LooktwiceError(f"cannot show it on {root}", "there is no such folder", "Name the folder of a backend.")
    settings = load(root)
    events = list(terminal.with_progress(audit(root, Options(config=settings, exclude=settings.audit.exclude))))
    findings = [it.finding for it in events if isinstance(it, Found) and not it.finding.suppressed]
    firm = tuple(it for it in findings if it.confidence is not Confidence.LOW)
    return Seen(root.resolve().name, root, firm, tuple(it for it in events if not isinstance(it, Found)))


def proven(process: Beside, teller: Teller) -> Iterator[Event]:
    """The events of proving; an application that cannot be started is said, and the rest goes on."""
    try:
        yield from (it for it in terminal.with_progress(process.events()) if not isinstance(it, Progress))
    except LooktwiceError as error:
        teller.could_not(error)


def legibility(trace: Trace) -> tuple[bool, int]:
    """The picture that is understood first comes first: two requests, wrong data, few steps."""
    return trace.verdict is not Verdict.DATA_WRONG or len(trace.lanes) != 2, len(trace.steps)
