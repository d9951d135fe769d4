"""A file of which nothing, or nearly nothing, could be parsed is not read; a tree of such files cannot be audited."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from looktwice.cli.main import run

FUNCTION = "def add(first, second):\n    return first + second\n\n\n"
PROSE = "This is a letter to a friend.\nIt has two lines, and more!\n"
PAGE = "<!doctype html>\n<html><body>hello</body></html>\n"


def audited(root: Path, capsys: pytest.CaptureFixture[str], files: Mapping[str, str], *, path: str = ".") -> tuple:
    for name, text in files.items():
        (root / name).write_text(text)
    code = run(["audit", "--no-cache", str(root / path)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.py", "def (", "it is not Python"),
        ("a.py", "def (\n", "it is not Python"),
        ("a.py", "# a comment\n\ndef (:\n    return\n", "it is not Python"),
        ("a.py", PROSE, "it is not Python"),
        ("a.py", f"x = 1\n{PROSE * 9}", "it is not Python"),
        ("a.py", PAGE, "it is not Python"),
        ("a.py", "class A(\n    x = \n", "it is not Python"),
        ("a.js", PAGE, "it is not JavaScript"),
        ("a.ts", "export function f( {\n", "it is not TypeScript"),
        ("a.ts", "@@@ ??? !!!", "it is not TypeScript"),
    ],
)
@pytest.mark.parametrize("path", [".", "file"])
def test_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, why: str, path: str
) -> None:
    code, out, err = audited(tmp_path, capsys, {name: text}, path=name if path == "file" else ".")
    assert (code, out) == (2, "")
    assert f"could be read: {name}: {why}" in err and "the rest" not in err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{FUNCTION}def (\n", 5),
        (f"class (\n{FUNCTION}", 1),
        (f"{FUNCTION}x = (1,\n", 5),
        (f"<<<<<<< HEAD\n{FUNCTION}=======\n{FUNCTION}>>>>>>> other\n", 1),
        (FUNCTION.replace("first +", "first + )"), 2),
    ],
)
def test_read_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: int) -> None:
    code, out, err = audited(tmp_path, capsys, {"a.py": text})
    assert (code, err) == (0, "")
    assert f"not fully read: a.py:{line}: " in out and "the rest was read" in out


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"bad.py": "def (", "worse.py": PROSE}, 2),
        ({"bad.py": "def (", "__init__.py": ""}, 2),
        ({"bad.py": "def (", "__init__.py": "\n\n"}, 2),
        ({"bad.py": "def (", "good.py": FUNCTION}, 2),
        ({"__init__.py": ""}, 0),
    ],
)
def test_a_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str], files: Mapping[str, str], expected: int) -> None:
    """Exit code 2 where a file could not be read at all, as nothing was found in the others."""
    code, out, err = audited(tmp_path, capsys, files)
    assert code == expected, out + err
    assert ("bad.py" in out + err) is ("bad.py" in files)
