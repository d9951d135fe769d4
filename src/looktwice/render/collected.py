"""Everything that a run reported, collected: for formats that need the end before they can begin."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from looktwice import __version__
from looktwice.core.coverage import Coverage
from looktwice.core.event import (
    Covered,
    Event,
    Executing,
    Finished,
    Found,
    Noted,
    NotProven,
    Proven,
    Reach,
    Reached,
    Started,
    Unread,
)
from looktwice.core.finding import Finding


class Report(msgspec.Struct, kw_only=True):
    """The shape of the object; `schema` changes when a reader would have to."""

    schema: int = 1
    looktwice: str = __version__
    verb: str = ""
    reach: Reach | None = None
    reached: list[Reached] = []
    findings: list[Finding] = []
    suppressed: list[Finding] = []
    executed: list[Executing] = []
    proven: list[Proven] = []
    not_proven: list[NotProven] = []
    unread: list[Unread] = []
    notes: list[Noted] = []
    coverage: Coverage | None = None
    finished: Finished | None = None


def collect(events: Iterable[Event]) -> Report:
    report = Report()
    for event in events:
        match event:
            case Started(verb):
                report.verb = verb
            case Covered(coverage):
                report.coverage = coverage
            case Found(finding):
                (report.suppressed if finding.suppressed else report.findings).append(finding)
            case Executing():
                report.executed.append(event)
            case Proven():
                report.proven.append(event)
            case NotProven():
                report.not_proven.append(event)
            case Reach():
                report.reach = event
            case Reached():
                report.reached.append(event)
            case Unread():
                report.unread.append(event)
            case Noted():
                report.notes.append(event)
            case Finished():
                report.finished = together(report.finished, event)
    report.not_proven.sort(key=lambda it: not it.is_open)  # what could not be determined comes first
    report.reached.sort(key=lambda it: it.succeeded)
    return report


def together(first: Finished | None, second: Finished) -> Finished:
    """Two verbs over one project: their time and what they found add up, the files are the same."""
    if first is None:
        return second
    return msgspec.structs.replace(
        second,
        seconds=first.seconds + second.seconds,
        files=max(first.files, second.files),
        lines=max(first.lines, second.lines),
        findings=first.findings + second.findings,
    )
