"""Folders that an application has filled with what keeps them from being removed, or would misdirect their removal."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from looktwice.prove.guardian import leftovers
from looktwice.prove.guardian.removal import remove

NOBODY = 65534
RUN = f"{leftovers.PREFIX}0000000007"


def nested(folder: Path, levels: int, name: str = "d") -> None:
    """So deep that no path leads there any more."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=at)
        inner = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=at))
    os.close(at)


def several(folder: Path) -> None:
    for name in ("one", "two", "-", "\n", "\udcff"):
        (folder / name).mkdir()
        nested(folder / name, 3)


def odd(folder: Path) -> None:
    (folder / "inner").mkdir()
    os.mkfifo(folder / "inner" / "pipe")
    (folder / "inner" / "zero").symlink_to("/dev/zero")
    (folder / "inner" / "nowhere").symlink_to("nowhere")
    (folder / "inner" / "up").symlink_to("../..")


def closed(folder: Path) -> None:
    (folder / "outer" / "inner" / "deep").mkdir(parents=True)
    (folder / "outer" / "inner" / "deep" / "file").touch()
    for path in ("outer/inner/deep", "outer/inner", "outer", ""):
        (folder / path).chmod(0)


CONTENTS: dict[str, Callable[[Path], None]] = {
    "nothing": lambda folder: None,
    "1500 folders in each other": lambda folder: nested(folder, 1500),
    "long names in each other": lambda folder: nested(folder, 300, "n" * 255),
    "several": several,
    "pipes and links": odd,
    "closed folders": closed,
}


@pytest.mark.parametrize("what", CONTENTS)
def test_it_is_removed(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    CONTENTS[what](folder)
    assert remove(folder)
    assert not os.path.lexists(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="not run: only root can become somebody else")
@pytest.mark.parametrize("what", CONTENTS)
def test_it_is_removed_by_an_ordinary_user(what: str) -> None:
    place = Path(tempfile.mkdtemp(prefix="removal-"))
    folder = place / "folder"
    folder.mkdir()
    CONTENTS[what](folder)
    subprocess.run(["chown", "-hR", str(NOBODY), str(place)], check=True)
    child = os.fork()
    if child == 0:
        os.setresuid(NOBODY, NOBODY, NOBODY)
        os._exit(0 if remove(folder) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert os.listdir(place) == []
    place.rmdir()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "link").symlink_to(kept)
    assert remove(folder)
    (tmp_path / "link").symlink_to(kept)
    assert remove(tmp_path / "link")
    assert [it.name for it in tmp_path.iterdir()] == ["kept"]
    assert (kept / "file").exists()


def test_what_is_not_there_counts_as_removed(tmp_path: Path) -> None:
    assert remove(tmp_path / "nothing" / "here")


def test_the_next_run_clears_what_is_deep(tmp_path: Path) -> None:
    for number in (7, 8):
        (tmp_path / f"{leftovers.PREFIX}000000000{number}" / "home").mkdir(parents=True)
    nested(tmp_path / RUN / "home", 1500)
    assert len(leftovers.sweep([tmp_path])) == 2
    assert os.listdir(tmp_path) == []


# ---- shared memory


libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def segment() -> Iterator[tuple[int, int]]:
    """Key and id of a System V segment that nobody is attached to, and that is no run's."""
    key = int.from_bytes(os.urandom(3), "big") + 1
    identifier = libc.shmget(key, 4096, 0o1600)
    assert identifier >= 0
    yield key, identifier
    libc.shmctl(identifier, 0, None)


def is_there(identifier: int) -> bool:
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return any(int(line.split()[1]) == identifier for line in lines)


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not run: segments are listed in /proc")


@linux
@pytest.mark.parametrize("where", ["data", "home/data", "tmp7/data"])
def test_a_segment_that_an_application_names_is_not_removed(
    tmp_path: Path, segment: tuple[int, int], where: str
) -> None:
    folder = tmp_path / RUN / where
    folder.mkdir(parents=True)
    (folder / "postmaster.pid").write_text(f"1\n2\n3\n4\n5\n6\n{segment[0]} {segment[1]}\nready\n")
    assert leftovers.sweep([tmp_path]) == [tmp_path / RUN]
    assert is_there(segment[1])


@linux
def test_a_segment_that_was_noted_is_removed(tmp_path: Path, segment: tuple[int, int]) -> None:
    (tmp_path / RUN).mkdir()
    leftovers.note_shared_memory(tmp_path / RUN, *segment)
    assert leftovers.sweep([tmp_path]) == [tmp_path / RUN]
    assert not is_there(segment[1])


NOTES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "nonsense": lambda path: path.write_bytes(b"\xff\n1 2 3\n"),
    "too much": lambda path: path.write_bytes(b"1 1\n" * 100_000),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("what", NOTES)
@pytest.mark.parametrize("where", ["shared-memory", "home/data/postmaster.pid"])
def test_what_stands_in_the_place_of_a_note_does_no_harm(tmp_path: Path, what: str, where: str) -> None:
    path = tmp_path / RUN / where
    path.parent.mkdir(parents=True)
    NOTES[what](path)
    assert leftovers.sweep([tmp_path]) == [tmp_path / RUN]
    assert os.listdir(tmp_path) == []
    shutil.rmtree(tmp_path)
