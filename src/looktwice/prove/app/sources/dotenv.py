"""Names and examples of settings in `.env.example` and its kin, and in the `.env` that the application itself reads."""

from __future__ import annotations

import os
import re
from pathlib import Path

from looktwice.prove.app.plan import Kind, Origin, Setting
from looktwice.prove.app.recognition import kind_of, service_name
from looktwice.prove.app.sources.text import text_of

# The earlier file decides. `.env` comes last: it is read so that each of its values can be replaced.
_FILES = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
    ".env.test",
    ".env.development",
    ".env",
)
_INNER = ("src", "app", "backend", "server", "api", "config")
_TOP = (".git", "compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml")
_LINE = re.compile(r"\s*+(?:export\s++)?([A-Za-z_]\w*+)\s*+=(.*)")


def settings(root: Path) -> list[Setting]:
    """One Setting for each name, in the order of the files and their lines."""
    found: dict[str, Setting] = {}
    for directory in _directories(root):
        for name in _FILES:
            path = directory / name
            if path.is_file():
                shown = os.path.relpath(path, root).replace(os.sep, "/")
                for number, line in enumerate(text_of(path).splitlines(), 1):
                    if match := _LINE.match(line):
                        value = _unquoted(match[2].strip())
                        found.setdefault(match[1], setting(match[1], value, Origin(shown, number)))
    return list(found.values())


def _directories(root: Path) -> list[Path]:
    """Where an application looks for such files: its directory, those in it, and the top of its repository."""
    inner = sorted(path for path in root.iterdir() if path.is_dir() and path.name in _INNER)
    above = [parent for parent in root.parents[:2] if any((parent / name).exists() for name in _TOP)]
    return [root, *inner, *above[:1]]


def setting(name: str, value: str, origin: Origin) -> Setting:
    """The Setting for a name and its example value."""
    kind = kind_of(name, value)
    if kind is Kind.UPSTREAM:
        return Setting(name, kind, service_name(name), origin)
    return Setting(name, kind, value, origin)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1]
    return re.split(r"(?<=\s)#", text, maxsplit=1)[0].rstrip()
