"""From contents to findings. Everything here follows from the bytes of the files: nothing is read or written."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from looktwice.audit.dedupe import dedupe
from looktwice.audit.known import codes_named, wins_over
from looktwice.audit.match import match
from looktwice.audit.reading import Files
from looktwice.audit.result import Result
from looktwice.audit.stand_ins import renamed, restored, stand_ins
from looktwice.audit.suppress import MARK, InlineSuppression, suppressions
from looktwice.code import Program, build
from looktwice.code.syntax.languages import adapter_for
from looktwice.code.syntax.share import is_read
from looktwice.core.config import Config
from looktwice.core.coverage import Coverage
from looktwice.core.event import Noted, Unread
from looktwice.core.finding import Finding
from looktwice.core.source import Source

NAMES: Mapping[str, str] = {"python": "Python", "typescript": "TypeScript", "javascript": "JavaScript"}


def understand(files: Files, config: Config, *, measures: bool = True) -> Result:
    """Everything that follows from the contents: no files are read and nothing is written from here on.

    measures: also how much was understood, which is not needed for a snippet.
    """
    if names := stand_ins(files):
        return restored(understand(renamed(files, names), config, measures=measures), names)
    with no_collection():
        missing = [it.path for it in files.unread if not it.line]
        program = build(files.everything, config, missing, measures=measures)
        matches = list(match(program))
    sources = {path: Source(path, data) for path, data in files.code.items()}

    def statement(finding: Finding) -> str:
        return statement_text(program.source(finding.path) or sources.get(finding.path), finding)

    findings = dedupe((it for it in matches if isinstance(it, Finding)), wins_over(), statement)
    allowed, wrong = all_suppressions(files)
    notes = [it for it in matches if isinstance(it, Noted)]
    unread = (*damaged(program), *program.unread)
    coverage = program.coverage or Coverage()
    statistics = {**program.statistics(), **shares(coverage)}
    return Result(findings, unread, (*notes, *wrong, *program.notes), allowed, statistics, coverage)


def shares(coverage: Coverage) -> dict[str, float]:
    """Figures on the calls of stores and services. There is no share of nothing."""
    missed = sum(each.calls.missing for each in coverage.packages)
    found = {"calls that look like the store's and are not resolved": float(missed)}
    return found if coverage.share is None else {**found, "share of such calls resolved": coverage.share}


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the cyclic garbage collector, which would visit again and again millions of values that all stay."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def all_suppressions(files: Files) -> tuple[tuple[InlineSuppression, ...], tuple[Noted, ...]]:
    """The suppressions in all files that hold the mark, and what is wrong with them."""
    allowed: list[InlineSuppression] = []
    wrong: list[Noted] = []
    for path, data in files.code.items():
        if MARK in data and (adapter := adapter_for(path)):
            parsed = adapter.parse(Source(path, data))
            found, faults = suppressions(parsed.source, parsed.comments(), codes_named)
            allowed += found
            wrong += faults
    return tuple(allowed), tuple(wrong)


def damaged(program: Program) -> Iterator[Unread]:
    """Files of which a part could not be parsed, each with its first such place."""
    for path, ranges in sorted(program.errors.items()):
        source, (start, end) = program.source(path), ranges[0]
        adapter = adapter_for(path)
        if source is None or adapter is None:
            continue
        if not is_read(adapter.parse(source)):
            why = "it is not text" if b"\0" in source.data else f"it is not {NAMES[adapter.name]}"
            yield Unread(path, why, is_code=True)
            continue
        (first, _), (last, _) = source.position(start), source.position(max(start, end - 1))
        lines = f"line {first} is" if last == first else f"lines {first}–{last} are"
        more = f", and {len(ranges) - 1} more places" if len(ranges) > 1 else ""
        yield Unread(path, f"{lines} not {NAMES[adapter.name]}{more}; the rest was read", first)


def statement_text(source: Source | None, finding: Finding) -> str:
    """The source under the primary span."""
    if source is None:
        return ""
    lines = [source.line(number) for number in range(finding.start_line, finding.end_line + 1)]
    if not lines:
        return ""
    lines[-1] = lines[-1][: finding.end_column - 1]
    lines[0] = lines[0][finding.start_column - 1 :]
    return "\n".join(lines)
