"""The regression test for pytest, and where the project's pytest looks for tests."""

from __future__ import annotations

import ast
import configparser
import json
import pprint
import re
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from looktwice.core.files import UnreadableError
from looktwice.core.parsing import NotParsedError, attempt
from looktwice.core.proof import Proof, Sent
from looktwice.core.quoting import docstring, python
from looktwice.core.text import read_text
from looktwice.prove.evidence.regression_words import WIDTH, heading, story, wrapped

_QUESTIONS = {
    "twice": "two_requests_at_once_end_like_one_after_the_other",
    "sent-again": "the_same_request_sent_twice_has_one_effect",
    "upstream-down": "a_failing_service_leaves_nothing_half_done",
    "connection-lost": "a_lost_connection_leaves_nothing_half_done",
    "ten-times-the-rows": "ten_times_the_rows_take_no_more_statements",
}
PROJECT = "LOOKTWICE_PROJECT"
_FOLDER = "looktwice"
_USUAL_FOLDERS = ("tests", "test")
_NOT_OURS = ("node_modules", "site-packages", ".venv", "venv", "build", "dist")


class Habits(Struct, frozen=True):
    """What pytest takes for a test here. `folder` is relative to the project."""

    folder: str = "tests"
    files: tuple[str, ...] = ("test_*.py", "*_test.py")
    functions: tuple[str, ...] = ("test",)


def write(proof: Proof, root: Path, name: str, mark: str) -> tuple[str, str]:
    """Path, relative to the project, and text. mark: by which the file is known as ours."""
    habits = habits_of(root)
    path = f"{habits.folder}/{_FOLDER}/{_file(habits, name)}".removeprefix("./")
    lanes = sorted(proof.requests)
    sent = [proof.requests[lane] for lane in lanes]
    names = ["first", "second"] if len(sent) > 1 and sent[1] != sent[0] else ["first"]
    docstring_lines = [*wrapped([heading(proof)]), "", *wrapped(story(proof)), "", f"({mark})"]
    up = "/".join([".."] * path.count("/")) or "."
    lines = [*docstring(docstring_lines), "", f'{PROJECT} = "{up}"  # the folder of the application, from here', "", ""]
    lines.append(f"def {_function(habits, _QUESTIONS.get(proof.experiment, name))}(looktwice):")
    lines += [f"    {line}" for line in _asks(proof, names, sent)]
    return path, "\n".join(lines) + "\n"


# ---- where pytest looks


def habits_of(root: Path) -> Habits:
    """From the file that configures pytest: the project's own, else one above it up to the repository."""
    base, options = _options(root)
    folders = [found for word in _words(options.get("testpaths")) for found in _folders(base, word, root)]
    usual = next((name for name in (*_USUAL_FOLDERS, *_conftests(root)) if (root / name).is_dir()), "tests")
    default = Habits()
    return Habits(
        folder=next(iter(folders), usual),
        files=tuple(_words(options.get("python_files"))) or default.files,
        functions=tuple(_words(options.get("python_functions"))) or default.functions,
    )


def _options(root: Path) -> tuple[Path, dict[str, Any]]:
    for folder in (root, *root.resolve().parents):
        for name, read in _READERS.items():
            path = folder / name
            if path.is_file() and (found := read(path)) is not None:
                return folder, found
        if (folder / ".git").exists():
            break
    return root, {}


def _from_ini(section: str, even_empty: bool = False) -> Any:
    def read(path: Path) -> dict[str, Any] | None:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(read_text(path), path.name)
        except (configparser.Error, UnreadableError):
            return None
        return dict(parser[section]) if parser.has_section(section) else {} if even_empty else None

    return read


def _from_toml(path: Path) -> dict[str, Any] | None:
    try:
        text = read_text(path)
        tool = attempt("TOML", lambda: tomllib.loads(text)).get("tool", {})
    except (NotParsedError, UnreadableError):
        return None
    table = tool.get("pytest") if isinstance(tool, dict) else None
    found = table.get("ini_options", table) if isinstance(table, dict) else None
    return found if isinstance(found, dict) else None


# In the order in which pytest looks for its configuration.
_READERS = {
    "pytest.ini": _from_ini("pytest", even_empty=True),
    ".pytest.ini": _from_ini("pytest", even_empty=True),
    "pyproject.toml": _from_toml,
    "tox.ini": _from_ini("pytest"),
    "setup.cfg": _from_ini("tool:pytest"),
}


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [str(word) for word in value] if isinstance(value, list) else []


def _folders(base: Path, word: str, root: Path) -> list[str]:
    """The folders of the project that a test path names: those that are there, else the one it would be."""
    try:
        found = sorted(base.glob(word)) if re.search(r"[*?\[]", word) else [base / word]
    except (ValueError, NotImplementedError):
        return []
    inside = []
    for path in found:
        folder = path.parent if path.is_file() else path
        if folder.resolve().is_relative_to(root.resolve()):
            inside.append(folder.resolve().relative_to(root.resolve()).as_posix())
    return inside


def _conftests(root: Path) -> list[str]:
    """Folders with a conftest.py, the nearest first: there somebody keeps tests."""
    paths = (path.parent.relative_to(root) for path in root.glob("*/**/conftest.py"))
    kept = [path for path in paths if not any(part in _NOT_OURS or part.startswith(".") for part in path.parts)]
    return [path.as_posix() for path in sorted(kept, key=lambda path: (len(path.parts), path))]


def _file(habits: Habits, name: str) -> str:
    usual = f"test_{name}.py"
    if any(fnmatch(usual, pattern) for pattern in habits.files):
        return usual
    made = (pattern.replace("*", name, 1).replace("*", "") for pattern in habits.files if "*" in pattern)
    return next((one for one in made if one.endswith(".py") and "/" not in one), usual)


def _function(habits: Habits, name: str) -> str:
    usual = f"test_{name}"
    if any(usual.startswith(word) or fnmatch(usual, word) for word in habits.functions):
        return usual
    word = habits.functions[0]
    made = word.replace("*", name, 1).replace("*", "") if "*" in word else f"{word.rstrip('_')}_{name}"
    return re.sub(r"\W+", "_", made)


# ---- what it says


def _asks(proof: Proof, names: list[str], sent: list[Sent]) -> list[str]:
    if proof.is_found:
        user = f", user={python(sent[0].user)}" if sent[0].user else ""
        return [f"looktwice.check({python(proof.experiment)}, at={python(proof.endpoint)}{user})"]
    lines = [line for name, request in zip(names, sent, strict=False) for line in _assignment(name, request)]
    arguments = [python(proof.experiment), *names]
    if " ".join((sent[0].method, sent[0].path.partition("?")[0])) != proof.endpoint:
        arguments.append(f"at={python(proof.endpoint)}")
    if proof.once:
        arguments.append("once=True")
    return [*lines, f"looktwice.check({', '.join(arguments)})"]


def _assignment(name: str, sent: Sent) -> list[str]:
    arguments = [python(sent.method), python(sent.path)]
    if sent.body:
        arguments.append(_literal(sent.body))
    if sent.user:
        arguments.append(f"user={python(sent.user)}")
    if sent.headers:
        arguments.append(f"headers={_headers(sent.headers)}")
    line = f"{name} = looktwice.request({', '.join(arguments)})"
    if len(line) + 4 <= WIDTH:
        return [line]
    return [f"{name} = looktwice.request(", *(f"    {argument}," for argument in arguments), ")"]


def _literal(body: str) -> str:
    """A JSON object or list as a Python value when that sends the same again; any other text as a string."""
    try:
        value = json.loads(body, object_pairs_hook=_object)
        text = pprint.pformat(value, width=WIDTH * 4, sort_dicts=False)
        again = msgspec.json.decode(msgspec.json.encode(ast.literal_eval(f"((({text})))")))
    except (ValueError, RecursionError, MemoryError, SyntaxError, OverflowError):
        return python(body)
    if not isinstance(value, dict | list) or again != value:
        return python(body)
    return text.replace("'", '"') if '"' not in text and "\\" not in text else text


def _headers(headers: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{python(name)}: {python(value)}" for name, value in headers.items()) + "}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a dict cannot hold a name twice")
    return dict(pairs)
