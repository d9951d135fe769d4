"""The demonstration's story of one proof: the fix is what the fixed version changes at that location."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from looktwice.cli.demo import chapter
from looktwice.cli.demo_terminal import DemoOutput, ProjectResult, hunk, verdict
from looktwice.cli.joining import witnessed
from looktwice.core.event import Finished, NotProven, Proven
from looktwice.core.finding import Confidence, Finding, Severity
from looktwice.core.trace import Lane, Trace, Verdict
from looktwice.render.html.report import whole
from looktwice.render.renderer import Setting
from looktwice.render.words import proof_counts

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


def proof(name: str, test: str, code: str = "LT301", path: str = "/wallet", outcome: str = "lost update") -> Proven:
    lanes = (Lane(name="A", method="POST", path=path),)
    trace = Trace(title="", lanes=lanes, steps=(), verdict=Verdict.DATA_WRONG, name=outcome)
    return Proven(experiment="twice", code=code, proof=f".looktwice/{name}.json", test=test, trace=trace)


def finding_on(route: str) -> Finding:
    return msgspec.structs.replace(at(3), handler=route)


PROOFS = (proof("first", "tests/test_first.py"), proof("second", "tests/test_second.py", outcome="duplicate"))
OTHER = proof("other", "tests/test_other.py", code="LT206", outcome="opaque")


def test_every_test_that_was_written_is_named() -> None:
    """Also of further proofs of the same finding, and once when two proofs share it."""
    shown = verdict(finding_on("POST /wallet"), PROOFS, None).plain
    assert "PROVEN  lost update, duplicate" in shown
    assert shown.count("tests/test_first.py") == shown.count("tests/test_second.py") == 1
    assert verdict(finding_on("POST /wallet"), (PROOFS[0], PROOFS[0]), None).plain.count("tests/test_first.py") == 1


@pytest.mark.parametrize(
    ("findings", "proofs", "expected"),
    [
        (1, PROOFS[:1], "1 proof: 1 of 1 finding"),
        (1, PROOFS, "2 proofs: 2 of 1 finding"),
        (1, (*PROOFS, OTHER), "3 proofs: 2 of 1 finding, 1 of what the audit did not find"),
        (1, (OTHER,), "1 proof: 1 of what the audit did not find"),
        (0, PROOFS, "2 proofs"),
    ],
)
def test_the_counts_explain_themselves(findings: int, proofs: tuple[Proven, ...], expected: str) -> None:
    assert proof_counts(witnessed([finding_on("POST /wallet")] * findings, proofs), proofs) == expected


def test_the_console_and_the_report_count_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proofs = (*PROOFS, OTHER)
    found = (*witnessed([finding_on("POST /wallet")], proofs), finding_on("GET /other"))
    events = (
        Finished(verb="audit", seconds=0.5, files=3, lines=90, findings=2),
        *proofs,
        Finished(verb="prove", seconds=60.0),
    )
    result = ProjectResult("shop", tmp_path, found, events)
    output = DemoOutput({})
    output.read(result)
    output.verdicts(result)
    console = capsys.readouterr().out
    page = whole("demo", [chapter(result, Setting(root=tmp_path))])
    counts = "3 proofs: 2 of 1 finding, 1 of what the audit did not find"
    assert counts in console and counts in page
    assert "3 files, 90 lines in 0.50 s: 2 findings" in console
    assert "3 files, 90 lines read and run in 60.50 s" in page and "2 findings (1 proven, 1 high)" in page
    assert console.count("PROVEN") == 2 and "<b>3</b> proofs" in page


def test_what_held_is_not_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why = " ".join(f"word{number}" for number in range(60))
    held = NotProven(experiment="twice", code="LT301", verdict="protected", why=why, endpoint="POST /wallet")
    DemoOutput({}).verdicts(ProjectResult("shop", tmp_path, (), (held,)))
    console = capsys.readouterr().out
    assert console.split()[-60:] == why.split() and "…" not in console
    assert all(line.startswith("  ") for line in console.splitlines())
