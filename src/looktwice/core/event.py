"""The events that an engine emits while it runs. Renderers consume them; engines print nothing."""

from __future__ import annotations

from msgspec import Struct

from looktwice.core.coverage import Coverage
from looktwice.core.finding import Finding
from looktwice.core.trace import Trace, Verdict


class Started(Struct, frozen=True, tag="started", tag_field="event"):
    verb: str  # "audit", "prove" …
    root: str


class Progress(Struct, frozen=True, tag="progress", tag_field="event"):
    phase: str
    done: int
    total: int
    text: str = ""


class Executing(Struct, frozen=True, tag="executing", tag_field="event", kw_only=True):
    """A command of the project, or an SQL file of it, that is executed next: nothing is that was not shown.

    `step` says what for ("set up", "seed", "start"), `origin` where it was found ("package.json:7"), `directory` where
    it is executed, relative to the project; `user` who executes it, "" when that is whoever runs looktwice.
    """

    step: str
    command: str
    origin: str
    directory: str = "."
    user: str = ""

    def __str__(self) -> str:
        place = "" if self.directory == "." else f" in {self.directory}"
        user = f", as {self.user}" if self.user else ""
        return f"{self.step}: {self.command}   ({self.origin}{place}{user})"


class Found(Struct, frozen=True, tag="found", tag_field="event"):
    finding: Finding


class Unread(Struct, frozen=True, tag="unread", tag_field="event"):
    """A file that could not be read completely: reported, never silently clean. Without a line, none of it was read.

    is_code: it holds code of the application, none of which was read: an audit without it is not complete.
    """

    path: str
    why: str
    line: int = 0
    is_code: bool = False


class Noted(Struct, frozen=True, tag="noted", tag_field="event"):
    """A note on the run itself: a suppression without a reason, one that suppresses nothing, an unknown code.

    ended_early: the run ended before everything was done, and `text` gives the reason.
    """

    text: str
    path: str = ""
    line: int = 0
    ended_early: bool = False


class Covered(Struct, frozen=True, tag="coverage", tag_field="event"):
    """How much of the program was understood; it comes before the findings, which are worth as much as it says."""

    coverage: Coverage


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

    @property
    def is_open(self) -> bool:
        """Whether there is no answer: not reached, void, inconclusive. That is no clean result."""
        return self.verdict in (Verdict.NOT_REACHED, Verdict.INCONCLUSIVE)


class Reach(Struct, frozen=True, tag="reach", tag_field="event"):
    """The reach table in one line, before it: how many endpoints answer a request alone with success. Nothing was
    looked at on the others."""

    reached: int
    endpoints: int

    def __str__(self) -> str:
        return f"{self.reached} of {self.endpoints} endpoint{'s' * (self.endpoints != 1)} reached"


class Reached(Struct, frozen=True, tag="reached", tag_field="event"):
    """One line of the reach table. `why` says why it was no success, and is empty when it was one."""

    endpoint: str
    status: int | None
    why: str = ""

    @property
    def succeeded(self) -> bool:
        return self.status is not None and self.status < 400 and not self.why


class Finished(Struct, frozen=True, tag="finished", tag_field="event", kw_only=True):
    verb: str
    seconds: float
    files: int = 0
    lines: int = 0
    findings: int = 0
    unread: int = 0
    suppressed: int = 0
    statistics: dict[str, float] = {}


Event = (
    Started
    | Progress
    | Executing
    | Covered
    | Found
    | Unread
    | Noted
    | Ran
    | Proven
    | NotProven
    | Reach
    | Reached
    | Finished
)
