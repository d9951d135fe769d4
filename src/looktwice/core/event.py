"""The events that an engine emits while it runs. Renderers consume them; engines print nothing."""

from __future__ import annotations

from msgspec import Struct

from looktwice.core.finding import Finding
from looktwice.core.trace import Trace


class Started(Struct, frozen=True, tag="started", tag_field="event"):
    verb: str  # "audit", "prove" …
    root: str


class Progress(Struct, frozen=True, tag="progress", tag_field="event"):
    phase: str
    done: int
    total: int
    text: str = ""


class Found(Struct, frozen=True, tag="found", tag_field="event"):
    finding: Finding


class Unread(Struct, frozen=True, tag="unread", tag_field="event"):
    """A file that could not be read completely: reported, never silently clean. Without a line, none of it was read."""

    path: str
    why: str
    line: int = 0


class Noted(Struct, frozen=True, tag="noted", tag_field="event"):
    """A note on the run itself: a suppression without a reason, one that suppresses nothing, an unknown code."""

    text: str
    path: str = ""
    line: int = 0


class Ran(Struct, frozen=True, tag="ran", tag_field="event"):
    """One run of `prove`: a schedule, an injected fault, or a growth measurement."""

    experiment: str
    trace: Trace


class Proven(Struct, frozen=True, tag="proven", tag_field="event"):
    experiment: str
    code: str
    proof: str  # path of the proof file
    test: str  # path of the regression test, "" when none was written
    trace: Trace


class NotProven(Struct, frozen=True, tag="not-proven", tag_field="event"):
    """Protected, commutes, not reached or inconclusive: also a result, with its reason."""

    experiment: str
    code: str
    verdict: str
    why: str
    endpoint: str = ""


class Reached(Struct, frozen=True, tag="reached", tag_field="event"):
    """One line of the reach table."""

    endpoint: str
    status: int | None
    why: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status is not None and self.status < 400


class Finished(Struct, frozen=True, tag="finished", tag_field="event", kw_only=True):
    verb: str
    seconds: float
    files: int = 0
    lines: int = 0
    findings: int = 0
    unread: int = 0
    suppressed: int = 0
    statistics: dict[str, float] = {}


Event = Started | Progress | Found | Unread | Noted | Ran | Proven | NotProven | Reached | Finished
