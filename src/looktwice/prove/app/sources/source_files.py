"""Source files of the project itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

JAVASCRIPT = (".ts", ".js", ".mjs", ".cjs", ".mts", ".cts", ".tsx")
_SKIPPED = {
    "node_modules",
    ".venv",
    "venv",
    ".git",
    "dist",
    "build",
    "__pycache__",
    "tests",
    "test",
    "generated",
    ".next",
}
_LARGEST = 400_000  # bytes; generated and bundled files are no place for settings
_MOST_FILES = 4000


def files(root: Path, endings: tuple[str, ...] = (".py", *JAVASCRIPT)) -> Iterator[Path]:
    """Source files of the project itself, in a stable order."""
    count = 0
    for directory, directories, names in os.walk(root):
        directories[:] = sorted(name for name in directories if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(names):
            path = Path(directory, name)
            if name.endswith(endings) and not name.endswith(".d.ts") and _size(path) < _LARGEST:
                count += 1
                if count > _MOST_FILES:
                    return
                yield path


def _size(path: Path) -> int:
    """In bytes; that of a link that leads nowhere is too much."""
    try:
        return path.stat().st_size
    except OSError:
        return _LARGEST
