"""One place, one finding: duplicates, patterns that win over others, preview, and the identity of what is left."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

import msgspec

from looktwice.core.finding import Confidence, Finding, fingerprint


def dedupe(
    findings: Iterable[Finding], wins_over: Mapping[str, tuple[str, ...]], statement: Callable[[Finding], str]
) -> tuple[Finding, ...]:
    """The findings that are left, in order of place, each with its fingerprint.

    wins_over: code of a pattern → codes that stay silent where it speaks with the same confidence or a higher one.
    statement: gives the source text of a finding's primary span.
    """
    ordered = sorted(map(demote, findings), key=place)
    return identify(yield_to_winners(without_duplicates(ordered), wins_over), statement)


def place(finding: Finding) -> tuple[str, int, int, str, int]:
    return finding.path, finding.start_line, finding.start_column, finding.code, finding.confidence.rank


def demote(finding: Finding) -> Finding:
    """A pattern in preview has not been judged often enough to say more than medium."""
    if finding.status == "preview" and finding.confidence.rank < Confidence.MEDIUM.rank:
        return msgspec.structs.replace(
            finding, confidence=Confidence.MEDIUM, because=(*finding.because, "the pattern is in preview")
        )
    return finding


def without_duplicates(ordered: Iterable[Finding]) -> list[Finding]:
    """One finding for each pattern and primary span: the surest one, which comes first in the order of places."""
    best: dict[tuple[str, str, int, int], Finding] = {}
    for it in ordered:
        best.setdefault((it.code, it.path, it.start_line, it.start_column), it)
    return list(best.values())


def yield_to_winners(findings: list[Finding], wins_over: Mapping[str, tuple[str, ...]]) -> list[Finding]:
    """Without the findings at whose place a more exact pattern speaks, at least as surely."""
    beaten_by: dict[str, set[str]] = defaultdict(set)
    for winner, losers in wins_over.items():
        for loser in losers:
            beaten_by[loser].add(winner)
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for it in findings:
        by_path[it.path].append(it)

    def is_beaten(it: Finding) -> bool:
        return any(
            other.code in beaten_by[it.code]
            and other.confidence.rank <= it.confidence.rank
            and other.start_line <= it.end_line
            and it.start_line <= other.end_line
            for other in by_path[it.path]
        )

    return [it for it in findings if it.code not in beaten_by or not is_beaten(it)]


def identify(findings: Iterable[Finding], statement: Callable[[Finding], str]) -> tuple[Finding, ...]:
    """Fingerprints: equal statements in functions of one name are distinguished by their order in the tree."""
    seen: Counter[str] = Counter()
    named = []
    for it in findings:
        text = statement(it)
        base = fingerprint(it.code, it.function, text)
        named.append(msgspec.structs.replace(it, fingerprint=fingerprint(it.code, it.function, text, seen[base])))
        seen[base] += 1
    return tuple(named)
