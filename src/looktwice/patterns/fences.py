"""Fences: the fenced example programs of a pattern page, their attributes and their markers.

A fence starts with an info line, `LANGUAGE bad|good|context case=NAME [key=value …]`. Inside it, a comment at the end
of a line may hold markers: `# finds: LT301` on the line where a finding must start, `# role: read` on a line that the
finding must point to with that role. Both may be on one line, separated by `;`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from looktwice.core.errors import LooktwiceError
from looktwice.core.finding import Role

PYTHON = "python"
TYPESCRIPT = "typescript"
JAVASCRIPT = "javascript"

CODE_LANGUAGES = (PYTHON, TYPESCRIPT, JAVASCRIPT)
"""Languages that the audit analyses as programs."""

COMPANIONS: Mapping[str, tuple[str, ...]] = {
    "prisma": (TYPESCRIPT, JAVASCRIPT),
    "sql": CODE_LANGUAGES,
    "toml": CODE_LANGUAGES,
    "json": (TYPESCRIPT, JAVASCRIPT),
}
"""Languages that only describe a program's context, and the program languages they belong to."""

SUFFIXES: Mapping[str, str] = {PYTHON: ".py", TYPESCRIPT: ".ts", JAVASCRIPT: ".js"}

ATTRIBUTES = ("case", "context", "with", "file", "turn", "system", "title")

CODE = re.compile(r"LT\d{3}")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FILE = re.compile(r"[\w@\[\]-][\w@.\[\]-]*(/[\w@\[\]-][\w@.\[\]-]*)*")
_MARKER = re.compile(r"[ \t]*(?:#|//)[ \t]*((?:finds|role)[ \t]*:.*)$")


class Kind(StrEnum):
    """The kind of a fence: a defective program, a correct one, or context that both of them need."""

    BAD = "bad"
    GOOD = "good"
    CONTEXT = "context"


class PageError(LooktwiceError):
    """A pattern page violates the grammar: where (`path`, `line` from 1), what is wrong, and what to write instead."""

    def __init__(self, path: str, line: int, wrong: str, remedy: str) -> None:
        super().__init__(f"{path}:{line}", wrong, remedy)
        self.path = path
        self.line = line


class Mark(msgspec.Struct, frozen=True):
    """What is expected at one line of a program: codes found there, and roles that a finding gives it."""

    line: int
    finds: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()


class Fence(msgspec.Struct, frozen=True):
    """One fenced block. `text` has no markers; `marks` number its lines from 1; `line` is the page's line."""

    language: str
    kind: Kind
    case: str
    text: str
    line: int
    context: str = ""
    libraries: tuple[str, ...] = ()
    file: str = ""
    turn: str = ""
    system: Mapping[str, str] = {}
    title: str = ""
    marks: tuple[Mark, ...] = ()


def read_fence(path: str, line: int, info: str, body: list[str]) -> Fence:
    """Read one fence from its info line (without the backquotes) and its body lines.

    Raises PageError when the info line or a marker violates the grammar.
    """
    words = _words(path, line, info)
    language = words[0] if words else ""
    if language not in SUFFIXES and language not in COMPANIONS:
        known = ", ".join((*SUFFIXES, *COMPANIONS))
        raise PageError(path, line, f"a fence in the language '{language}'", f"use one of {known}")
    kinds = [word for word in words[1:] if "=" not in word]
    attributes = _attributes(path, line, [word for word in words[1:] if "=" in word])
    kind, case = _kind(path, line, kinds, attributes)
    if kind is Kind.CONTEXT:
        attributes.pop("context", None)
    _check_attributes(path, line, language, kind, {**attributes, "case": case})
    text, marks = _markers(path, line, body)
    if marks and kind is not Kind.BAD:
        raise PageError(path, line + marks[0].line, f"a marker in a {kind} fence", "only bad fences may have markers")
    return Fence(
        language=language,
        kind=kind,
        case=case,
        text=text,
        line=line,
        context=attributes.get("context", ""),
        libraries=tuple(name for name in attributes.get("with", "").split(",") if name),
        file=attributes.get("file", ""),
        turn=attributes.get("turn", ""),
        system=_system(path, line, attributes.get("system", "")),
        title=attributes.get("title", ""),
        marks=marks,
    )


def _words(path: str, line: int, info: str) -> list[str]:
    try:
        return shlex.split(info)
    except ValueError:
        raise PageError(path, line, "a quotation mark that is not closed", 'write title="two words"') from None


def _attributes(path: str, line: int, words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in ATTRIBUTES:
            raise PageError(path, line, f"unknown attribute '{key}'", f"use one of {', '.join(ATTRIBUTES)}")
        if key in found:
            raise PageError(path, line, f"the attribute '{key}' occurs twice", "give it once")
        if not value:
            raise PageError(path, line, f"the attribute '{key}' has no value", f"write {key}=VALUE or remove it")
        found[key] = value
    return found


def _kind(path: str, line: int, kinds: list[str], attributes: dict[str, str]) -> tuple[Kind, str]:
    """The fence's kind and case. `context=wallet` without a kind defines a context, like `context case=wallet`."""
    if not kinds and "context" in attributes and "case" not in attributes:
        return Kind.CONTEXT, attributes["context"]
    if len(kinds) != 1 or kinds[0] not in tuple(Kind):
        found = " ".join(kinds) or "nothing"
        raise PageError(path, line, f"a fence must be bad, good or context, this one is '{found}'", "name one of them")
    case = attributes.pop("case", "")
    if not case:
        raise PageError(path, line, "a fence without a case", "add case=NAME")
    return Kind(kinds[0]), case


def _check_attributes(path: str, line: int, language: str, kind: Kind, attributes: Mapping[str, str]) -> None:
    for key in ("case", "context", "turn"):
        value = attributes.get(key)
        if value and not NAME.fullmatch(value):
            raise PageError(
                path, line, f"{key}={value} is not a name", "use lower-case letters, digits and single hyphens"
            )
    file = attributes.get("file")
    if file and (not _FILE.fullmatch(file) or ".." in file.split("/")):
        raise PageError(path, line, f"file={file} leaves the program's folder", "use a relative path, like app/db.py")
    if "turn" in attributes and kind is not Kind.BAD:
        raise PageError(path, line, f"a {kind} fence with turn=", "a wrong turn is a bad fence")
    if language in COMPANIONS and kind is not Kind.CONTEXT:
        raise PageError(path, line, f"a {kind} fence in {language}", "make it a context with file=")
    if language in COMPANIONS and not file:
        raise PageError(path, line, f"a {language} fence without a file", "add file=PATH")


def _system(path: str, line: int, text: str) -> dict[str, str]:
    facts: dict[str, str] = {}
    for word in text.split():
        key, equals, value = word.partition("=")
        if not (key and equals and value):
            raise PageError(path, line, f"'{word}' in system= is not a fact", 'write system="regions=3 workers=4"')
        facts[key] = value
    return facts


def _markers(path: str, line: int, body: list[str]) -> tuple[str, tuple[Mark, ...]]:
    plain: list[str] = []
    marks: list[Mark] = []
    for number, written in enumerate(body, 1):
        match = _MARKER.search(written)
        if match is None:
            plain.append(written)
            continue
        plain.append(written[: match.start()])
        if not plain[-1].strip():
            raise PageError(path, line + number, "a marker on a separate line", "put it at the end of the code line")
        marks.append(_mark(path, line + number, number, match[1]))
    return "".join(text + "\n" for text in plain), tuple(marks)


def _mark(path: str, page_line: int, number: int, comment: str) -> Mark:
    finds: list[str] = []
    roles: list[Role] = []
    for part in comment.split(";"):
        key, colon, value = part.partition(":")
        names = [name.strip() for name in value.split(",")]
        match (key.strip(), colon):
            case ("finds", ":") if all(CODE.fullmatch(name) for name in names):
                finds += names
            case ("role", ":") if all(name in tuple(Role) for name in names):
                roles += map(Role, names)
            case _:
                remedy = f"write 'finds: LT301' or 'role: read', separated by ';'; roles are {', '.join(Role)}"
                raise PageError(path, page_line, f"'{part.strip()}' is not a marker", remedy)
    return Mark(number, tuple(finds), tuple(roles))
