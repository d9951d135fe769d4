"""The folders of a run: made, locked while somebody answers for them, and removed; and what earlier runs have left."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from looktwice.core.files import UnreadableError, read_bytes
from looktwice.prove.guardian import kernel, members
from looktwice.prove.guardian.removal import remove

PREFIX = "looktwice-run-"
MEMORY = Path("/dev/shm")
_USUAL = Path("/tmp")
_ATTEMPTS = 10
_SEGMENTS = "shared-memory"  # a line for each segment of a run: key and id
_LONGEST_NOTE = 10_000  # bytes


class Folder(NamedTuple):
    """A folder of a run. It is ours as long as a process has `lock`, a descriptor of it, open."""

    path: Path
    lock: int


def places() -> list[Path]:
    """Where a run has its folders: the temporary folder, and memory where there is some.

    When we are root, servers and applications run as somebody else: a temporary folder below a closed home is no use to
    them, and the system's own is taken.
    """
    chosen = Path(tempfile.gettempdir())
    if os.geteuid() == 0 and not _is_passable(chosen) and _is_passable(_USUAL):
        chosen = _USUAL
    return [chosen, *([MEMORY] if MEMORY.is_dir() else [])]


def _is_passable(path: Path) -> bool:
    """Whether everybody may pass through to it."""
    try:
        return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.resolve().parents))
    except OSError:
        return False


def make_all() -> tuple[int, list[Folder]]:
    """A number for a new run, and its folders: one in each of `places()`, the one in memory where there is room.

    Raises OSError, with the place as its file name, when there is no room for it.
    """
    for _ in range(_ATTEMPTS):
        run, made = int.from_bytes(os.urandom(8), "big") % kernel.RUNS, []
        try:
            for place in places():
                try:
                    made.append(make(run, place))
                except FileExistsError:
                    raise
                except OSError as error:
                    if place != MEMORY:
                        raise OSError(error.errno, error.strerror, str(place)) from None
            return run, made
        except FileExistsError:
            for folder in made:
                remove(folder.path)
                os.close(folder.lock)
    raise OSError(errno.ENOLCK, "no folder can be locked there", str(places()[0]))


def make(run: int, place: Path) -> Folder:
    """Make and lock a folder for the run. Others may pass through it (mode 711), to what they are let into.

    Raises OSError; FileExistsError when the number is taken, or when somebody who sweeps was quicker than our lock.
    """
    path = place / f"{PREFIX}{run:010x}"
    path.mkdir(mode=0o711)
    path.chmod(0o711)  # whatever the umask says
    folder = _locked(path)
    if folder is None:
        raise FileExistsError(path)
    return folder


def clear(run: int, folders: Iterable[Path], find: Callable[[], set[int]] = set) -> set[int]:
    """End what belongs to the run and remove its folders; gives the ids of processes that could not be ended.

    find: gives processes that belong to it besides those that carry its mark. Whatever lies in the folders, it does
    not raise.
    """
    left = members.end(lambda: kernel.marked(kernel.marks(run)) | find())
    for folder in folders:
        _remove_shared_memory(folder)
        remove(folder)
    return left


def sweep(where: Iterable[Path] | None = None) -> list[Path]:
    """Clear what runs have left that nobody answers for any more; gives the folders that were there.

    where: folders to look in, instead of all that runs have theirs in. Only folders of our own user are looked at, and
    only those that can be locked: a run that goes on holds its lock. Whatever lies in them, it does not raise.
    """
    found = []
    for place in {*places(), Path(tempfile.gettempdir())} if where is None else where:
        with suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                run = _run_of(entry)
                if run is None:
                    continue
                folder = _locked(Path(entry.path))
                if folder is not None:
                    clear(run, [folder.path])
                    os.close(folder.lock)
                    found.append(folder.path)
    return found


def note_shared_memory(folder: Path, key: int, identifier: int) -> None:
    """Note in a run's folder that this System V segment belongs to the run, to be removed with it. Raises OSError.

    A server notes such a thing among its own files too, where the application may have written: those are not read.
    """
    descriptor = os.open(folder / _SEGMENTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, f"{key} {identifier}\n".encode("ascii"))
    finally:
        os.close(descriptor)


def _remove_shared_memory(folder: Path) -> None:
    """What `note_shared_memory` has noted in a run's folder, unless somebody uses it. Never raises."""
    with suppress(UnreadableError, ValueError):
        for line in read_bytes(folder / _SEGMENTS, _LONGEST_NOTE, root=folder).splitlines():
            key, identifier = line.split()
            kernel.remove_shared_memory(int(key), int(identifier))


def _run_of(entry: os.DirEntry[str]) -> int | None:
    """The number of the run whose folder this is; None when it is none, or not ours."""
    with suppress(OSError, ValueError):
        if entry.name.startswith(PREFIX):
            seen = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid():
                run = int(entry.name.removeprefix(PREFIX), 16)
                return run if 0 <= run < kernel.RUNS else None
    return None


def _locked(path: Path) -> Folder | None:
    """The folder with its lock; None when somebody else holds it, or it is gone meanwhile."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
            return Folder(path, descriptor)
    except OSError:  # a file system without locks: nothing is claimed there, and nothing swept
        pass
    os.close(descriptor)
    return None
