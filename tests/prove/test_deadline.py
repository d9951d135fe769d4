"""Everything has a limit: the whole run, each question, each command of the set-up, the start."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from looktwice.cli.main import run
from looktwice.core import config
from looktwice.core.errors import ConfigurationError
from looktwice.core.trace import Verdict
from looktwice.prove.experiments.experiment import NotShown, Result, Tried
from looktwice.prove.experiments.time_limit import Unfinished, within
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Run
from looktwice.prove.run.deadline import EXPERIMENT, Deadline, OutOfTimeError, spelled

BANK = Path(__file__).parent / "apps" / "bank.py"


class Clock:
    """Goes on when it is advanced."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


TIMES = {"90s": 90, "10m": 600, "1h": 3600, "1.5h": 5400, " 2 m ": 120, "500ms": 0.5}


@pytest.mark.parametrize("text", TIMES)
def test_a_time(text: str) -> None:
    assert config.duration(text, "deadline") == TIMES[text]


@pytest.mark.parametrize("text", ["", "soon", "10", "0s", "-1m", "1d", "1h30m", "nan s", "1e3s"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ConfigurationError, match="deadline"):
        config.duration(text, "deadline")


@pytest.mark.parametrize(("seconds", "text"), [(90, "90s"), (600, "10m"), (3600, "1h"), (5400, "90m"), (0.5, "0.5s")])
def test_a_time_is_spelled_as_it_would_be_typed(seconds: float, text: str) -> None:
    assert spelled(seconds) == text


def test_a_deadline() -> None:
    clock = Clock()
    deadline = Deadline(600, clock=clock)
    deadline.check("waiting")
    clock.now += 599
    assert (deadline.left, deadline.is_over) == (1, False)
    clock.now += 5
    assert (deadline.left, deadline.is_over) == (0, True)
    with pytest.raises(OutOfTimeError, match=r"the deadline of 10m has passed while waiting\n.*--deadline"):
        deadline.check("waiting")


@pytest.mark.parametrize(
    ("seconds", "budget", "longest"),
    [(3600, None, EXPERIMENT), (60, None, 60), (3600, 20, EXPERIMENT), (3600, 200, 600), (60, 200, 60)],
)
def test_the_limit_of_a_question(seconds: float, budget: float | None, longest: float) -> None:
    """Never beyond that of the run; a budget of the user's own gets more."""
    assert Deadline(seconds, clock=Clock()).of_experiment(budget).left == longest


def question(clock: Clock, results: int, closed: list[bool]) -> Iterator[Result]:
    try:
        for number in range(results):
            clock.now += 1
            yield Tried(experiment="twice", endpoint="POST /a", text="", done=number, total=results)
        yield NotShown(experiment="twice", code="LT301", endpoint="POST /a", verdict=Verdict.COMMUTES, why="it holds")
    finally:
        closed.append(True)


@pytest.mark.parametrize(("results", "cut"), [(3, False), (10, True), (1000, True)])
def test_a_question_is_broken_off(results: int, cut: bool) -> None:
    clock, closed = Clock(), []
    limit = Deadline(5, "its limit", clock)
    seen = list(within(limit, question(clock, results, closed), "twice", "LT301", "POST /a"))
    assert closed == [True]
    last = seen[-1]
    assert isinstance(last, NotShown) and isinstance(last, Unfinished) == cut
    if cut:
        assert (last.verdict, last.why) == (
            Verdict.INCONCLUSIVE,
            "stopped after 5 tries: its limit of 5s has passed",
        )
        assert len(seen) == 6


def test_whatever_somebody_waits_for_ends_with_the_run() -> None:
    """The last resort: everything that could be waited for is ended."""
    account = Account()
    account.uid = None
    with Run() as started:
        child = started.start([sys.executable, "-c", "import time; time.sleep(600)"], Path("/"), {}, account, name="It")
        assert started.trouble() == ""
        started.limit(0.1, "it took too long")
        assert child.wait(20) == -9
        assert started.trouble() == "it took too long"


# ---- from end to end

STALLS = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
    def do_POST(self):
        time.sleep(600)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
NEVER_ANSWERS = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(listener.accept())
"""
DRIPS = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            for letter in b"HTTP/1.1 200 OK" * 100:
                time.sleep(1)
                self.wfile.write(bytes([letter]))
        except OSError:
            pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SLEEPS = "import time; time.sleep(600)"
DUMP = "SET statement_timeout = 0; CREATE TABLE a (id int); SELECT pg_sleep(600)"
START = 'start = "python app.py {port}"\nrequests = [{ method = "POST", path = "/a" }]\n'
OWN_FAULT = ("Traceback", "internal error")

SLOW: dict[str, tuple[dict[str, str], str, tuple[str, ...]]] = {
    "a command": (
        {"app.py": STALLS, "slow.py": SLEEPS},
        START + 'setup = ["python slow.py"]\nsetup_timeout = "1s"\n',
        ("cannot set up the application: it took longer than 1 s", "setup_timeout", "python slow.py"),
    ),
    "a file of SQL": (
        {"app.py": STALLS, "slow.sql": DUMP},
        START + 'seed = ["slow.sql"]\nsetup_timeout = "1s"\n',
        ("cannot seed the application: it took longer than 1 s", "setup_timeout", "slow.sql"),
    ),
    "an application that accepts and never answers": (
        {"app.py": NEVER_ANSWERS},
        START + 'start_timeout = "3s"\n',
        ("cannot start the application: it did not answer HTTP within 3 s", "python app.py"),
    ),
    "one that answers a letter a second": (
        {"app.py": DRIPS},
        START + 'start_timeout = "3s"\n',
        ("cannot start the application: it did not answer HTTP within 3 s", "python app.py"),
    ),
    "the deadline, before anything was asked": (
        {"app.py": NEVER_ANSWERS},
        START + 'deadline = "3s"\n',
        ("no experiment was run: the deadline of 3s has passed while starting the application", "--deadline 1h"),
    ),
    "a deadline that is none": ({"app.py": STALLS}, START + 'deadline = "soon"\n', ("deadline = 'soon'", "10m")),
    "a health that is no URL": ({"app.py": STALLS}, START + 'health = "/a b"\n', ("health", "not a URL path", "%20")),
}


@pytest.mark.parametrize("case", SLOW)
def test_what_takes_too_long_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str], case: str) -> None:
    files, configuration, messages = SLOW[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "looktwice.toml").write_text("[prove]\n" + configuration)
    began = time.monotonic()
    assert run(["prove", str(tmp_path)]) == 2
    assert time.monotonic() - began < 60
    output = capfd.readouterr().err
    assert not any(words in output for words in OWN_FAULT)
    for words in messages:
        assert words in output


CONFIGURATION = """
[prove]
start = "python bank.py {port}"
database = ["DATABASE_URL"]
health = "/wallet"
seed = ["schema.sql"]
requests = [
  { method = "POST", path = "/deposit", body = { amount = 50 }, vary = { amount = 30 } },
  { method = "POST", path = "/de posit", body = {} },
  { method = "POST", path = "/deposit", body = { amount = 50 }, headers = { X-Name = "日本" }, name = "named" },
  { method = "POST", path = "/withdraw", body = { amount = 50 }, pair = "named" },
]
[prove.upstreams]
outside = { variable = "OUTSIDE_URL" }
"""


@pytest.fixture
def bank_project(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    shutil.copy(BANK, tmp_path / "bank.py")
    (tmp_path / "schema.sql").write_text(runpy.run_path(str(BANK))["SCHEMA"])
    (tmp_path / "looktwice.toml").write_text(CONFIGURATION)
    return tmp_path


def test_requests_that_cannot_be_written_are_named_and_the_others_asked(
    bank_project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["prove", str(bank_project), "--experiment", "twice", "--no-test", "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    reached = [(it["endpoint"], it["status"], it["why"]) for it in report["reached"]]
    assert ("POST /deposit", 200, "") in reached
    assert len(report["proven"]) == 1
    unwritten = [it for it in reached if it[1] is None]
    assert [it[0] for it in unwritten] == ["POST /de posit", "POST /deposit", "POST /withdraw"]
    assert unwritten[0][2] == "not sent: this path is not a URL path: '/de posit' holds a space, which is written %20"
    assert unwritten[1][2] == unwritten[2][2] == "not sent: the header X-Name cannot be written: its value holds `日`"

    (path,) = (bank_project / ".looktwice" / "proofs").iterdir()
    proof = json.loads(path.read_text())
    for asked in proof["requests"].values():
        asked["path"] += "\n"
    path.write_text(json.dumps(proof))
    assert run(["replay", str(path)]) == 2
    assert "is still wrong: not sent: this path is not a URL path" in capfd.readouterr().err


def test_what_the_deadline_has_cut_off_is_named(bank_project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing was proven, and not everything asked: that is no clean result."""
    words = ["prove", str(bank_project), "--experiment", "twice", "--no-test", "--deadline", "1s", "--format", "json"]
    code = run(words)
    captured = capfd.readouterr()
    assert code == 2
    assert "1s has passed" in captured.err
    if captured.out:  # the application was there before the deadline had passed
        report = json.loads(captured.out)
        unreached = [it["why"] for it in report["reached"] if it["status"] is None and "not sent" not in it["why"]]
        assert all("the deadline of 1s has passed" in why for why in unreached)
        assert all("the deadline of 1s has passed" in it["why"] for it in report["not_proven"])
        assert any(it["ended_early"] for it in report["notes"]) or not report["not_proven"]


DEPOSIT = "def deposit(db: Connection, body: dict) -> dict:\n"
HANGS = {
    "the application": "    if next(_posts) >= 6: time.sleep(600)\n",
    "its database": "    if next(_posts) >= 6: db.execute('SET statement_timeout = 0; SELECT pg_sleep(600)')\n",
}


@pytest.mark.parametrize("what", HANGS)
def test_the_deadline_holds_and_what_was_not_asked_is_listed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], what: str
) -> None:
    tmp_path.chmod(0o755)
    text = BANK.read_text()
    assert DEPOSIT in text
    text = text.replace(DEPOSIT, "import itertools\n_posts = itertools.count()\n\n" + DEPOSIT + HANGS[what])
    (tmp_path / "bank.py").write_text(text)
    (tmp_path / "schema.sql").write_text(runpy.run_path(str(BANK))["SCHEMA"])
    requests = [f'{{ method = "POST", path = "/{path}", body = {{ amount = 5 }} }}' for path in ("deposit", "withdraw")]
    settings = CONFIGURATION.partition("requests = [")[0] + f"requests = [{', '.join(requests)}]\n"
    upstream = "[prove.upstreams]" + CONFIGURATION.partition("[prove.upstreams]")[2]
    (tmp_path / "looktwice.toml").write_text(settings + upstream)
    began = time.monotonic()
    code = run(["prove", str(tmp_path), "--experiment", "twice", "--no-test", "--deadline", "12s", "--format", "json"])
    assert time.monotonic() - began < 30
    captured = capfd.readouterr()
    assert code == 2, captured.err
    report = json.loads(captured.out)
    reached = [it["endpoint"] for it in report["reached"]]
    assert reached == ["POST /deposit", "POST /withdraw"]
    open_ones = {it["endpoint"]: it["why"] for it in report["not_proven"]}
    asked = [it["endpoint"] for it in report["reached"] if it["status"] is not None]
    assert set(asked) <= set(open_ones)
    for it in report["reached"]:
        assert it["status"] is not None or it["why"]
