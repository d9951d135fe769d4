"""CMD of a Dockerfile, as far as it can be run without the image."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from looktwice.core.parsing import NotParsedError, attempt
from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources import rewrite
from looktwice.prove.app.sources.text import text_of

_COMMAND = re.compile(r"(?:CMD|ENTRYPOINT)\s+(\S.*)")


def start(root: Path) -> Command | None:
    path = root / "Dockerfile"
    if not path.is_file():
        return None
    found = None
    for number, line in _lines(text_of(path)):
        command = _COMMAND.match(line)
        words = _words(command[1]) if command else None
        if words and not words[0].endswith(".sh"):
            found = Command(words, Origin("Dockerfile", number))
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The instructions with the number of their first line; one that ends in a backslash goes on."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first if parts else number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield first, " ".join(parts)
            parts = []
    if parts:
        yield first, " ".join(parts)


def _words(text: str) -> tuple[str, ...] | None:
    if not text.lstrip().startswith("["):
        return rewrite.words(text)
    try:
        given = attempt("JSON", lambda: json.loads(text))
    except NotParsedError:
        return None
    if not (isinstance(given, list) and all(isinstance(word, str) for word in given)):
        return None
    if given[:2] in (["sh", "-c"], ["/bin/sh", "-c"], ["bash", "-c"]) and len(given) == 3:
        return rewrite.words(given[2])
    return rewrite.fit(given)
