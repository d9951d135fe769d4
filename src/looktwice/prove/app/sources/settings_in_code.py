"""Settings that the code reads from the environment: names and defaults, found without running anything."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from looktwice.core.parsing import NotParsedError, attempt
from looktwice.prove.app.plan import Kind, Origin, Setting
from looktwice.prove.app.recognition import kind_of
from looktwice.prove.app.sources.dotenv import setting
from looktwice.prove.app.sources.text import text_of

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
_JAVASCRIPT = (".ts", ".js", ".mjs", ".cjs", ".mts", ".cts", ".tsx")

_PYTHON_READ = re.compile(
    r"""(?:environ(?:\.get)?|getenv|env(?:\.\w+)?|config)\s*[\[(]\s*["']([A-Z][A-Z0-9_]+)["']\s*(?:,\s*(?:default\s*=\s*)?["']([^"'\n]*)["'])?"""
)
# `config("NAME", default=None)`: an option that is off unless somebody turns it on.
_ELSE_NONE = re.compile(r"\s*,\s*(?:default\s*=\s*)?None\b")
_JAVASCRIPT_READ = re.compile(
    r"""(?:process|import\.meta)\.env(?:\.([A-Z][A-Z0-9_]+)|\[["']([A-Z][A-Z0-9_]+)["']\])(?:\s*(?:\|\||\?\?)\s*["'`]([^"'`\n]*)["'`])?"""
)
_CALLED_READ = re.compile(
    r"""\b(?:required?|env|getEnv|config\.get)(?:<\w+>)?\(\s*["']([A-Z][A-Z0-9]*_[A-Z0-9_]+)["']"""
)


def settings(root: Path) -> list[Setting]:
    """One Setting for each name; the first place that gives a default decides."""
    found: dict[str, Setting] = {}
    for path in files(root):
        for name, default, line in _reads(path, text_of(path)):
            known = found.get(name)
            if known is None or (default and not known.value):
                found[name] = setting(name, default, Origin(path.relative_to(root).as_posix(), line))
    return list(found.values())


def files(root: Path, endings: tuple[str, ...] = (".py", *_JAVASCRIPT)) -> Iterator[Path]:
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


def _reads(path: Path, text: str) -> Iterator[tuple[str, str, int]]:
    if path.suffix == ".py":
        for match in _PYTHON_READ.finditer(text):
            if not _ELSE_NONE.match(text, match.end()):
                yield match[1], match[2] or "", _line(text, match)
        if "BaseSettings" in text:
            yield from _settings_classes(text)
        return
    for match in _JAVASCRIPT_READ.finditer(text):
        yield match[1] or match[2], match[3] or "", _line(text, match)
    for match in _CALLED_READ.finditer(text):
        yield match[1], "", _line(text, match)


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _settings_classes(text: str) -> Iterator[tuple[str, str, int]]:
    """Fields of pydantic's BaseSettings: each reads the variable of its name, behind the prefix."""
    try:
        tree = attempt("Python", lambda: ast.parse(text))
    except NotParsedError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("Settings" in ast.unparse(base) for base in node.bases):
            prefix = next(
                iter(re.findall(r"env_prefix\s*=\s*[\"'](\w*)[\"']", ast.get_source_segment(text, node) or "")), ""
            )
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    if field.target.id == "model_config" or "ClassVar" in ast.unparse(field.annotation):
                        continue
                    name, default = (prefix + field.target.id).upper(), _default(field.value)
                    if default is not None:
                        yield name, default, field.lineno
                    elif isinstance(field.value, ast.Call) and kind_of(name) is Kind.SECRET:
                        yield name, "", field.lineno  # made at random in each process: ours must share one


def _default(value: ast.expr | None) -> str | None:
    """The default of a field as text, "" when it is required; None when the field need not, or had better not, be set:
    it is optional, or made from other fields."""
    if value is None:
        return ""
    if isinstance(value, ast.Constant):
        return None if value.value is None else "" if value.value is ... else str(value.value)
    if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("Field"):
        given = [*value.args, *(keyword.value for keyword in value.keywords if keyword.arg == "default")]
        return _default(given[0]) if given else ""
    return None
