"""Pattern pages: Markdown with TOML front matter and fixed headings, parsed into values.

A page is the single description of a pattern. The audit's explanations, the playbook, the checklist, the guidelines
for coding agents and the pattern's own tests are derived from it. Parsing is strict: a page that violates the grammar
raises PageError with the line and the correction, and is never read partially.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from looktwice.core.finding import Severity
from looktwice.patterns.fences import CODE, NAME, Fence, PageError, read_fence
from looktwice.patterns.rules import check

HEADINGS = (
    "What it looks like",
    "Why a model writes it",
    "What happens in production",
    "Do this instead",
    "Wrong turns",
    "When it is fine",
    "Hints",
)
LOOK, WHY, PRODUCTION, INSTEAD, TURNS, FINE, HINTS = HEADINGS
HINT_NAMES = ("Look", "Ask", "Name", "Show")

_FENCE = re.compile(r"(`{3,})([^`]*)")
_HINT = re.compile(r"(\d+)\.[ ]+\*\*(\w+)\.\*\*[ ]+(\S.*)")
_TITLE = re.compile(r"\*\*(.+?)\*\*[ ]*(.*)", re.DOTALL)
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)$")

Text = Annotated[str, Meta(min_length=1)]


class Message(Struct, frozen=True, forbid_unknown_fields=True):
    """A finding's message: text with placeholders in braces, and its severity where it differs from the page's."""

    text: Text
    severity: Severity | None = None


class Board(Struct, frozen=True, forbid_unknown_fields=True):
    """The lesson's board: the recorded trace, the goal, and the prediction with a reply to each choice."""

    trace: Text
    goal: Text
    predict: Annotated[tuple[tuple[Text, Text], ...], Meta(min_length=2)]


class Header(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The front matter of a page."""

    code: Annotated[str, Meta(pattern=f"^{CODE.pattern}$")]
    name: Annotated[str, Meta(pattern=f"^{NAME.pattern}$")]
    severity: Severity
    status: Literal["stable", "preview"]
    cwe: tuple[int, ...]
    sources: Annotated[tuple[Text, ...], Meta(min_length=1)]
    summary: Annotated[str, Meta(min_length=1, max_length=120)]
    question: Annotated[str, Meta(min_length=1, max_length=100)]
    guideline: Annotated[str, Meta(min_length=1, max_length=140)]
    messages: Annotated[dict[str, str | Message], Meta(min_length=1)]
    needs: tuple[
        Literal["handlers", "store", "statements", "services"], ...
    ] = ()  # what must be understood, or nothing is found
    experiment: Annotated[str, Meta(pattern=f"^{NAME.pattern}$")] | None = None
    board: Board | None = None
    wins_over: tuple[Annotated[str, Meta(pattern=f"^{CODE.pattern}$")], ...] = ()
    system: dict[str, str | int] = {}

    def message(self, identifier: str) -> Message:
        """The message with this id. Raises KeyError when the page has none."""
        found = self.messages[identifier]
        return found if isinstance(found, Message) else Message(found)


class Prose(Struct, frozen=True):
    """A paragraph or list, as Markdown, and its first line in the page."""

    text: str
    line: int


Block = Prose | Fence


class Turn(Struct, frozen=True):
    """A wrong turn: a fix that people try first, why it does not help, and the programs that show it, if any."""

    title: str
    text: str
    line: int
    fences: tuple[Fence, ...] = ()


class Hint(Struct, frozen=True):
    """One hint: `name` is Look, Ask, Name or Show."""

    name: str
    text: str


class Section(Struct, frozen=True):
    """The content under one of the fixed headings."""

    heading: str
    line: int
    blocks: tuple[Block, ...]

    @property
    def fences(self) -> tuple[Fence, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Fence))

    @property
    def prose(self) -> str:
        """The section's text as Markdown, without its programs."""
        return "\n\n".join(block.text for block in self.blocks if isinstance(block, Prose))


class Page(Struct, frozen=True):
    """One pattern page: front matter, contexts, and the seven sections in their order."""

    path: str
    header: Header
    contexts: tuple[Fence, ...]
    sections: tuple[Section, ...]
    turns: tuple[Turn, ...]
    hints: tuple[Hint, ...]

    def section(self, heading: str) -> Section:
        """The section under `heading`, one of HEADINGS."""
        return self.sections[HEADINGS.index(heading)]

    @property
    def fences(self) -> tuple[Fence, ...]:
        """Every bad and good fence, in the order of the page."""
        return tuple(fence for section in self.sections for fence in section.fences)


def load(path: Path) -> Page:
    """Read a page. Raises PageError when it violates the grammar or is not UTF-8, OSError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PageError(str(path), 1, f"the page is not UTF-8 ({error.reason})", "save it as UTF-8") from None
    return parse(text, str(path))


def parse(text: str, path: str = "page.md") -> Page:
    """Parse a page; `path` is used in messages only. Raises PageError for the first violation."""
    lines = text.replace("\r\n", "\n").split("\n")
    header, body = _header(lines, path)
    contexts, sections = _sections(list(_blocks(lines, body, path)), path, len(lines))
    page = Page(
        path=path,
        header=header,
        contexts=contexts,
        sections=sections,
        turns=_turns(sections[HEADINGS.index(TURNS)], path),
        hints=_hints(sections[HEADINGS.index(HINTS)], path),
    )
    check(page)
    return page


def _header(lines: list[str], path: str) -> tuple[Header, int]:
    """The front matter, and the index of the first line after it."""
    if lines[0].rstrip() != "+++":
        raise PageError(path, 1, "no front matter", "start the page with a line '+++'")
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "+++"), None)
    if end is None:
        raise PageError(path, 1, "the front matter does not end", "close it with a line '+++'")
    try:
        table = tomllib.loads("\n".join(lines[1:end]) + "\n")
    except tomllib.TOMLDecodeError as error:
        where = _TOML_LINE.search(str(error))
        line = 1 + int(where[1]) if where else end
        raise PageError(
            path, line, f"the front matter is not TOML: {_TOML_LINE.sub('', str(error))}", "correct the line"
        ) from None
    try:
        header = msgspec.convert(table, Header)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        key = re.sub(r"[^\w-].*", "", place.lstrip(".")) or next(iter(re.findall(r"`(\w+)`", problem)), "")
        line = next((number for number, line in enumerate(lines[:end], 1) if key and key in line), 1)
        part = f" ({place.strip('.`')})" if place else ""
        raise PageError(path, line, f"front matter{part}: {problem}", "see the table of keys in the grammar") from None
    _check_messages(header, lines, path)
    return header, end + 1


def _check_messages(header: Header, lines: list[str], path: str) -> None:
    for identifier in header.messages:
        line = next((number for number, line in enumerate(lines, 1) if line.startswith(identifier)), 1)
        if not NAME.fullmatch(identifier):
            raise PageError(
                path, line, f"the message id '{identifier}'", "use lower-case letters, digits and single hyphens"
            )
        try:
            names = [
                name for _, name, _, _ in string.Formatter().parse(header.message(identifier).text) if name is not None
            ]
        except ValueError as error:
            raise PageError(path, line, f"message '{identifier}': {error}", "write {role}, or {{ for a brace") from None
        for name in names:
            if not name.isidentifier():
                raise PageError(
                    path, line, f"message '{identifier}' has the placeholder '{{{name}}}'", "name a role or a fact"
                )


class _Heading(Struct, frozen=True):
    text: str
    line: int


def _blocks(lines: list[str], start: int, path: str) -> Iterator[_Heading | Block]:
    """The headings, fences and paragraphs from line index `start` on."""
    paragraph: list[str] = []
    number = start
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.fullmatch(line.rstrip())
        heading = line.startswith("#")
        if paragraph and (fence or heading or not line.strip()):
            yield Prose("\n".join(paragraph), number + 1 - len(paragraph))
            paragraph = []
        if fence:
            end = next((at for at in range(number + 1, len(lines)) if lines[at].rstrip() == fence[1]), None)
            if end is None:
                raise PageError(path, number + 1, "a fence that is not closed", f"close it with a line {fence[1]}")
            yield read_fence(path, number + 1, fence[2].strip(), lines[number + 1 : end])
            number = end
        elif heading:
            yield _Heading(line.removeprefix("## ").strip() if line.startswith("## ") else line.strip(), number + 1)
        elif line.strip():
            paragraph.append(line.rstrip())
        number += 1
    if paragraph:
        yield Prose("\n".join(paragraph), len(lines) + 1 - len(paragraph))


def _sections(blocks: list[_Heading | Block], path: str, last: int) -> tuple[tuple[Fence, ...], tuple[Section, ...]]:
    """The context fences, wherever they are, and the sections without them."""
    contexts = tuple(block for block in blocks if isinstance(block, Fence) and block.kind == "context")
    found: list[tuple[_Heading, list[Block]]] = []
    for block in blocks:
        if isinstance(block, _Heading):
            expected = HEADINGS[len(found)] if len(found) < len(HEADINGS) else "no further heading"
            if block.text != expected:
                raise PageError(path, block.line, f"the heading '{block.text}'", f"expected '## {expected}' here")
            found.append((block, []))
        elif isinstance(block, Fence) and block.kind == "context":
            continue
        elif not found:
            raise PageError(path, block.line, "text before the first heading", f"move it under '## {HEADINGS[0]}'")
        else:
            found[-1][1].append(block)
    if len(found) < len(HEADINGS):
        raise PageError(path, last, f"the heading '{HEADINGS[len(found)]}' is missing", "add it, in the fixed order")
    for heading, content in found:
        if not any(isinstance(block, Prose) for block in content):
            raise PageError(path, heading.line, f"'{heading.text}' has no text", "write at least a sentence")
    return contexts, tuple(Section(heading.text, heading.line, tuple(content)) for heading, content in found)


def _turns(section: Section, path: str) -> tuple[Turn, ...]:
    """The wrong turns: list items that start in bold, each with the fences that follow it."""
    turns: list[Turn] = []
    for block in section.blocks:
        if isinstance(block, Fence):
            if not block.turn:
                raise PageError(path, block.line, "a fence among the wrong turns without turn=", "add turn=NAME")
            if not turns:
                raise PageError(
                    path, block.line, "a wrong turn that is not introduced", "put '- **Title.** Why' before it"
                )
            turns[-1] = msgspec.structs.replace(turns[-1], fences=(*turns[-1].fences, block))
            continue
        for item in re.split(r"\n(?=- )", block.text):
            title = _TITLE.fullmatch(item.removeprefix("- ")) if item.startswith("- ") else None
            if title is None:
                raise PageError(
                    path, block.line, "a wrong turn is a list item that starts in bold", "write '- **Title.** Why'"
                )
            turns.append(Turn(title[1].rstrip("."), re.sub(r"\s*\n\s*", " ", title[2]), block.line))
    return tuple(turns)


def _hints(section: Section, path: str) -> tuple[Hint, ...]:
    remedy = "write '1. **Look.** …' to '4. **Show.** …', each on one line"
    written = [
        (block.line, line) for block in section.blocks if isinstance(block, Prose) for line in block.text.split("\n")
    ]
    if section.fences:
        raise PageError(path, section.fences[0].line, "a fence among the hints", "show code in the sections above")
    hints: list[Hint] = []
    for (line, text), (number, name) in zip(written, enumerate(HINT_NAMES, 1), strict=False):
        match = _HINT.fullmatch(text)
        if match is None or match[1] != str(number) or match[2] != name:
            raise PageError(path, line, f"hint {number} is not '{name}'", remedy)
        hints.append(Hint(name, match[3]))
    if len(written) != len(HINT_NAMES):
        raise PageError(path, section.line, f"{len(written)} lines of hints instead of four", remedy)
    return tuple(hints)
