"""CMD of a Dockerfile, as far as it can be run without the image."""

from __future__ import annotations

import json
import re
from pathlib import Path

from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources import rewrite


def start(root: Path) -> Command | None:
    path = root / "Dockerfile"
    if not path.is_file():
        return None
    found = None
    text = path.read_text("utf-8", "replace")
    for match in re.finditer(r"^(?:CMD|ENTRYPOINT)\s+(.+?)(?<!\\)$", text, re.MULTILINE | re.DOTALL):
        words = _words(match[1].replace("\\\n", " "))
        if words and not words[0].endswith(".sh"):
            found = Command(words, Origin("Dockerfile", text.count("\n", 0, match.start()) + 1))
    return found


def _words(text: str) -> tuple[str, ...] | None:
    if not text.lstrip().startswith("["):
        return rewrite.words(text)
    try:
        given = json.loads(text)
    except ValueError:
        return None
    if not (isinstance(given, list) and all(isinstance(word, str) for word in given)):
        return None
    if given[:2] in (["sh", "-c"], ["/bin/sh", "-c"], ["bash", "-c"]) and len(given) == 3:
        return rewrite.words(given[2])
    return rewrite.fit(given)
