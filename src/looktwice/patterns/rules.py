"""Rules across a page: its programs can be assembled, and they show what the page claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from looktwice.patterns.fences import CODE_LANGUAGES, COMPANIONS, Fence, Kind, PageError

if TYPE_CHECKING:
    from looktwice.patterns.page import Page

MINIMUM = 2
"""The minimum number of bad and of good programs in each language of the page."""

REVEALING = 12
"""A line shorter than this, or without a letter, may appear in a hint."""


def check(page: Page) -> None:
    """Raise PageError for the first rule that the page violates."""
    _check_contexts(page)
    _check_kinds(page)
    for fence in page.fences:
        if fence.kind is Kind.BAD and not fence.file and not _finds(page, fence):
            remedy = f"mark the line with 'finds: {page.header.code}'"
            raise PageError(page.path, fence.line, "a bad fence that marks no finding of its own page", remedy)
    _check_counts(page)
    _check_remedies(page)
    _check_hints(page)
    if page.header.board and not page.header.experiment:
        raise PageError(page.path, 1, "a board without an experiment", "name the experiment that recorded its trace")


def _finds(page: Page, fence: Fence) -> bool:
    return any(page.header.code in mark.finds for mark in fence.marks)


def _check_contexts(page: Page) -> None:
    defined = {(fence.case, fence.language, fence.file): fence for fence in page.contexts}
    if len(defined) < len(page.contexts):
        twice = Counter((fence.case, fence.language, fence.file) for fence in page.contexts).most_common(1)[0][0]
        raise PageError(
            page.path, defined[twice].line, f"the context '{twice[0]}' is defined twice", "give each its own name"
        )
    used = set()
    for fence in page.fences:
        matching = {key for key in defined if key[0] == fence.context and belongs_to(key[1], fence.language)}
        if fence.context and not matching:
            remedy = f"define it in a fence '{fence.language} context={fence.context}'"
            raise PageError(page.path, fence.line, f"no context '{fence.context}' for {fence.language}", remedy)
        used |= matching
    for key, fence in defined.items():
        if key not in used:
            raise PageError(page.path, fence.line, f"nothing uses the context '{key[0]}'", "use it or remove it")


def belongs_to(context: str, language: str) -> bool:
    """Whether a context in the language `context` belongs to programs in `language`."""
    return context == language or language in COMPANIONS.get(context, ())


def _check_kinds(page: Page) -> None:
    by_heading = {section.heading: section.fences for section in page.sections}
    for fence in by_heading["Do this instead"]:
        if fence.kind is not Kind.GOOD:
            raise PageError(page.path, fence.line, "a bad fence under 'Do this instead'", "move it up, or make it good")
    for fence in by_heading["What it looks like"]:
        if fence.turn or fence.kind is not Kind.BAD:
            raise PageError(page.path, fence.line, "only bad fences without turn= show what it looks like", "move it")
    for heading in ("Why a model writes it", "What happens in production", "When it is fine"):
        for fence in by_heading[heading]:
            if fence.kind is Kind.BAD:
                raise PageError(page.path, fence.line, f"a bad fence under '{heading}'", "move it to where it is shown")


def _check_counts(page: Page) -> None:
    languages = {fence.language for fence in page.fences if fence.kind is Kind.BAD}
    if not languages:
        raise PageError(page.path, page.sections[0].line, "no bad fence", "show what the pattern looks like")
    for language in CODE_LANGUAGES:
        for kind in (Kind.BAD, Kind.GOOD):
            programs = group(fence for fence in page.fences if (fence.language, fence.kind) == (language, kind))
            if language in languages and len(programs) < MINIMUM:
                what = (
                    f"{len(programs)} {kind} program in {language}" if programs else f"no {kind} program in {language}"
                )
                raise PageError(page.path, page.sections[0].line, what, f"write at least {MINIMUM}")


def _check_remedies(page: Page) -> None:
    remedies = {(fence.case, fence.language) for fence in page.fences if fence.kind is Kind.GOOD}
    for fence in page.fences:
        if fence.kind is Kind.BAD and (fence.case, fence.language) not in remedies:
            remedy = f"add a fence '{fence.language} good case={fence.case}'"
            raise PageError(page.path, fence.line, f"the case '{fence.case}' has no remedy in {fence.language}", remedy)


def _check_hints(page: Page) -> None:
    secrets = {
        line.strip()
        for fence in page.fences
        if fence.kind is Kind.GOOD
        for line in fence.text.splitlines()
        if len(line.strip()) >= REVEALING and any(character.isalpha() for character in line)
    }
    for hint in page.hints[:-1]:
        for line in sorted(secrets):
            if line in hint.text:
                raise PageError(
                    page.path,
                    page.sections[-1].line,
                    f"hint '{hint.name}' reveals the line '{line}'",
                    "describe it in words",
                )


def group(fences: Iterable[Fence]) -> tuple[tuple[Fence, ...], ...]:
    """The fences of each program, in the order of the page.

    A fence without `file=` is a separate program. Fences with it that share case, language, kind and turn form one
    program; a file name that occurs again starts the next.
    """
    programs: list[list[Fence]] = []
    current: dict[tuple[str, str, str, str], list[Fence]] = {}
    for fence in fences:
        key = (fence.case, fence.language, fence.kind, fence.turn)
        if fence.file and key in current and fence.file not in {other.file for other in current[key]}:
            current[key].append(fence)
            continue
        programs.append([fence])
        if fence.file:
            current[key] = programs[-1]
    return tuple(tuple(program) for program in programs)
