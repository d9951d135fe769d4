"""The gate between the application and the world: every operation is let through, held, or met with a fault here.

It is asked in the thread of the proxies and answered at once; the scheduler, in another thread, sets the policy, is
woken when something is held, and releases it. What happened is a journal that is never edited afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from queue import SimpleQueue

from msgspec import Struct

from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.wire.operation import Operation, Result

# ---- what can be done with an operation


class Forward(Struct, frozen=True, tag="forward"):
    """Let it pass."""


class Fail(Struct, frozen=True, tag="fail"):
    """Have the other side answer with an error. `code` is an SQLSTATE or an HTTP status."""

    code: str
    words: str = "fault injected"
    constraint: str = ""
    table: str = ""


class CutPoint(StrEnum):
    BEFORE = "before it took effect"
    AFTER = "after it took effect, before its reply"
    MIDWAY = "in the middle of its reply"


class Cut(Struct, frozen=True, tag="cut"):
    """Break the connection."""

    point: CutPoint


class Hang(Struct, frozen=True, tag="hang"):
    """Take it and never reply; with `has_effect` it is carried out all the same."""

    has_effect: bool = True


class Slow(Struct, frozen=True, tag="slow"):
    """Carry it out and keep the reply back for so many seconds."""

    seconds: float


class Answer(Struct, frozen=True, tag="answer"):
    """Reply to an outside request with exactly this. `declared` overrides the content length: a body cut short."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    is_accepted: bool = False  # whether the other side counts it as done
    declared: int | None = None


class Stale(Struct, frozen=True, tag="stale"):
    """Before the request: break the connections that the instance keeps idle, as a firewall or a failover does."""


class Away(Struct, frozen=True, tag="away"):
    """For the whole request: no connection to the database, old or new."""


Action = Forward | Fail | Cut | Hang | Slow | Answer | Stale | Away
FORWARD = Forward()

# What a policy says of an operation: an action now, or None to hold it.
Policy = Callable[[Operation], Action | None]


def let_through(operation: Operation) -> Action | None:
    """The policy of an idle gate."""
    return FORWARD


# ---- what happened


class Arrived(Struct, frozen=True, tag="arrived"):
    at: float  # seconds since the epoch: comparable with the times of commits
    operation: Operation
    held: bool


class Released(Struct, frozen=True, tag="released"):
    """Sent on after it was held, or met with a fault. What was let through at once has only arrived."""

    at: float
    operation: Operation
    action: Action


class Answered(Struct, frozen=True, tag="answered"):
    at: float
    lane: str
    result: Result


class Accepted(Struct, frozen=True, tag="accepted"):
    """The outside service has carried out the request, whether or not the application will ever hear of it."""

    at: float
    operation: Operation
    answer: bytes


class Asked(Struct, frozen=True, tag="asked"):
    """A request was sent to the application."""

    at: float
    lane: str
    request: Request


class Responded(Struct, frozen=True, tag="responded"):
    at: float
    lane: str
    request: Request
    response: Response


class Opened(Struct, frozen=True, tag="opened"):
    at: float
    lane: str
    connection: int
    wire: str


class Closed(Struct, frozen=True, tag="closed"):
    at: float
    lane: str
    connection: int
    why: str  # "application", "server", "fault"


class NotUnderstood(Struct, frozen=True, tag="not-understood"):
    """Bytes went through unread: no verdict may rest on this run."""

    at: float
    lane: str
    connection: int


class Failed(Struct, frozen=True, tag="failed"):
    """A fault of our own in the proxies: no verdict may rest on this run."""

    at: float
    why: str


Moment = Asked | Responded | Arrived | Released | Answered | Accepted | Opened | Closed | NotUnderstood | Failed

# ---- the gate


class Connection(Struct):
    """What the gate knows of a live connection; written by the proxy only."""

    lane: str
    number: int
    wire: str
    backend: int | None = None
    status: str = "I"
    outstanding: tuple[int, ...] = ()  # operations sent on and not answered
    is_strange: bool = False  # what passes through it is not understood, so nothing of it can be held


class Gate:
    """One for all lanes and wires of a run. Methods are called in the proxies' thread unless they say otherwise."""

    def __init__(self) -> None:
        self.wake: SimpleQueue[Moment | None] = SimpleQueue()
        self.policy: Policy = let_through
        self.refusing: frozenset[str] = frozenset()  # lanes whose new connections are refused
        self.connections: dict[int, Connection] = {}
        self.journal: list[Moment] = []
        self._held: dict[int, tuple[Operation, Callable[[Action], None]]] = {}
        self._hanging: list[Callable[[], None]] = []
        self._cuts: dict[int, Callable[[], None]] = {}

    def arrive(self, operation: Operation, proceed: Callable[[Action], None]) -> Action | None:
        """What to do with an operation now; None holds it, and `proceed` is called when it is released."""
        action = self.policy(operation)
        now = time.time()
        arrived = Arrived(now, operation, action is None)
        self.journal.append(arrived)
        if action is None:
            self._held[operation.number] = (operation, proceed)
            self.wake.put(arrived)
        elif action is not FORWARD:
            self.journal.append(Released(now, operation, action))
        return action

    def release(self, number: int, action: Action = FORWARD) -> None:
        """Let a held operation go. Nothing happens when it is gone already (its connection was closed)."""
        held = self._held.pop(number, None)
        if held is None:
            return
        operation, proceed = held
        self.journal.append(Released(time.time(), operation, action))
        proceed(action)

    def hang(self, cut: Callable[[], None]) -> None:
        """Something was left without a reply; `cut` ends its connection when the run is over."""
        self._hanging.append(cut)

    def end_hanging(self) -> None:
        hanging, self._hanging = self._hanging, []
        for cut in hanging:
            cut()

    def cut_all(self, lane: str, wire: str) -> None:
        """Break every connection of an instance over one wire."""
        for connection in self.of_lane(lane):
            if connection.wire == wire:
                self._cuts[connection.number]()

    def release_all(self) -> None:
        self.policy = let_through
        self.refusing = frozenset()
        self.end_hanging()
        for number in list(self._held):
            self.release(number)

    def answered(self, connection: Connection, result: Result) -> None:
        connection.outstanding = tuple(n for n in connection.outstanding if n != result.number)
        is_over = connection.status == "I" and not connection.outstanding
        self.record(Answered(time.time(), connection.lane, result), wake=is_over)

    def accepted(self, operation: Operation, answer: bytes) -> None:
        self.record(Accepted(time.time(), operation, answer))

    def opened(self, connection: Connection, cut: Callable[[], None]) -> None:
        """A connection began; `cut` breaks it."""
        self.connections[connection.number] = connection
        self._cuts[connection.number] = cut
        self.record(Opened(time.time(), connection.lane, connection.number, connection.wire))

    def closed(self, connection: Connection, why: str) -> None:
        if self.connections.pop(connection.number, None) is None:
            return
        self._cuts.pop(connection.number, None)
        for number, (operation, _) in list(self._held.items()):
            if operation.connection == connection.number:
                del self._held[number]
        self.record(Closed(time.time(), connection.lane, connection.number, why), wake=True)

    def record(self, moment: Moment, wake: bool = False) -> None:
        self.journal.append(moment)
        if wake:
            self.wake.put(moment)

    # ---- read from any thread

    def held(self, lane: str) -> list[Operation]:
        return [operation for operation, _ in list(self._held.values()) if operation.lane == lane]

    def of_lane(self, lane: str) -> list[Connection]:
        return [connection for connection in list(self.connections.values()) if connection.lane == lane]
