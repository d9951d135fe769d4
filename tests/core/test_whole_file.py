"""A file is written whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from looktwice.core import whole_file


@pytest.mark.parametrize("before", [None, b"", b"what was there before"])
@pytest.mark.parametrize("nameless", [True, False])
def test_what_was_there_is_replaced(
    tmp_path: Path, before: bytes | None, nameless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    whole_file.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["missing/file", "folder"])
def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        whole_file.write(tmp_path / name, b"new")
    assert os.listdir(tmp_path) == ["folder"]


KILLED_WHILE_IT_WRITES = """
import sys
from pathlib import Path
from looktwice.core import whole_file
print(flush=True)
for number in range(1_000_000):
    whole_file.write(Path(sys.argv[1]) / str(number), b"x" * 1_000_000)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without a name")
def test_killed_while_it_writes(tmp_path: Path) -> None:
    """Every file that is there is whole, and there is no other."""
    for number in range(10):
        folder = tmp_path / f"run {number}"
        folder.mkdir()
        command = [sys.executable, "-c", KILLED_WHILE_IT_WRITES, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            while len(os.listdir(folder)) < 3:
                time.sleep(0.001 * number / 10)  # the moment is the case here
            process.send_signal(signal.SIGKILL)
        files = list(folder.iterdir())
        assert all(file.name.isdigit() and file.stat().st_size == 1_000_000 for file in files)
