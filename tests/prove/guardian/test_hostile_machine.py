"""A machine on which something is broken: no device, no standard streams, no room. A run works, or says why not."""

from __future__ import annotations

import os
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

LOOKTWICE = str(Path(sys.executable).with_name("looktwice"))
BANK = Path(__file__).parents[1] / "apps" / "bank.py"
CONFIGURATION = """
[prove]
start = "python bank.py {port}"
database = ["DATABASE_URL"]
redis = ["REDIS_URL"]
health = "/wallet"
seed = ["schema.sql"]
requests = [{ method = "POST", path = "/deposit", body = { amount = 50 }, vary = { amount = 30 } }]
[prove.upstreams]
outside = { variable = "OUTSIDE_URL" }
"""
PROVE = ["prove", "project", "--experiment", "twice"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a project in it, and room for temporary files; not below pytest's, which others may not pass through."""
    made = Path(tempfile.mkdtemp(prefix="hostile-"))
    made.chmod(0o755)
    (made / "tmp").mkdir()
    project = made / "project"
    project.mkdir()
    shutil.copy(BANK, project / "bank.py")
    (project / "schema.sql").write_text(runpy.run_path(str(BANK))["SCHEMA"])
    (project / "looktwice.toml").write_text(CONFIGURATION)
    yield made
    shutil.rmtree(made)


def may_mount() -> bool:
    try:
        done = subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def sparing(cases: Iterable[str], always: str) -> list[object]:
    """One of the cases in every run of the tests, the others in thorough ones: each is a whole run of `prove`."""
    return [pytest.param(it, marks=[] if it == always else [pytest.mark.thorough]) for it in cases]


mounting = pytest.mark.skipif(not may_mount(), reason="not run: nobody may mount anything here")


def run_in(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run the shell's script in `folder`, with mounts of its own."""
    return subprocess.run(
        ["unshare", "-m", "sh", "-ec", script],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


OTHER_DEVICES = (
    "mount --bind /dev shadow; mount -t tmpfs none /dev; "
    "for it in random urandom zero; do cp -a shadow/$it /dev/; done; mkdir -m 1777 /dev/shm"
)
BROKEN_NULL = {
    "a file": "printf nonsense > null && mount --bind null /dev/null",
    "closed to everybody but us": "touch null && chmod 600 null && mount --bind null /dev/null",
    "a folder": f"{OTHER_DEVICES}; mkdir /dev/null",
    "missing": OTHER_DEVICES,
}


@mounting
@pytest.mark.parametrize("what", sparing(BROKEN_NULL, "missing"))
def test_a_broken_null_device(folder: Path, what: str) -> None:
    (folder / "shadow").mkdir()
    done = run_in(folder, f"{BROKEN_NULL[what]}; exec {shlex.join([LOOKTWICE, *PROVE])}")
    assert done.returncode == 1, done.stderr
    assert "1 proven" in done.stdout
    assert os.listdir(folder / "tmp") == []


STREAMS = {"no input": "<&-", "no output": ">&-", "no errors": "2>&-", "none of them": "<&- >&- 2>&-"}


@pytest.mark.parametrize("what", sparing(STREAMS, "none of them"))
def test_without_standard_streams(folder: Path, what: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {shlex.join([LOOKTWICE, *PROVE])} {STREAMS[what]}"],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr
    (proof,) = (folder / "project" / ".looktwice" / "proofs").iterdir()
    assert proof.suffix == ".json"
    assert os.listdir(folder / "tmp") == []


# Where, how many inodes and bytes there are, and what is reported.
FULL = {
    "no room for temporary files": ("tmp", "nr_inodes=1", ""),  # then the system's own folder is taken
    "no room for what they hold": ("tmp", "size=4k,nr_inodes=64", ""),
    "no room in the project": ("project/.looktwice", "nr_inodes=1", "cannot write"),
}


@mounting
@pytest.mark.parametrize("what", sparing(FULL, "no room in the project"))
def test_a_full_disk(folder: Path, what: str) -> None:
    where, size, why = FULL[what]
    (folder / where).mkdir(exist_ok=True)
    script = f"mount -t tmpfs -o {size} none {where}; code=0; {shlex.join([LOOKTWICE, *PROVE])} || code=$?"
    done = run_in(folder, f"{script}; ls -A {where} >left; exit $code")
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
    assert why in done.stderr
    assert "run" not in (folder / "left").read_text()
