"""Folders and files that the walk does not enter, and whether code is missing for it."""

from __future__ import annotations

import os
from pathlib import Path

from looktwice.audit.endings import is_code

LOOKS = 2_000
"""Names that are looked at in search of code."""


def target_outside(root: Path, link: Path) -> Path | None:
    """Where a symbolic link below `root` leads when that is outside of it; None for a link that stays inside, whose
    target is read in any case, and for one that leads nowhere."""
    try:
        target = Path(os.path.realpath(link, strict=True))
    except OSError:
        return None
    return None if target.is_relative_to(os.path.realpath(root)) else target


def relative(target: Path, root: Path) -> str:
    """The way from the folder `root` to a place outside of it."""
    try:
        return os.path.relpath(target, os.path.realpath(root))
    except ValueError:  # on another drive
        return str(target)


def holds_code(folder: str | Path, passed: frozenset[str]) -> bool | None:
    """Whether there are programs in a folder, by names alone; None when too many names were looked at to know it.

    passed: names of folders in which nothing of the application is. No link is followed.
    """
    pending, looks = [os.fspath(folder)], 0
    while pending:
        try:
            with os.scandir(pending.pop(0)) as entries:
                for entry in entries:
                    looks += 1
                    if looks > LOOKS:
                        return None
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in passed:
                            pending.append(entry.path)
                    elif is_code(entry.name):
                        return True
        except OSError:
            continue
    return False
