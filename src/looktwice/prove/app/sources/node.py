"""Scripts of package.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources import rewrite
from looktwice.prove.app.sources.text import json_object, text_of

_SCRIPTS = ("start:prod", "start", "serve", "dev", "start:dev")
_BUILT = ("dist", "build", "lib", "out")


def start(root: Path) -> Command | None:
    manifest = _manifest(root)
    scripts = _scripts(manifest)
    for name in _SCRIPTS:
        line = scripts.get(name)
        if isinstance(line, str):
            words = rewrite.words(line) or ("npm", "run", "--silent", name)
            return Command(words, Origin("package.json", _line(root, f'"{name}"')))
    entry = manifest.get("main")
    if isinstance(entry, str) and (root / entry).is_file():
        return Command(("node", entry), Origin("package.json", _line(root, '"main"')))
    return None


def build(root: Path) -> list[Command]:
    """What must be made before the start: the Prisma client, and the build when the start command runs its result."""
    scripts = _scripts(_manifest(root))
    result = []
    if (root / "prisma" / "schema.prisma").is_file() and not (root / "node_modules" / ".prisma").is_dir():
        schema = text_of(root / "prisma" / "schema.prisma")
        if "output" not in schema:
            result.append(Command(("prisma", "generate"), Origin("prisma/schema.prisma")))
    command = start(root)
    wanted = next((d for d in _BUILT if command and any(w.startswith((f"{d}/", f"./{d}/")) for w in command.words)), "")
    if wanted and not (root / wanted).is_dir() and "build" in scripts:
        result.append(Command(("npm", "run", "--silent", "build"), Origin("package.json", _line(root, '"build"'))))
    return result


def _manifest(root: Path) -> dict[str, Any]:
    return json_object(root / "package.json")


def _scripts(manifest: dict[str, Any]) -> dict[str, Any]:
    scripts = manifest.get("scripts")
    return scripts if isinstance(scripts, dict) else {}


def _line(root: Path, text: str) -> int:
    lines = text_of(root / "package.json").splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), 0)
