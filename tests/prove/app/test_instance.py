"""Starting and ending: whatever happens, the user learns why and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from small_server import NOTHING, plan_of, write

from looktwice.core.config import Prove
from looktwice.prove.app.environment import Secrets
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.instance import _await_port, missing_setting, start
from looktwice.prove.app.missing import missing_module
from looktwice.prove.run.stage import Stage
from looktwice.prove.sandbox.ports import family
from looktwice.prove.servers.postgres.server import free_port


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("words", [("{port}",), ("{port}", "--own-port")])
def test_two_instances_side_by_side(project, secrets, words):
    """With a port of ours, and with one that only the kernel knows."""
    lanes = start(plan_of(project, sys.executable, "server.py", *words), {"A": NOTHING, "B": NOTHING}, secrets)
    try:
        ports = {lane: instance.port for lane, instance in lanes.items()}
        assert len(set(ports.values())) == 2
        for port in ports.values():
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).status == 204
    finally:
        for instance in lanes.values():
            instance.close()
            instance.close()
    assert not any(is_running(instance.pid) for instance in lanes.values())


def test_two_instances_of_one_that_always_takes_the_same_port(project, secrets):
    """Each gets one of its own, and is found at it."""
    fixed = str(free_port())
    lanes = start(plan_of(project, sys.executable, "server.py", fixed), {"A": NOTHING, "B": NOTHING}, secrets)
    try:
        ports = {instance.port for instance in lanes.values()}
        assert len(ports) == 2
        for port in ports:
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).status == 204
    finally:
        for instance in lanes.values():
            instance.close()


def test_what_it_started_ends_with_it(project, secrets):
    with start(plan_of(project, sys.executable, "server.py", "{port}", "--child"), {"A": NOTHING}, secrets)["A"] as one:
        wait_until(lambda: len(family(one.pid)) == 2)
        pids = family(one.pid)
    wait_until(lambda: not any(map(is_running, pids)))


@pytest.mark.parametrize("way", ["--workers", "--reloads"])
def test_an_application_of_several_processes_is_let_be(project, secrets, way):
    """Workers that come and go are its own affair, as long as it answers; all of them end with it."""
    with start(plan_of(project, sys.executable, "server.py", "{port}", way), {"A": NOTHING}, secrets)["A"] as one:
        seen: set[int] = set()
        while len(seen) < 4:
            wait_until(lambda: one.is_listening)
            seen |= set(family(one.pid))
        assert one.is_running and one.killed == ""
    wait_until(lambda: not any(map(is_running, seen)))


@pytest.mark.parametrize(
    ("way", "how"),
    [
        (signal.SIGKILL, "was ended by SIGKILL"),
        (signal.SIGTERM, "was ended by SIGTERM"),
        (signal.SIGHUP, "was ended by SIGHUP"),
        (signal.SIGSEGV, ""),  # a fault of its own
        (signal.SIGABRT, ""),
    ],
)
def test_one_that_somebody_else_ends_is_distinguished_from_one_that_fails(project, secrets, way, how):
    with start(plan_of(project, sys.executable, "server.py", "{port}"), {"A": NOTHING}, secrets)["A"] as one:
        assert one.killed == ""
        os.kill(one.pid, way)
        wait_until(lambda: not one.is_running)
        assert one.killed == how


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_when_we_do(project, way):
    """Killed without a chance to clean up, or interrupted while it waits."""
    script = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from looktwice.core.config import Prove
from looktwice.prove.app.environment import Secrets
from looktwice.prove.app.instance import start
from small_server import NOTHING, plan_of
plan = plan_of(Path({str(project)!r}), sys.executable, "server.py", "{{port}}", "--child")
with start(plan, {{"A": NOTHING}}, Secrets())["A"] as one:
    print(one.pid, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as us:
        assert us.stdout is not None
        pid = int(us.stdout.readline())
        wait_until(lambda: len(family(pid)) == 2)
        pids = family(pid)
        os.kill(us.pid, way)
        us.wait(10)
    wait_until(lambda: not any(map(is_running, pids)))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os; os.environ['CRM_KEY']", 'environment = { CRM_KEY = "…" }'),
        ("import no_such_package", "no_such_package"),
        ("raise SystemExit('address already in use')", "{port}"),
        ("raise SystemExit('the reason')", "the reason"),
    ],
)
def test_a_start_that_dies(project, secrets, code, message):
    (project / "server.py").write_text(code)
    with pytest.raises(StartError) as caught:
        start(plan_of(project, sys.executable, "server.py"), {"A": NOTHING, "B": NOTHING}, secrets)
    shown = str(caught.value)
    assert message in shown
    assert "server.py" in shown  # the command
    assert "Procfile:1" in shown  # and where it was found
    assert len(shown.splitlines()) < 45


def test_one_that_never_answers(project, secrets):
    (project / "server.py").write_text("print('waiting', flush=True)\nimport time\ntime.sleep(60)")
    with pytest.raises(StartError, match=r"(?s)did not answer HTTP.*waiting"):
        start(plan_of(project, sys.executable, "server.py"), {"A": NOTHING}, secrets, seconds=1)


@pytest.mark.parametrize("program", ["no-such-program", "/no/such/program"])
def test_a_program_that_is_not_there(project, secrets, program):
    with pytest.raises(StartError, match=program):
        start(plan_of(project, program), {"A": NOTHING}, secrets)


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("KeyError: 'STRIPE_KEY'", "STRIPE_KEY"),
        ("Error: Missing environment variable ATS_API_KEY", "ATS_API_KEY"),
        ("ATS_API_KEY is not set", "ATS_API_KEY"),
        ("1 validation error for Settings\nPROJECT_NAME\n  Field required [type=missing, …", "PROJECT_NAME"),
        ("Traceback", ""),
    ],
)
def test_missing_settings_are_named(output, name):
    assert missing_setting(output) == name


def test_missing_modules_are_named():
    assert missing_module("ModuleNotFoundError: No module named 'jose'") == "jose"
    assert missing_module("Error: Cannot find module 'express'\nRequire stack:") == "express"
    assert missing_module("fine") == ""


def test_an_application_of_which_nothing_can_be_asked_is_an_error(project):
    """Nothing proven because nothing was asked is no result."""
    (project / "Procfile").write_text("web: python server.py $PORT\n")
    with pytest.raises(StartError, match=r"(?s)no OpenAPI description.*requests = \["):
        Stage.open(project, Prove())


LISTENING = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    taken, _ = server.accept()
    {then}
"""
SILENCES = {
    "it never listens": ("import time; time.sleep(60)", "it never listened: asked at port"),
    "it closes connections": (LISTENING.format(then="taken.close()"), "it closes connections without an answer"),
    "it answers nothing": (
        LISTENING.format(then="kept = globals().setdefault('k', []); kept.append(taken)"),
        "answers nothing",
    ),
    "it speaks something else": (
        LISTENING.format(then="taken.recv(1000); taken.sendall(b'220 mail.example ESMTP'); taken.close()"),
        "what it answers is not HTTP",
    ),
}


@pytest.mark.parametrize("lanes", [("A",), ("A", "B")])
@pytest.mark.parametrize("what", SILENCES)
def test_why_it_did_not_answer_is_distinguished(tmp_path, secrets, what, lanes):
    """Of two instances, the second one has the time that the first has left: it is asked, too."""
    text, why = SILENCES[what]
    (tmp_path / "server.py").write_text(text)
    with pytest.raises(StartError) as caught:
        start(plan_of(tmp_path, sys.executable, "server.py", "{port}"), dict.fromkeys(lanes, NOTHING), secrets, 1.0)
    assert "it did not answer HTTP within 1 s" in str(caught.value)
    assert why in str(caught.value)


def test_an_instance_that_answers_when_the_time_is_over_is_taken(project, secrets):
    """Nothing is left of the time when the second one is asked, and it has been listening for long."""
    lanes = start(plan_of(project, sys.executable, "server.py", "{port}"), {"A": NOTHING, "B": NOTHING}, secrets, 30.0)
    try:
        process = lanes["A"]._process
        assert _await_port(plan_of(project, "x"), process, lanes["A"].port, 0.0, 1.0) == lanes["A"].port
    finally:
        for instance in lanes.values():
            instance.close()
