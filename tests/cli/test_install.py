"""The package as a user gets it: the wheel, installed into an empty environment; and what the README says of it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from looktwice.cli.group import looktwice
from looktwice.core import config

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
UNREACHABLE = ("ConnectionError", "Connection refused", "Could not connect", "error sending request", "NewConnection")
WALLET = """import psycopg


def deposit(connection: psycopg.Connection, wallet: int, amount: int) -> None:
    row = connection.execute("SELECT balance FROM wallets WHERE id = %s", (wallet,)).fetchone()
    connection.execute("UPDATE wallets SET balance = %s WHERE id = %s", (row[0] + amount, wallet))
    connection.commit()
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` does."""
    folder = tmp_path_factory.mktemp("dist")
    recipe = re.search(r"^wheel:.*\n\t@(.*) -d dist$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    words = [sys.executable, *shlex.split(recipe[1])[1:], "-d", str(folder)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def installed(wheel: Path, environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs `looktwice` from an environment that holds the wheel and what it asks for, with a home of its own."""
    folder, home = environment, tmp_path_factory.mktemp("home")
    kept = ("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    machine = {name: value for name, value in os.environ.items() if name.upper().startswith(kept)}
    bare = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    python = str(folder / "bin" / "python")
    if uv := shutil.which("uv"):
        commands = [[uv, "venv", "-q", "--python", sys.executable, str(folder), "--allow-existing"],
                    [uv, "pip", "install", "-q", "--python", python, str(wheel)]]  # fmt: skip
        machine.setdefault("UV_CACHE_DIR", os.path.expanduser("~/.cache/uv"))
    else:
        commands = [[sys.executable, "-m", "venv", str(folder)], [python, "-m", "pip", "install", "-q", str(wheel)]]
        machine.setdefault("PIP_CONFIG_FILE", os.path.expanduser("~/.config/pip/pip.conf"))
    for command in commands:
        done = subprocess.run(command, env=machine | bare, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode and any(words in done.stderr for words in UNREACHABLE):
            pytest.skip("not run: no package index can be reached from here")
        assert done.returncode == 0, done.stderr

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        program = str(folder / "bin" / "looktwice")
        return subprocess.run(
            [program, *words], cwd=home, env=bare, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def test_it_says_what_it_is(installed: Run) -> None:
    assert installed("--version").stdout == f"looktwice {PROJECT['version']}\n"
    shown = installed("--help")
    assert shown.returncode == 0 and not shown.stderr
    for name in looktwice.list_commands(None):  # type: ignore[attr-defined,arg-type]
        assert f"\n  {name} " in shown.stdout


def test_it_reads_and_explains(installed: Run, tmp_path: Path) -> None:
    (tmp_path / "wallet.py").write_text(WALLET)
    done = installed("audit", str(tmp_path))
    assert done.returncode == 1 and "LT301 lost-update" in done.stdout and not done.stderr
    done = installed("explain", "LT301")
    assert done.returncode == 0 and "Do this instead" in done.stdout and not done.stderr
    done = installed("audit", str(tmp_path), "--format", "html")
    assert done.returncode == 1 and "Content-Security-Policy" in done.stdout


@pytest.mark.parametrize(
    ("words", "extra"), [(("prove", "."), "prove"), (("replay", "x.json"), "prove"), (("learn", "--no-open"), "learn")]
)
def test_a_missing_extra_is_named(installed: Run, wheel: Path, words: tuple[str, ...], extra: str) -> None:
    """With a command that works: the file that it was installed from, with the extra, and no package index."""
    done = installed(*words)
    assert done.returncode == 2 and not done.stdout
    assert f"needs the extra `{extra}`" in done.stderr and f"{wheel}[{extra}]" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_advised_for_a_missing_extra_installs_it(installed: Run, environment: Path) -> None:
    advice = installed("learn", "--no-open").stderr.partition("Install it: ")[2]
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [*shlex.split(advice), "--dry-run"]
    program = shutil.which(command[0], path=path)
    assert program is not None and "pip" in command
    tried = subprocess.run(
        [program, *command[1:]], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0 and "starlette" in (tried.stdout + tried.stderr).lower()


def test_the_playbook_as_files_needs_none(installed: Run, tmp_path: Path) -> None:
    assert installed("learn", "--export", str(tmp_path / "playbook")).returncode == 0
    assert (tmp_path / "playbook" / "index.html").is_file()


def test_what_only_a_clone_has_is_explained(installed: Run) -> None:
    done = installed("demo")
    assert done.returncode == 2 and "They come with the repository" in done.stderr


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"looktwice", f"looktwice-{PROJECT['version']}.dist-info"}
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]
    for part in ("patterns/races/lost_update.md", "learn/assets/page.js", "render/html/report.css", "code/libraries/"):
        assert [name for name in names if name.startswith(f"looktwice/{part}")]


# ---- the README


def commands() -> list[list[str]]:
    """The words of every line in a block of commands, without the comment behind it."""
    lines = [line for language, text in BLOCKS if not language for line in text.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_the_commands_that_set_everything_up_come_first() -> None:
    first = next(text for language, text in BLOCKS if not language)
    assert "make demo" in first and "make test" in first
    assert README.index(first) < README.index("\n## ")


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_of_the_readme(words: list[str]) -> None:
    extras = PROJECT["optional-dependencies"]
    match words:
        case ["make", target, *rest]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert all(re.fullmatch(r"APP=\S+", it) for it in rest)
        case ["looktwice", name, *rest]:
            command = looktwice.get_command(None, name)  # type: ignore[attr-defined,arg-type]
            command.make_context(name, list(rest))
        case ["pipx" | "pip", "install", wheel] | ["uv", "tool", "install", wheel]:
            name = re.fullmatch(r"\./dist/looktwice-(.+)-py3-none-any\.whl\[([\w,]+)\]", wheel)
            assert name is not None and name[1] == PROJECT["version"]
            assert set(name[2].split(",")) <= set(extras)
        case _:
            pytest.fail(f"nobody knows what {words} does")


@pytest.mark.parametrize("text", [text for language, text in BLOCKS if language == "toml"])
def test_a_configuration_of_the_readme(tmp_path: Path, text: str) -> None:
    (tmp_path / "looktwice.toml").write_text(text)
    assert config.load(tmp_path) != config.Config()


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
