"""How the project is started and its tables are made, as its own files tell; the first that does is believed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from looktwice.prove.app.plan import Command
from looktwice.prove.app.sources import compose, django, dockerfile, migrations, node, procfile, python
from looktwice.prove.app.sources.source_files import files
from looktwice.prove.app.sources.text import text_of

# In this order: what is written down to be run, then what the code shows.
_STARTS: tuple[tuple[str, Callable[[Path], Command | None]], ...] = (
    ("Procfile", procfile.start),
    ("manage.py", django.start),
    ("package.json", node.start),
    ("a Python application object", python.start),
    ("compose file", compose.start),
    ("Dockerfile", dockerfile.start),
)
LOOKED_AT = tuple(name for name, _ in _STARTS)
_TARGET = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*(?:\(\))?")
_EXTENSION = re.compile(r"""CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?["']?([\w-]+)""", re.IGNORECASE)


def start(root: Path) -> Command | None:
    """The start command, None when nothing tells."""
    for _, look in _STARTS:
        command = look(root)
        if command is not None:
            return located(root, command)
    return None


def located(root: Path, command: Command) -> Command:
    """The command in the directory from which its `module:object` can be imported: an image has its own layout."""
    target = next((m[1] for word in command.words if (m := _TARGET.fullmatch(word))), "")
    if not target:
        return command
    parts = target.split(".")
    inside = Path(*parts).with_suffix(".py")
    if any((root / command.directory / path).exists() for path in (inside, Path(*parts))):
        return command
    found = [
        path for path in files(root, (".py",)) if path.relative_to(root).as_posix().endswith(f"/{inside.as_posix()}")
    ]
    if not found:
        return command
    base = found[0].parents[len(parts) - 1]
    return msgspec.structs.replace(command, directory=base.relative_to(root).as_posix())


def setup(root: Path) -> list[Command]:
    """Commands and SQL files that make the tables."""
    return [*node.build(root), *migrations.commands(root)]


def extensions(root: Path) -> list[str]:
    """PostgreSQL extensions that the project's SQL and migrations create."""
    found: dict[str, None] = {}
    for path in files(root, (".sql", ".py", ".ts", ".js", ".prisma")):
        text = text_of(path)
        if "xtension" in text or "XTENSION" in text:
            found.update(dict.fromkeys(_EXTENSION.findall(text)))
    return [name.lower() for name in found]
