"""The application object of a Python web framework, found in the code."""

from __future__ import annotations

import re
from pathlib import Path

from looktwice.prove.app.plan import Command, Origin
from looktwice.prove.app.sources.source_files import files
from looktwice.prove.app.sources.text import text_of

_OBJECT = re.compile(
    r"^(\w+)\s*(?::\s*[\w.]+)?\s*=\s*(?:\w+\.)?(FastAPI|Starlette|Litestar|Quart|Flask)\(", re.MULTILINE
)
_FACTORY = re.compile(r"^def\s+(create_app|get_app|make_app|build_app|get_application)\(", re.MULTILINE)
_CALLED = re.compile(
    r"^(\w+)\s*(?::\s*[\w.]+)?\s*=\s*(?:create_app|get_app|make_app|build_app|get_application)\(", re.MULTILINE
)
_USUAL = ("main.py", "app.py", "application.py", "server.py", "asgi.py", "wsgi.py", "api.py", "__init__.py")


def start(root: Path) -> Command | None:
    """uvicorn for an ASGI object, flask for a WSGI one. The usual file names first, then the shallower path."""
    candidates = [path for path in files(root, (".py",)) if "create" in (text := text_of(path)) or _OBJECT.search(text)]
    candidates.sort(key=lambda path: (_rank(path), len(path.parts), str(path)))
    for pattern in (_OBJECT, _CALLED, _FACTORY):
        for path in candidates:
            if match := pattern.search(text_of(path)):
                return _command(root, path, match, is_factory=pattern is _FACTORY)
    return None


def _command(root: Path, path: Path, match: re.Match[str], is_factory: bool) -> Command:
    base = _import_root(root, path)
    relative = path.relative_to(base).with_suffix("")
    parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
    target = f"{'.'.join(parts)}:{match[1]}"
    origin = Origin(path.relative_to(root).as_posix(), text_of(path).count("\n", 0, match.start()) + 1)
    directory = base.relative_to(root).as_posix() or "."
    if "Flask(" in match[0]:
        words = ("python", "-m", "flask", "--app", target, "run", "--port", "{port}")
    else:
        factory = ("--factory",) if is_factory else ()
        words = ("python", "-m", "uvicorn", target, *factory, "--port", "{port}")
    return Command(words, origin, directory)


def _import_root(root: Path, path: Path) -> Path:
    """The directory from which the module is imported: the first one upwards that is no package.

    Packages without `__init__.py` exist, so an import of the module's top directory by its own files counts too.
    """
    directory = path.parent
    text = text_of(path)
    while directory != root:
        imported = re.search(rf"^\s*(?:from|import)\s+{re.escape(directory.name)}\b", text, re.MULTILINE)
        relative = re.search(r"^\s*from\s+\.", text, re.MULTILINE)
        if not (directory / "__init__.py").is_file() and not imported and not relative:
            break
        directory = directory.parent
        if imported:
            break
    return directory


def _rank(path: Path) -> int:
    return _USUAL.index(path.name) if path.name in _USUAL else len(_USUAL)
