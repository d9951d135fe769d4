"""`looktwice.toml`: what is read, and how mistakes are reported."""

from __future__ import annotations

import re
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
