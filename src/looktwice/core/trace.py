"""A recorded run: lanes side by side, step by step.

The terminal diagram, the HTML diagram, the board and `replay` share this schema.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class StepKind(StrEnum):
    READ = "read"
    WRITE = "write"
    LOCK = "lock"
    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    CALL = "call"  # a request to an external service
    CACHE = "cache"
    RESPOND = "respond"
    FAULT = "fault"


class Row(Struct, frozen=True):
    """One row as shown to the reader: table, key and the relevant columns, values as text."""

    table: str
    key: dict[str, str]
    values: dict[str, str | None]


class TraceStep(Struct, frozen=True, kw_only=True):
    """One move of one lane.

    `words` describes it ("reads the wallet: 100"), `statement` is the SQL or request line, `parameters` its bound
    values. `before` are rows that the step read, or as they were before it changed them; `after` are the changed rows.
    `waits_for` names the lane that holds the lock this one needs. `at` is milliseconds since the start of the run.
    """

    lane: str
    kind: StepKind
    words: str
    statement: str = ""
    parameters: tuple[str | None, ...] = ()
    fingerprint: str = ""  # of the statement: values removed
    before: tuple[Row, ...] = ()
    after: tuple[Row, ...] = ()
    rows: int | None = None  # returned or changed, when known
    waits_for: str = ""
    held: bool = False  # the schedule held the lane at this step
    at: float = 0.0
    error: str = ""  # SQLSTATE or a network error


class Outcome(StrEnum):
    """The outcome of a request (Jepsen's three)."""

    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Lane(Struct, frozen=True, kw_only=True):
    """One request: what was sent, and its response."""

    name: str  # "A", "B", …
    method: str
    path: str
    body: str = ""  # JSON text
    status: int | None = None  # None: no response
    outcome: Outcome = Outcome.UNKNOWN
    answer: str = ""  # start of the response body, text
    milliseconds: float = 0.0


class Verdict(StrEnum):
    DATA_WRONG = "data wrong"
    DOUBLE_SUCCESS = "double success"
    STATUS_WRONG = "status wrong"
    RESPONSE_ONLY = "response only"
    PROTECTED = "protected"
    COMMUTES = "commutes"
    NOT_REACHED = "not reached"
    INCONCLUSIVE = "inconclusive"
    GROWS = "grows"  # the cost of one request grows with the number of rows
    SERIAL = "serial"  # this one schedule ended like a serial run


class Trace(Struct, frozen=True, kw_only=True):
    """One run of a schedule. `order` names the schedule: the lane of each step, "ABAB"."""

    schema: int = 1
    title: str
    lanes: tuple[Lane, ...]
    steps: tuple[TraceStep, ...]
    order: str = ""
    initial: tuple[Row, ...] = ()  # the rows at stake before the run
    final: tuple[Row, ...] = ()  # the same rows after it
    serial: tuple[tuple[str, tuple[Row, ...]], ...] = ()  # ("A then B", rows) for every allowed result
    verdict: Verdict = Verdict.INCONCLUSIVE
    name: str = ""  # "lost update", "duplicate", "over limit", "write skew" …
    explanation: str = ""  # the verdict in one or two sentences
    environment: dict[str, str] = {}  # "PostgreSQL" → "18.1", "isolation" → "read committed" …


class TraceSet(Struct, frozen=True, kw_only=True):
    """The recorded runs of every order of one pair of requests, as the board plays them."""

    schema: int = 1
    title: str
    pattern: str
    variant: str  # "written" or "fixed"
    traces: tuple[Trace, ...]
    recorded: str = ""  # RFC 3339
