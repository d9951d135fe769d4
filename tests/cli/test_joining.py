"""Joining findings and proofs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from looktwice.cli.joining import held, read_findings, routes_of, witnessed
from looktwice.core.errors import LooktwiceError
from looktwice.core.event import NotProven, Proven
from looktwice.core.finding import Confidence, Finding, Severity
from looktwice.core.trace import Lane, Trace, Verdict


def finding(code: str = "LT301", handler: str = "POST /wallets/{id}/deposit", level: str = "high") -> Finding:
    return Finding(
        code=code, pattern="p", message_id="m", message="m", severity=Severity.HIGH, confidence=Confidence(level),
        path="a.py", start_line=1, start_column=1, end_line=1, end_column=2, handler=handler,
    )  # fmt: skip


def proof(code: str = "LT301", path: str = "/wallets/7/deposit") -> Proven:
    lanes = tuple(Lane(name=name, method="POST", path=path) for name in "AB")
    trace = Trace(
        title="t", lanes=lanes, steps=(), verdict=Verdict.DATA_WRONG, name="lost update", explanation="It is gone."
    )
    return Proven("twice", code, ".looktwice/proofs/one.json", "", trace)


def test_a_proof_makes_its_finding_proven() -> None:
    it, other = witnessed([finding(level="medium"), finding("LT303")], [proof()])
    assert it.confidence is Confidence.PROVEN
    assert it.evidence[0].proof == ".looktwice/proofs/one.json"
    assert it.evidence[0].explain() == "It is gone."
    assert other == finding("LT303")


@pytest.mark.parametrize(
    "it", [proof("LT302"), proof(path="/wallets/7/withdraw"), proof(path="/wallets/7/deposit/again")]
)
def test_an_unrelated_proof_does_not(it: Proven) -> None:
    assert witnessed([finding()], [it]) == [finding()]


def test_what_held() -> None:
    tried = [
        NotProven("twice", "LT301", "protected", "a lock", endpoint)
        for endpoint in ("POST /x", "POST /wallets/9/deposit")
    ]
    assert held(finding(), "twice", tried) == tried[1]
    assert held(finding(), "upstream-down", tried) is None
    assert held(finding(handler=""), "twice", tried) is None


def test_suspected_routes_are_ordered_by_confidence() -> None:
    found = [
        finding(level="low", handler="GET /a"),
        finding(handler=""),
        finding(handler="GET /b"),
        finding(handler="GET /b"),
    ]
    assert routes_of(found) == (("LT301", "GET /b"), ("LT301", "GET /a"))


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_reading_an_audit(tmp_path: Path, form: str) -> None:
    lines = [msgspec.json.encode(finding()), msgspec.json.encode(finding("LT303"))]
    whole = b'{"schema": 1, "findings": [' + b",".join(lines) + b"]}"
    (tmp_path / "it").write_bytes(b"\n".join(lines) + b"\n" if form == "jsonl" else whole)
    assert read_findings(tmp_path / "it") == [finding(), finding("LT303")]


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"code": 3}', b"\xff\xfe", b"No findings", None])
def test_a_file_that_is_no_audit_is_rejected(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "it").write_bytes(data)
    with pytest.raises(LooktwiceError, match="cannot read") as caught:
        read_findings(tmp_path / "it")
    assert "audit --format jsonl" in caught.value.next


def test_an_audit_without_findings(tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(b"")
    assert read_findings(tmp_path / "it") == []
