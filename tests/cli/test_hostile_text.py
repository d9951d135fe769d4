"""Names, sources, messages and output of a project reach the terminal as text, whatever they hold: in every command,
in errors, in the line of progress, with colours and without."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as tree
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.cli import terminal
from looktwice.cli.main import run
from looktwice.core.event import Event, Finished, Found, Noted, NotProven, Progress, Proven, Reached, Unread
from looktwice.core.evidence import Flow, Step
from looktwice.core.finding import Confidence, Finding, Role, RoleSpan, Severity
from looktwice.core.proof import Proof, Sent
from looktwice.core.source import Span
from looktwice.core.trace import Lane, Row, StepKind, Trace, TraceStep, Verdict
from looktwice.core.visible import is_shown
from looktwice.prove.evidence import proof as proofs
from looktwice.prove.evidence.testing import lanes
from looktwice.render.renderer import Setting, renderer

LOOKTWICE = str(Path(sys.executable).with_name("looktwice"))
EVIL = "\x1b]0;x\x07\x1b[2J\x9b31m\u202e\u2066\u200b\u2028\x7f\x85\r\nOWNED all is well\n"
STYLE = re.compile(r"\x1b\[[0-9;]*m")
CLEARED = "\r\x1b[K"

WALLET = """from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Wallet(Base):
    __tablename__ = "wallets"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


def deposit(session: Session, wallet_id: int, amount: int) -> None:
    wallet = session.get_one(Wallet, wallet_id)
    wallet.balance = wallet.balance + amount{note}
    session.commit()
"""


def check(text: str) -> None:
    """Nothing acts on the terminal, and nothing of the project stands at the beginning of a line."""
    assert [it for it in text if it != "\n" and not it.isprintable()] == []
    assert "OWNED all is well" not in text.splitlines()


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of which every name and every line is hostile."""
    for name in ("CLAUDECODE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / EVIL.replace("/", "")
    folder.mkdir()
    note = f"  # {EVIL.partition(chr(13))[0]}"
    (folder / f"a{EVIL}.py").write_text(WALLET.replace("{note}", note))
    (folder / f"b{EVIL}.py").write_text("def f(:\n")
    (folder / os.fsdecode(b"c\xff\x1b.py")).write_text("x = 1\n")
    monkeypatch.chdir(folder)
    return folder


# ---- reading


@pytest.mark.parametrize("concise", ["", "1"])
def test_an_audit(hostile: Path, capsys: pytest.CaptureFixture[str], monkeypatch, concise: str) -> None:
    monkeypatch.setenv("CLAUDECODE", concise)
    assert run(["audit", "--show-low"]) == 1
    shown = capsys.readouterr()
    check(shown.out + shown.err)
    assert "lost-update" in shown.out and "a\\x1b]0;x\\x07\\x1b[2J\\x9b31m\\u202e" in shown.out
    assert "not fully read: b\\x1b" in shown.out and "not fully read: c" in shown.out


def test_with_colours_there_are_ours_only(hostile: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["audit"]) == 1
    shown = capsys.readouterr().out
    assert STYLE.search(shown)
    check(STYLE.sub("", shown))


@pytest.mark.parametrize("form", ["json", "jsonl", "events"])
def test_data_is_the_same_data(hostile: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """Escaped as JSON does, so that a reader has the very name."""
    assert run(["audit", "--format", form]) == 1
    shown = capsys.readouterr()
    check(shown.out + shown.err)
    read = [json.loads(shown.out)] if form == "json" else [json.loads(it) for it in shown.out.splitlines()]
    assert any(f"a{EVIL}.py" in texts(it) for it in read)


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [it for one in value.values() for it in texts(one)]
    if isinstance(value, list):
        return [it for one in value for it in texts(one)]
    return [value] if isinstance(value, str) else []


def test_a_page(hostile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--format", "html"]) == 1
    shown = capsys.readouterr().out
    assert [it for it in shown if it != "\n" and not it.isprintable()] == [] and "\\u202e" in shown


def test_harmless_names_are_shown_unchanged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["größe 漢字 🎉 👩‍💻.py", "[red]x[bold].py", "e\u0301.py"]
    for name in names:
        Path(name).write_text(WALLET.replace("{note}", "\t# größe 漢字 🎉"))
    assert run(["audit"]) == 1
    shown = capsys.readouterr().out
    for name in names:
        assert f"{name}:16:5" in shown
    assert shown.count("+ amount    # größe 漢字 🎉") == len(names)


# ---- errors

QUOTED = json.dumps(EVIL)
MISTAKES: dict[str, tuple[list[str], str]] = {
    "an unknown key": (["audit"], f"[audit]\n{QUOTED} = 1\n"),
    "a key near another": (["audit"], '[audit]\n"selec\\u001bt" = []\n'),
    "a wrong value": (["audit"], f"[audit]\nfail_on = {QUOTED}\n"),
    "no TOML": (["audit"], "a = \x1b[31m\n"),
    "a word that selects nothing": (["audit", "--select", EVIL], ""),
    "a path": (["audit", f"no{EVIL}"], ""),
    "too many words": (["audit", ".", f"no{EVIL}", "x"], ""),
    "an option": (["audit", f"--no{EVIL}"], ""),
    "a command": ([f"no{EVIL}"], ""),
    "an output": (["audit", "--output", f"no/{EVIL}"], ""),
    "a format": (["audit", "--format", EVIL], ""),
    "a configuration": (["audit", "--config", f"no{EVIL}"], ""),
    "a pattern": (["explain", EVIL], ""),
    "a proof": (["replay", f"no{EVIL}.json"], ""),
    "a start command": (["prove", "."], f"[prove]\nstart = {json.dumps(EVIL)}\n"),
    "a word of a start command": (["prove", "."], f"[prove]\nstart = {json.dumps(repr(EVIL))}\n"),
    "a folder": (["prove", "."], f"[prove]\ndirectory = {QUOTED}\n"),
    "findings": (["prove", ".", "--from-audit", f"no{EVIL}"], ""),
    "an experiment": (["prove", ".", "--experiment", EVIL], ""),
}


@pytest.mark.parametrize(("words", "settings"), MISTAKES.values(), ids=list(MISTAKES))
def test_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], settings: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("x = 1\n")
    if settings:
        Path("looktwice.toml").write_text(settings)
    assert run(words) == 2
    shown = capsys.readouterr()
    check(shown.out)
    check(shown.err)
    assert shown.err
    assert all(line.startswith("runs ") for line in shown.out.splitlines()), "nothing but the commands, before they run"


def test_what_an_application_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.py").write_text(f"print({EVIL!r}, 'größe', flush=True)\nraise SystemExit(3)\n")
    (tmp_path / "looktwice.toml").write_text("[prove]\nstart = 'python app.py {port}'\n")
    assert run(["prove", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    check(shown)
    assert "\\x1b]0;x\\x07" in shown and "    OWNED all is well" in shown and "größe" in shown


# ---- what was proven


def hostile_trace() -> Trace:
    lane = Lane(name="A", method=EVIL, path=EVIL, body=EVIL)
    row = Row(table=EVIL, key={EVIL: EVIL}, values={EVIL: EVIL})
    step = TraceStep(lane="A", kind=StepKind.WRITE, words=EVIL, statement=f"SELECT {EVIL}", parameters=(EVIL,),
                     before=(row,), after=(row,), error=EVIL)  # fmt: skip
    return Trace(
        title=EVIL, lanes=(lane,), steps=(step,), initial=(row,), final=(row,), serial=((EVIL, (row,)),),
        verdict=Verdict.DATA_WRONG, name=EVIL, explanation=EVIL, environment={EVIL: EVIL},
    )  # fmt: skip


def hostile_events() -> list[Event]:
    place = (f"{EVIL}.py", 1, 1, 1, 3)
    span = RoleSpan(*place, role=Role.READ, note=EVIL)
    finding = Finding(
        code="LT301", pattern=EVIL, message_id="m", message=EVIL, severity=Severity.HIGH, confidence=Confidence.MEDIUM,
        path=place[0], start_line=1, start_column=1, end_line=1, end_column=3, spans=(span,), handler=EVIL,
        because=(EVIL,), evidence=(Flow(steps=(Step(Span(*place), EVIL),)),),
    )  # fmt: skip
    return [
        Found(finding), Proven(EVIL, "LT301", EVIL, EVIL, hostile_trace()),
        NotProven(EVIL, "LT301", EVIL, EVIL, EVIL), Reached(EVIL, 500, EVIL), Unread(EVIL, EVIL, 3),
        Noted(EVIL, EVIL, 2),
        Finished(verb="prove", seconds=1.0, statistics={EVIL: 1.0}),
    ]  # fmt: skip


@pytest.mark.parametrize("concise", [False, True])
@pytest.mark.parametrize("form", ["console", "json", "jsonl", "events", "html"])
def test_every_event(tmp_path: Path, form: str, concise: bool) -> None:
    out = io.StringIO()
    renderer(form).render(iter(hostile_events()), out, Setting(root=tmp_path, concise=concise, statistics=True))
    if form == "html":  # where a line break means nothing
        assert "\x1b" not in out.getvalue() and "\u202e" not in out.getvalue()
    else:
        check(out.getvalue())


@given(st.text(), st.sampled_from(["console", "jsonl", "html"]))
@settings(max_examples=60)
def test_any_text_in_any_event(tmp_path_factory: pytest.TempPathFactory, text: str, form: str) -> None:
    events = [
        *(Noted(text, text, 1), Unread(text, text), Reached(text, None, text), NotProven(text, text, text, text, text)),
        Finished(verb="audit", seconds=1.0),
    ]
    out = io.StringIO()
    renderer(form).render(iter(events), out, Setting(root=tmp_path_factory.getbasetemp()))
    assert all(it == "\n" or is_shown(it) or it == "\u200d" for it in out.getvalue())
    if form == "console":
        # A heading over what was reached, a blank line under it and under what held.
        assert len(out.getvalue().splitlines()) == len(events) + 3


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    sent = Sent(method="POST", path="/x")
    named = {"code": "LT301", "experiment": "twice", "endpoint": EVIL, "verdict": "data wrong", "summary": EVIL}
    made = Proof(**named, requests={"A": sent}, trace=hostile_trace())
    return proofs.save(made, tmp_path)


def test_a_picture_of_a_proof(proof: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    assert run(["replay", str(proof), "--picture"]) == 0
    shown = capsys.readouterr().out
    check(shown)
    assert "DATA WRONG" in shown
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["replay", str(proof), "--picture"]) == 0
    check(STYLE.sub("", capsys.readouterr().out))


def test_a_drawing_of_a_proof(proof: Path, tmp_path: Path) -> None:
    """An SVG that holds text and nothing that runs or loads."""
    assert run(["replay", str(proof), "--svg", str(tmp_path / "x.svg")]) == 0
    text = (tmp_path / "x.svg").read_text()
    assert [it for it in text if it != "\n" and not it.isprintable() and it != "\xa0"] == []
    drawn = tree.fromstring(text)
    kinds = {it.tag.rpartition("}")[2] for it in drawn.iter()}
    assert kinds <= {"svg", "style", "defs", "clipPath", "rect", "text", "g", "circle"}
    assert not [name for it in drawn.iter() for name in it.attrib if name.lower().startswith("on") or "href" in name]
    assert "url(http" not in text and "@import" not in text


def test_what_a_written_test_says() -> None:
    check(lanes(hostile_trace()))


# ---- progress


def on_a_terminal(work: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    out.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", out)
    monkeypatch.setattr(terminal, "AGENTS", ())
    work()
    return out.getvalue()


def test_the_line_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Event] = [Progress(EVIL, 1, 2, EVIL), Noted("x")]
    shown = on_a_terminal(lambda: list(terminal.with_progress(events)), monkeypatch)
    assert shown.startswith(CLEARED)
    check(shown.replace(CLEARED, ""))
    assert "\n" not in shown


@pytest.mark.parametrize("name", [f"[red]{EVIL}", os.fsdecode(b"[red]\x1b]0;x\xff")])
def test_the_demonstration(tmp_path: Path, name: str) -> None:
    """Of an application that cannot be started, in a folder of a hostile name."""
    app = tmp_path / name.replace("/", "")
    app.mkdir()
    (app / f"a{EVIL}.py").write_text(WALLET.replace("{note}", ""))
    (app / "app.py").write_text(f"print({EVIL!r}, flush=True)\nraise SystemExit(3)\n")
    (app / "looktwice.toml").write_text("[prove]\nstart = 'python app.py {port}'\n")
    done = subprocess.run([LOOKTWICE, "demo", str(app)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    check(done.stdout + done.stderr)
    assert "not proven" in done.stdout and "[red]\\x1b]0;x" in done.stdout
