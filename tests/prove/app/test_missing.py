"""What is not installed is reported as that, with the command that installs it and the folder to run it in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from looktwice.core.config import Prove
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.missing import advice
from looktwice.prove.app.plan import Command, Origin, Plan
from looktwice.prove.run.stage import Stage

EXPRESS = "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from /x/index.js"
NO_JOSE = "ModuleNotFoundError: No module named 'jose'"


def made(root: Path, files: tuple[str, ...], directory: str = ".") -> tuple[Plan, Command]:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")
    command = Command(("node", "index.js"), Origin("package.json"), directory)
    return Plan(root=root, start=command, search_path=(str(Path(sys.executable).parent),)), command


@pytest.mark.parametrize(
    ("files", "output", "words"),
    [
        (("package.json",), EXPRESS, ["Run `npm install` in ROOT", "`express`", "node_modules is missing"]),
        (("package.json", "yarn.lock"), EXPRESS, ["Run `yarn install` in ROOT"]),
        (("package.json", "pnpm-lock.yaml"), "sh: 1: tsx: not found", ["Run `pnpm install`", "`tsx`"]),
        (("package.json", "node_modules/a/x"), EXPRESS, ["Run `npm install`", "it is not in node_modules"]),
        (("package.json",), "Error: Cannot find module './routes.js'", []),
        (("package.json", "node_modules/a/x"), "sh: 1: tsc: not found", []),
        (
            (),
            NO_JOSE,
            [f"The interpreter {Path(sys.executable).parent}", "lacks the package `jose`", "pip install jose"],
        ),
        (("requirements.txt",), NO_JOSE, ["-m pip install -r requirements.txt", "`.venv`"]),
        (("jose/__init__.py",), NO_JOSE, []),
        ((), "/usr/bin/python: No module named uvicorn", ["lacks the package `uvicorn`"]),
        (("package.json",), "Error: connect ECONNREFUSED", []),
    ],
)
def test_what_is_missing(tmp_path: Path, files: tuple[str, ...], output: str, words: list[str]) -> None:
    text = advice(*made(tmp_path, files), output)
    assert bool(text) is bool(words)
    for part in words:
        assert part.replace("ROOT", str(tmp_path)) in text


@pytest.mark.parametrize("setup", [(), ("node build.mjs",)], ids=["the start", "the set-up"])
def test_a_command_that_fails_for_it_is_not_to_be_replaced(tmp_path: Path, setup: tuple[str, ...]) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name in ("index.mjs", "build.mjs"):
        (tmp_path / name).write_text("import express from 'express';")
    with pytest.raises(StartError) as raised:
        Stage.open(tmp_path, Prove(start="node index.mjs", setup=setup))
    assert f"Run `npm install` in {tmp_path}" in str(raised.value)
    assert "Add to looktwice.toml" not in str(raised.value)
