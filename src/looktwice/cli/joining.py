"""Joins findings and proofs: a finding is proven when its pattern was shown on the route that reaches it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from looktwice.core.errors import LooktwiceError
from looktwice.core.event import NotProven, Proven
from looktwice.core.evidence import Witness
from looktwice.core.files import UnreadableError, read_named
from looktwice.core.finding import Confidence, Finding
from looktwice.core.route import is_route

EVENT = b'{"event":'
"""How a line begins that is no finding."""
LARGEST = 500_000_000
"""Bytes of a file of findings."""


def endpoints(proof: Proven) -> tuple[str, ...]:
    """The requests of the proof, "POST /wallet/deposit", without duplicates."""
    return tuple(dict.fromkeys(f"{lane.method} {lane.path}" for lane in proof.trace.lanes))


def witnessed(findings: Iterable[Finding], proofs: Sequence[Proven]) -> list[Finding]:
    """The findings; those shown by a proof carry it as evidence and have confidence *proven*."""
    return [witness(finding, [it for it in proofs if shows(it, finding)]) for finding in findings]


def shows(proof: Proven, finding: Finding) -> bool:
    return proof.code == finding.code and any(is_route(finding.handler, it) for it in endpoints(proof))


def witness(finding: Finding, proofs: Sequence[Proven]) -> Finding:
    if not proofs:
        return finding
    evidence = tuple(
        Witness(
            experiment=it.experiment,
            verdict=it.trace.verdict,
            summary=it.trace.explanation,
            expected=tuple(order for order, _ in it.trace.serial),
            observed=it.trace.name,
            proof=it.proof,
        )
        for it in proofs
    )
    return msgspec.structs.replace(
        finding,
        confidence=Confidence.PROVEN,
        evidence=(*finding.evidence, *evidence),
        because=("it was observed in a run",),
    )


def held(finding: Finding, experiment: str, tried: Iterable[NotProven]) -> NotProven | None:
    """The result of the finding's own `experiment` on its route, when it did not show the defect."""
    return next((it for it in tried if it.experiment == experiment and is_route(finding.handler, it.endpoint)), None)


def routes_of(findings: Iterable[Finding]) -> tuple[tuple[str, str], ...]:
    """(code, route) of the findings that a route reaches, by confidence: where `prove` should start."""
    ordered = sorted((it for it in findings if it.handler), key=lambda it: it.confidence.rank)
    return tuple(dict.fromkeys((it.code, it.handler) for it in ordered))


def read_findings(path: Path) -> list[Finding]:
    """The findings in a file from `audit --format jsonl` or `json`. Raises LooktwiceError when it is neither."""
    advice = "Create one: looktwice audit --format jsonl --output findings.jsonl"
    try:
        data = read_named(path, LARGEST)
    except UnreadableError as error:
        raise LooktwiceError(f"cannot read {path}", error.why, advice) from None
    try:
        if data.lstrip()[:1] == b"{" and b'"findings"' in data[:2000]:
            return msgspec.json.decode(data, type=_Report).findings
        lines = [line for line in data.splitlines() if line.strip()]
        return [msgspec.json.decode(line, type=Finding) for line in lines if not line.startswith(EVENT)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LooktwiceError(f"cannot read {path}", f"it is not the output of an audit ({error})", advice) from None


class _Report(msgspec.Struct):
    findings: list[Finding]
