"""What is not installed, read from how a command failed: what to run where, instead of another start command."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from looktwice.core import isolation
from looktwice.core.visible import line
from looktwice.prove.app.plan import Command, Plan

_PYTHON = re.compile(r"No module named '?([\w.]+)'?")
_NODE = re.compile(r"Cannot find (?:module|package) '([^']+)'")
_PROGRAM = re.compile(r"(?:^|\s)([\w@./-]+): (?:command )?not found", re.MULTILINE)
# The first file that is there says who installs; npm does it without any.
_INSTALLERS = (
    ("pnpm-lock.yaml", "pnpm install"),
    ("yarn.lock", "yarn install"),
    ("bun.lock", "bun install"),
    ("bun.lockb", "bun install"),
    ("package-lock.json", "npm install"),
)
_REQUIREMENTS = (
    ("requirements.txt", "-m pip install -r requirements.txt"),
    ("pyproject.toml", "-m pip install -e ."),
    ("setup.py", "-m pip install -e ."),
)


def missing_module(output: str) -> str:
    """The package that could not be imported, read from the output of a process; "" when that does not show it."""
    found = _PYTHON.search(output) or _NODE.search(output)
    return found[1] if found else ""


def advice(plan: Plan, command: Command, output: str = "", program: str = "") -> str:
    """What to install and where, "" when nothing shows that something is missing.

    output: what the command printed. program: the one that could not be found, when it was not even executed.
    """
    folder = (plan.root / command.directory).resolve()
    if found := _PYTHON.search(output):
        return _python(plan, folder, found[1])
    manifest = _above(folder, "package.json", plan.root)
    if manifest is None:
        return ""
    if (found := _NODE.search(output)) and _is_package(found[1]):
        return _node(manifest, f"the package `{line(found[1])}`")
    program = program or ((found := _PROGRAM.search(output)) and found[1]) or ""
    if program and not _has_modules(manifest):
        return _node(manifest, f"`{line(program)}`")
    return ""


def _python(plan: Plan, folder: Path, module: str) -> str:
    top = module.partition(".")[0]
    if any((place / top).is_dir() or (place / f"{top}.py").is_file() for place in (folder, plan.root)):
        return ""  # a module of the project's own: what is wrong is the folder
    path = os.pathsep.join([*plan.search_path, isolation.program_path()])
    interpreter = shutil.which("python", path=path) or shutil.which("python3", path=path) or "python"
    listed = next((how for name, how in _REQUIREMENTS if (folder / name).is_file()), f"-m pip install {top}")
    return (
        f"The interpreter {line(interpreter)} lacks the package `{line(module)}`. In {line(str(folder))}, run "
        f"`{line(interpreter)} {listed}`, or make a virtual environment `.venv` there that has it."
    )


def _node(folder: Path, what: str) -> str:
    installer = next((how for name, how in _INSTALLERS if _above_any(folder, name)), "npm install")
    where = "node_modules is missing there" if not _has_modules(folder) else "it is not in node_modules"
    return f"Run `{installer}` in {line(str(folder))}: {what} is not found, and {where}."


def _is_package(name: str) -> bool:
    """A file of the project is missing for another reason."""
    return not name.startswith((".", "/", "file:", "#")) and not re.match(r"[A-Za-z]:\\", name)


def _has_modules(folder: Path) -> bool:
    return _above_any(folder, "node_modules")


def _above_any(folder: Path, name: str) -> bool:
    """Whether it is there or, in a workspace, in a folder above it up to the repository."""
    for place in (folder, *folder.parents):
        if (place / name).exists():
            return True
        if (place / ".git").exists():
            break
    return False


def _above(folder: Path, name: str, root: Path) -> Path | None:
    """The nearest folder of the project, `folder` or above it, that has a file of that name."""
    for place in (folder, *folder.parents):
        if (place / name).is_file():
            return place
        if place == root.resolve():
            break
    return None
