"""Paths as text: relative to the audited root, forward slashes; a folder is "" or ends in a slash."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath


def folder_of(path: str) -> str:
    """The folder that a file or folder lies in; "" for the root and for what lies in it."""
    head, _, _ = path.rstrip("/").rpartition("/")
    return head + "/" if head else ""


def folders_above(path: str) -> Iterator[str]:
    """The folders that a file lies in, innermost first, the root last."""
    folder = folder_of(path)
    while folder:
        yield folder
        folder = folder_of(folder)
    yield ""


def joined(folder: str, relative: str) -> str | None:
    """A relative path as seen from a folder; None when it leads out of the root."""
    path = normpath(folder + relative)
    if path.startswith(("..", "/")):
        return None
    return "" if path == "." else path
