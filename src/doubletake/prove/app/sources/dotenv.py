"""Names and examples of settings in `.env.example` and its kin, and in the `.env` that the application itself reads."""

from __future__ import annotations

import re
from pathlib import Path

from doubletake.prove.app.plan import Kind, Origin, Setting
from doubletake.prove.app.recognition import kind_of, service_name

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
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")


def settings(root: Path) -> list[Setting]:
    """One Setting for each name, in the order of the files and their lines."""
    found: dict[str, Setting] = {}
    for name in _FILES:
        path = root / name
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if match := _LINE.match(line):
                found.setdefault(match[1], setting(match[1], _unquoted(match[2]), Origin(name, number)))
    return list(found.values())


def setting(name: str, value: str, origin: Origin) -> Setting:
    """The Setting for a name and its example value."""
    kind = kind_of(name, value)
    if kind is Kind.UPSTREAM:
        return Setting(name, kind, service_name(name), origin)
    return Setting(name, kind, value, origin)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1]
    return re.sub(r"\s+#.*$", "", text)
