"""`looktwice.toml`: what is read, and how mistakes are reported."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from looktwice.core.config import Config, budget, load
from looktwice.core.errors import ConfigurationError


def test_defaults_without_a_file(tmp_path: Path) -> None:
    assert load(tmp_path) == Config()


def test_both_files(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.looktwice.system]\nregions = 3\n")
    assert load(tmp_path).system.regions == 3
    (tmp_path / "looktwice.toml").write_text("[system]\nregions = 4\n")
    assert load(tmp_path).system.regions == 4


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("[audit]\nselct = ['races']\n", ["`audit.selct`", "Did you mean `select`?"]),
        ("[sytem]\n", ["`sytem`", "Did you mean `system`?"]),
        ("[[prove.requests]]\nmethd = 'GET'\n", ["methd", "method"]),
        ("[prove.upstreams.pay]\nvarible = 'X'\n", ["`prove.upstreams.pay.varible`", "variable"]),
        ("[system]\nregions = 'three'\n", ["system.regions", "int"]),
        ("[models.pyton.acme]\n", ["`models.pyton`", "Did you mean `python`?"]),
        ("[models]\npython = 3\n", ["models.python", "object"]),
        ("[system\n", ["not valid TOML", "line 1"]),
        ("[[suppress]]\ncode = 'LT301'\npath = 'x'\n", ["reason"]),
        ("a = " + "[" * 5_000, ["nested too deeply"]),
        ("a = " + "9" * 5_000, ["not valid TOML"]),
        ("a = 2024-99-99\n", ["not valid TOML"]),
        ("a = 1\na = 2\n", ["not valid TOML"]),
        ("[system]\nregions = inf\n", ["system.regions"]),
        ("[system]\nregions = 99999999999999999999999\n", ["looktwice.toml"]),
    ],
)
def test_errors_name_file_key_and_correction(tmp_path: Path, text: str, reported: list[str]) -> None:
    (tmp_path / "looktwice.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    for words in ["looktwice.toml", *reported]:
        assert words in str(caught.value)


@pytest.mark.parametrize("data", [b"\xff\xfe[\x00", b"x = '\xe9'\n"])
def test_a_file_that_is_not_text(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "looktwice.toml").write_bytes(data)
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "it is a named pipe"),
        (Path.mkdir, "it is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
        (lambda path: path.symlink_to(path.name), "symbolic links"),
        (lambda path: path.write_bytes(b"#" * 3_000_000), "3.0 MB"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], object], why: str) -> None:
    make(tmp_path / "looktwice.toml")
    with pytest.raises(ConfigurationError, match=re.escape(why)):
        load(tmp_path)


@pytest.mark.parametrize("text", ["a = " + "9" * 5_000, "a = " + "[" * 5_000, "[tool\n", "tool = 3\n", "\0"])
def test_a_manifest_of_the_project_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    """What an audit reports and passes over must not end it here."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert load(tmp_path) == Config()


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read"):
        load(tmp_path, tmp_path / "other.toml")


@pytest.mark.parametrize(
    ("text", "expected"), [("30s", (30.0, None)), ("2m", (120.0, None)), ("500ms", (0.5, None)), ("200", (None, 200))]
)
def test_budgets(text: str, expected: tuple[float | None, int | None]) -> None:
    assert budget(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "0", "-3s", "3h"])
def test_invalid_budgets(text: str) -> None:
    with pytest.raises(ConfigurationError, match="Write 30s, 2m or 200"):
        budget(text)


def test_the_readme_shows_valid_configuration(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text()
    shown = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        (tmp_path / "looktwice.toml").write_text(text)
        assert load(tmp_path) != Config()
