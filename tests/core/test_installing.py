"""How an extra is added: by the installer that made the environment, from what looktwice was installed from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from looktwice import __version__
from looktwice.core.installing import Origin, advice_for, origin, origin_in

WHEEL = "/a folder/looktwice-0.1.0-py3-none-any.whl"
CLONE = "/clones/looktwice"
README = f"in a clone of looktwice, run `make wheel`, then: %s './dist/looktwice-{__version__}-py3-none-any.whl[prove]'"


@pytest.mark.parametrize(
    ("files", "source", "expected"),
    [
        ({"lib/python3.12/site-packages/pip": None}, Origin(WHEEL), f"pip install '{WHEEL}[prove]'"),
        ({"Lib/site-packages/pip": None}, Origin(WHEEL), f"pip install '{WHEEL}[prove]'"),
        ({"pipx_metadata.json": "{}"}, Origin(WHEEL), f"pipx install --force '{WHEEL}[prove]'"),
        ({"uv-receipt.toml": "[tool]"}, Origin(WHEEL), f"uv tool install --force '{WHEEL}[prove]'"),
        ({"pyvenv.cfg": "home = /x\nuv = 0.9\n"}, Origin(WHEEL), f"uv pip install --python %s '{WHEEL}[prove]'"),
        ({"pyvenv.cfg": "home = /x\n"}, Origin(WHEEL), f"pip install '{WHEEL}[prove]'"),
        ({}, Origin(CLONE, True), f"pip install -e '{CLONE}[prove]'"),
        ({}, Origin(CLONE), f"pip install '{CLONE}[prove]'"),
        ({}, Origin(), README % "pip install"),
        ({"pipx_metadata.json": "{}"}, Origin(), README % "pipx install --force"),
    ],
)
def test_advice(tmp_path: Path, files: dict[str, str | None], source: Origin, expected: str) -> None:
    for name, text in files.items():
        if text is None:
            (tmp_path / name).mkdir(parents=True)
        else:
            (tmp_path / name).write_text(text)
    assert advice_for("prove", source, tmp_path) == "Install it: " + expected.replace("%s", str(tmp_path))


def note(path: Path | str, **rest: object) -> str:
    return json.dumps({"url": f"file://{path}", **rest})


def test_where_it_came_from(tmp_path: Path) -> None:
    """A wheel or a clone that is still there; nothing else is named."""
    wheel = tmp_path / "it.whl"
    wheel.write_bytes(b"")
    assert origin_in(note(wheel, archive_info={})) == Origin(str(wheel))
    assert origin_in(note(tmp_path, dir_info={"editable": True})) == Origin(str(tmp_path), True)
    assert origin_in(note(tmp_path, dir_info={})) == Origin(str(tmp_path))
    spaced = tmp_path / "a b.whl"
    spaced.write_bytes(b"")
    assert origin_in(note(str(spaced).replace(" ", "%20"), archive_info={})) == Origin(str(spaced))
    for other in (note(tmp_path / "gone.whl", archive_info={}), "", "[]", '{"url": 3}', '{"url": "https://x/y.whl"}'):
        assert origin_in(other) == Origin()


def test_this_installation_is_editable() -> None:
    assert origin() == Origin(str(Path(__file__).parents[2]), True)
