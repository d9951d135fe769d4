"""A recorded run: lanes side by side, step by step.

One schema for the terminal picture, the HTML picture, the board and `replay`.
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
    CALL = "call"  # a request to an outside service
    CACHE = "cache"
    RESPOND = "respond"
    FAULT = "fault"


class Row(Struct, frozen=True):
    """One row as a reader sees it: table, key and the columns that matter, values as text."""

    table: str
    key: dict[str, str]
    values: dict[str, str | None]


class TraceStep(Struct, frozen=True, kw_only=True):
    """One move of one lane.

    `words` says it plainly ("reads the wallet: 100"), `statement` is the SQL or request line, `parameters` its
    bound values. `before`/`after` are rows that the step read (before) or changed; `waits_for` names the lane
    that holds what this one wants.
    `at` is milliseconds since the run began.
    """

    lane: str
    kind: StepKind
    words: str
    statement: str = ""
    parameters: tuple[str | None, ...] = ()
    fingerprint: str = ""  # of the statement: values taken out
    before: tuple[Row, ...] = ()
    after: tuple[Row, ...] = ()
    rows: int | None = None  # returned or changed, when known
    waits_for: str = ""
    held: bool = False  # this is where the schedule held the lane
    at: float = 0.0
    error: str = ""  # SQLSTATE or a network error


class Outcome(StrEnum):
    """What a request came to (Jepsen's three)."""

    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Lane(Struct, frozen=True, kw_only=True):
    """One request: what was sent, and how it ended."""

    name: str  # "A", "B", …
    method: str
    path: str
    body: str = ""  # JSON text
    status: int | None = None  # None: no answer
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
    GROWS = "grows"  # the cost of one request grows with the rows that are there
    SERIAL = "serial"  # this one schedule ended as a serial run does


class Trace(Struct, frozen=True, kw_only=True):
    """One run of a schedule. `order` spells the schedule: the lane of every step, "ABAB"."""

    schema: int = 1
    title: str
    lanes: tuple[Lane, ...]
    steps: tuple[TraceStep, ...]
    order: str = ""
    initial: tuple[Row, ...] = ()  # the rows at stake before the run
    final: tuple[Row, ...] = ()  # and after it
    serial: tuple[tuple[str, tuple[Row, ...]], ...] = ()  # ("A then B", rows) for every allowed result
    verdict: Verdict = Verdict.INCONCLUSIVE
    name: str = ""  # "lost update", "duplicate", "over limit", "write skew" …
    explanation: str = ""  # the verdict in one or two sentences
    environment: dict[str, str] = {}  # "PostgreSQL" → "18.1", "isolation" → "read committed" …


class TraceSet(Struct, frozen=True, kw_only=True):
    """Every order of one pair of requests, recorded: what the board plays."""

    schema: int = 1
    title: str
    pattern: str
    variant: str  # "written" or "fixed"
    traces: tuple[Trace, ...]
    recorded: str = ""  # RFC 3339
