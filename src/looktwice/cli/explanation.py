"""A pattern's page in the terminal: summary, what it looks like, what happens, what to do instead, when it is fine."""

from __future__ import annotations

from io import StringIO
from textwrap import fill
from typing import TYPE_CHECKING, TextIO

from rich.console import Group
from rich.markdown import Markdown
from rich.padding import Padding
from rich.text import Text

from looktwice.patterns.catalogue import Pattern
from looktwice.patterns.fences import Fence, Kind
from looktwice.patterns.page import FINE, INSTEAD, LOOK, PRODUCTION
from looktwice.render.terminal.writer import Writer

if TYPE_CHECKING:
    from looktwice.prove.experiments.outcomes import Outcome

LIMIT = 6_000
"""Maximum length of a section in the terminal, in characters."""


def explain(pattern: Pattern, language: str, out: TextIO, width: int, colour: bool) -> None:
    """Write the page to `out`. `language` selects the examples; "" takes the first on the page."""
    page = StringIO()
    Writer(page, min(width, 100), colour, wraps=True).print(contents(pattern, language))
    out.writelines(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())  # rich pads paragraphs with blanks


def explain_outcome(code: str, outcome: Outcome, out: TextIO, width: int) -> None:
    """Write to `out` what is known of an outcome of `prove` that no page describes yet."""
    shown_by = " and ".join(f"`{it}`" for it in outcome.experiments)
    origin = (
        f"An outcome of `looktwice prove`, shown by the experiment{'s' * (len(outcome.experiments) > 1)} {shown_by}."
    )
    for text in (f"{code} {outcome.name}", outcome.summary, f"{origin} It has no page yet."):
        out.write(fill(text, min(width, 100)) + "\n")


def contents(pattern: Pattern, language: str) -> Group:
    header, page = pattern.page.header, pattern.page
    about = " · ".join([header.severity, pattern.section, *(f"CWE-{number}" for number in header.cwe)])
    bad = first(page.section(LOOK).fences, Kind.BAD, language)
    case, shown = (bad.case, bad.language) if bad else ("", language)
    good = next(
        (it for it in page.section(INSTEAD).fences if (it.case, it.language) == (case, shown)),
        first(page.section(INSTEAD).fences, Kind.GOOD, shown),
    )
    parts = [
        Text.assemble((header.code, "bold"), f" {header.name}  ", (about, "dim")),
        Text(header.summary, "bold"),
        *section("What it looks like", page.section(LOOK).prose, bad, "red"),
        *section("What happens in production", page.section(PRODUCTION).prose, None, ""),
        *section("Do this instead", page.section(INSTEAD).prose, good, "green"),
        *section("When it is fine", page.section(FINE).prose, None, ""),
        Text(f"\nAsk in every review: {header.question}", "italic"),
    ]
    if header.experiment:
        parts.append(Text(f"See it happen: looktwice prove   ·   learn it: looktwice learn ({header.name})", "dim"))
    return Group(*parts)


def first(fences: tuple[Fence, ...], kind: Kind, language: str) -> Fence | None:
    of_kind = [it for it in fences if it.kind is kind]
    return next((it for it in of_kind if it.language == language), next(iter(of_kind), None))


def section(title: str, prose: str, fence: Fence | None, style: str) -> list[Text | Padding | Markdown]:
    parts: list[Text | Padding | Markdown] = [Text(f"\n{title}", "bold underline"), Markdown(prose[:LIMIT])]
    if fence:
        parts.append(Padding(marked(fence, style), (1, 0, 0, 4)))
    return parts


def marked(fence: Fence, style: str) -> Text:
    """The code, with the marked lines flagged in the margin."""
    finds = {mark.line for mark in fence.marks if mark.finds}
    roles = {mark.line: ", ".join(mark.roles) for mark in fence.marks if mark.roles}
    text = Text()
    for number, line in enumerate(fence.text.rstrip("\n").split("\n"), 1):
        text.append("▶ " if number in finds else "  ", style or "")
        text.append(line, style if number in finds else "")
        if number in roles:
            text.append(f"   ← {roles[number]}", "dim")
        text.append("\n")
    return text
