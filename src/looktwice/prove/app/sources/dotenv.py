"""Names and examples of settings in `.env.example` and its kin, and in the `.env` that the application itself reads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from looktwice.prove.app.plan import Kind, Origin, Setting
from looktwice.prove.app.recognition import kind_of, service_name
from looktwice.prove.app.sources.own_files import is_settings_name, settings_files
from looktwice.prove.app.sources.text import text_of
from looktwice.prove.sandbox.files import SHOWN

# Of the user's own, the earlier file decides; what is not named here comes last.
_OWN = (".env.test", ".env.development", ".flaskenv", ".env", ".envrc")
_INNER = ("src", "app", "backend", "server", "api", "config")
_TOP = (".git", "compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml")
_LARGEST = 1 << 20  # bytes of a file that are looked at
_NAME = re.compile(r"[ \t]*(?P<export>export[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*(?:=|:(?=[ \t]))[ \t]*")
_QUOTED = re.compile(r"""(?s)'((?:\\'|[^'])*)'|"((?:\\.|[^"\\])*)"|`([^`]*)`""")
_UNCOMMENTED = re.compile(r"\s+#.*$")


class Assignment(Struct, frozen=True):
    """One setting in a file."""

    name: str
    value: str
    line: int
    is_exported: bool = False


def settings(root: Path) -> list[Setting]:
    """One Setting for each name, in the order of the files and their lines."""
    found: dict[str, Setting] = {}
    for directory in _directories(root):
        for path in _ordered(directory):
            shown = os.path.relpath(path, root).replace(os.sep, "/")
            for it in assignments(text_of(path)):
                made = setting(it.name, it.value, Origin(shown, it.line), own=path.name not in SHOWN)
                known = found.get(it.name)
                if known is None or (known.own and not made.own):
                    found[it.name] = made
    return list(found.values())


def present(root: Path) -> list[Path]:
    """Files of settings that an application may read, those that cannot be read among them."""
    names = ((directory, name) for directory in _directories(root) for name in os.listdir(directory))
    found = [directory / name for directory, name in names if is_settings_name(name)]
    return sorted(path for path in found if not path.is_dir())


def shown_values(root: Path) -> set[str]:
    """Values that the project shows to everybody in its example files."""
    paths = [directory / name for directory in _directories(root) for name in SHOWN]
    return {it.value for path in paths if path.is_file() for it in assignments(text_of(path))}


def assignments(text: str) -> Iterator[Assignment]:
    """What a file of settings assigns, in the dialects of Python, Node, Docker and the shell; values may go over
    several lines in quotes."""
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        match = _NAME.match(text, at, end)
        if match is None:
            at = end + 1
            continue
        value, at = _value(text, match.end(), end)
        line = text.count("\n", 0, match.start()) + 1
        yield Assignment(match["name"], value, line, bool(match["export"]))


def written(found: list[Assignment], values: Mapping[str, str]) -> str:
    """The text of a file that assigns the same names other values; a name without one is left out."""
    lines = []
    for it in found:
        if it.name in values:
            export = "export " if it.is_exported else ""
            lines.append(f"{export}{it.name}={_quoted(values[it.name])}\n")
        elif not it.value:
            lines.append(f"{'export ' if it.is_exported else ''}{it.name}=\n")
    return "".join(lines)


def setting(name: str, value: str, origin: Origin, own: bool = False) -> Setting:
    """The Setting for a name and its example value."""
    kind = kind_of(name, value)
    if kind is Kind.UPSTREAM:
        return Setting(name, kind, service_name(name), origin, own, example=value)
    return Setting(name, kind, value, origin, own)


def _ordered(directory: Path) -> list[Path]:
    found = {path.name: path for path in settings_files(directory)}
    names = [name for name in (*SHOWN, *_OWN) if name in found]
    return [found[name] for name in [*names, *sorted(found.keys() - set(names))]]


def _directories(root: Path) -> list[Path]:
    """Where an application looks for such files: its directory, those in it, and the top of its repository."""
    inner = sorted(path for path in root.iterdir() if path.is_dir() and path.name in _INNER)
    above = [parent for parent in root.parents[:2] if any((parent / name).exists() for name in _TOP)]
    return [root, *inner, *above[:1]]


def _value(text: str, start: int, end: int) -> tuple[str, int]:
    """The value that begins at `start`, and where the next line begins. end: of the line."""
    if quoted := _QUOTED.match(text, start):
        after = text.find("\n", quoted.end())
        after = len(text) if after < 0 else after
        if not text[quoted.end() : after].strip() or text[quoted.end() : after].lstrip().startswith("#"):
            single, double, back = quoted.groups()
            plain = double.replace("\\n", "\n").replace('\\"', '"') if double is not None else single or back or ""
            return plain, after + 1
    return _UNCOMMENTED.sub("", f" {text[start:end]}").strip(), end + 1


def _quoted(value: str) -> str:
    """As every dialect reads it."""
    if re.fullmatch(r"[\w@%+=:,./{}\[\]-]*", value):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
