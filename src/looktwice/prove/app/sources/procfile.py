"""`web:` in a Procfile."""

from __future__ import annotations

import re
from pathlib import Path

from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources import rewrite
from looktwice.prove.app.sources.text import text_of


def start(root: Path) -> Command | None:
    path = root / "Procfile"
    if not path.is_file():
        return None
    for number, line in enumerate(text_of(path).splitlines(), 1):
        match = re.match(r"web\s*:\s*(.+)", line)
        if match and (words := rewrite.words(match[1])):
            return Command(words, Origin("Procfile", number))
    return None
