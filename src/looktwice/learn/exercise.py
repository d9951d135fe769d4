"""The exercise of a lesson: the page's first bad program that fits one file, and what stands around the edited text."""

from __future__ import annotations

from msgspec import Struct

from looktwice.patterns.catalogue import Catalogue, Pattern
from looktwice.patterns.fences import Fence, Kind
from looktwice.patterns.page import INSTEAD, LOOK, Turn
from looktwice.patterns.programs import Program


class Task(Struct, frozen=True):
    """What is mended: the bad fence, a good one of the same case, the program that holds the bad one, wrong turns."""

    bad: Fence
    good: Fence | None
    program: Program
    turns: tuple[Turn, ...] = ()

    def sources(self, text: str) -> dict[str, str]:
        """The program's files with `text` in the place of the bad fence: path → text."""
        main = self.program.main
        head = "".join(line + "\n" for line in main.text.split("\n")[: self.above])
        return {file.path: file.text for file in self.program.files} | {main.path: head + text}

    @property
    def above(self) -> int:
        """How many lines of imports and context stand above the fence in its file."""
        return self.program.main.shown - 1


def exercise(patterns: Catalogue, pattern: Pattern, language: str) -> Task | None:
    """The exercise of `pattern` in `language`; None when the page has no bad program in it that is one file."""
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
