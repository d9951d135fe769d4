"""Whoever is killed, nothing of the run is left: no process, no folder, no shared memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from seen import children, is_running, wait_until

from looktwice.prove.guardian import kernel, leftovers

HERE = Path(__file__).parent
DAEMON = HERE / "daemon.py"

# A run in a process of its own, with PostgreSQL, an ordinary child and a daemon. It says what it has, then waits.
RUN = """
import sys, time
from pathlib import Path
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Run
from looktwice.prove.servers.postgres import server
with Run() as run:
    account = Account()
    account.uid = None
    database = server.start(run=run)
    folder = run.folder()
    one = run.start([sys.executable, {daemon!r}, str(folder / "pid")], folder, {{}}, account, folder=folder)
    written = folder / "pid"
    while "left" not in one.output() or not written.exists() or not written.read_text():
        time.sleep(0.01)
    with database.connect() as connection:
        backend = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    postmaster = database._child
    print(run.number, postmaster.pid, one.pid, written.read_text(), flush=True)
    print(*run.folders, flush=True)
    segment = (postmaster.directory / "data" / "postmaster.pid").read_text().splitlines()[6].split()[1]
    print(segment, flush=True)
    while not (why := run.trouble()):
        time.sleep(0.01)
    print(why, flush=True)
"""


class Running(NamedTuple):
    """A run that goes on in another process."""

    us: subprocess.Popen[str]
    number: int
    postmaster: int
    child: int
    daemon: int
    folders: list[Path]
    segment: str

    @property
    def standby(self) -> int:
        (pid,) = children(self.us.pid)
        return pid

    @property
    def keeper(self) -> int:
        (pid,) = children(self.standby)
        return pid

    def is_gone(self) -> bool:
        return not (
            any(map(is_running, (self.postmaster, self.child, self.daemon)))
            or kernel.marked(kernel.marks(self.number))
            or any(it.exists() for it in self.folders)
            or self.segment in segments()
        )


def segments() -> set[str]:
    """Ids of the System V shared memory segments of this machine."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


@pytest.fixture
def running() -> Iterator[Running]:
    code = RUN.format(daemon=str(DAEMON))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as us:
        assert us.stdout is not None
        number, *pids = map(int, us.stdout.readline().split())
        folders = [Path(word) for word in us.stdout.readline().split()]
        segment = us.stdout.readline().strip()
        yield Running(us, number, *pids, folders, segment)
        us.kill()


KILLED: dict[str, Callable[[Running], list[int]]] = {
    "we": lambda it: [it.us.pid],
    "the keeper": lambda it: [it.keeper],
    "the standby": lambda it: [it.standby],
    "both guardians": lambda it: [it.standby, it.keeper],
    "we and the keeper": lambda it: [it.us.pid, it.keeper],
    "we and the standby": lambda it: [it.us.pid, it.standby],
}


@pytest.mark.parametrize("who", KILLED)
def test_killed_without_a_chance(running: Running, who: str) -> None:
    """The daemon has left its session and its parent, and carries no mark that it could take off."""
    assert is_running(running.daemon) and running.segment in segments()
    assert all(it.exists() for it in running.folders)
    for pid in KILLED[who](running):
        os.kill(pid, signal.SIGKILL)
    wait_until(running.is_gone)
    if "we" not in who.split():
        assert running.us.stdout is not None
        assert "the two processes that guard it are gone" in running.us.stdout.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("who", ["the keeper", "the standby"])
def test_a_guardian_ignores_signals_to_stop(running: Running, who: str, number: signal.Signals) -> None:
    """A terminal that is closed and a service manager tell everybody: the guardians end with the main process."""
    for pid in KILLED[who](running):
        os.kill(pid, number)
    os.kill(running.child, signal.SIGKILL)  # that the run goes on can be seen by this: it is not needed
    wait_until(lambda: not is_running(running.child))
    assert is_running(running.postmaster) and is_running(running.daemon)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGQUIT])
def test_a_database_that_is_gone_is_named(running: Running, number: signal.Signals) -> None:
    os.kill(running.postmaster, number)
    assert running.us.stdout is not None
    output = running.us.stdout.read()
    assert output.startswith("PostgreSQL ") and "while it was needed" in output
    running.us.wait(20)
    assert running.is_gone()


def test_all_at_once_is_swept_at_the_next_start(running: Running) -> None:
    """Nobody is left who could end the daemon. Its folder is locked by nobody, and so it is found."""
    assert running.folders[0] not in leftovers.sweep(), "somebody answers for it"
    everybody = [running.us.pid, running.standby, running.keeper]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    for pid in everybody:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, everybody)))
    assert is_running(running.daemon)
    assert set(running.folders) <= set(leftovers.sweep())
    assert running.is_gone()


def test_a_live_run_of_somebody_else_is_never_swept(running: Running) -> None:
    for _ in range(3):
        leftovers.sweep()
    assert is_running(running.daemon) and is_running(running.postmaster)
    assert all(it.exists() for it in running.folders)


@pytest.mark.parametrize("name", ["looktwice-run-nonsense", "looktwice-run-", "looktwice-other", "looktwice-run--1"])
def test_what_is_no_folder_of_a_run_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert leftovers.sweep([tmp_path]) == []
    assert (tmp_path / name).is_dir()


def test_links_and_files_of_that_name_stay(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (tmp_path / f"{leftovers.PREFIX}0000000001").symlink_to(kept)
    (tmp_path / f"{leftovers.PREFIX}0000000002").touch()
    assert leftovers.sweep([tmp_path]) == []
    assert (kept / "file").exists()


def test_what_a_run_has_left_is_removed_but_nothing_that_it_links_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "file").touch()
    left = tmp_path / f"{leftovers.PREFIX}0000000003"
    (left / "home" / "closed").mkdir(parents=True)
    (left / "home" / "closed" / "file").touch()
    (left / "home" / "link").symlink_to(outside)
    (left / "home" / "closed").chmod(0)
    assert leftovers.sweep([tmp_path]) == [left]
    assert not left.exists()
    assert (outside / "file").exists() and outside.stat().st_mode & 0o777 == 0o755
