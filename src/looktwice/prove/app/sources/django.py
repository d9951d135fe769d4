"""`manage.py` of a Django project."""

from __future__ import annotations

from pathlib import Path

from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources.text import text_of

_DIRECTORIES = (".", "src", "app", "backend", "server")


def start(root: Path) -> Command | None:
    """Django's own server, without the process that watches for changes. Other tools have a manage.py as well."""
    for directory in _DIRECTORIES:
        path = root / directory / "manage.py"
        if path.is_file() and "django" in text_of(path):
            words = ("python", "manage.py", "runserver", "127.0.0.1:{port}", "--noreload")
            return Command(words, Origin(path.relative_to(root).as_posix()), directory)
    return None
