"""The content sent to the browser: the map of sections, and every pattern page as a lesson."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from looktwice.core.trace import TraceSet
from looktwice.learn.exercise import exercise
from looktwice.learn.markup import Piece, highlighted, phrase, prose
from looktwice.patterns.catalogue import Catalogue, Pattern
from looktwice.patterns.fences import CODE_LANGUAGES, Fence, Mark
from looktwice.patterns.page import FINE, INSTEAD, LOOK, PRODUCTION, WHY, Block, Page

TRACES = Path(__file__).parent / "traces"
_LEAD = re.compile(r"\*\*(.+?)\*\*\s*(.*)", re.DOTALL)


class Section(Struct, frozen=True):
    """One row of the map: the folder of its patterns, its number, its title and its claim."""

    name: str
    number: str
    title: str
    claim: str


SECTIONS = (
    Section("security", "01", "Security", "The caller is not who the code takes them for."),
    Section("errors", "02", "Error handling", "It failed, and nobody knows."),
    Section("races", "03", "Races", "Each request is right. Two at once are not."),
    Section("performance", "04", "Performance", "Quick with ten rows, gone with ten thousand."),
    Section("architecture", "05", "Architecture", "Easy to write once, costly to change twice."),
    Section("distributed", "06", "Distributed systems", "It was written as if the network could not fail."),
    Section("tests", "07", "Tests", "Green, and it would be green if the code were wrong."),
    Section("checklist", "08", "The checklist", "Ask these before you approve."),
)


class CodeBlock(Struct, frozen=True, kw_only=True, tag="code"):
    language: str
    kind: str
    case: str
    title: str
    file: str
    text: str
    lines: list[list[Piece]]
    marks: tuple[Mark, ...]


class ProseBlock(Struct, frozen=True, tag="prose"):
    html: str


class Remedy(Struct, frozen=True):
    """One remedy: its name, when to use it, and the programs that show it."""

    title: str
    when: str
    blocks: tuple[CodeBlock | ProseBlock, ...]


class WrongTurn(Struct, frozen=True):
    title: str
    html: str
    blocks: tuple[CodeBlock, ...]


class Exercise(Struct, frozen=True):
    """The program that the learner fixes, and a fixed version."""

    title: str
    bad: CodeBlock
    good: CodeBlock | None


class Prediction(Struct, frozen=True):
    choice: str
    reply: str


class Lesson(Struct, frozen=True, kw_only=True):
    """A pattern page, divided into the four stops of a lesson."""

    code: str
    name: str
    section: str
    severity: str
    status: str
    cwe: tuple[int, ...]
    summary: str
    question: str
    guideline: str
    experiment: str
    sources: tuple[str, ...]
    messages: tuple[str, ...]
    languages: tuple[str, ...]
    goal: str
    predict: tuple[Prediction, ...]
    look: tuple[CodeBlock | ProseBlock, ...]
    why: str
    production: str
    lead: str
    remedies: tuple[Remedy, ...]
    turns: tuple[WrongTurn, ...]
    fine: tuple[CodeBlock | ProseBlock, ...]
    hints: tuple[tuple[str, str], ...]
    exercises: dict[str, Exercise]
    board: tuple[TraceSet, ...] = ()


class Playbook(Struct, frozen=True, kw_only=True):
    """Everything the page needs, in one value. `live`: whether a server is available to judge code."""

    version: str
    live: bool
    sections: tuple[Section, ...]
    lessons: tuple[Lesson, ...]


def playbook(patterns: Catalogue, live: bool) -> Playbook:
    """Build the lessons of all patterns. Raises PageError for a page whose programs cannot be assembled."""
    lessons = tuple(lesson(patterns, pattern) for pattern in patterns.patterns)
    return Playbook(version=version("looktwice"), live=live, sections=SECTIONS, lessons=lessons)


def lesson(patterns: Catalogue, pattern: Pattern) -> Lesson:
    page, header = pattern.page, pattern.page.header
    board = header.board
    languages = {fence.language for fence in page.fences}
    lead, remedies = _remedies(page)
    return Lesson(
        code=header.code,
        name=header.name,
        section=pattern.section,
        severity=header.severity,
        status=header.status,
        cwe=header.cwe,
        summary=header.summary,
        question=header.question,
        guideline=header.guideline,
        experiment=header.experiment or "",
        sources=header.sources,
        messages=tuple(header.message(name).text for name in header.messages),
        languages=tuple(language for language in CODE_LANGUAGES if language in languages),
        goal=board.goal if board else "",
        predict=tuple(Prediction(choice, phrase(reply)) for choice, reply in board.predict) if board else (),
        look=_blocks(page.section(LOOK).blocks),
        why=prose(page.section(WHY).prose),
        production=prose(page.section(PRODUCTION).prose),
        lead=lead,
        remedies=remedies,
        turns=tuple(
            WrongTurn(turn.title.rstrip("."), phrase(turn.text), tuple(map(code_block, turn.fences)))
            for turn in page.turns
        ),
        fine=_blocks(page.section(FINE).blocks),
        hints=tuple((hint.name, phrase(hint.text)) for hint in page.hints),
        exercises=_exercises(patterns, pattern),
        board=traces(board.trace) if board else (),
    )


def traces(name: str) -> tuple[TraceSet, ...]:
    """The recorded runs in `traces/NAME`; empty when they have not been recorded yet.

    Raises msgspec.DecodeError when the file is not in the recorder's format.
    """
    path = TRACES / Path(name).name
    return msgspec.json.decode(path.read_bytes(), type=tuple[TraceSet, ...]) if path.is_file() else ()


def code_block(fence: Fence) -> CodeBlock:
    return CodeBlock(
        language=fence.language,
        kind=fence.kind,
        case=fence.case,
        title=fence.title,
        file=fence.file,
        text=fence.text,
        lines=highlighted(fence.text, fence.language),
        marks=fence.marks,
    )


def _blocks(blocks: Sequence[Block]) -> tuple[CodeBlock | ProseBlock, ...]:
    return tuple(code_block(block) if isinstance(block, Fence) else ProseBlock(prose(block.text)) for block in blocks)


def _remedies(page: Page) -> tuple[str, tuple[Remedy, ...]]:
    """The section's introduction, and its remedies: each begins with a sentence in bold."""
    lead: list[Block] = []
    found: list[tuple[str, str, list[Block]]] = []
    for block in page.section(INSTEAD).blocks:
        opening = None if isinstance(block, Fence) else _LEAD.match(block.text)
        if opening:
            found.append((opening[1].rstrip(".:,"), opening[2][:1].upper() + opening[2][1:], []))
        elif found:
            found[-1][2].append(block)
        else:
            lead.append(block)
    if not found:  # a page with a single remedy need not name it
        return "", (Remedy("", "", _blocks(lead)),)
    opening_words = "".join(block.html for block in _blocks(lead) if isinstance(block, ProseBlock))
    return opening_words, tuple(Remedy(phrase(title), prose(when), _blocks(blocks)) for title, when, blocks in found)


def _exercises(patterns: Catalogue, pattern: Pattern) -> dict[str, Exercise]:
    made: dict[str, Any] = {}
    for language in CODE_LANGUAGES:
        found = exercise(patterns, pattern, language)
        if found:
            good = code_block(found.good) if found.good else None
            made[language] = Exercise(found.bad.title, code_block(found.bad), good)
    return made
