"""What the audit says of the code in the editor. The engine decides; nothing else calls an exercise solved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from doubletake.core.finding import Confidence, Finding
from doubletake.learn.exercise import Task

LARGEST = 200_000
"""Characters of code that are judged; more than any exercise needs."""

_FUNCTION = re.compile(r"^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:def|function\*?)\s+(\w+)", re.MULTILINE)


class State(StrEnum):
    BREAKS = "breaks"  # the pattern is found
    UNCERTAIN = "uncertain"  # found with low confidence only
    ELSEWHERE = "elsewhere"  # this pattern is gone, another one is there
    GONE = "gone"  # the pattern is gone because the code is
    UNREAD = "unread"  # not a program
    SOLVED = "solved"
    PAUSED = "paused"  # there is no engine to ask


class Place(Struct, frozen=True):
    """A line of the editor (from 1) and what happens there."""

    line: int
    role: str
    note: str = ""


class Said(Struct, frozen=True):
    """One finding, in the editor's lines."""

    code: str
    pattern: str
    message: str
    confidence: str
    places: tuple[Place, ...]
    because: tuple[str, ...] = ()


class Answer(Struct, frozen=True):
    state: State
    said: tuple[Said, ...] = ()
    why: str = ""


def answer(task: Task, text: str) -> Answer:
    """Judge `text` in the place of the exercise's bad fence."""
    try:
        from doubletake.audit import audit_sources
    except ImportError:
        return Answer(State.PAUSED, why="This build has no audit engine.")
    missing = [name for name in _FUNCTION.findall(task.bad.text) if name not in _FUNCTION.findall(text)]
    if missing:
        return Answer(State.GONE, why=f"The function {missing[0]} is not there any more. Mend it, keep its name.")
    # Suppressed findings count: a reason written beside the code does not mend it.
    return judge(task, audit_sources(task.sources(text), system=task.program.system))


def judge(task: Task, findings: Sequence[Finding]) -> Answer:
    """The state that these findings of the whole program amount to."""
    shown = [finding for finding in findings if finding.confidence is not Confidence.LOW]
    own = [finding for finding in shown if finding.code == task.program.code]
    if own:
        return Answer(State.BREAKS, _said(task, own))
    if shown:
        return Answer(State.ELSEWHERE, _said(task, shown))
    doubtful = [finding for finding in findings if finding.code == task.program.code]
    if doubtful:
        return Answer(State.UNCERTAIN, _said(task, doubtful))
    return Answer(State.SOLVED)


def _said(task: Task, findings: Sequence[Finding]) -> tuple[Said, ...]:
    return tuple(
        Said(
            code=finding.code,
            pattern=finding.pattern,
            message=finding.message,
            confidence=finding.confidence,
            places=_places(task, finding),
            because=finding.because,
        )
        for finding in findings
    )


def _places(task: Task, finding: Finding) -> tuple[Place, ...]:
    """The spans that lie in the editor; those in the context above it are left out."""
    path, above = task.program.main.path, task.above
    marked = [(span.start_line - above, str(span.role), span.note) for span in finding.spans if span.path == path]
    if finding.path == path and all(line != finding.start_line - above for line, *_ in marked):
        marked.append((finding.start_line - above, "here", ""))
    return tuple(Place(*place) for place in sorted(set(marked)) if place[0] >= 1)
