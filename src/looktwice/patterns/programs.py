"""Programs: the files that the fences of a page represent, with the imports and contexts that a fence omits."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from looktwice.patterns.fences import SUFFIXES, Fence, Kind, Mark, PageError
from looktwice.patterns.page import Page
from looktwice.patterns.rules import belongs_to, group


class ProgramFile(Struct, frozen=True):
    """One file of a program. The lines before `shown` (from 1) do not belong to the fence."""

    path: str
    text: str
    shown: int = 1
    marks: tuple[Mark, ...] = ()


class Program(Struct, frozen=True, kw_only=True):
    """A program to audit: bad or good, its files, and the `[system]` facts it assumes."""

    code: str
    case: str
    kind: Kind
    language: str
    line: int
    files: tuple[ProgramFile, ...]
    title: str = ""
    turn: str = ""
    system: Mapping[str, str | int] = {}

    @property
    def main(self) -> ProgramFile:
        return self.files[0]


def programs(page: Page, preludes: Mapping[str, str]) -> tuple[Program, ...]:
    """The programs of the page, in order. `preludes` maps a file name (`redis.py`) to its text.

    Raises PageError when a fence names a library that has no prelude, or when a bad program marks no finding.
    """
    return tuple(_program(page, fences, preludes) for fences in group(page.fences))


def _program(page: Page, fences: tuple[Fence, ...], preludes: Mapping[str, str]) -> Program:
    first = fences[0]
    around = [
        context
        for context in page.contexts
        if any(context.case == fence.context and belongs_to(context.language, fence.language) for fence in fences)
    ]
    beside = tuple(
        ProgramFile(context.file, _head(page, (context,), preludes) + context.text)
        for context in around
        if context.file
    )
    files = tuple(_file(page, fence, around, preludes) for fence in fences)
    if first.kind is Kind.BAD and not any(page.header.code in mark.finds for file in files for mark in file.marks):
        remedy = f"mark the line with 'finds: {page.header.code}'"
        raise PageError(page.path, first.line, "a bad program that marks no finding of its own page", remedy)
    system: dict[str, str | int] = dict(page.header.system)
    for fence in fences:
        system |= fence.system
    return Program(
        code=page.header.code,
        case=first.case,
        kind=first.kind,
        language=first.language,
        line=first.line,
        files=files + beside,
        title=next((fence.title for fence in fences if fence.title), ""),
        turn=first.turn,
        system=system,
    )


def _file(page: Page, fence: Fence, around: list[Fence], preludes: Mapping[str, str]) -> ProgramFile:
    own = [context for context in around if context.case == fence.context and not context.file]
    head = _head(page, (*own, fence), preludes) + "".join(context.text + "\n" for context in own)
    above = head.count("\n")
    marks = tuple(Mark(mark.line + above, mark.finds, mark.roles) for mark in fence.marks)
    path = fence.file or fence.case.replace("-", "_") + SUFFIXES[fence.language]
    return ProgramFile(path, head + fence.text, above + 1, marks)


def _head(page: Page, fences: tuple[Fence, ...], preludes: Mapping[str, str]) -> str:
    """The imports that the libraries of these fences need, without duplicates."""
    texts: dict[str, str] = {}
    for fence in fences:
        for library in fence.libraries:
            name = library + SUFFIXES.get(fence.language, "")
            if name not in preludes:
                raise PageError(
                    page.path, fence.line, f"with={library} has no prelude", f"write patterns/_preludes/{name}"
                )
            texts[name] = preludes[name]
    return "".join(text.rstrip("\n") + "\n\n" for text in texts.values())
