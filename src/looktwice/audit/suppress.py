"""Findings that were reviewed and accepted: comments in the source, `[[suppress]]` in the configuration.

`# looktwice: ignore[LT301] reason` or `// …` on a line of the finding, or alone on the lines above it. Several codes
or names are separated by commas. The reason is not optional: a suppression without one is reported, and the finding
stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from looktwice.audit.ignore import Rules
from looktwice.core.config import Suppression
from looktwice.core.event import Noted
from looktwice.core.finding import Finding
from looktwice.core.source import Source

MARK = b"looktwice:"
_COMMENT = re.compile(r"looktwice:\s*+ignore\b\s*+(?:\[([^\]]*+)\])?+(.*)")
_CLOSED = re.compile(r"\*/\}?\Z")
_ALONE = re.compile(r"\s*(?:#|//|/\*|\*|\{\s*/\*|--)")

Ranges = tuple[tuple[int, int], ...]


class InlineSuppression(Struct, frozen=True):
    """One suppression for one code: `lines` are the lines whose findings it covers, `line` is where it stands."""

    path: str
    line: int
    code: str
    reason: str
    lines: tuple[int, ...]


def suppressions(
    source: Source, comments: Ranges, resolve: Callable[[str], frozenset[str]]
) -> tuple[list[InlineSuppression], list[Noted]]:
    """The suppressions in one file, and what is wrong with them.

    comments: byte ranges of the file's comments; the mark anywhere else (in a string) is only text.
    resolve: the codes that a word stands for; empty for a word that stands for none.
    """
    found: list[InlineSuppression] = []
    wrong: list[Noted] = []
    marked = [
        (source.position(start)[0] + offset, match)
        for start, end in comments
        for offset, text in enumerate(source.text(start, end).splitlines())
        if (match := _COMMENT.search(text))
    ]
    following = code_lines(source, (line for line, _ in marked))
    for line, match in marked:
        results = read_one(source, line, match, resolve, following)
        found += [it for it in results if isinstance(it, InlineSuppression)]
        wrong += [it for it in results if isinstance(it, Noted)]
    return found, wrong


def read_one(
    source: Source,
    line: int,
    match: re.Match[str],
    resolve: Callable[[str], frozenset[str]],
    following: Mapping[int, int],
) -> list[InlineSuppression | Noted]:
    words = [word.strip() for word in (match[1] or "").split(",") if word.strip()]
    if not words:
        return [Noted("a suppression names no pattern: write ignore[LT301] reason", source.path, line)]
    reason = _CLOSED.sub("", match[2].strip()).strip()
    if not reason:
        message = f"ignore[{', '.join(words)}] gives no reason, so the finding stays: write why after it"
        return [Noted(message, source.path, line)]
    result: list[InlineSuppression | Noted] = []
    for word in words:
        codes = resolve(word)
        if not codes:
            result.append(Noted(f"ignore[{word}]: no pattern has this code or name", source.path, line))
        result += [
            InlineSuppression(source.path, line, code, reason, covered(line, following)) for code in sorted(codes)
        ]
    return result


def covered(line: int, following: Mapping[int, int]) -> tuple[int, ...]:
    """The lines that a comment speaks for: its own; when it stands alone, the next line that is no comment.

    following: see `code_lines`.
    """
    return (line, following[line]) if line in following else (line,)


def code_lines(source: Source, lines: Iterable[int]) -> dict[int, int]:
    """By line that holds a comment and nothing else, of these lines: the next one that holds code."""
    found: dict[int, int] = {}
    following = 0
    for line in sorted(set(lines)):
        if not _ALONE.match(source.line(line)):
            continue
        following = max(following, line + 1)
        while following <= source.line_count and (
            _ALONE.match(source.line(following)) or not source.line(following).strip()
        ):
            following += 1
        found[line] = following
    return found


def apply(
    findings: Iterable[Finding],
    written: Iterable[InlineSuppression],
    configured: Iterable[Suppression],
    active: frozenset[str],
    resolve: Callable[[str], frozenset[str]],
) -> tuple[tuple[Finding, ...], tuple[Noted, ...]]:
    """Give each accepted finding its reason, and name the suppressions that nothing needed.

    active: codes that this audit looked for; a suppression of any other is not called unused.
    """
    written = sorted(written, key=lambda it: (it.path, it.line, it.code))
    by_place: dict[tuple[str, str, int], InlineSuppression] = {}
    for suppression in written:
        for line in suppression.lines:
            by_place.setdefault((suppression.path, suppression.code, line), suppression)
    rules = [(rule, resolve(rule.code), Rules(rule.path)) for rule in configured]
    used: set[InlineSuppression] = set()
    used_rules: set[int] = set()
    decided = []
    for finding in findings:
        lines = range(finding.start_line, finding.end_line + 1)
        given = next((it for line in lines if (it := by_place.get((finding.path, finding.code, line)))), None)
        reason = ""
        if given is not None:
            used.add(given)
            reason = given.reason
        for number, (rule, codes, spec) in enumerate(rules):
            if not reason and rule.reason.strip() and finding.code in codes and spec.covers(finding.path):
                used_rules.add(number)
                reason = rule.reason
        decided.append(msgspec.structs.replace(finding, suppressed=reason) if reason else finding)
    unused = [
        Noted(f"ignore[{it.code}] no longer suppresses anything: remove it", it.path, it.line)
        for it in written
        if it not in used and it.code in active
    ]
    unused += [Noted(why) for rule, codes, _ in rules for why in wrong_with(rule, codes)]
    unused += [
        Noted(f"[[suppress]] {rule.code} under {rule.path} no longer suppresses anything: remove it")
        for number, (rule, codes, _) in enumerate(rules)
        if number not in used_rules and codes & active and rule.reason.strip()
    ]
    return tuple(decided), tuple(unused)


def wrong_with(rule: Suppression, codes: frozenset[str]) -> Iterator[str]:
    """Why a configured suppression does not count."""
    if not codes:
        yield f"[[suppress]] {rule.code}: no pattern has this code or name"
    if not rule.reason.strip():
        yield f"[[suppress]] {rule.code} under {rule.path} gives no reason, so the findings stay: write why"
