"""The audit's verdict on the code in the editor. Nothing but the engine marks an exercise as solved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from looktwice.audit import audit_sources
from looktwice.code.syntax.languages import adapter_for
from looktwice.code.syntax.tree import Assignment, Class, Function, Node
from looktwice.core.finding import Confidence, Finding
from looktwice.core.source import Source
from looktwice.learn.exercise import Task
from looktwice.learn.purpose import lost_work, remedy
from looktwice.learn.turns import turn

LARGEST = 200_000
"""The largest text that is judged, in characters; more than any exercise needs."""

_LINE = re.compile(r"\bline (\d+)\b")


class State(StrEnum):
    BREAKS = "breaks"  # the pattern is found
    UNCERTAIN = "uncertain"  # found with low confidence only
    ELSEWHERE = "elsewhere"  # this pattern is gone, but another one is found
    GONE = "gone"  # the pattern is gone because the code's work is
    UNREAD = "unread"  # a syntax error
    SOLVED = "solved"
    PAUSED = "paused"  # the engine is not available


class Place(Struct, frozen=True):
    """A line in the editor (from 1) and its role."""

    line: int
    role: str
    note: str = ""


class EditorFinding(Struct, frozen=True):
    """One finding, with line numbers of the editor."""

    code: str
    pattern: str
    message: str
    confidence: str
    places: tuple[Place, ...]
    because: tuple[str, ...] = ()


class Answer(Struct, frozen=True):
    state: State
    findings: tuple[EditorFinding, ...] = ()
    why: str = ""
    remedy: str = ""  # of solved code: "lock", "statement" or "condition"
    turn: str = ""  # the title of the page's wrong turn that the code matches, if any


def answer(task: Task, text: str) -> Answer:
    """Judge `text` in place of the exercise's bad fence."""
    now = outline(task, text)
    if now.error_line:
        return Answer(State.UNREAD, why=f"There is a syntax error on line {now.error_line}.")
    missing = sorted(outline(task, task.bad.text).functions - now.functions)
    if missing:
        return Answer(
            State.GONE, why=f"The function {missing[0]} no longer does anything. Fix it without removing its work."
        )
    if lost := lost_work(task, text):
        return Answer(State.GONE, why=f"The code no longer {lost}. Fix it without removing its work.")
    # Suppressed findings count: a suppression is not a fix.
    judged = judge(task, audit_sources(task.sources(text), system=task.program.system))
    if judged.state is State.BREAKS:
        return replace(judged, turn=turn(task, text))
    return replace(judged, remedy=remedy(task, text)) if judged.state is State.SOLVED else judged


class Outline(Struct, frozen=True):
    """The functions of a text that do something, and the line (from 1) of its first syntax error, or 0."""

    functions: frozenset[str]
    error_line: int


def outline(task: Task, text: str) -> Outline:
    source = Source(task.program.main.path, text.encode())
    adapter = adapter_for(source.path)
    if adapter is None:
        return Outline(frozenset(), 0)
    parsed = adapter.parse(source)
    found = [it for it in _functions(parsed.outline().body) if parsed.body(it) and parsed.names(it) - {it.name}]
    lines = sorted(parsed.source.position(start)[0] for start, _ in parsed.errors)
    return Outline(frozenset(it.name for it in found), lines[0] if lines else 0)


def _functions(nodes: Iterable[Node | None]) -> Iterator[Function]:
    """Functions and methods, including those bound by an assignment."""
    for node in nodes:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, Class):
            yield from _functions(node.members)
        elif isinstance(node, Assignment):
            yield from _functions((node.value,))


def judge(task: Task, findings: Sequence[Finding]) -> Answer:
    """The state that results from the findings of the whole program."""
    shown = [finding for finding in findings if finding.confidence is not Confidence.LOW]
    own = [finding for finding in shown if finding.code == task.program.code]
    if own:
        return Answer(State.BREAKS, _editor_findings(task, own))
    if shown:
        return Answer(State.ELSEWHERE, _editor_findings(task, shown))
    doubtful = [finding for finding in findings if finding.code == task.program.code]
    if doubtful:
        return Answer(State.UNCERTAIN, _editor_findings(task, doubtful))
    return Answer(State.SOLVED)


def _editor_findings(task: Task, findings: Sequence[Finding]) -> tuple[EditorFinding, ...]:
    return tuple(
        EditorFinding(
            code=finding.code,
            pattern=finding.pattern,
            message=_in_editor(finding.message, task.above),
            confidence=finding.confidence,
            places=_places(task, finding),
            because=finding.because,
        )
        for finding in findings
    )


def _in_editor(message: str, above: int) -> str:
    """The message with the editor's line numbers: the judged program has the page's context above the text."""
    return _LINE.sub(lambda match: f"line {max(1, int(match[1]) - above)}", message)


def _places(task: Task, finding: Finding) -> tuple[Place, ...]:
    """The spans inside the editor, without those in the context above it."""
    path, above = task.program.main.path, task.above
    marked = [(span.start_line - above, str(span.role), span.note) for span in finding.spans if span.path == path]
    if finding.path == path and all(line != finding.start_line - above for line, *_ in marked):
        marked.append((finding.start_line - above, "here", ""))
    return tuple(Place(*place) for place in sorted(set(marked)) if place[0] >= 1)
