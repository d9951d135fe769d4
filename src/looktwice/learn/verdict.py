"""What the audit says of the code in the editor. The engine decides; nothing else calls an exercise solved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from looktwice.audit import audit_sources
from looktwice.code.languages import adapter_for
from looktwice.code.tree import Assignment, Class, Function, Node
from looktwice.core.finding import Confidence, Finding
from looktwice.core.source import Source
from looktwice.learn.exercise import Task
from looktwice.learn.purpose import remedy, undone
from looktwice.learn.turns import turn

LARGEST = 200_000
"""Characters of code that are judged; more than any exercise needs."""

_LINE = re.compile(r"\bline (\d+)\b")


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
    remedy: str = ""  # of solved code: "lock", "statement" or "condition"
    turn: str = ""  # the title of the page's wrong turn that this is, when it is one


def answer(task: Task, text: str) -> Answer:
    """Judge `text` in the place of the exercise's bad fence."""
    now = outline(task, text)
    if now.broken:
        return Answer(State.UNREAD, why=f"Line {now.broken} is where it stops making sense.")
    missing = sorted(outline(task, task.bad.text).functions - now.functions)
    if missing:
        return Answer(
            State.GONE, why=f"The function {missing[0]} does nothing any more. Mend it, and let it do its work."
        )
    if lost := undone(task, text):
        return Answer(State.GONE, why=f"Nothing here {lost} any more. Mend it, and let it do its work.")
    # Suppressed findings count: a reason written beside the code does not mend it.
    said = judge(task, audit_sources(task.sources(text), system=task.program.system))
    if said.state is State.BREAKS:
        return replace(said, turn=turn(task, text))
    return replace(said, remedy=remedy(task, text)) if said.state is State.SOLVED else said


class Outline(Struct, frozen=True):
    """The functions of a text that do something, and the line (from 1) where it is no program any more, or 0."""

    functions: frozenset[str]
    broken: int


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
    """Functions and methods, also those bound by an assignment."""
    for node in nodes:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, Class):
            yield from _functions(node.members)
        elif isinstance(node, Assignment):
            yield from _functions((node.value,))


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
            message=_in_editor(finding.message, task.above),
            confidence=finding.confidence,
            places=_places(task, finding),
            because=finding.because,
        )
        for finding in findings
    )


def _in_editor(message: str, above: int) -> str:
    """The message with the editor's line numbers: the program that was judged has the page's context above."""
    return _LINE.sub(lambda match: f"line {max(1, int(match[1]) - above)}", message)


def _places(task: Task, finding: Finding) -> tuple[Place, ...]:
    """The spans that lie in the editor; those in the context above it are left out."""
    path, above = task.program.main.path, task.above
    marked = [(span.start_line - above, str(span.role), span.note) for span in finding.spans if span.path == path]
    if finding.path == path and all(line != finding.start_line - above for line, *_ in marked):
        marked.append((finding.start_line - above, "here", ""))
    return tuple(Place(*place) for place in sorted(set(marked)) if place[0] >= 1)
