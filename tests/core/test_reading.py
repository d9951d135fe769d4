"""Reading: whatever somebody else may have put into the place of a file is read through `core.files` only, in bounds.

A bare read of a named pipe waits forever, and one of an endless device takes all memory.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import looktwice
from looktwice.core.files import UnreadableError, read_start
from looktwice.learn import progress
from looktwice.prove.app.sources import drivers
from looktwice.prove.evidence import node_runner, regression_python, regression_test

ROOT = Path(looktwice.__file__).parent
OURS = {"looktwice.core.files", "looktwice.core.text"}
READERS = {"open", "read_text", "read_bytes", "fdopen", "readlines", "copyfile", "copy2", "copytree", "copyfileobj"}
ALLOWED = {
    "core/files.py": "the reader itself",
    "core/beneath.py": "folders",
    "core/writing.py": "what is written, and the partial file that was just written",
    "core/whole_file.py": "what is written",
    "patterns/page.py": "a page of this package",
    "patterns/catalogue.py": "programs of this package",
    "core/installing.py": "notes of the installer in the environment of this package",
    "code/libraries/__init__.py": "tables of this package",
    "code/coverage/packages.py": "a table of this package",
    "code/__main__.py": "a tool for developing the analysis, which reads regular files of a tree that one chose",
    "render/html/document.py": "a style sheet of this package",
    "learn/content.py": "recorded runs of this package",
    "learn/export.py": "assets of this package",
    "learn/record.py": "the recorder of this package's runs, and its copy of an example",
    "prove/guardian/kernel.py": "/proc",
    "prove/guardian/leftovers.py": "folders, and a note that is only written",
    "prove/guardian/removal.py": "folders",
    "prove/guardian/children.py": "the input of a command, which a server's template names and not a project",
    "prove/sandbox/mounts.py": "/proc",
    "prove/sandbox/ports.py": "/proc",
    "prove/sandbox/target.py": "/proc",
    "prove/sandbox/names.py": "the system's own /etc/resolv.conf, in bounds",
    "prove/sandbox/supervisor.py": "the orders that we wrote, and what stands in the place of a file of settings",
    "prove/app/isolation.py": "orders that are only written; the text of the trial is a program of its own",
    "prove/servers/postgres/server.py": "a configuration that is only written",
    "prove/servers/postgres/template.py": "the user's own cache, where we put it",
    "prove/servers/postgres/binaries.py": "an installed PostgreSQL",
    "prove/servers/redis.py": "an installed Redis",
}
"""Where files are read in another way, and why that does no harm."""


def named(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def bare(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls that read a file, or open one, in another way than through `core.files`."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = {alias.asname or alias.name for node in imports if node.module in OURS for alias in node.names}
    parses = any(
        alias.name == "configparser" for node in tree.body if isinstance(node, ast.Import) for alias in node.names
    )
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        is_ours = isinstance(node.func, ast.Name) and node.func.id in ours
        of_others = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in (
            "webbrowser", "Stage", "low.body", "body", "self", "low",
        )  # fmt: skip
        is_parser = parses and isinstance(node.func, ast.Attribute) and node.func.attr == "read"
        if is_parser or (named(node) in READERS and not is_ours and not of_others):
            yield node.lineno, named(node)


def reads() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        if "_preludes" not in path.parts:
            for line, name in bare(ast.parse(path.read_bytes())):
                found.setdefault(path.relative_to(ROOT).as_posix(), []).append(f"{line} {name}")
    return found


def test_nothing_else_reads_files() -> None:
    assert {path: calls for path, calls in reads().items() if path not in ALLOWED} == {}


def test_every_exception_is_needed() -> None:
    found = reads()
    assert [path for path in ALLOWED if path not in found] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path.read_bytes()", ["read_bytes"]),
        ("def f():\n    with open(path) as file: pass", ["open"]),
        ("import os\nos.open(path, 0)", ["open"]),
        ("import configparser\nconfigparser.ConfigParser().read(path)", ["read"]),
        ("from looktwice.core.files import read_bytes\nread_bytes(path)", []),
        ("from looktwice.core.text import read_text\nread_text(path); path.read_text()", ["read_text"]),
    ],
)
def test_a_bare_read_is_found(text: str, expected: list[str]) -> None:
    assert [name for _, name in bare(ast.parse(text))] == expected


# ---- what is read of a project and a learner's folder


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


ODD: dict[str, Callable[[Path], object]] = {"a pipe": os.mkfifo, "an endless device": endless, "a folder": Path.mkdir}
PLACES: dict[str, Callable[[Path], object]] = {
    ".looktwice/learning.json": lambda root: progress.read(root / ".looktwice"),
    "pyproject.toml": lambda root: (regression_python.habits_of(root), drivers.scheme(root, "sqlite:///x")),
    "pytest.ini": regression_python.habits_of,
    "setup.cfg": lambda root: (regression_python.habits_of(root), drivers.scheme(root, "sqlite:///x")),
    "requirements.txt": lambda root: drivers.scheme(root, "sqlite:///x"),
    "package.json": lambda root: (node_runner._json(root / "package.json"), drivers.scheme(root, "sqlite:///x")),
    "tests/looktwice/test_x.py": lambda root: regression_test._text(root / "tests/looktwice/test_x.py"),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("where", PLACES)
def test_it_neither_waits_nor_reads_without_end(tmp_path: Path, where: str, what: str) -> None:
    path = tmp_path / where
    path.parent.mkdir(parents=True, exist_ok=True)
    ODD[what](path)
    PLACES[where](tmp_path)


@pytest.mark.parametrize(("what", "why"), [("a pipe", "named pipe"), ("an endless device", "out of the folder")])
def test_progress_that_cannot_be_read_is_reported(tmp_path: Path, what: str, why: str) -> None:
    (tmp_path / ".looktwice").mkdir()
    ODD[what](tmp_path / ".looktwice" / "learning.json")
    assert why in progress.read(tmp_path / ".looktwice").notice


def test_the_start_of_a_file_is_read_however_large_it_is(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"#!/bin/sh\n")
    os.truncate(tmp_path / "large", 1 << 40)
    assert read_start(tmp_path / "large", 9) == b"#!/bin/sh"
    for what, make in ODD.items():
        make(tmp_path / what)
        with pytest.raises(UnreadableError):
            read_start(tmp_path / what, 9)
