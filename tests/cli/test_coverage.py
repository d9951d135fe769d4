"""What an audit says of what it did not understand, from end to end: headline, formats, exit codes, accepted gaps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest

from looktwice.cli.joining import read_findings
from looktwice.cli.main import run
from looktwice.cli.reading import Tally
from looktwice.core.event import Covered
from looktwice.render.coverage import headline

FLASK = """
from flask import Flask, request

app = Flask(__name__)


@app.route("/wallets/<key>", methods=["POST"])
def deposit(key):
    return {"key": key}


@app.get("/wallets")
def everything():
    return []
"""
LOST_UPDATE = """
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Wallet(Base):
    __tablename__ = "wallets"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


def deposit(session: Session, wallet_id: int, amount: int) -> None:
    wallet = session.get_one(Wallet, wallet_id)
    wallet.balance = wallet.balance + amount
    session.commit()
"""
LOCKED = LOST_UPDATE.replace("(Wallet, wallet_id)", "(Wallet, wallet_id, with_for_update=True)")
HEADLINE = "Read, but not understood: flask (about 2 routes)"
SELF_MADE = """
    [audit]
    known_gaps = [{ package = "Flask", reason = "two pages, no data" }]
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CLAUDECODE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def written(root: Path, contents: Mapping[str, str]) -> None:
    for path, text in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def audited(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    code = run(["audit", *words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def covered(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:
    code, out, _ = audited(capsys, "--format", "json", *words)
    return code, json.loads(out)["coverage"]


@pytest.mark.parametrize(
    ("contents", "words", "code"),
    [
        ({"app.py": FLASK}, [], 2),
        ({"app.py": FLASK, "wallet.py": LOCKED}, [], 2),
        ({"app.py": FLASK, "wallet.py": LOST_UPDATE}, [], 1),
        ({"app.py": FLASK, "wallet.py": LOST_UPDATE}, ["--ignore", "races"], 2),
        ({"app.py": FLASK}, ["app.py"], 0),
        ({"app.py": FLASK.replace("def deposit", "def add") + LOST_UPDATE}, ["app.py"], 1),
        ({"wallet.py": LOCKED, "tests/test_app.py": FLASK, "scripts/serve.py": FLASK}, [], 0),
        ({"wallet.py": LOCKED}, [], 0),
        ({"app.py": FLASK, "looktwice.toml": SELF_MADE}, [], 0),
        ({"app.py": FLASK, "wallet.py": LOST_UPDATE, "looktwice.toml": SELF_MADE}, [], 1),
    ],
)
def test_exit_codes(
    app: Path, capsys: pytest.CaptureFixture[str], contents: Mapping[str, str], words: list[str], code: int
) -> None:
    """Findings win; without any, 2 when a framework was not understood; never for single files, tests and gaps."""
    written(app, contents)
    given, out, err = audited(capsys, *words)
    assert given == code, out + err
    assert ("Exit code 2: flask was not understood" in err) is (code == 2)


def test_the_headline_comes_first(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what was skipped for it, and what to do; and the last line does not sound as if all were well."""
    written(app, {"app.py": FLASK, "wallet.py": LOST_UPDATE})
    _, out, _ = audited(capsys)
    first, *rest = out.splitlines()
    assert first == HEADLINE
    assert "Not checked there: missing-authorization, missing-idempotency" in rest[0]
    assert "[models]" in rest[1] and "known_gaps" in rest[1]
    assert out.index(HEADLINE) < out.index("LT301")
    written(app, {"wallet.py": LOCKED})
    _, out, _ = audited(capsys)
    assert (
        out.splitlines()[-1].startswith("No findings in 2 files") and "flask was not understood" in out.splitlines()[-1]
    )


def test_silence_is_health(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where everything was understood, nothing is reported."""
    written(app, {"wallet.py": LOCKED})
    code, out, err = audited(capsys)
    assert (code, err) == (0, "") and out.startswith("No findings in 1 file")
    assert audited(capsys, "--format", "jsonl") == (0, "", "")


def test_every_format_says_it(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(app, {"app.py": FLASK, "wallet.py": LOST_UPDATE})
    _, out, err = audited(capsys, "--format", "jsonl")
    note, finding = map(json.loads, out.splitlines())
    assert note["event"] == "noted" and note["text"].startswith(HEADLINE)
    assert finding["code"] == "LT301" and HEADLINE in err
    _, out, _ = audited(capsys, "--format", "events")
    events = [json.loads(line) for line in out.splitlines()]
    names = [it["event"] for it in events]
    assert names.index("coverage") < names.index("found")
    _, out, _ = audited(capsys, "--format", "html")
    assert HEADLINE in out and "<td>0 of 2</td>" in out
    _, coverage = covered(capsys)
    flask, sqlalchemy = coverage["packages"]
    assert (flask["name"], flask["role"], flask["verdict"]) == ("flask", "framework", "not understood")
    assert flask["handlers"] == {"seen": 2, "understood": 0} and flask["examples"] == ["app.py:7", "app.py:12"]
    assert (sqlalchemy["verdict"], sqlalchemy["calls"]) == ("understood", {"seen": 2, "understood": 2})
    assert coverage["not_checked"] == ["LT108", "LT607"]


def test_what_prove_reads(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The note among the findings is none of them."""
    written(app, {"app.py": FLASK, "wallet.py": LOST_UPDATE})
    for form in ("json", "jsonl"):
        audited(capsys, "--format", form, "-o", f"out.{form}")
        assert [it.code for it in read_findings(app / f"out.{form}")] == ["LT301"]


def test_statistics(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of packages; and no share is 1 where nothing was understood."""
    written(app, {"app.py": FLASK, "store.py": "import quarry\n\ndb = quarry.connect()\nrows = db.query(1)\n"})
    _, out, _ = audited(capsys, "--statistics")
    rows = [line.split() for line in out.splitlines()]
    assert ["flask", "framework", "1", "0", "of", "2", "–", "–", "not", "understood"] in rows
    assert ["quarry", "store", "1", "–", "–", "0", "of", "1", "not", "understood"] in rows
    assert ["share", "of", "such", "calls", "resolved", "0"] in rows
    written(app, {"store.py": ""})
    assert "share of such calls" not in audited(capsys, "--statistics")[1]


def test_a_gap_stays_in_the_headline(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(app, {"app.py": FLASK, "looktwice.toml": SELF_MADE})
    code, out, _ = audited(capsys)
    assert code == 0
    assert out.splitlines()[0] == "Known gaps: flask (about 2 routes): two pages, no data"
    _, coverage = covered(capsys)
    assert coverage["packages"][0]["gap"] == "two pages, no data"


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('known_gaps = [{ package = "flask" }]', "reason"),
        ('known_gaps = [{ package = "flask", reason = " " }]', "`audit.known_gaps[0].reason` is empty"),
        ('known_gaps = [{ package = "flask", because = "x" }]', "unknown key `audit.known_gaps.because`"),
        ('known_gaps = ["flask"]', "known_gaps"),
    ],
)
def test_a_gap_needs_a_reason(app: Path, capsys: pytest.CaptureFixture[str], toml: str, expected: str) -> None:
    written(app, {"app.py": FLASK, "looktwice.toml": f"[audit]\n{toml}\n"})
    code, _, err = audited(capsys)
    assert code == 2 and expected in err


def test_a_gap_that_is_none(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gaps = 'known_gaps = [{ package = "agenda", reason = "x" }, { package = "sqlalchemy", reason = "y" }]'
    written(app, {"wallet.py": LOCKED, "looktwice.toml": f"[audit]\n{gaps}\n"})
    code, out, _ = audited(capsys)
    assert code == 0
    assert "known_gaps: agenda is not used here" in out and "known_gaps: sqlalchemy is understood" in out
    assert "known_gaps" not in audited(capsys, "wallet.py")[1]


def test_what_is_remembered(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stored result has the coverage; gaps are applied to it afterwards, so that they need no new reading."""
    written(app, {"app.py": FLASK})
    first = covered(capsys)
    assert first[0] == 2 and (app / ".looktwice" / "cache" / "result").exists()
    assert covered(capsys) == first == covered(capsys, "--no-cache")
    written(app, {"looktwice.toml": SELF_MADE})
    assert covered(capsys)[0] == 0
    (app / "looktwice.toml").unlink()
    assert covered(capsys) == first


def test_a_fault_in_measuring(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody loses an audit to it, and it is no clean bill either."""
    monkeypatch.delenv("LOOKTWICE_DEBUG", raising=False)
    coverage = import_module("looktwice.code.build")._measured(None)
    assert "NoneType" in coverage.fault
    tally = Tally("medium")
    assert list(tally.watch([Covered(coverage)])) and tally.exit_code() == 2
    assert "could not be measured" in capsys.readouterr().err
    assert headline(coverage, {})[0].startswith("How much was understood could not be measured: AttributeError")
