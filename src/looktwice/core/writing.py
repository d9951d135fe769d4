"""Writing files: nothing else in looktwice writes any, except into temporary folders of its own.

`output` writes where the user asked and follows the user's own links. The others write files of ours below a folder,
mostly a project that somebody else may have filled, and follow no link that leads out of it. Nobody ever reads half a
file: it is written beside its place and moved there.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TextIO

from looktwice.core import whole_file
from looktwice.core.beneath import beneath
from looktwice.core.errors import LooktwiceError

_NEW = 0o666  # the process's umask takes away from it
_REFUSED = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISBLK, "it is a disk, whose content would be lost"),
)


@contextmanager
def output(path: Path, option: str = "--output") -> Iterator[TextIO]:
    """The file that the user named with `option`, opened for text in UTF-8.

    A regular file, or one that is not there yet, is written whole or not at all: when the block is left by an exception
    it stays as it was. Its permissions stay, and a link to it stays a link. A device, a pipe or a terminal is written
    to where it is. Raises LooktwiceError when it cannot be written: before the block begins where that can be known.
    """
    place = _Place(path, option)
    try:
        descriptor, target, partial = _open(place)
    except OSError as error:
        raise place.unwritable(error) from None
    is_nameless = bool(partial) and not os.path.lexists(partial)
    try:
        raw = io.BufferedWriter(_Raw(descriptor, place))
        with io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace") as file:
            yield file
            if is_nameless:
                file.flush()
                with place.errors():
                    _give_name(descriptor, target, partial)
        try:
            _move(partial, target)
        except OSError as error:
            raise place.unwritable(error) from None
    finally:
        _remove(partial)


def write_inside(root: Path, name: PurePath | str, data: bytes | str) -> Path:
    """Write the file `name` below the folder `root`, over what was there, and make the folders that lead to it.

    Gives its path. Raises OutsideError when a link leads out of `root`, LooktwiceError when it cannot be written.
    """
    place = _Place(root / name)
    content = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    with place.errors(), beneath(root, name) as (folder, last):
        found = _status(last, folder)
        if found is not None:
            place.refuse(found, os.access(last, os.W_OK, dir_fd=folder), only_regular=True)
        whole_file.write(last, content, folder, lambda descriptor: _keep_owner(descriptor, found))
    return place.path


def check_inside(root: Path, name: PurePath | str) -> None:
    """Raise, before work that would be lost, what `write_inside` would for the way to the file. Nothing is made."""
    with _Place(root / name).errors(), contextlib.suppress(FileNotFoundError), beneath(root, name, make=False):
        pass


def rename_inside(root: Path, name: PurePath | str, new: str) -> None:
    """Give the file `name` below `root` the name `new`, in its own folder. Raises as `write_inside` does."""
    with _Place(root / name).errors(), beneath(root, name) as (folder, last):
        os.replace(last, os.path.join(os.path.dirname(last), new), src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def alone_inside(root: Path, name: PurePath | str) -> Iterator[None]:
    """Hold the folder that `name` below `root` lies in: others who ask for the same wait. Raises as `write_inside`.

    Windows has no such lock, and does not wait.
    """
    with contextlib.ExitStack() as stack:
        with _Place(root / name).errors():
            folder, _ = stack.enter_context(beneath(root, name))
            if folder is not None:
                import fcntl

                fcntl.flock(folder, fcntl.LOCK_EX)
        yield


class _Place:
    """A file that is to be written, and the sentences for why it cannot be. option: how the user named it, if so."""

    def __init__(self, path: Path, option: str = "") -> None:
        self.path = path
        self.advice = f"Name another file with {option}." if option else "Make room for it and run again."

    def refuse(self, found: os.stat_result, may_write: bool, only_regular: bool = False) -> None:
        """Raise LooktwiceError when what is there is not to be written to."""
        why = next((words for is_kind, words in _REFUSED if is_kind(found.st_mode)), "")
        if not why and not stat.S_ISREG(found.st_mode):
            why = "it is not a regular file" if only_regular else ""
        elif not why and not (found.st_mode & 0o222 and may_write):  # root may write everything, and should not
            why = "it is read-only"
        if why:
            raise LooktwiceError(f"cannot write {self.path}", why, self.advice)

    def unwritable(self, error: OSError) -> LooktwiceError:
        why = (error.strerror or str(error)).lower()
        if error.errno == errno.ENOENT:
            path = Path(os.path.realpath(self.path)) if self.path.is_symlink() else self.path
            why = f"there is no folder {path.parent}"
        return LooktwiceError(f"cannot write {self.path}", why, self.advice)

    @contextmanager
    def errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self.unwritable(error) from None


class _Raw(io.FileIO):
    """A file whose faults are sentences, also those of the last flush. A pipe without a reader is no fault."""

    def __init__(self, descriptor: int, place: _Place) -> None:
        super().__init__(descriptor, "w")
        self._place = place

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type,return-value]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._place.unwritable(error) from None


def _open(place: _Place) -> tuple[int, str, str]:
    """A descriptor to write to; for a regular file, its final place and the file that is written first."""
    try:
        found = os.stat(place.path)
    except FileNotFoundError:
        target = os.path.realpath(place.path)
        descriptor, partial = _beside(target)
        return descriptor, target, partial
    place.refuse(found, os.access(place.path, os.W_OK))
    if (stream := _stream_of(found)) is not None:
        return os.dup(stream), "", ""
    target = os.path.realpath(place.path)
    if not stat.S_ISREG(found.st_mode) or not _is(target, found):
        return os.open(place.path, os.O_WRONLY | _flags("O_CLOEXEC", "O_NOCTTY")), "", ""
    try:
        descriptor, partial = _beside(target)
    except OSError:  # nothing may be made beside it
        partial = os.path.join(tempfile.gettempdir(), _partial_name())
        descriptor = os.open(partial, _creating(), 0o600)
    _keep_owner(descriptor, found)
    return descriptor, target, partial


def _beside(target: str) -> tuple[int, str]:
    """A new file in the folder of `target`, and the name by which it is moved there: it may not have that yet."""
    folder = os.path.dirname(target)
    partial = os.path.join(folder, _partial_name())
    descriptor = whole_file.nameless(folder)
    return os.open(partial, _creating(), _NEW) if descriptor is None else descriptor, partial


def _give_name(descriptor: int, target: str, partial: str) -> None:
    """The name of its place when that is free, else the one that it is moved there from."""
    try:
        whole_file.give_name(descriptor, target)
    except FileExistsError:
        whole_file.give_name(descriptor, partial)


def _stream_of(found: os.stat_result) -> int | None:
    """Our standard output or error when that is what is there (`/dev/stdout`): it goes on at its own position."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if os.path.samestat(found, os.fstat(stream.fileno())):
                stream.flush()
                return stream.fileno()
    return None


def _move(partial: str, target: str) -> None:
    """Put the file that was written in its place; where the system does not allow that, write its content there."""
    if not partial:
        return
    try:
        os.replace(partial, target)
    except FileNotFoundError:  # it was given its name there
        return
    except OSError:  # a folder that cannot be written, or a file that is mounted by itself
        content = Path(partial).read_bytes()
        descriptor = os.open(target, os.O_WRONLY | os.O_TRUNC | _flags("O_CLOEXEC", "O_NOFOLLOW"))
        with open(descriptor, "wb") as file:
            file.write(content)


def _remove(partial: str, folder: int | None = None) -> None:
    with contextlib.suppress(OSError):
        os.unlink(partial, dir_fd=folder)


def _is(path: str, found: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), found)
    except OSError:
        return False


def _status(name: str, folder: int | None) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _partial_name() -> str:
    return f".looktwice-{secrets.token_hex(8)}"


def _creating() -> int:
    return os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flags("O_CLOEXEC", "O_NOFOLLOW")


def _flags(*names: str) -> int:
    """Those that this system has."""
    return sum(getattr(os, name, 0) for name in names)


def _keep_owner(descriptor: int, found: os.stat_result | None) -> None:
    """The new file takes the owner, where it may be given away, and the permissions of the one that it replaces."""
    if found is None:
        return
    with contextlib.suppress(OSError, AttributeError):
        os.fchown(descriptor, found.st_uid, found.st_gid)
    with contextlib.suppress(OSError, AttributeError):
        os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
