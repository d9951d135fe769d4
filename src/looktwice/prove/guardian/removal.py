"""Removes a folder with whatever somebody else has put into it: of any depth, closed to us, full of links.

No link is followed, and no file is opened. A folder inside is moved to the top and emptied there: then the depth costs
neither stack nor descriptors, no path is too long for the system, and what is mounted inside, which cannot be moved,
is not touched.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_UNREAD = getattr(os, "O_PATH", 0) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(folder: Path) -> bool:
    """Remove the folder; of a link or a file that lies in its place, only that. False when something is left.

    Never raises.
    """
    with suppress(OSError, ValueError):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            os.unlink(folder)
            return True
        top = _opened(os.fspath(folder))
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(folder)
    return not os.path.lexists(folder)


def _empty(top: int) -> None:
    """Remove everything in the folder that is open as `top`, as far as that is possible."""
    waiting = _cleared(top, top)
    while waiting:
        name = waiting.pop()
        with suppress(OSError):
            inner = _opened(name, top)
            try:
                waiting += _cleared(inner, top)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)


def _cleared(folder: int, top: int) -> list[str]:
    """Remove the entries of `folder`, and move those that are not empty to the top: gives their names there."""
    return [name for entry in os.listdir(folder) if (name := _moved(entry, folder, top))]


def _moved(entry: str, folder: int, top: int) -> str:
    """Remove one entry, "" then. A folder that is not empty gets a name at the top; "" also when it cannot be moved."""
    for remove_it in (os.unlink, os.rmdir):
        with suppress(OSError):
            remove_it(entry, dir_fd=folder)
            return ""
    name = os.urandom(16).hex()
    with suppress(OSError):
        if folder != top:
            _make_ours(entry, folder)  # its entry ".." is about to change, which takes the right to write in it
        os.rename(entry, name, src_dir_fd=folder, dst_dir_fd=top)
        return name
    return ""


def _opened(name: str, folder: int | None = None) -> int:
    """Open a folder in which we may do everything from then on, if it is ours. Raises OSError."""
    with suppress(OSError):
        _make_ours(name, folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _make_ours(name: str, folder: int | None) -> None:
    """Give a folder's owner all rights in it; root has them. Raises OSError."""
    if os.geteuid() == 0:
        return
    if not hasattr(os, "O_PATH"):
        os.chmod(name, 0o700, dir_fd=folder, follow_symlinks=False)
        return
    found = os.open(name, _UNREAD, dir_fd=folder)  # possible without any right in it, and never a link
    try:
        os.chmod(f"/proc/self/fd/{found}", 0o700)
    finally:
        os.close(found)
