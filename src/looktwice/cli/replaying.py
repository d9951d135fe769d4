"""Repeating the run of a proof, or only showing it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from looktwice.cli import terminal
from looktwice.cli.extras import needs
from looktwice.cli.options import opened
from looktwice.core import writing
from looktwice.core.config import duration, load
from looktwice.core.errors import LooktwiceError
from looktwice.core.proof import DIRECTORY
from looktwice.core.trace import Trace, Verdict
from looktwice.core.visible import line

if TYPE_CHECKING:
    from looktwice.prove.evidence.replay import Outcome


def replay(
    path: Path,
    project: Path | None,
    *,
    only_picture: bool = False,
    svg: Path | None = None,
    deadline: str | None = None,
    allowed: tuple[str, ...] = (),
    is_open: bool = False,
) -> int:
    """Repeat the experiment of the proof at `path`, and show the result.

    project: where the application is; the folder whose `.looktwice/proofs` holds the file when left out. deadline: how
    long it may take, in place of the configured time. allowed, is_open: as `options.opened` takes them. Gives the exit
    code: 1 still wrong, 0 it holds. Raises LooktwiceError when it could not be determined.
    """
    with needs("replay", "prove"):
        from looktwice.prove.evidence import proof as proofs
    proof = proofs.load(path)
    if svg is not None:
        from looktwice.render.svg import draw as drawn

        with writing.output(svg, "--svg") as file:
            file.write(drawn(proof.trace))
        return 0
    if only_picture:
        draw(proof.trace)
        return 0
    root = project or project_of(path)
    if not root.is_dir():
        raise LooktwiceError(f"cannot replay on {root}", "there is no such folder", "Name another with --project.")
    with needs("replay", "prove"):
        from looktwice.prove.evidence.replay import ask, named
        from looktwice.prove.run.deadline import Deadline
        from looktwice.prove.run.stage import Stage
    named(proof.experiment)  # before anything is started
    prove = opened(load(root), allowed, is_open).prove
    limit = Deadline(duration(deadline or prove.deadline, "deadline"))
    with Stage.open(root, prove, terminal.say, limit) as stage:
        outcome = ask(stage, proof.experiment, proofs.case(proof, stage.users, stage.cases), deadline=limit)
        for remark in stage.remarks():
            terminal.say(f"note: {remark}")
    if outcome.trace is not None:
        draw(outcome.trace)
    if not outcome.is_wrong and not outcome.holds:
        raise LooktwiceError(f"cannot determine whether {proof.endpoint} is still wrong", outcome.why)
    terminal.answer(line(answer(outcome)))
    return 1 if outcome.is_wrong else 0


def answer(outcome: Outcome) -> str:
    """Whether it is correct now, in a sentence, and why."""
    why = outcome.why.removeprefix(f"{outcome.verdict}: ")  # the label stands before it already
    return f"{_result(outcome)} ({outcome.verdict}): {why}"


def _result(outcome: Outcome) -> str:
    if outcome.is_wrong:
        return "Still wrong"
    if outcome.verdict == Verdict.RESPONSE_ONLY.value:
        return "It is correct now: the data is right in every schedule, and only the answers are of different moments"
    return "It holds" if outcome.is_known else "It is correct as far as it was tried: not shown again"


def project_of(path: Path) -> Path:
    """The project that a proof file lies in. Raises LooktwiceError when it lies in none."""
    folder = path.resolve().parent
    if folder.as_posix().endswith(DIRECTORY):
        return folder.parent.parent
    raise LooktwiceError(
        f"cannot determine which application {path} is about",
        f"it does not lie in {DIRECTORY}",
        "Name it with --project.",
    )


def draw(trace: Trace) -> None:
    from looktwice.render.terminal.lanes import draw as drawn

    sys.stdout.write(drawn(trace, terminal.width(sys.stdout), terminal.takes_colour(sys.stdout)))
