"""Reading files from untrusted sources: regular ones only, and only so much of each.

A tree may hold a FIFO without a writer, a link to a device that never ends, or a file that grows while it is read.
Every file of a project that is not a program of ours is read here.
"""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path

LARGEST = 2_000_000
"""Bytes of a manifest, a configuration, an ignore file: whoever does not say otherwise gets no more."""

_CHUNK = 1 << 20
_PATIENCE = 10  # seconds until a pipe must have given something
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_STAY = getattr(os, "O_NOFOLLOW", 0)
_KINDS = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a named pipe"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
    (stat.S_ISLNK, "it is a symbolic link"),
)


class UnreadableError(Exception):
    """A file that cannot be read, or is not to be read; `why` says so in one clause: "it is a named pipe"."""

    def __init__(self, why: str, is_missing: bool = False) -> None:
        super().__init__(why)
        self.why, self.is_missing = why, is_missing


def read_bytes(path: Path, most: int = LARGEST, *, root: Path | None = None) -> bytes:
    """The content of a regular file of at most `most` bytes.

    root: the folder that the file must lie in, so that a link which leads out of it is not followed; None follows links
    wherever they lead. Raises UnreadableError.
    """
    try:
        return _read(path, most, root)
    except OSError as error:
        raise UnreadableError(plain(error), isinstance(error, FileNotFoundError)) from None
    except ValueError:  # a name that no file can have
        raise UnreadableError("no file can have this name", True) from None


def read_start(path: Path, size: int, *, follows: bool = True) -> bytes:
    """The first `size` bytes of a regular file, however large it is. follows: a link, too. Raises UnreadableError."""
    try:
        require_regular(os.stat(path, follow_symlinks=follows))
        handle = os.open(path, _OPEN | (0 if follows else _STAY))
        try:
            require_regular(os.fstat(handle))
            return os.read(handle, size)
        finally:
            os.close(handle)
    except OSError as error:
        raise UnreadableError(plain(error), isinstance(error, FileNotFoundError)) from None
    except ValueError:
        raise UnreadableError("no file can have this name", True) from None


def read_named(path: Path, most: int = LARGEST) -> bytes:
    """The content of a file that the user named, which may be a pipe that a shell made: `--config <(…)`.

    Raises UnreadableError, also when a pipe is silent for too long.
    """
    try:
        if not stat.S_ISFIFO(os.stat(path).st_mode):
            return _read(path, most, None)
        handle = os.open(path, _OPEN)
        try:
            found = _content(handle, most)
            if not found and os.path.lexists(os.path.realpath(path)):  # a shell's has no name that leads to it
                raise UnreadableError("it is a named pipe that nothing is written to")
            return found
        finally:
            os.close(handle)
    except OSError as error:
        raise UnreadableError(plain(error), isinstance(error, FileNotFoundError)) from None
    except ValueError:
        raise UnreadableError("no file can have this name", True) from None


def _read(path: Path, most: int, root: Path | None) -> bytes:
    real = path
    if root is not None and path.is_symlink():
        real = Path(os.path.realpath(path, strict=True))  # Path.resolve raises RuntimeError for links in a circle
        if not real.is_relative_to(os.path.realpath(root)):
            raise UnreadableError("it is a symbolic link that leads out of the folder")
    require_regular(os.stat(real))  # first: opening a device can already do something
    handle = os.open(real, _OPEN | (_STAY if root is not None else 0))
    try:
        status = os.fstat(handle)
        require_regular(status)
        if status.st_size > most:
            raise UnreadableError(too_large(status.st_size, most))
        return _content(handle, most)
    finally:
        os.close(handle)


def _content(handle: int, most: int) -> bytes:
    """All that is there, however large the system calls the file: those of /proc have size 0, and others grow."""
    parts: list[bytes] = []
    left = most + 1
    while left and (part := _part(handle, min(left, _CHUNK))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise UnreadableError(f"it grows while it is read; at most {megabytes(most)} of one file are read")
    return b"".join(parts)


def _part(handle: int, size: int) -> bytes:
    """The next bytes, b"" at the end. Only pipes let one wait."""
    try:
        return os.read(handle, size)
    except BlockingIOError:
        if select.select([handle], [], [], _PATIENCE)[0]:
            return os.read(handle, size)
        raise UnreadableError(f"nothing came out of it for {_PATIENCE} s") from None


def require_regular(status: os.stat_result) -> None:
    """Raises UnreadableError for anything that is not a regular file."""
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError(kind_of(status.st_mode))


def kind_of(mode: int) -> str:
    """What something that is not a regular file is: "it is a named pipe"."""
    return next((what for is_kind, what in _KINDS if is_kind(mode)), "it is not a regular file")


def is_present(path: Path) -> bool:
    """Whether there is anything of this name, a link that leads nowhere included."""
    return os.path.lexists(path)


def too_large(size: int, most: int) -> str:
    return f"it has {size / 1e6:.1f} MB; at most {megabytes(most)} of one file are read"


def megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def plain(error: OSError) -> str:
    """The system's reason, as part of a sentence."""
    return (error.strerror or str(error)).lower()
