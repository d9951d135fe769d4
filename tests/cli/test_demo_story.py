"""The demonstration's story of one proof: the fix is what the fixed version changes at that location."""

from __future__ import annotations

from pathlib import Path

import pytest

from looktwice.cli.demo_terminal import hunk
from looktwice.core.finding import Confidence, Finding, Severity

WRITTEN = (
    "def a():\n    read()\n    write()\n\n\n\n\n\ndef b():\n    keep()\n\n\n\n\n\ndef c():\n    gone()\n    stay()\n"
)
FIXED = "def a():\n    update()\n\n\n\n\n\ndef b():\n    keep()\n\n\n\n\n\ndef c():\n    stay()\n    more()\n"


def at(line: int) -> Finding:
    place = {"path": "x.py", "start_line": line, "start_column": 1, "end_line": line, "end_column": 9}
    named = {"code": "LT301", "pattern": "lost-update", "message_id": "computed", "message": "m"}
    return Finding(**named, severity=Severity.HIGH, confidence=Confidence.HIGH, **place)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (3, ["-    read()", "-    write()", "+    update()"]),
        (10, []),
        (17, ["-    gone()", "+    more()"]),
    ],
)
def test_the_change_at_the_finding(tmp_path: Path, line: int, expected: list[str]) -> None:
    (tmp_path / "written.py").write_text(WRITTEN)
    (tmp_path / "fixed.py").write_text(FIXED)
    lines = hunk(tmp_path / "written.py", tmp_path / "fixed.py", at(line))
    assert [it for it in lines if it[0] in "+-"] == expected


def test_a_fixed_version_without_the_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "written.py").write_text(WRITTEN)
    assert hunk(tmp_path / "written.py", tmp_path / "none.py", at(3)) == ()
