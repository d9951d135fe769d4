"""`--output` and `--svg` from end to end: what is at the place decides how it is written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

LOOKTWICE = str(Path(sys.executable).with_name("looktwice"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def audit(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    command = [LOOKTWICE, "audit", "a.py", "--no-cache", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **more)  # type: ignore[call-overload]


def test_a_file(project: Path) -> None:
    done = audit("-o", "report")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Written: report\n")
    assert Path("report").read_text().startswith("No findings in 1 file")


def make_device(name: str, minor: int) -> None:
    """A memory device of our own (3 is null, 7 is full): a build that replaces it harms no machine."""
    try:
        os.mknod(name, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        os.close(os.open(name, os.O_WRONLY))
    except (OSError, AttributeError):
        pytest.skip("not run: no devices can be made here")


def test_a_device_is_still_one(project: Path) -> None:
    make_device("null", 3)
    assert audit("-o", "null").returncode == 0
    assert stat.S_ISCHR(os.lstat("null").st_mode)


@pytest.mark.parametrize("place", ["stdout", "fd/1", "/proc/self/fd/1"])
def test_standard_output_by_name(project: Path, place: str) -> None:
    """By links like those of /dev, of our own for the same reason."""
    Path("stdout").symlink_to("/proc/self/fd/1")
    Path("fd").symlink_to("/proc/self/fd")
    done = audit("-o", place)
    assert done.stdout.startswith("No findings in 1 file") and done.returncode == 0
    Path("log").write_text("before\n")
    with open("log", "a") as log:
        command = [LOOKTWICE, "audit", "a.py", "--no-cache", "-o", place]
        subprocess.run(command, stdout=log, stderr=subprocess.PIPE, check=True, timeout=60)
    assert Path("log").read_text().startswith("before\nNo findings in 1 file")


def test_a_pipe(project: Path) -> None:
    os.mkfifo("pipe")
    reader = subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True)
    assert audit("-o", "pipe").returncode == 0
    shown, _ = reader.communicate(timeout=30)
    assert shown.startswith("No findings in 1 file") and stat.S_ISFIFO(os.lstat("pipe").st_mode)


def test_nothing_planted_beside_it_is_written_through(project: Path) -> None:
    Path("precious").write_text("mine")
    Path(".report.part").symlink_to("precious")
    assert audit("-o", "report").returncode == 0
    assert Path("precious").read_text() == "mine"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (".", "it is a folder"),
        ("no/report", "there is no folder no"),
        ("a.py/report", "not a directory"),
        ("full", "no space left on device"),
        ("/proc/version", "it is read-only"),
    ],
)
def test_one_clear_message(project: Path, place: str, why: str) -> None:
    make_device("full", 7)
    done = audit("-o", place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"cannot write {place}: {why}\nName another file with --output.\n"
    assert sorted(os.listdir()) == ["a.py", "full"]


def test_standard_output_on_a_full_disk(project: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [LOOKTWICE, "audit", "a.py", "--no-cache"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (2, "cannot write: no space left on device\nMake room and run again.\n")
