"""What manifests, configurations and lock files say, each parsed once, and what cannot be read of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property

from looktwice.code.project.json_text import parse_json
from looktwice.core.event import Noted, Unread
from looktwice.core.file_kinds import consequence
from looktwice.core.parsing import NotParsedError, attempt
from looktwice.core.text import Text, decode

Object = Mapping[str, object]

CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
EMPTY_IS_FINE = ("tsconfig", "jsconfig")


class Manifests:
    """files: contents by path, of package.json, tsconfig*.json, pyproject.toml, requirements*.txt and lock files."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self._texts: dict[str, Text] = {}
        self._objects: dict[str, Object] = {}
        self._wrong: dict[str, Unread] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __contains__(self, path: str) -> bool:
        return path in self.files

    def text(self, path: str) -> str:
        """The text of a file, "" for one that is not there."""
        if (known := self._texts.get(path)) is None:
            known = self._texts[path] = decode(self.files.get(path, b""))
            if known.wrong:
                self.report(path, known.wrong)
            elif "lock" in path and CONFLICT.search(known.text):
                self.report(path, "it holds marks of a conflict that was not resolved")
        return known.text

    def object(self, path: str) -> Object:
        """The object that a JSON or TOML file holds; empty for one that is not there or cannot be read."""
        if (known := self._objects.get(path)) is None:
            known = self._objects[path] = self._object(path) if path in self.files else {}
        return known

    def _object(self, path: str) -> Object:
        text = self.text(path)
        name = path.rpartition("/")[2]
        if not text.strip() and name.startswith(EMPTY_IS_FINE):
            return {}
        language, parse = ("JSON", parse_json) if name.endswith((".json", "Pipfile.lock")) else ("TOML", tomllib.loads)
        try:
            content = attempt(language, lambda: parse(text))
        except NotParsedError as error:
            self.report(path, error.why if text.strip() else "it is empty")
            return {}
        if not isinstance(content, dict):
            self.report(path, "it holds no object")
            return {}
        return content

    def report(self, path: str, why: str) -> None:
        """Keep why a file could not be read; the first reason of a file is enough."""
        self._wrong.setdefault(path, Unread(path, why + consequence(path)))

    @property
    def unread(self) -> tuple[Unread, ...]:
        """The files of which something could not be read, so far."""
        return tuple(self._wrong.values())

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """Paths of all package.json."""
        return tuple(sorted(path for path in self.files if path.rpartition("/")[2] == "package.json"))

    @property
    def notes(self) -> tuple[Noted, ...]:
        """What a reader should know of files that were understood, so far."""
        return tuple(Noted(text.note, path) for path, text in self._texts.items() if text.note)
