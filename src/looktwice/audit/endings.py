"""What a file is by its name and its first bytes: a program, and under which ending it is analysed, or unread code."""

from __future__ import annotations

import re
from collections.abc import Mapping

from looktwice.core.file_kinds import PYTHON, SCRIPTS

TYPES = (".d.ts", ".d.mts", ".d.cts")
"""Files of types without behaviour."""

MAYBE = ("", ".cgi", ".fcgi", ".command")
"""Endings of files whose first line says in which language they are."""

HEAD = 256
"""Bytes in which a first line must end."""

INTERPRETERS: Mapping[str, str] = {
    "python": ".py",
    "pypy": ".py",
    "uwsgi": ".py",
    "node": ".js",
    "nodejs": ".js",
    "bun": ".ts",
    "deno": ".ts",
    "tsx": ".ts",
    "ts-node": ".ts",
    "zx": ".mjs",
}
_SHEBANG = re.compile(rb"(?:\xef\xbb\xbf)?#![ \t]*([^\r\n]*)")
_VERSION = re.compile(r"[\d.]+(?:\.exe)?$|\.exe$")

OTHERS: Mapping[str, str] = {
    ".ipynb": "Jupyter",
    ".vue": "Vue",
    ".svelte": "Svelte",
    ".astro": "Astro",
    ".pyx": "Cython",
    ".coffee": "CoffeeScript",
    ".go": "Go",
    ".java": "Java",
    ".kt": "Kotlin",
    ".scala": "Scala",
    ".rb": "Ruby",
    ".php": "PHP",
    ".cs": "C#",
    ".rs": "Rust",
    ".ex": "Elixir",
}
"""Code that may answer requests and that no adapter reads, by ending: what a note calls it."""


def suffix(path: str) -> str:
    """The ending of a file's name in small letters, with its dot: ".py"; "" for a name without a dot."""
    _, dot, end = path.rpartition("/")[2].rpartition(".")
    return dot and dot + end.lower()


def is_code(path: str) -> bool:
    """Whether a file is a program by its name."""
    return suffix(path) in PYTHON + SCRIPTS and not path.lower().endswith(TYPES)


def may_be_script(path: str) -> bool:
    """Whether the first line of a file is worth a look."""
    return suffix(path) in MAYBE


def ending(path: str, head: bytes) -> str:
    """The ending under which a program is analysed, "" for what is no program. head: the first bytes of the file."""
    if is_code(path):
        return ".py" if suffix(path) in PYTHON else suffix(path)
    return interpreted(head) if may_be_script(path) else ""


def interpreted(head: bytes) -> str:
    """The ending for the interpreter that a first line names: `#!/usr/bin/env -S python3.11 -u`."""
    found = _SHEBANG.match(head)
    for word in found[1].decode("utf-8", "replace").split() if found else ():
        name = _VERSION.sub("", word.replace("\\", "/").rpartition("/")[2].lower())
        if name in INTERPRETERS:
            return INTERPRETERS[name]
    return ""
