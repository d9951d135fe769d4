"""Files that say how the project is started and set, and that say nothing because they cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from looktwice.core.files import UnreadableError, is_present, read_bytes
from looktwice.core.text import decode
from looktwice.prove.app.sources import compose, dotenv
from looktwice.prove.app.sources.text import why_no_object


def unread(root: Path) -> tuple[str, ...]:
    """ "Procfile: it is a named pipe": each such file of the project at `root` with the reason, in order of paths."""
    found = {os.path.relpath(path, root).replace(os.sep, "/"): why for path, why in _unread(root)}
    return tuple(f"{path}: {why}" for path, why in sorted(found.items()))


def _unread(root: Path) -> Iterator[tuple[Path, str]]:
    checks: list[tuple[str, Callable[[str], str]]] = [
        ("Procfile", _anything),
        ("Dockerfile", _anything),
        ("prisma/schema.prisma", _anything),
        ("package.json", why_no_object),
        *((name, compose.why_no_document) for name in compose.FILES),
    ]
    for name, check in checks:
        if is_present(root / name) and (why := _why(root / name, check)):
            yield root / name, why
    for path in dotenv.present(root):
        if why := _why(path, _anything):
            yield path, why


def _why(path: Path, check: Callable[[str], str]) -> str:
    """Why a file that is there says nothing, or may say something else than was meant; "" when it was read."""
    try:
        text = decode(read_bytes(path))
    except UnreadableError as error:
        return "it is a link that leads nowhere" if error.is_missing else error.why
    return text.wrong or check(text.text)


def _anything(text: str) -> str:
    return ""
