"""The words of every output: one table, so that the terminal and the report say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looktwice.core.event import Finished, Proven
from looktwice.core.evidence import Evidence, Flow, Witness
from looktwice.core.finding import Confidence, Finding, Role

GAPS: Mapping[tuple[Role, Role], str] = {
    (Role.READ, Role.WRITE): "no lock between",
    (Role.CHECK, Role.ACT): "nothing holds it between",
    (Role.GUARD, Role.ACT): "nothing holds it between",
}
"""In a race, what is missing between the first span and the second."""

GAP_SECTION = "races"


def gap(finding: Finding, section: str) -> str:
    """What is missing between the two moments of a race; empty for anything else."""
    if section != GAP_SECTION:
        return ""
    roles = {span.role for span in finding.spans}
    words = next((text for (first, second), text in GAPS.items() if {first, second} <= roles), "")
    if words and finding.confidence.rank > Confidence.HIGH.rank:
        return words.replace("no lock", "no lock seen").replace("nothing holds it", "nothing seen that holds it")
    return words


def evidence_text(evidence: Evidence, handler: str = "") -> str:
    """Evidence in words. A path begins at the handler; steps that only call say where."""
    if not isinstance(evidence, Flow):
        return evidence.explain()
    steps = [str(it.span) if it.text in ("", "calls") else f"{it.text} ({it.span})" for it in evidence.steps]
    return " → ".join([handler, *steps] if handler else steps)


def plural(count: int, singular: str, several: str = "") -> str:
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"


def confidence_counts(findings: list[Finding]) -> str:
    """ "3 high, 1 medium", in order of confidence."""
    counts = {level: sum(finding.confidence is level for finding in findings) for level in Confidence}
    return ", ".join(f"{count} {level}" for level, count in counts.items() if count)


def proof_counts(findings: Sequence[Finding], proofs: Sequence[Proven]) -> str:
    """ "16 proofs: 13 of 12 findings, 3 of what the audit did not find". findings: with their witnesses."""
    shown = {it.proof for finding in findings for it in finding.evidence if isinstance(it, Witness)}
    proven = sum(finding.confidence is Confidence.PROVEN for finding in findings)
    of_findings = sum(it.proof in shown for it in proofs)
    parts = [
        f"{of_findings:,} of {plural(proven, 'finding')}" if of_findings else "",
        f"{len(proofs) - of_findings:,} of what the audit did not find"
        if findings and of_findings < len(proofs)
        else "",
    ]
    return f"{plural(len(proofs), 'proof')}{': ' if any(parts) else ''}{', '.join(filter(None, parts))}"


def extent(finished: Finished) -> str:
    """ "412 files, 31,004 lines in 0.61 s"; of files that were read and run, what the time was spent on."""
    spent = "in" if finished.verb == "audit" else "read and run in"
    return f"{plural(finished.files, 'file')}, {plural(finished.lines, 'line')} {spent} {finished.seconds:.2f} s"
