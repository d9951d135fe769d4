"""The exercise of a lesson: the page's first bad program in a single file, and the context around the edited text."""

from __future__ import annotations

from msgspec import Struct

from looktwice.patterns.catalogue import Catalogue, Pattern
from looktwice.patterns.fences import Fence, Kind
from looktwice.patterns.page import INSTEAD, LOOK, Turn
from looktwice.patterns.programs import Program


class Task(Struct, frozen=True):
    """The task: the bad fence, a good fence of the same case, the program that holds the bad one, and wrong turns."""

    bad: Fence
    good: Fence | None
    program: Program
    turns: tuple[Turn, ...] = ()

    def sources(self, text: str) -> dict[str, str]:
        """The program's files with `text` in place of the bad fence: path → text."""
        main = self.program.main
        head = "".join(line + "\n" for line in main.text.split("\n")[: self.above])
        return {file.path: file.text for file in self.program.files} | {main.path: head + text}

    @property
    def above(self) -> int:
        """The number of lines of imports and context above the fence in its file."""
        return self.program.main.shown - 1


def exercise(patterns: Catalogue, pattern: Pattern, language: str) -> Task | None:
    """The exercise of `pattern` in `language`; None when the page has no bad program of a single file in it."""
    page = pattern.page
    candidates = [fence for fence in page.section(LOOK).fences if fence.language == language and not fence.file]
    if not candidates:
        return None
    bad = candidates[0]
    program = next(
        made
        for made in patterns.programs(pattern)
        if made.kind is Kind.BAD and made.line == bad.line and made.language == language
    )
    fitting = [
        fence
        for fence in page.section(INSTEAD).fences
        if (fence.language, fence.case) == (language, bad.case) and not fence.file
    ]
    return Task(bad, fitting[0] if fitting else None, program, page.turns)
