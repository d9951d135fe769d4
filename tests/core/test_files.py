"""Reading files that somebody else made: what is no regular file of ordinary size gives a reason, and never waits."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from looktwice.core.files import UnreadableError, read_bytes, read_named

MOST = 1_000


def _bind(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def _circle(path: Path) -> None:
    path.symlink_to("other")
    path.with_name("other").symlink_to(path.name)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3_000_000_000)


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a named pipe": (os.mkfifo, "it is a named pipe"),
    "a socket": (_bind, "it is a socket"),
    "a folder": (Path.mkdir, "it is a folder"),
    "a link to a device without end": (lambda path: path.symlink_to("/dev/zero"), "leads out of the folder"),
    "a link to a pipe beside it": (lambda path: (os.mkfifo(f"{path}.p"), path.symlink_to(f"{path}.p")), "named pipe"),
    "a link out of the folder": (lambda path: path.symlink_to("/etc/hostname"), "leads out of the folder"),
    "a link to the folder above": (lambda path: path.symlink_to(".."), "leads out of the folder"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "too many levels of symbolic links"),
    "links in a circle": (_circle, "too many levels of symbolic links"),
    "a link to nothing": (lambda path: path.symlink_to("gone"), "no such file"),
    "nothing": (lambda path: None, "no such file"),
    "three gigabytes": (_sparse, r"it has 3000\.0 MB; at most"),
    "a byte too many": (lambda path: path.write_bytes(b"x" * (MOST + 1)), "at most"),
}
READABLE: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.write_bytes(b"text"),
    "a file of the largest size": lambda path: path.write_bytes(b"x" * MOST),
    "a link to a file beside it": lambda path: (path.with_name("b").write_bytes(b"text"), path.symlink_to("b")),
    "an absolute link that stays inside": lambda path: (
        path.with_name("b").touch(),
        path.symlink_to(f"{path.parent}/b"),
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_unreadable(tmp_path: Path, kind: str) -> None:
    make, why = UNREADABLE[kind]
    make(tmp_path / "a")
    with pytest.raises(UnreadableError) as caught:
        read_bytes(tmp_path / "a", MOST, root=tmp_path)
    assert re.search(why, caught.value.why)
    assert caught.value.is_missing == ("no such file" in why)


@pytest.mark.parametrize("kind", READABLE)
def test_readable(tmp_path: Path, kind: str) -> None:
    READABLE[kind](tmp_path / "a")
    assert read_bytes(tmp_path / "a", MOST, root=tmp_path) == (tmp_path / "a").read_bytes()


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty", "/dev/null", "/dev/random"])
def test_devices_are_not_opened(device: str) -> None:
    with pytest.raises(UnreadableError, match=r"it is a device|no such"):
        read_bytes(Path(device))


def test_files_whose_size_the_system_does_not_know() -> None:
    """Those of /proc have size 0, which says nothing of what they hold."""
    assert b"Pid" in read_bytes(Path("/proc/self/status"))


@pytest.mark.parametrize("name", ["a\0b", "x" * 5_000, "\ud800"])
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableError):
        read_bytes(tmp_path / name)


def test_a_pipe_that_the_user_named_is_read(tmp_path: Path) -> None:
    """`--config <(…)`: a shell makes the pipe and somebody writes to it."""
    reading, writing = os.pipe()
    os.write(writing, b"text")
    os.close(writing)
    assert read_named(Path(f"/dev/fd/{reading}")) == b"text"
    os.close(reading)
