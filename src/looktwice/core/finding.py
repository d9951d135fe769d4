"""A finding: one location where a pattern was found, with everything known about it."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from msgspec import Struct

from looktwice.core.evidence import Evidence
from looktwice.core.source import Span


class Severity(StrEnum):
    CRITICAL = "critical"  # wrong data, money, or a breach
    HIGH = "high"  # outage or silent failure
    MEDIUM = "medium"
    LOW = "low"


class Confidence(StrEnum):
    """Computed from how each link was resolved, never assigned by hand."""

    PROVEN = "proven"  # a witness exists
    HIGH = "high"  # every link resolved, the code read completely, no protection
    MEDIUM = "medium"  # one unknown
    LOW = "low"  # hidden unless asked for

    @property
    def rank(self) -> int:
        """0 for proven up to 3 for low."""
        return list(Confidence).index(self)


class Role(StrEnum):
    """What a span does in a finding."""

    READ = "read"
    WRITE = "write"
    CHECK = "check"
    ACT = "act"
    LOOP = "loop"
    QUERY = "query"
    GUARD = "guard"
    LOCK = "lock"
    TRANSACTION = "transaction"
    CALL = "call"
    COMMIT = "commit"
    SOURCE = "source"
    SINK = "sink"
    DEFINITION = "definition"
    PEER = "peer"


class RoleSpan(Span, frozen=True, order=True, kw_only=True):
    """A span with its role and a short note for the reader ("read here")."""

    role: Role
    note: str = ""


class Edit(Struct, frozen=True):
    """Replace the bytes `start`..`end` (offsets) of `path` by `text`."""

    path: str
    start: int
    end: int
    text: str


class Fix(Struct, frozen=True):
    title: str
    safe: bool
    edits: tuple[Edit, ...]


class Finding(Struct, frozen=True, kw_only=True):
    """One location, one finding; the fields follow SARIF's `result`.

    The flat `path`, `start_line` … are the primary span. `because` lists the facts that decided the confidence.
    `fingerprint` is stable across edits and moves: it contains neither path nor line.
    """

    code: str
    pattern: str
    message_id: str
    message: str
    severity: Severity
    confidence: Confidence
    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int
    function: str = ""  # qualified name of the function that holds the primary span
    spans: tuple[RoleSpan, ...] = ()
    because: tuple[str, ...] = ()
    fingerprint: str = ""
    status: str = "stable"  # of the pattern: "stable" or "preview"
    fixes: tuple[Fix, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    suppressed: str = ""  # the reason given in the source, `looktwice: ignore[...] reason`
    entity: str = ""  # what is read and written, so that proofs can be matched to the finding
    handler: str = ""  # "POST /orders" when a route reaches the location

    @property
    def span(self) -> Span:
        return Span(self.path, self.start_line, self.start_column, self.end_line, self.end_column)


def fingerprint(code: str, function: str, statement: str, ordinal: int = 0) -> str:
    """A finding's identity, stable across edits and moves.

    code: the pattern's code; function: qualified name; statement: text of the primary statement
    (white space is folded); ordinal: distinguishes equal statements of one function, in source order.
    Returns "v1:" and 16 hex digits.
    """
    text = "\0".join((code, function, " ".join(statement.split()), str(ordinal)))
    return "v1:" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
