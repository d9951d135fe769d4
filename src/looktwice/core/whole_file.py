"""Writes a file whole or not at all, also when the process is killed while it writes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_NEW = 0o666  # the process's umask takes away from it


def write(
    path: Path | str, data: bytes, folder: int | None = None, prepare: Callable[[int], None] = lambda descriptor: None
) -> None:
    """Write `data` to `path`, over what was there. Its folder must exist.

    folder: the descriptor of the folder that `path` is relative to, if any. prepare: given the new file's descriptor
    before it is moved into place. Where the system allows it (Linux, most file systems) the file has no name until it
    is written: when the process is killed before that, nothing of it is left. Raises OSError.
    """
    place = os.fspath(path)
    partial = os.path.join(os.path.dirname(place), f".{os.path.basename(place)}.new")
    try:
        if not _link_nameless(place, partial, data, folder, prepare):
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=folder)
            creating = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
            with open(os.open(partial, creating, _NEW, dir_fd=folder), "wb") as file:
                prepare(file.fileno())
                file.write(data)
            os.replace(partial, place, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(partial, dir_fd=folder)
        raise


def nameless(folder: str) -> int | None:
    """A descriptor of a new file in the folder that has no name yet, for `give_name`; None where there is no such
    thing (Linux, most file systems)."""
    try:
        descriptor = os.open(folder or ".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, _NEW)
    except (AttributeError, OSError):
        return None
    if os.path.exists(f"/proc/self/fd/{descriptor}"):
        return descriptor
    os.close(descriptor)
    return None


def give_name(descriptor: int, path: str) -> None:
    """Give a nameless file its name. Raises FileExistsError when there is one, OSError."""
    _name(descriptor, path, None)


def _link_nameless(place: str, partial: str, data: bytes, folder: int | None, prepare: Callable[[int], None]) -> bool:
    """Write a file without a name, then give it its name. False where that cannot be done, and nothing was."""
    try:
        descriptor = os.open(os.path.dirname(place) or ".", os.O_TMPFILE | os.O_WRONLY, _NEW, dir_fd=folder)
    except (AttributeError, OSError):
        return False
    with os.fdopen(descriptor, "wb") as file:
        prepare(descriptor)
        file.write(data)
        file.flush()
        try:
            _name(descriptor, place, folder)
        except FileExistsError:  # a link replaces nothing, a rename does
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=folder)
            _name(descriptor, partial, folder)
            os.replace(partial, place, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:  # no /proc
            return False
    return True


def _name(descriptor: int, path: str, folder: int | None) -> None:
    # With a folder's descriptor, which an absolute path makes no use of, Python lets the kernel follow the link.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, dst_dir_fd=folder, follow_symlinks=True)
