"""The command line: messages and exit codes, whatever stops the program."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from looktwice.cli.main import own_fault

LOOKTWICE = str(Path(sys.executable).with_name("looktwice"))


def run(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "CLAUDECODE")}
    return subprocess.run(
        [LOOKTWICE, *words], capture_output=True, text=True, cwd=cwd, timeout=60, check=False, env=plain | environment
    )


def test_help_lists_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    for name in ("audit", "explain", "learn"):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("words", [[], ["--"]])
def test_without_a_command_the_help_is_printed(words: list[str]) -> None:
    """In lines, by every version of click, and with an exit code that is no clean result."""
    done = run(*words)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == run("--help").stdout


@pytest.mark.thorough
@pytest.mark.parametrize("version", ["click==8.1.8", "click==8.2.1", "click"])
def test_without_a_command_with_other_versions_of_click(tmp_path: Path, version: str) -> None:
    there = tmp_path / "click"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(there), version]
    if uv := shutil.which("uv"):
        install = [uv, "pip", "install", "-q", "--no-deps", "--python", sys.executable, "--target", str(there), version]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip("not run: no package index can be reached from here")
    code = (
        f"import sys; sys.path.insert(0, {str(there)!r}); import click\n"
        f"assert click.__file__.startswith({str(there)!r})\n"
        "from looktwice.cli.main import run; raise SystemExit(run([]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert (
        done.stdout.startswith("Usage: looktwice [OPTIONS]")
        and "\n  audit " in done.stdout
        and "\\n" not in done.stdout
    )


def test_help_is_quick() -> None:
    """Showing help imports no engine, no rich and no extra."""
    code = "import sys; from looktwice.cli.main import run; run(['--help']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"rich", "tree_sitter", "sqlglot", "starlette", "uvicorn", "psycopg", "httpx", "looktwice.code"}
    assert not heavy & set(loaded)


def test_version() -> None:
    assert run("--version").stdout == "looktwice 0.1.0\n"


MISTAKES = [
    (["adit"], ["No such command", "adit", "Did you mean 'audit'?"]),
    (["audit", "--nonsense"], ["--nonsense"]),
    (["audit", "nowhere"], ["cannot audit nowhere", "no such file or directory"]),
    (["prove", "nowhere"], ["cannot prove nowhere", "no such file or directory"]),
    (["audit", "--output", "."], ["cannot write .", "folder"]),
    (["audit", "--format", "xml"], ["`xml`", "console"]),
    (["audit", "--select", "rases"], ["`rases`", "Did you mean `races`?"]),
    (["audit", "--config", "no.toml"], ["no.toml", "cannot read"]),
    (["explain", "LT9999"], ["LT9999"]),
    (["explain"], ["Missing argument"]),
    (["learn", "--port", "99999999"], ["99999999"]),
]


@pytest.mark.parametrize(("words", "expected"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_mistakes_are_explained(tmp_path: Path, words: list[str], expected: list[str]) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert not done.stdout
    assert "Traceback" not in done.stderr
    for part in expected:
        assert part in done.stderr


def test_an_invalid_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "looktwice.toml").write_text("[audit]\nselekt = []\n")
    done = run("audit", cwd=tmp_path)
    assert done.returncode == 2
    assert "`audit.selekt`" in done.stderr and "Did you mean `select`?" in done.stderr


@pytest.mark.parametrize("what", ["LT301", "lost-update", "lt301"])
def test_explain(what: str) -> None:
    done = run("explain", what)
    assert done.returncode == 0
    for part in ("LT301 lost-update", "What it looks like", "Do this instead", "When it is fine", "▶ ", "← read"):
        assert part in done.stdout
    assert "\x1b" not in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.endswith(" ")]


@pytest.mark.parametrize("code", ["LT206", "lt207", "LT510", "LT603"])
def test_explain_what_prove_reports_without_a_page(code: str) -> None:
    done = run("explain", code)
    assert (done.returncode, done.stderr) == (0, "")
    title, *text = done.stdout.splitlines()
    shown = " ".join(done.stdout.split())
    assert title.startswith(f"{code.upper()} ") and "no page yet" in shown and "looktwice prove" in shown
    assert len(text) >= 2


@pytest.mark.parametrize("code", ["LT299", "LT9999"])
def test_a_code_that_nothing_reports_is_an_error(code: str) -> None:
    assert run("explain", code).returncode == 2


def test_explain_in_the_other_language() -> None:
    assert "function" in run("explain", "LT301", "--language", "typescript").stdout
    assert "def " in run("explain", "LT301", "--language", "python").stdout


def test_explain_a_section() -> None:
    done = run("explain", "races")
    assert done.returncode == 0
    assert "LT301 lost-update" in done.stdout


def test_characters_that_the_terminal_cannot_encode() -> None:
    done = run("explain", "LT301", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\u25b6" in done.stdout


@pytest.mark.parametrize("columns", [60, 80])
def test_output_fills_the_given_width(columns: int) -> None:
    prose = run("explain", "LT301", COLUMNS=str(columns)).stdout.partition("What it looks like")[2].split("▶")[0]
    lines = [line.rstrip() for line in prose.splitlines() if not line.startswith("    ")]
    assert columns - 20 < max(map(len, lines)) <= columns


def test_a_closed_pipe_ends_the_program_quietly() -> None:
    """As in `looktwice … | head -1`."""
    process = subprocess.Popen([LOOKTWICE, "explain", "LT301"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    _, errors = process.communicate(timeout=30)
    assert errors == b""
    assert process.returncode == 141


def test_an_internal_error_is_one_line() -> None:
    try:
        raise KeyError("the\nreason")
    except KeyError as error:
        line = own_fault(error)
    assert "\n" not in line
    assert "KeyError" in line and "test_main.py:" in line and "LOOKTWICE_DEBUG=1" in line


@pytest.mark.parametrize("after", [0.0, 0.03, 0.06, 0.1, 0.15])
def test_interrupted_at_any_moment(after: float) -> None:
    """Ctrl-C causes no traceback, whenever it arrives. The delay is the test case, so this test does sleep."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from looktwice.cli import main as program\n"
            "import_path = program.import_path\n"
            "program.import_path = lambda: (print(flush=True), import_path())[1]\n"
            "raise SystemExit(program.main(['explain', 'LT301']))",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()  # it has begun
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert b"Traceback" not in errors
    assert process.returncode in (0, 130)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="not run: the system has no interval timers")
def test_an_interrupt_during_a_callback_is_not_lost() -> None:
    code = """
import os, signal, sys, weakref
from looktwice.cli import main as program

class Thing:
    pass

def run(arguments):
    thing = Thing()
    kept = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGINT))
    del thing
    while True:
        signal.pause()

program.run = run
raise SystemExit(program.main([]))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (130, "")
