"""Settings that the code reads from the environment, or validates: names, defaults and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from looktwice.prove.app.plan import Kind, Origin, Setting
from looktwice.prove.app.sources import declared, reads
from looktwice.prove.app.sources.dotenv import setting
from looktwice.prove.app.sources.reads import Read
from looktwice.prove.app.sources.source_files import JAVASCRIPT, files
from looktwice.prove.app.sources.text import text_of

_ENVIRONMENT = re.compile(r"environ|getenv|\benv\b|Settings|[cC]onfig|require|class-validator|[jJ]oi\.|\bz\.object")
_WORD = re.compile(r"""["'`]([\w.+:/@-]{1,60})["'`]""")
_PLAIN_WORD = re.compile(r"\w{1,60}")
_VAGUE = (Kind.LITERAL, Kind.SECRET, Kind.UPSTREAM)


def settings(root: Path) -> list[Setting]:
    """One Setting for each name; the first place that gives a default decides."""
    found: dict[str, Setting] = {}
    required: set[str] = set()
    texts = [(path, text) for path, text in _texts(root) if _ENVIRONMENT.search(text)]
    known = {name for _, text in texts for name in reads.wrappers(text)}
    for path, text in texts:
        for read in _reads(path, text, known):
            origin = Origin(path.relative_to(root).as_posix(), read.line)
            made = _made(read, origin)
            before = found.get(read.name)
            if made is not None and (before is None or _says_more(made, before)):
                found[read.name] = made
            if read.is_required and made is not None:
                required.add(read.name)
    return [_demanded(it) if it.name in required else it for it in found.values()]


def occurring(root: Path, values: Iterable[str]) -> set[str]:
    """Those of the values that stand in the code literally: what the code knows is no secret."""
    left, found = set(values), set[str]()
    for path, text in _texts(root, (".py", *JAVASCRIPT, ".sql", ".prisma")):
        if not left:
            break
        there = left & set((_PLAIN_WORD if path.suffix == ".sql" else _WORD).findall(text))
        found |= there
        left -= there
    return found


def _texts(root: Path, endings: tuple[str, ...] = (".py", *JAVASCRIPT)) -> Iterator[tuple[Path, str]]:
    for path in files(root, endings):
        yield path, text_of(path)


def _reads(path: Path, text: str, known: set[str]) -> Iterator[Read]:
    if path.suffix == ".py":
        yield from reads.in_python(text, known)
        if "BaseSettings" in text or "Settings)" in text:
            yield from map(_as_read, declared.in_classes(text))
    else:
        yield from reads.in_javascript(text, known)
        yield from map(_as_read, declared.in_schemas(text))


def _as_read(it: declared.Declared) -> Read:
    return Read(
        name=it.name,
        line=it.line,
        default=it.default,
        example=it.example,
        is_required=it.is_required,
        is_off=it.is_off,
        is_made=it.is_made,
    )


def _made(read: Read, origin: Origin) -> Setting | None:
    """The Setting for a read. None for one that is off unless somebody turns it on, and for one that the code makes by
    itself, unless it must be one of ours: an address of our parts, a secret that all instances share."""
    made = setting(read.name, read.default or read.example, origin)
    if read.hint is not None and made.kind in _VAGUE:
        return Setting(read.name, read.hint, read.default, origin)
    if read.is_made:
        return made if made.kind is Kind.SECRET else None
    if read.is_off:
        return None if made.kind in (*_VAGUE, Kind.FOREIGN, Kind.FILE) else made
    if made.kind is Kind.LITERAL and not read.default and not read.is_required:
        return Setting(read.name, Kind.LITERAL, "", origin)
    return made


def _says_more(made: Setting, before: Setting) -> bool:
    if before.kind in _VAGUE and made.kind not in _VAGUE:
        return True
    return bool(made.value) and not before.value


def _demanded(it: Setting) -> Setting:
    """A setting without which some place does not run gets a value, even if it is only a word."""
    if it.kind is Kind.LITERAL and not it.value:
        return Setting(it.name, Kind.MADE_UP, "", it.origin)
    return it
