"""Drives requests under a schedule: one lane moves at a time, and where it stops is decided here, not by luck.

No fixed sleep anywhere: a lane's turn is over when it is held, when it has answered and left nothing open, or when it
waits for somebody who is held, which the server tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from queue import Empty

from msgspec import Struct

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.gate import Arrived, Away, Connection, Failed, Moment, NotUnderstood, Responded, Stale
from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.wire.operation import Operation
from looktwice.prove.network.wire.sql_text import summary
from looktwice.prove.schedule.breakpoints import Fault, Rules
from looktwice.prove.schedule.schedule import Pause, Schedule, Turn
from looktwice.prove.servers.postgres.sessions import Sessions, Wait

_POLL = 0.001  # seconds until the first look at the server's locks; then twice as long each time
_SLOWEST_POLL = 0.016
_BACKGROUND_LOCK = 2.0  # seconds to wait for a lock that nobody of ours holds
_PATIENCE = 6.0  # seconds to wait for the answer of a request that met a fault
_SHORTEST_GAP, _LONGEST_GAP = 0.1, 2.0  # bounds of "the application does nothing" within one instance
_TURNS = 4  # times the limit of a request that one turn may take, whatever goes on at the boundary
_FOREIGN_GAP = 3.0  # the same between instances, which share no lock of their own: mostly a busy machine


class Blocked(Struct, frozen=True):
    """A lane waited for another: the schedule is not possible as meant, something keeps the two apart."""

    lane: str
    by: str  # the lane that held it, "" for somebody who is no lane
    statement: str
    kind: str  # lock type; "polling" for a lock that is asked for in a loop, "pool" and "application" for waits inside
    mode: str = ""
    relation: str = ""
    number: int = 0  # of the operation that waited


class Play(Struct, frozen=True, kw_only=True):
    """What happened when a schedule was run. `transactions` are those seen open while held: xid → backend."""

    schedule: Schedule
    responses: dict[str, Response]
    journal: tuple[Moment, ...]
    blocked: tuple[Blocked, ...] = ()
    transactions: dict[int, int] = {}
    unreached: str = ""  # why the schedule was not run as planned, "" when it was
    started: float = 0.0  # seconds since the epoch
    ended: float = 0.0


class Scheduler:
    """Runs schedules against running instances of an application.

    ports: lane → port at which that instance answers HTTP. timeout: seconds a request may take. quiet: seconds of
    silence to wait for after a lane is done, learned from work seen after the answer in earlier runs. gap: the longest
    stretch in which a request alone did nothing at the boundary, in seconds.
    """

    def __init__(self, boundary: Boundary, ports: Mapping[str, int], sessions: Sessions, timeout: float = 10.0) -> None:
        self.boundary, self.ports, self.timeout = boundary, dict(ports), timeout
        self.quiet = 0.0
        self.gap = _SHORTEST_GAP
        self.sessions = sessions
        self.passes: Callable[[Operation], bool] = lambda operation: False  # what no schedule may hold
        self._foreign: Collection[int] = ()
        self.has_strangers = False  # whether something of the latest play went by that was not understood
        self._gate = boundary.gate

    def play(self, requests: Mapping[str, Request], schedule: Schedule, faults: tuple[Fault, ...] = ()) -> Play:
        """Run the requests (lane → request) under the schedule, to the end of all of them."""
        run = _Run(self, requests, faults)
        self._foreign = run.rules.foreign
        self._gate.journal.clear()
        started = time.time()
        self._drain()
        self._gate.policy = run.rules
        for fault in faults:
            if isinstance(fault.action, Stale | Away):
                self.boundary.cut_off(fault.lane, isinstance(fault.action, Away))
        try:
            for step in schedule:
                run.step(step)
            for lane in list(run.live):
                run.turn(Turn(lane))
        finally:
            self.boundary.release_all()
        self._wait_for_silence(requests)
        strange = self._strange(requests)
        self.has_strangers = bool(strange)
        return Play(
            schedule=schedule,
            responses=run.responses,
            journal=tuple(self._gate.journal),
            blocked=tuple(run.blocked),
            transactions=run.transactions,
            unreached=run.unreached or strange,
            started=started,
            ended=time.time(),
        )

    def _strange(self, lanes: Iterable[str]) -> str:
        """Why the schedule cannot be relied on: something of a lane passed that could not have been held."""
        failed = next((moment for moment in self._gate.journal if isinstance(moment, Failed)), None)
        if failed is not None:
            return f"the proxies failed: {failed.why}"
        seen = {moment.lane for moment in self._gate.journal if isinstance(moment, NotUnderstood)}
        seen |= {lane for lane in lanes if any(it.is_strange for it in self._gate.of_lane(lane))}
        return f"a connection of {min(seen)} uses a protocol that is not understood" if seen else ""

    def _drain(self) -> None:
        while True:
            try:
                self._gate.wake.get_nowait()
            except Empty:
                return

    def is_quiet(self, lane: str) -> bool:
        """Nothing sent and unanswered, no transaction open."""
        return all(c.status == "I" and not c.outstanding for c in self.own(lane)) and not self._gate.held(lane)

    def own(self, lane: str) -> list[Connection]:
        """The lane's connections, without those that a job of the background is just using."""
        return [c for c in self._gate.of_lane(lane) if c.number not in self._foreign]

    def _wait_for_silence(self, requests: Mapping[str, Request]) -> None:
        """Wait for silence, as long as it was found to take; a lane that stays open is left to the gates."""
        deadline = time.monotonic() + max(self.quiet, 0.2)
        quiet_since = time.monotonic()
        seen = len(self._gate.journal)
        while time.monotonic() < deadline:
            now = time.monotonic()
            news, seen = self._gate.journal[seen:], len(self._gate.journal)
            if any(map(self._counts, news)) or not all(self.is_quiet(lane) for lane in requests):
                quiet_since = now
            elif now - quiet_since >= self.quiet:
                return
            time.sleep(_POLL / 2)

    def _counts(self, moment: Moment) -> bool:
        """Whether it is work that may be the requests'."""
        return isinstance(moment, Arrived) and not self.passes(moment.operation)


class _Run:
    """One schedule being run."""

    def __init__(self, scheduler: Scheduler, requests: Mapping[str, Request], faults: tuple[Fault, ...]) -> None:
        self._scheduler, self._requests = scheduler, requests
        self._gate, self._sessions = scheduler.boundary.gate, scheduler.sessions
        self.rules = Rules(faults, scheduler.passes)
        self._has_faults = bool(faults)
        # A fault may mean that nothing ever comes: the patience is then that of a client, beyond what HTTP clients
        # give an answer by default where they give it a limit (httpx: 5 s).
        self._timeout = min(scheduler.timeout, _PATIENCE) if faults else scheduler.timeout
        self.live: dict[str, float] = {}  # lanes sent and not finished → when
        self.responses: dict[str, Response] = {}
        self.blocked: list[Blocked] = []
        self.transactions: dict[int, int] = {}
        self.unreached = ""

    def step(self, step: Turn | Pause) -> None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            self._note_transactions()
        elif step.lane in self.live or step.lane not in self.responses:
            self.turn(step)

    def turn(self, turn: Turn) -> None:
        """Let the lane move until its point, its end, or a wait for somebody who is held."""
        lane = turn.lane
        self.rules.limits[lane] = turn.until
        if lane not in self.live:
            self.live[lane] = time.monotonic()
            self._scheduler.boundary.send(lane, self._requests[lane], self._scheduler.ports[lane], self._timeout)
        else:
            self._resume(lane)
        reached = self._await(lane)
        if turn.until is not None and not reached and not self.unreached:
            self.unreached = f"{lane} never came to `{summary(turn.until.fingerprint)}`"
        if reached:
            self._note_transactions()

    def _resume(self, lane: str) -> None:
        self.rules.at_point.discard(lane)
        self.rules.waiting.discard(lane)
        for operation in self._gate.held(lane):
            self._scheduler.boundary.release(operation.number, self.rules.action_on_release(operation))

    def _await(self, lane: str) -> bool:
        """True when the lane is held at its point, False when it is finished."""
        last_move, seen = time.monotonic(), len(self._gate.journal)
        latest = last_move + _TURNS * self._timeout
        lock_since: float | None = None
        pause = _POLL
        while True:
            self._next_wake(pause)
            if lane in self.responses and self._has_faults:
                self._scheduler.boundary.end_hanging()
            if lane in self.responses and self._scheduler.is_quiet(lane):
                self.live.pop(lane, None)
                return False
            if lane in self.rules.at_point:
                return True
            now = time.monotonic()
            polling = self.rules.polls_with(lane) if self._others_held(lane) else None
            if polling is not None:
                self._give_way_to_polling(lane, polling)
            if len(self._gate.journal) != seen:
                last_move, seen, lock_since, pause = now, len(self._gate.journal), None, _POLL
                if now < latest:
                    continue
            pause = min(2 * pause, _SLOWEST_POLL)
            waiting = self._waiting(lane)
            if waiting is not None:
                lock_since = lock_since or now
                if self._give_way(lane, waiting, now - lock_since):
                    last_move, lock_since = time.monotonic(), None
            elif self._is_stuck(lane, now - last_move):
                self._give_way_inside(lane)
                last_move = time.monotonic()
            if lane not in self.responses and now > latest:  # the client's own limit is shorter: it does not run
                self.responses[lane] = Response(error="timeout")
            if lane in self.responses and (now - last_move > self._timeout or now > latest):
                self.unreached = self.unreached or f"{lane} left a transaction open"
                self.live.pop(lane, None)
                return False

    def _next_wake(self, pause: float) -> None:
        try:
            moment = self._gate.wake.get(timeout=pause)
        except Empty:
            return
        while moment is not None:
            if isinstance(moment, Responded):
                self.responses[moment.lane] = moment.response
            try:
                moment = self._gate.wake.get_nowait()
            except Empty:
                return

    # ---- waits

    def _waiting(self, lane: str) -> Wait | None:
        backends = [c.backend for c in self._scheduler.own(lane) if c.outstanding and c.backend is not None]
        return next((wait for wait in map(self._sessions.blocking, backends) if wait is not None), None)

    def _give_way(self, lane: str, waiting: Wait, waited: float) -> bool:
        """The lane waits for a lock. When a held lane has it, that one goes first; True when somebody moved."""
        owners = {c.backend: c.lane for it in self._scheduler.ports for c in self._scheduler.own(it)}
        others = [owners[pid] for pid in self._behind(waiting, owners) if owners.get(pid, lane) != lane]
        other = next((o for o in others if self.rules.is_held(o)), None)
        if other is None:
            if waited > _BACKGROUND_LOCK and not others and not self.unreached:
                self.unreached = f"{lane} waited for a lock that no request of this run holds"
            return False
        if self._waiting(other) is not None:
            return False  # a cycle: PostgreSQL chooses its victim
        self._note_blocked(lane, other, waiting)
        self._finish(other, before=lane)
        return True

    def _behind(self, waiting: Wait, owners: Mapping[int | None, str]) -> list[int]:
        """Who is waited for: past somebody in the background who stands in the same queue."""
        found: list[int] = []
        for pid in waiting.blockers:
            further = self._sessions.blockers(pid) if pid and pid not in owners else ()
            found += further or (pid,)
        return found

    def _note_blocked(self, lane: str, other: str, waiting: Wait) -> None:
        connections = [c for c in self._gate.of_lane(lane) if c.backend == waiting.pid and c.outstanding]
        number = connections[0].outstanding[0] if connections else 0
        self.blocked.append(
            Blocked(lane, other, waiting.statement, waiting.lock, waiting.mode, waiting.relation, number)
        )

    def _others_held(self, lane: str) -> list[str]:
        return [other for other in self.live if other != lane and self.rules.is_held(other)]

    def _give_way_to_polling(self, lane: str, polling: Operation) -> None:
        """The lane asks again and again for a lock that a held one has: in Redis, or by pg_try_advisory_lock."""
        for other in self._others_held(lane):
            self.blocked.append(Blocked(lane, other, polling.text, "polling", number=polling.number))
            self._finish(other, before=lane)

    def _is_stuck(self, lane: str, idle: float) -> bool:
        """Nothing at the boundary for far longer than alone, while another lane is held and may be waited for."""
        if lane in self.responses or not self._others_held(lane):
            return False
        outstanding = any(c.outstanding for c in self._scheduler.own(lane))
        return not outstanding and idle > self._patience(lane)

    def _patience(self, lane: str) -> float:
        usual = 5 * self._scheduler.gap
        ports = self._scheduler.ports
        if any(other != lane and ports[other] == ports[lane] for other in self.live):
            return min(max(usual, _SHORTEST_GAP), _LONGEST_GAP)
        return max(usual, _FOREIGN_GAP)

    def _give_way_inside(self, lane: str) -> None:
        """The application itself keeps the lane waiting: a pool, a worker or a lock of its own."""
        kind = "application" if self._gate.of_lane(lane) else "pool"
        for other in self._others_held(lane):
            self.blocked.append(Blocked(lane, other, "", kind))
            self._finish(other, before=lane)
        if not self.unreached:
            how = "" if self._gate.of_lane(lane) else ", without a connection to the database"
            self.unreached = f"{lane} waited inside the application{how}"

    def _finish(self, lane: str, before: str) -> None:
        """Let a held lane go on to its end, whatever the schedule had in mind. Meanwhile `before`, which waited for it,
        gets its answer but starts nothing new: still only one lane moves."""
        self.rules.limits[lane] = None
        self.rules.waiting.add(before)
        self._resume(lane)
        self._await(lane)
        if before not in self.rules.at_point:
            self._resume(before)

    def _note_transactions(self) -> None:
        backends = [c.backend for c in list(self._gate.connections.values()) if c.backend is not None]
        self.transactions |= self._sessions.transactions(backends)
