"""What a written test says of its proof, each line of it safe to show."""

from __future__ import annotations

import textwrap

from looktwice.core import visible
from looktwice.core.proof import Proof

WIDTH = 116
TITLES = {
    "twice": "two requests at the same time",
    "sent-again": "the same request sent twice",
    "upstream-down": "the outside service fails",
    "connection-lost": "the connection to the database is lost",
    "ten-times-the-rows": "ten times the rows",
}
_MOST_STEPS = 14


def title(proof: Proof) -> str:
    name = f": {proof.name}" if proof.name else ""
    return f"{proof.endpoint}, {TITLES.get(proof.experiment, proof.experiment)}{name}"


def heading(proof: Proof) -> str:
    """The title with the pattern's code, where one is known."""
    return f"{title(proof)} ({proof.code})." if proof.code else f"{title(proof)}."


def story(proof: Proof) -> list[str]:
    """What happened, in a few sentences."""
    steps = [f"{step.lane} {step.words}" for step in proof.trace.steps if step.words][:_MOST_STEPS]
    return [proof.summary, *(["", "What was seen: " + "; ".join(steps) + "."] if steps else [])]


def wrapped(paragraphs: list[str]) -> list[str]:
    """Lines of visible text, none longer than the page is wide where words allow that."""
    lines: list[str] = []
    for paragraph in paragraphs:
        lines += textwrap.wrap(visible.line(" ".join(paragraph.split())), WIDTH, break_long_words=False) or [""]
    return lines
