"""Matches: the results of a detector, and their conversion to findings with the page's wording.

A detector is a module beside its page with one function, `detect(program)`, that yields matches. A match names a
message, the places with their roles, and the facts that a reader needs; wording and severity come from the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Protocol

from msgspec import Struct

from looktwice.code.ir.common import Place
from looktwice.core.evidence import Flow, Step
from looktwice.core.finding import Confidence, Finding, Role, RoleSpan
from looktwice.core.source import Span
from looktwice.patterns.page import Header

NOTES: Mapping[Role, str] = {
    Role.READ: "read here",
    Role.WRITE: "written here",
    Role.CHECK: "looked up here",
    Role.ACT: "acted on here",
    Role.LOOP: "repeated here",
    Role.QUERY: "rows read here",
    Role.GUARD: "tested here",
    Role.LOCK: "locked here",
    Role.TRANSACTION: "transaction opened here",
    Role.CALL: "called here",
    Role.COMMIT: "committed here",
    Role.SOURCE: "comes from here",
    Role.SINK: "ends up here",
    Role.DEFINITION: "set up here",
    Role.PEER: "done differently here",
}


class Spans(Protocol):
    """The part of a program that a match needs: lines and columns for places."""

    def span(self, place: Place) -> Span: ...


class Match(Struct, frozen=True, kw_only=True):
    """One occurrence of a pattern.

    role: the role of the primary place. roles: the other places. names: values for the message's placeholders, in
    addition to the roles, each of which is replaced by its location. path: the calls that lead to the place, each with
    a short description.
    """

    message: str
    at: Place
    role: Role
    confidence: Confidence
    function: str = ""
    roles: tuple[tuple[Role, Place], ...] = ()
    names: Mapping[str, str] = {}
    because: tuple[str, ...] = ()
    entity: str = ""
    handler: str = ""
    path: tuple[tuple[Place, str], ...] = ()


class Detector(Struct, frozen=True):
    """A page and the module that detects its pattern."""

    header: Header
    module: ModuleType

    def detect(self, program: Spans) -> Iterator[Finding]:
        """The module's findings in the program, in the page's wording."""
        matches: Iterable[Match] = self.module.detect(program)
        for match in matches:
            yield finding(self.header, match, program)


def finding(header: Header, match: Match, program: Spans) -> Finding:
    """The finding for a match. Raises KeyError for a message or a placeholder that does not exist."""
    at = program.span(match.at)
    spans = tuple(role_span(role, program.span(place)) for role, place in match.roles)
    message = header.message(match.message)
    words = {span.role.value: where(span, at) for span in reversed(spans)}
    steps = tuple(Step(program.span(place), text) for place, text in match.path)
    return Finding(
        code=header.code,
        pattern=header.name,
        message_id=match.message,
        message=message.text.format_map({**words, **match.names}),
        severity=message.severity or header.severity,
        confidence=match.confidence,
        path=at.path,
        start_line=at.start_line,
        start_column=at.start_column,
        end_line=at.end_line,
        end_column=at.end_column,
        function=match.function.rpartition(":")[2],
        spans=(role_span(match.role, at), *spans),
        because=match.because,
        status=header.status,
        evidence=(Flow(steps=steps),) if steps else (),
        entity=match.entity,
        handler=match.handler,
    )


def role_span(role: Role, span: Span) -> RoleSpan:
    return RoleSpan(
        span.path, span.start_line, span.start_column, span.end_line, span.end_column, role=role, note=NOTES[role]
    )


def where(span: Span, relative_to: Span) -> str:
    """How a message at `relative_to` refers to another place."""
    return f"line {span.start_line}" if span.path == relative_to.path else str(span)
