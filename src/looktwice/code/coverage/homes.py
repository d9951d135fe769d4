"""Which part of a program a file belongs to: a framework or store that stands in the tree has one that can be named."""

from __future__ import annotations

from collections.abc import Container

MARKS = ("__init__.py", "index.ts", "index.js", "index.mjs", "index.cjs", "index.tsx", "mod.ts")
"""Files that make a folder one module."""


def home_of(path: str, user: str, files: Container[str]) -> str:
    """The part that the file `path` belongs to, as seen from the file `user`: a folder that is one module, else itself.

    A folder that the user lies in as well is no part of its own. Gives a path without an ending.
    """
    folder, _, name = path.rpartition("/")
    if folder and not user.startswith(f"{folder}/") and any(f"{folder}/{each}" in files for each in MARKS):
        return folder
    return f"{folder}/{name.partition('.')[0]}".lstrip("/")
