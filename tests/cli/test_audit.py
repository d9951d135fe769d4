"""`looktwice audit` from end to end: real files in, findings and exit codes out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from looktwice.cli.main import run
from looktwice.cli.reading import Tally, show
from looktwice.core.event import Finished, Found, Noted
from looktwice.core.finding import Confidence, Finding, Severity

LOOKTWICE = str(Path(sys.executable).with_name("looktwice"))

WALLET = """from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


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
WRITE = "    wallet.balance = wallet.balance + amount\n"
FIXED = WALLET.replace("session.get_one(Wallet, wallet_id)", "session.get_one(Wallet, wallet_id, with_for_update=True)")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "wallet.py").write_text(WALLET)
    monkeypatch.chdir(tmp_path)
    for name in ("CLAUDECODE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def found(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict]]:
    """Exit code and findings of an audit in this folder."""
    code = run(["audit", "--format", "jsonl", *words])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_lost_update(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, (it,) = found(capsys)
    assert code == 1
    assert (it["code"], it["path"], it["start_line"], it["confidence"]) == ("LT301", "wallet.py", 16, "high")
    assert {span["role"]: span["start_line"] for span in it["spans"]} == {"write": 16, "read": 15}
    assert it["fingerprint"].startswith("v1:")


def test_the_same_in_words(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit"]) == 1
    output = capsys.readouterr().out
    for part in (
        "LT301 lost-update",
        "wallet.py:16",
        "no lock between",
        "read here",
        "written here",
        "1 finding (1 high) in 1 file",
    ):
        assert part in output


def test_fixed(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "wallet.py").write_text(FIXED)
    assert found(capsys) == (0, [])


def test_a_folder_named_and_a_file_named(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Paths are relative to the folder that was named, wherever the command runs."""
    (app / "inner").mkdir()
    (app / "wallet.py").rename(app / "inner" / "wallet.py")
    for word in ("inner", "inner/", str(app / "inner"), "inner/wallet.py"):
        code, (it,) = found(capsys, word)
        assert (code, it["path"]) == (1, "wallet.py")
    code, (it,) = found(capsys, ".")
    assert it["path"] == "inner/wallet.py"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--select", "races"], 1),
        (["--select", "LT301,LT101"], 1),
        (["--section", "races"], 1),
        (["--select", "sql-injection"], 0),
        (["--ignore", "lost-update"], 0),
        (["--exclude", "wallet.py", "--exclude", "!keep.py"], None),
    ],
)
def test_selection(app: Path, capsys: pytest.CaptureFixture[str], words: list[str], count: int | None) -> None:
    code, findings = found(capsys, *words)
    assert (code, len(findings)) == ((2, 0) if count is None else (int(count > 0), count))


def test_what_is_not_shown_is_counted(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Low confidence is hidden, and that is reported."""
    low = Finding(
        code="LT301", pattern="lost-update", message_id="m", message="perhaps", severity=Severity.HIGH,
        confidence=Confidence.LOW, path="wallet.py", start_line=1, start_column=1, end_line=1, end_column=2,
    )  # fmt: skip
    finished = Finished(verb="audit", seconds=0.0)
    for shows, count in ((False, 0), (True, 1)):
        tally = Tally("medium", shows)
        events = list(tally.watch([Found(low), finished]))
        assert sum(isinstance(it, Found) for it in events) == count
        assert any(isinstance(it, Noted) and "--show-low" in it.text for it in events) is not shows
        assert tally.exit_code() == 0


def test_configuration(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "looktwice.toml").write_text("[audit]\nignore = ['races']\n")
    assert found(capsys) == (0, [])
    (app / "other.toml").write_text("")
    assert found(capsys, "--config", "other.toml")[0] == 1
    (app / "looktwice.toml").write_text("[audit]\nfail_on = 'proven'\n")
    code, findings = found(capsys)
    assert (code, len(findings)) == (0, 1)
    (app / "looktwice.toml").write_text("[audit]\nfail_on = 'certain'\n")
    assert found(capsys)[0] == 2


def test_suppressed_with_a_reason(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mark = WALLET.replace(WRITE, WRITE.rstrip() + "  # looktwice: ignore[LT301] one worker, one queue\n")
    (app / "wallet.py").write_text(mark)
    assert run(["audit"]) == 0
    assert "No findings in 1 file" in (output := capsys.readouterr().out) and "1 accepted with a reason" in output
    (app / "wallet.py").write_text(mark.replace(" one worker, one queue", ""))
    assert run(["audit"]) == 1
    assert "note: wallet.py:16: ignore[LT301] gives no reason" in capsys.readouterr().out
    (app / "wallet.py").write_text(
        mark.replace("session.get_one(Wallet, wallet_id)", "session.get_one(Wallet, wallet_id, with_for_update=True)")
    )
    assert run(["audit"]) == 0
    assert "note: wallet.py:16: ignore[LT301] no longer suppresses anything" in capsys.readouterr().out


def test_suppressed_in_the_configuration(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "looktwice.toml").write_text("[[suppress]]\ncode = 'lost-update'\npath = '*.py'\nreason = 'known'\n")
    assert found(capsys) == (0, [])


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        ("lost-update", "", "[[suppress]] lost-update under *.py gives no reason"),
        ("lost-update", "  ", "[[suppress]] lost-update under *.py gives no reason"),
        ("LT999", "known", "[[suppress]] LT999: no pattern has this code or name"),
        ("n-plus-one", "known", "[[suppress]] n-plus-one under *.py no longer suppresses anything"),
    ],
)
def test_a_configured_suppression_that_does_not_count(
    app: Path, capsys: pytest.CaptureFixture[str], code: str, reason: str, message: str
) -> None:
    (app / "looktwice.toml").write_text(f"[[suppress]]\ncode = '{code}'\npath = '*.py'\nreason = '{reason}'\n")
    assert run(["audit"]) == 1
    assert capsys.readouterr().out.count("[[suppress]]") == 1
    run(["audit"])
    assert message in capsys.readouterr().out


@pytest.mark.parametrize("form", ["console", "json", "jsonl", "html"])
def test_to_a_file(app: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    (app / "made").mkdir()
    assert run(["audit", "--format", form, "--output", "made/report"]) == 1
    captured = capsys.readouterr()
    assert not captured.out and "Written: made/report" in captured.err
    assert "lost-update" in (app / "made" / "report").read_text()
    assert [path.name for path in (app / "made").iterdir()] == ["report"]


def test_an_output_that_cannot_be_written(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "file").write_text("")
    assert run(["audit", "--output", "file/report"]) == 2
    assert "cannot write file/report" in capsys.readouterr().err


def test_an_interrupted_output_leaves_the_old_one(app: Path) -> None:
    (app / "report").write_text("before")

    def interrupted():
        yield Finished(verb="audit", seconds=0.0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show(interrupted(), app, "console", app / "report")
    assert (app / "report").read_text() == "before"
    assert not list(app.glob(".looktwice-*"))


# ── what is remembered ───────────────────────────────────────────────────────────────────────────────────────────────
def test_the_cache_answers_as_the_audit_does(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = found(capsys)
    assert (app / ".looktwice" / "cache" / "result").is_file()
    assert found(capsys) == first == found(capsys, "--no-cache")
    (app / "wallet.py").write_text(FIXED)
    assert found(capsys) == (0, [])
    (app / "wallet.py").write_text(WALLET)
    assert found(capsys) == first


def test_facts_of_the_system_are_part_of_the_question(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found(capsys)
    before = (app / ".looktwice" / "cache" / "result").read_bytes()
    (app / "looktwice.toml").write_text("[system]\ninstances = 5\n")
    found(capsys)
    assert (app / ".looktwice" / "cache" / "result").read_bytes() != before


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, b"looktwice cache 1\n"])
def test_a_damaged_cache_is_rebuilt(app: Path, capsys: pytest.CaptureFixture[str], damage: bytes) -> None:
    first = found(capsys)
    (app / ".looktwice" / "cache" / "result").write_bytes(damage)
    assert found(capsys) == first
    assert capsys.readouterr().err == ""
    assert (app / ".looktwice" / "cache" / "result").stat().st_size > 100


def test_no_cache_leaves_nothing(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found(capsys, "--no-cache")
    assert sorted(path.name for path in app.iterdir()) == ["wallet.py"]


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────
ODD = {
    "syntax errors": b"def f(:\n    x = = 1\n",
    "no end": b"def f():\n    '''",
    "latin-1": "# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1"),
    "latin-1 undeclared": "name = 'é'\n".encode("latin-1"),
    "unknown coding": b"# -*- coding: klingon -*-\nx = 1\n",
    "utf-16": "x = 1\n".encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbfx = 1\n",
    "nul bytes": b"x = 1\0\0\n",
    "only nul": b"\0" * 1000,
    "empty": b"",
    "only a newline": b"\n",
    "carriage returns": b"x = 1\r\ny = 2\rz = 3\n",
    "a huge line": b"x = [" + b"1, " * 300_000 + b"]\n",
    "a huge string": b"x = '" + b"a" * 1_500_000 + b"'\n",
    "deep parentheses": b"x = " + b"(" * 10_000 + b"1" + b")" * 10_000 + b"\n",
    "deep lists unclosed": b"x = " + b"[" * 10_000 + b"\n",
    "deep blocks": b"".join(b" " * depth + b"if x:\n" for depth in range(500)) + b" " * 500 + b"pass\n",
    "deep calls": b"x = " + b"f(" * 3000 + b")" * 3000 + b"\n",
    "a long chain": b"x = a" + b".b()" * 5000 + b"\n",
    "a long sum": b"x = 1" + b" + 1" * 5000 + b"\n",
    "many branches": b"if x:\n    pass\n" + b"elif y:\n    pass\n" * 3000,
    "too large": b"x = 1\n" * 400_000,
    "lone surrogates": b"x = '\\ud800'\ny = '\xed\xa0\x80'\n",
    "control characters": b"x = '\x1b[2J\x07'\n",
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".py", ".ts"])
@pytest.mark.parametrize("what", ODD)
def test_odd_files_beside_good_ones(app: Path, capsys: pytest.CaptureFixture[str], what: str, suffix: str) -> None:
    """No traceback, no lost finding, and nothing that was not read stays unsaid."""
    (app / f"odd{suffix}").write_bytes(ODD[what])
    code = run(["audit", "--no-cache", "--format", "json"])
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert code == 1
    assert [it["path"] for it in report["findings"]] == ["wallet.py"]
    assert not [it for it in report["notes"] if "bug in looktwice" in it["text"]]
    assert "Traceback" not in captured.err
    if what in ("syntax errors", "only nul", "too large") and not (what == "too large" and suffix != ".py"):
        assert [it["path"] for it in report["unread"]] == [f"odd{suffix}"]


@pytest.mark.parametrize("what", ODD)
def test_odd_files_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    (tmp_path / "odd.py").write_bytes(ODD[what])
    assert run(["audit", str(tmp_path), "--no-cache"]) in (0, 2)
    captured = capsys.readouterr()
    assert (
        "Traceback" not in captured.out + captured.err
        and "internal error" not in captured.err
        and "bug in looktwice" not in captured.out + captured.err
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "it contains no Python, TypeScript or JavaScript"),
        ({"readme.md": "hello"}, "it contains no Python, TypeScript or JavaScript"),
        ({"node_modules/x/a.js": "x"}, "left out: 1 directories installed or built"),
        ({"a.js": "a=1;" * 4000}, "left out: 1 files minified"),
        ({"a.py": "x = 1\n" * 400_000}, "nothing under"),
        ({"a.py": "\0" * 1000, "b.ts": "\0"}, "could be read: a.py: it is not text (and 1 more)"),
    ],
)
def test_nothing_to_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], message: str
) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert run(["audit", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and not captured.out


def test_an_unreadable_file_is_reported_in_every_format(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "broken.py").write_text("def f(:\n")
    for form, stream in (("console", "out"), ("json", "out"), ("html", "out"), ("jsonl", "err")):
        assert run(["audit", "--format", form]) == 1
        assert "broken.py" in getattr(capsys.readouterr(), stream)


# ── interrupted, and at the same time ────────────────────────────────────────────────────────────────────────────────
def test_interrupted_at_any_moment(app: Path) -> None:
    """Ctrl-C at many moments: quiet, the cache whole or absent, the next audit right. The moments are the cases."""
    for number in range(40):
        (app / f"more{number}.py").write_text(WALLET.replace("wallets", f"wallets{number}"))
    for after in (0.05, 0.15, 0.25, 0.35, 0.45, 0.6, 0.8):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from looktwice.cli.main import main; print(flush=True); raise SystemExit(main(['audit']))",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdout.readline()
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert b"Traceback" not in errors
        assert process.returncode in (1, 130)
        assert not list(app.glob(".looktwice/cache/.looktwice-*"))
    done = subprocess.run([LOOKTWICE, "audit", "--format", "jsonl"], capture_output=True, text=True, check=False)
    assert len(done.stdout.splitlines()) == 41


def test_several_audits_at_once(app: Path) -> None:
    command = [LOOKTWICE, "audit", "--format", "jsonl"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    results = {process.communicate(timeout=60) for process in running}
    assert len(results) == 1
    (output, errors) = results.pop()
    assert errors == b"" and output.count(b"\n") == 1


def test_a_reader_that_leaves(app: Path) -> None:
    for number in range(60):
        (app / f"more{number}.py").write_text(WALLET.replace("wallets", f"wallets{number}"))
    process = subprocess.Popen([LOOKTWICE, "audit"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(10)
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert (errors, process.returncode) == (b"", 141)


def test_for_agents_it_is_brief(app: Path) -> None:
    done = subprocess.run(
        [LOOKTWICE, "audit"], capture_output=True, text=True, check=False, env=os.environ | {"CLAUDECODE": "1"}
    )
    assert done.stdout.splitlines()[0].startswith("wallet.py:16:5: LT301 lost-update [critical, high] ")
    assert len(done.stdout.splitlines()) <= 4
