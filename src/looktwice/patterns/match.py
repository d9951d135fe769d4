"""Matches: what a detector says, and how the page's words and the program's places make a finding of it.

A detector is a module beside its page with one function, `detect(program)`, that yields matches. It names a message,
the places and the roles they play, and the facts that a reader needs; the wording and the severity are the page's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Protocol

from msgspec import Struct

from looktwice.code.effects import Place
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
    """What a match needs of the program: lines and columns for places."""

    def span(self, place: Place) -> Span: ...


class Match(Struct, frozen=True, kw_only=True):
    """One occurrence of a pattern.

    role: what the primary place does. roles: the other places. names: values for the message's placeholders, beside the
    roles, each of which stands for where it is. path: the calls that lead to the place, with a few words each.
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
    """A page and the module that looks for its pattern."""

    header: Header
    module: ModuleType

    def detect(self, program: Spans) -> Iterator[Finding]:
        """Everything that the module finds in the program, in the page's words."""
        matches: Iterable[Match] = self.module.detect(program)
        for match in matches:
            yield finding(self.header, match, program)


def finding(header: Header, match: Match, program: Spans) -> Finding:
    """The finding for a match. Raises KeyError when the page lacks the message or the match lacks a name in it."""
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


def where(span: Span, seen_from: Span) -> str:
    """How a sentence at `seen_from` names another place."""
    return f"line {span.start_line}" if span.path == seen_from.path else str(span)
