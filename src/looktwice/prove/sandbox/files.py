"""Which files a child sees otherwise than they lie on the disk: replaced, hidden, or kept from being changed."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

# Where programs and their libraries are: nothing to be kept lies there, and most files that are opened do.
_SYSTEM = ("/usr/lib/", "/usr/local/lib/", "/usr/share/", "/usr/bin/", "/lib/", "/lib64/", "/sys/", "/dev/")
# A file of settings by its name.
_SETTINGS = re.compile(r"\.env(?:[.\-_].+|rc)?|\.flaskenv|\.dev\.vars|[^/]+\.env", re.IGNORECASE)
# Shown to everybody; where several are there, the earlier one counts. Every other such file is the user's own.
SHOWN = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env.defaults",
    ".env.schema",
    "env.example",
    "example.env",
    "sample.env",
)
_PACKAGES = ("/node_modules/", "/site-packages/")
_WRITING = os.O_WRONLY | os.O_RDWR
_EMPTY = os.devnull

# They compare the file that they open with the one that they saw before, and refuse to copy another. What is shown to
# everybody they may have; a copy is replaced in its turn.
_COPYING = ("cp", "install", "mv", "coreutils", "busybox", "tar", "rsync")

Key = tuple[int, int]


class Decision(NamedTuple):
    """What is done about opening a file. `instead` is a file to open in its place, "" for none; `error` an errno, 0 for
    none. `worth` says what of it should be reported: "read", "changed", or "" for nothing."""

    instead: str = ""
    error: int = 0
    worth: str = ""


UNCHANGED = Decision()


class Files:
    """replaced: path → the file that stands for it. hidden: paths that are not there. kept: paths that may be read and
    not changed. since: nanoseconds since the epoch when the run began; what is newer, the run has made."""

    def __init__(
        self, replaced: Mapping[str, str], hidden: Iterable[str] = (), kept: Iterable[str] = (), since: int = 0
    ) -> None:
        self._replaced = {key: instead for path, instead in replaced.items() if (key := _key(path))}
        self._shown = {key for path in replaced if is_shown(os.path.basename(path)) and (key := _key(path))}
        self._hidden = {key for path in hidden if (key := _key(path))}
        self._kept = {key for path in kept if (key := _key(path))}
        self._since = since

    def opening(self, path: str, flags: int, program: Callable[[], str] = lambda: "") -> Decision:
        """path: one that we can use. flags: of open(2). program: the name of the one that opens it."""
        if path.startswith(_SYSTEM):
            return UNCHANGED
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return UNCHANGED  # the kernel says what is wrong with it
        key = (status.st_dev, status.st_ino)
        if key in self._replaced:
            return UNCHANGED if key in self._shown and program() in _COPYING else Decision(instead=self._replaced[key])
        if key in self._hidden:
            return Decision(error=errno.ENOENT, worth="read")
        if key in self._kept and flags & _WRITING:
            return Decision(error=errno.EROFS, worth="changed")
        if self._is_unknown(path, status):
            return Decision(instead=_EMPTY, worth="read")
        return UNCHANGED

    def changing(self, path: str) -> Decision:
        """Removing a file, renaming it, putting another in its place, cutting it short."""
        for key in (_key(path), _key(path, follow=False)):
            if key and (key in self._replaced or key in self._hidden or key in self._kept):
                return Decision(error=errno.EROFS, worth="changed")
        return UNCHANGED

    def _is_unknown(self, path: str, status: os.stat_result) -> bool:
        """A file of settings that lies where nobody looked for one."""
        if not _SETTINGS.fullmatch(os.path.basename(path)) or not stat.S_ISREG(status.st_mode):
            return False
        real = os.path.realpath(path)
        return status.st_ctime_ns < self._since and not any(part in real for part in _PACKAGES)


def is_shown(name: str) -> bool:
    """Whether a file of settings of this name is an example, shown to everybody."""
    return name in SHOWN


def is_settings(name: str) -> bool:
    """Whether a file of this name holds settings."""
    return _SETTINGS.fullmatch(name) is not None


def _key(path: str, follow: bool = True) -> Key | None:
    try:
        status = os.stat(path, follow_symlinks=follow)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
