"""Writes a file whole or not at all, also when the process is killed while it writes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_NEW = 0o666  # the process's umask takes away from it


def write(path: Path, data: bytes) -> None:
    """Write `data` to `path`, over what was there. Its folder must be there. Raises OSError.

    Where the system allows it (Linux, most file systems) the file has no name until it is written: when the process is
    killed before that, nothing of it is left.
    """
    partial = path.with_name(f".{path.name}.new")
    try:
        if not _link_nameless(path, partial, data):
            partial.write_bytes(data)
            os.replace(partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _link_nameless(path: Path, partial: Path, data: bytes) -> bool:
    """Write a file without a name, then give it its name. False where that cannot be done, and nothing was."""
    try:
        descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, _NEW)
    except (AttributeError, OSError):
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        try:
            _name(descriptor, path)
        except FileExistsError:  # a link replaces nothing, a rename does
            partial.unlink(missing_ok=True)
            _name(descriptor, partial)
            os.replace(partial, path)
        except OSError:  # no /proc
            return False
    return True


def _name(descriptor: int, path: Path) -> None:
    # With a folder's descriptor, which an absolute path makes no use of, Python lets the kernel follow the link.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)
