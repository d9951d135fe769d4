"""Going down from a folder to a file below it, without ever leaving the folder.

The folder may hold what somebody else put there, links among it. A link that stays inside is followed; one that leads
out is refused. Nothing can be put in the way while it is walked: each component is opened from the one before, and the
system follows no link for us.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from looktwice.core.errors import LooktwiceError

_MOST_LINKS = 40


class OutsideError(LooktwiceError):
    """A file of ours would have been written through a link that leads out of the project."""

    def __init__(self, root: Path, name: PurePath | str) -> None:
        where = root if root.parts else "this folder"
        super().__init__(
            f"cannot write {root / name}", f"a link on the way leads out of {where}", "Remove the link and run again."
        )


@contextmanager
def beneath(root: Path, name: PurePath | str, make: bool = True) -> Iterator[tuple[int | None, str]]:
    """The folder that `name` below `root` lies in, as a descriptor, and the name of the file in it, which is no link.

    make: folders that are not there are made; FileNotFoundError otherwise. Systems without descriptors of folders give
    None and the whole path. Raises OutsideError, OSError.
    """
    if PurePath(name).is_absolute():
        raise OutsideError(root, name)
    if os.open not in os.supports_dir_fd:
        yield None, _resolved(root, name, make)
        return
    walk = _Walk(root, name, make)
    try:
        last = walk.run()
        yield walk.folder, last
    finally:
        walk.close()


class _Walk:
    """The way down, as descriptors of the folders on it."""

    def __init__(self, root: Path, name: PurePath | str, make: bool) -> None:
        self.root, self.name, self._make = root, name, make
        self._held = [os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        self._links = 0

    @property
    def folder(self) -> int:
        return self._held[-1]

    def run(self) -> str:
        """Go down; gives the last component."""
        ahead = list(reversed(PurePath(self.name).parts))
        while ahead:
            part = ahead.pop()
            if part == "..":
                self._up()
            elif (target := self._link(part)) is not None:
                ahead += reversed(self._followed(target))
            elif not ahead:
                return part
            else:
                self._down(part)
        raise IsADirectoryError(errno.EISDIR, "it is a folder")

    def close(self) -> None:
        while self._held:
            os.close(self._held.pop())

    def _link(self, part: str) -> str | None:
        try:
            return os.readlink(part, dir_fd=self.folder)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):  # no link, or nothing at all
                return None
            raise

    def _followed(self, target: str) -> tuple[str, ...]:
        """The components of a link's target, from here or, when it is absolute and below the root, from the root."""
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        path = PurePath(target)
        if not path.is_absolute():
            return path.parts
        try:
            below = path.relative_to(os.path.realpath(self.root))
        except ValueError:
            raise OutsideError(self.root, self.name) from None
        while len(self._held) > 1:
            os.close(self._held.pop())
        return below.parts

    def _up(self) -> None:
        if len(self._held) == 1:
            raise OutsideError(self.root, self.name)
        os.close(self._held.pop())

    def _down(self, part: str) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            found = os.open(part, flags, dir_fd=self.folder)
        except FileNotFoundError:
            if not self._make:
                raise
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=self.folder)
            found = os.open(part, flags, dir_fd=self.folder)
        self._held.append(found)


def _resolved(root: Path, name: PurePath | str, make: bool) -> str:
    """For systems without descriptors of folders: resolved, then compared."""
    base = os.path.realpath(root)
    path = os.path.realpath(os.path.join(base, name))
    if os.path.commonpath([base, path]) != base:
        raise OutsideError(root, name)
    if make:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    return path
