"""How a command ends when it is stopped: at once, with a line that says what is kept, and with nothing left running."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
LOOKTWICE = str(Path(sys.executable).with_name("looktwice"))
BANK = ROOT / "tests" / "prove" / "apps" / "bank.py"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}
CONFIGURATION = """
[prove]
start = "python bank.py {port}"
database = ["DATABASE_URL"]
health = "/wallet"
seed = ["schema.sql"]
requests = [{ method = "POST", path = "/deposit", body = { amount = 50 }, vary = { amount = 30 } }]
[prove.upstreams]
outside = { variable = "OUTSIDE_URL" }
"""
TEST = """
def test_it(looktwice):
    looktwice.check("twice", looktwice.request("POST", "/deposit", {"amount": 50}))
"""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not run: processes are counted in /proc")


class Running(NamedTuple):
    process: subprocess.Popen[str]
    project: Path
    temporary: Path
    others: set[int]

    def left(self) -> list[str]:
        """Commands of the processes that it has left running, wherever they are, and names of its folders."""
        pids = descendants() - self.others - {self.process.pid}
        return [command(pid) for pid in sorted(pids)] + os.listdir(self.temporary)


def descendants() -> set[int]:
    """Living processes below this one, orphans included, which the kernel hands to us."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except (OSError, ValueError):
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bank, with its proof."""
    folder = tmp_path_factory.mktemp("bank")
    folder.chmod(0o755)
    shutil.copy(BANK, folder / "bank.py")
    (folder / "schema.sql").write_text(runpy.run_path(str(BANK))["SCHEMA"])
    (folder / "looktwice.toml").write_text(CONFIGURATION)
    (folder / "test_it.py").write_text(TEST)
    done = subprocess.run([LOOKTWICE, "prove", str(folder), "--experiment", "twice", "--no-test"], check=False)
    assert done.returncode == 1
    return folder


@pytest.fixture
def run(project: Path, tmp_path: Path, adopting: None) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(words: list[str]) -> Running:
        temporary = Path(tempfile.mkdtemp())  # not below pytest's, which is closed to those whom servers run as
        temporary.chmod(0o755)
        others = descendants()
        process = subprocess.Popen(
            words,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        started.append(Running(process, project, temporary, others))
        return started[-1]

    yield start
    for it in started:
        it.process.kill()
        it.process.communicate()
        shutil.rmtree(it.temporary)


def application_runs(running: Running) -> bool:
    return runs(running, "bank.py")


def runs(running: Running, word: str) -> bool:
    assert running.process.poll() is None, running.process.communicate()
    return any(word in command(pid) for pid in descendants() - running.others)


def replay(project: Path) -> list[str]:
    (proof,) = (project / ".looktwice" / "proofs").glob("*.json")
    return ["replay", str(proof), "--project", str(project)]


COMMANDS: dict[str, Callable[[Path], list[str]]] = {
    "prove": lambda project: ["prove", str(project), "--experiment", "twice", "--no-test"],
    "replay": replay,
    "demo": lambda project: ["demo", str(ROOT / "examples" / "shop")],
    "learn": lambda project: ["learn", "--no-open"],
}


def is_at_work(verb: str, running: Running) -> bool:
    if verb == "learn":
        assert running.process.stdout is not None
        return "playbook" in running.process.stdout.readline()
    if verb == "demo":
        return runs(running, "uvicorn")
    return application_runs(running)


# Each signal and each command once; the rest of the table is part of the thorough tests.
ONCE = {("prove", signal.SIGINT), ("prove", signal.SIGHUP), ("replay", signal.SIGTERM), ("demo", signal.SIGTERM)}
ONCE |= {("learn", number) for number in CODES}


def all_ways() -> list[object]:
    pairs = [(verb, number) for verb in COMMANDS for number in CODES]
    return [pytest.param(*it, marks=[] if it in ONCE else [pytest.mark.thorough]) for it in pairs]


@pytest.mark.parametrize(("verb", "number"), all_ways())
def test_stopped(run: Callable[..., Running], project: Path, verb: str, number: signal.Signals) -> None:
    running = run([LOOKTWICE, *COMMANDS[verb](project)])
    wait_until(lambda: is_at_work(verb, running))
    running.process.send_signal(number)
    _, printed = running.process.communicate(timeout=60)
    assert running.process.returncode == CODES[number], printed
    lines = [line for line in printed.splitlines() if line.startswith("Stopped by")]
    assert len(lines) == 1 and lines[0].startswith(f"Stopped by {NAMES[number]}: ")
    assert "Traceback" not in printed
    wait_until(lambda: not running.left())


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("verb", ["prove", pytest.param("replay", marks=pytest.mark.thorough)])
def test_stopped_repeatedly(run: Callable[..., Running], project: Path, verb: str, number: signal.Signals) -> None:
    """Somebody is impatient: what was begun is ended all the same."""
    running = run([LOOKTWICE, *COMMANDS[verb](project)])
    wait_until(lambda: application_runs(running))
    while running.process.poll() is None:
        running.process.send_signal(number)
        time.sleep(0.002)
    _, printed = running.process.communicate(timeout=60)
    assert running.process.returncode == CODES[number], printed
    assert "Traceback" not in printed
    wait_until(lambda: not running.left())


def test_what_is_kept_is_named(run: Callable[..., Running], project: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(project, tmp_path / "copy", ignore=shutil.ignore_patterns(".looktwice")))
    tmp_path.chmod(0o755)
    running = run([LOOKTWICE, "prove", str(copy), "--experiment", "twice,sent-again", "--format", "events"])
    assert running.process.stdout is not None
    for line in running.process.stdout:
        if line.startswith('{"event":"proven"'):
            running.process.send_signal(signal.SIGINT)
            break
    _, printed = running.process.communicate(timeout=60)
    assert running.process.returncode == 130
    (proof,) = (copy / ".looktwice" / "proofs").iterdir()
    assert f"kept are {proof.relative_to(copy)}, tests/looktwice/" in printed


def test_one_that_ignores_hangups_goes_on(run: Callable[..., Running], project: Path) -> None:
    """nohup: whoever started us wants that."""
    running = run(["nohup", LOOKTWICE, *COMMANDS["prove"](project)])
    wait_until(lambda: application_runs(running))
    running.process.send_signal(signal.SIGHUP)
    out, _ = running.process.communicate(timeout=120)
    assert running.process.returncode == 1
    assert "1 proven" in out
    wait_until(lambda: not running.left())


@pytest.mark.parametrize("verb", ["prove", "demo"])
def test_killed_without_a_chance(run: Callable[..., Running], project: Path, verb: str) -> None:
    running = run([LOOKTWICE, *COMMANDS[verb](project)])
    wait_until(lambda: is_at_work(verb, running))
    running.process.kill()
    running.process.wait(10)
    wait_until(lambda: not running.left())


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.thorough), signal.SIGKILL]
)
def test_a_written_test_that_is_stopped(run: Callable[..., Running], project: Path, number: signal.Signals) -> None:
    """pytest says itself how it ends; what the fixture has started ends with it."""
    running = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(project / "test_it.py")])
    wait_until(lambda: application_runs(running))
    running.process.send_signal(number)
    running.process.communicate(timeout=60)
    assert running.process.returncode in (2, -number)
    wait_until(lambda: not running.left())
