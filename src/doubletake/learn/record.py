"""Record the board's traces: every order of two requests, run for real on PostgreSQL.

`python -m doubletake.learn.record` writes `traces/lost_update.json`. Each order of each variant is a run of its own:
two sessions, released move by move; a move that meets a lock really waits, and the server is asked what it waits for.
Nothing here is computed that the database could be asked for.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from doubletake.core.trace import Lane, Outcome, Row, StepKind, Trace, TraceSet, TraceStep, Verdict

if TYPE_CHECKING:
    from psycopg import AsyncConnection

TRACES = Path(__file__).parent / "traces"
AMOUNTS = {"A": 50, "B": 30}
START = 100
SCHEMA = "CREATE TABLE wallets (id int PRIMARY KEY, balance int NOT NULL, version int NOT NULL)"
LOOK = "SELECT id, balance, version FROM wallets WHERE id = 1"
PAUSE = 0.001  # between two looks at who blocks whom, seconds


class Move(Struct, frozen=True):
    """What one press releases: a statement, in plain words, and whether the transaction ends with it.

    `parameters` are names: `amount` of the request, `balance` and `version` as read, `sum` of balance and amount.
    """

    kind: StepKind
    words: str
    statement: str
    parameters: tuple[str, ...] = ()
    commits: bool = False


class Variant(Struct, frozen=True):
    """One way to write the endpoint, as the moves of one request. `shows` are the columns that the row shows."""

    name: str
    title: str
    moves: tuple[Move, ...]
    shows: tuple[str, ...] = ("balance",)


READ = Move(StepKind.READ, "reads the balance", "SELECT balance FROM wallets WHERE id = 1")
WRITE = Move(
    StepKind.WRITE, "writes what it computed", "UPDATE wallets SET balance = %s WHERE id = 1", ("sum",), commits=True
)
VARIANTS = (
    Variant("written", "Read, compute, write back", (READ, WRITE)),
    Variant(
        "fixed",
        "The row is locked before it is read",
        (
            Move(StepKind.LOCK, "locks the row and reads it", "SELECT balance FROM wallets WHERE id = 1 FOR UPDATE"),
            WRITE,
        ),
    ),
    Variant(
        "atomic",
        "The database does the arithmetic",
        (
            Move(
                StepKind.WRITE,
                "adds in one statement",
                "UPDATE wallets SET balance = balance + %s WHERE id = 1",
                ("amount",),
                commits=True,
            ),
        ),
    ),
    Variant(
        "version",
        "The write carries the version that was read",
        (
            Move(StepKind.READ, "reads balance and version", "SELECT balance, version FROM wallets WHERE id = 1"),
            Move(
                StepKind.WRITE,
                "writes if the version is the same",
                "UPDATE wallets SET balance = %s, version = version + 1 WHERE id = 1 AND version = %s",
                ("sum", "version"),
                commits=True,
            ),
        ),
        ("balance", "version"),
    ),
)


class Session:
    """One request: its own connection, what it has read so far, and how it ended."""

    def __init__(self, lane: str, connection: AsyncConnection[Any], variant: Variant) -> None:
        self.lane, self.connection, self.variant = lane, connection, variant
        self.values: dict[str, int] = {"amount": AMOUNTS[lane]}
        self.released = self.done = 0
        self.outcome, self.answer = Outcome.UNKNOWN, ""
        self.waits_for = ""
        self.running: asyncio.Task[TraceStep] | None = None

    @property
    def ended(self) -> bool:
        return self.done == len(self.variant.moves)

    async def perform(self, recorder: Recorder, held: bool) -> TraceStep:
        """Run the next move to its end; the rows before and after are those that every other session can see."""
        move = self.variant.moves[self.done]
        before = await recorder.row()
        bound = [self.values[name] for name in move.parameters]
        cursor = await self.connection.execute(move.statement, bound)  # type: ignore[arg-type]
        count = cursor.rowcount
        if move.kind is StepKind.WRITE:
            seen: tuple[Row, ...] = ()
            await (self.connection.commit() if count else self.connection.rollback())
            self._answer(count)
        else:
            columns = [column.name for column in cursor.description or ()]
            values = dict(zip(columns, (await cursor.fetchone()) or (), strict=False))
            self.values |= values
            self.values["sum"] = values["balance"] + self.values["amount"]
            seen = (_row({name: str(value) for name, value in values.items()}),)
        self.done += 1
        after = await recorder.row()
        return TraceStep(
            lane=self.lane,
            kind=move.kind,
            words=move.words,
            statement=move.statement.replace("%s", "$1", 1).replace("%s", "$2", 1),
            parameters=tuple(map(str, bound)),
            before=seen or (before,),
            after=(after,) if move.kind is StepKind.WRITE and count else (),
            rows=count,
            held=held,
            at=recorder.clock(),
        )

    def _answer(self, count: int) -> None:
        self.outcome = Outcome.OK if count else Outcome.REFUSED
        self.answer = "" if count else '{"detail": "The wallet changed meanwhile: load it again"}'


class Recorder:
    """One run of one order."""

    def __init__(self, observer: AsyncConnection[Any], sessions: dict[str, Session], shows: Sequence[str]) -> None:
        self.observer, self.sessions, self.shows = observer, sessions, shows
        self.steps: list[TraceStep] = []
        self.began = time.perf_counter()

    def clock(self) -> float:
        return round((time.perf_counter() - self.began) * 1000, 2)

    async def row(self) -> Row:
        cursor = await self.observer.execute(LOOK)
        _, balance, version = await cursor.fetchone() or (None, None, None)
        values = {"balance": str(balance), "version": str(version)}
        return _row({name: values[name] for name in self.shows})

    async def release(self, lane: str) -> None:
        """Give `lane` its next move. A lane that already waits keeps the press: it goes on when it can."""
        session = self.sessions[lane]
        session.released += 1
        if session.running is not None:
            self._note_wait(session)
            return
        await self._advance(session, held=True)
        await self._wake()

    async def _advance(self, session: Session, held: bool) -> None:
        while session.done < session.released and session.running is None:
            task = asyncio.create_task(session.perform(self, held))
            session.waits_for = await self._settle(session, task)
            if not task.done():
                session.running = task
                self._note_wait(session)
                return
            self.steps.append(task.result())
            held = False

    async def _wake(self) -> None:
        """Let every lane that waited for the one that just moved finish what it was released for."""
        for session in self.sessions.values():
            if session.running is None or await self._blocker(session):
                continue
            step = await session.running
            self.steps.append(msgspec.structs.replace(step, held=False, waits_for=""))
            session.running, session.waits_for = None, ""
            await self._advance(session, held=False)

    async def _settle(self, session: Session, task: asyncio.Task[TraceStep]) -> str:
        """Wait until the move is over or the server says that another session blocks it; give that session's lane."""
        while not task.done():
            await asyncio.wait({task}, timeout=PAUSE)
            if not task.done() and (blocker := await self._blocker(session)):
                return blocker
        return ""

    async def _blocker(self, session: Session) -> str:
        cursor = await self.observer.execute(
            "SELECT unnest(pg_blocking_pids(%s))", (session.connection.info.backend_pid,)
        )
        blocking = {row[0] for row in await cursor.fetchall()}
        return next((s.lane for s in self.sessions.values() if s.connection.info.backend_pid in blocking), "")

    def _note_wait(self, session: Session) -> None:
        first = session.released - session.done == 1
        move = session.variant.moves[min(session.released, len(session.variant.moves)) - 1]
        self.steps.append(
            TraceStep(
                lane=session.lane,
                kind=StepKind.LOCK if first else move.kind,
                words=f"waits: {session.waits_for} holds this row",
                statement=move.statement,
                waits_for=session.waits_for,
                held=True,
                at=self.clock(),
            )
        )


def _row(values: dict[str, str]) -> Row:
    return Row("wallets", {"id": "1"}, dict(values))


def orders(moves: int) -> list[str]:
    """Every order of two lanes with `moves` moves each, alphabetically: AABB, ABAB, …"""
    places = range(2 * moves)
    chosen = itertools.combinations(places, moves)
    return sorted("".join("A" if place in taken else "B" for place in places) for taken in map(set, chosen))


async def play(connect: Callable[[], Awaitable[AsyncConnection[Any]]], variant: Variant, order: str) -> Trace:
    """Run one order from a fresh row and give what happened, without a verdict."""
    connections = [await connect() for _ in range(3)]
    observer, *rest = connections
    try:
        await observer.set_autocommit(True)
        await observer.execute("DROP TABLE IF EXISTS wallets")
        await observer.execute(SCHEMA)  # type: ignore[arg-type]
        await observer.execute("INSERT INTO wallets VALUES (1, %s, 7)", (START,))
        sessions = {lane: Session(lane, connection, variant) for lane, connection in zip(AMOUNTS, rest, strict=True)}
        recorder = Recorder(observer, sessions, variant.shows)
        initial = await recorder.row()
        for lane in order:
            await recorder.release(lane)
        if not all(session.ended for session in sessions.values()):
            raise RuntimeError(f"{variant.name} {order}: a request did not end")
        level = await (await observer.execute("SHOW transaction_isolation")).fetchone()
        version = str(observer.info.parameter_status("server_version")).split()[0]
        return Trace(
            title=variant.title,
            lanes=tuple(_lane(session) for session in sessions.values()),
            steps=tuple(recorder.steps),
            order=order,
            initial=(initial,),
            final=(await recorder.row(),),
            environment={"PostgreSQL": version, "isolation": str((level or ("",))[0])},
        )
    finally:
        for connection in connections:
            await connection.close()


def _lane(session: Session) -> Lane:
    return Lane(
        name=session.lane,
        method="POST",
        path="/wallet/deposit",
        body=f'{{"amount": {session.values["amount"]}}}',
        status=200 if session.outcome is Outcome.OK else 409,
        outcome=session.outcome,
        answer=session.answer,
    )


def judge(traces: Sequence[Trace]) -> tuple[Trace, ...]:
    """Give each trace its verdict: is its end that of some serial run of the requests that were accepted?

    The serial runs are those among the traces themselves. A single accepted request is compared with its own part of
    them: it changed the row as it does when it runs first.
    """
    serial = {trace.order: trace for trace in traces if trace.order in (_first(trace), _first(trace)[::-1])}
    whole = tuple((f"{order[0]} then {order[-1]}", trace.final) for order, trace in sorted(serial.items()))
    alone = {order[0]: _after_first(trace) for order, trace in serial.items()}
    return tuple(_judged(trace, whole, alone) for trace in traces)


def _first(trace: Trace) -> str:
    return "".join(sorted(trace.order))


def _after_first(trace: Trace) -> tuple[Row, ...]:
    own = [step for step in trace.steps if step.lane == trace.order[0] and step.after]
    return own[-1].after


def _judged(trace: Trace, whole: tuple[tuple[str, tuple[Row, ...]], ...], alone: dict[str, tuple[Row, ...]]) -> Trace:
    accepted = [lane.name for lane in trace.lanes if lane.outcome is Outcome.OK]
    refused = [lane.name for lane in trace.lanes if lane.outcome is Outcome.REFUSED]
    allowed = whole if not refused else tuple((f"{lane} alone", alone[lane]) for lane in accepted)
    waited = any(step.waits_for for step in trace.steps)
    end = trace.final[0].values["balance"]
    if trace.final not in [rows for _, rows in allowed]:
        should = " or ".join(dict.fromkeys(str(rows[0].values["balance"]) for _, rows in allowed))
        lost = next((n for n in accepted if str(START + AMOUNTS[n]) != end), accepted[0])
        verdict, name = Verdict.DATA_WRONG, "lost update"
        explanation = f"The row says {end}; every order of whole requests ends at {should}. What {lost} added is gone."
    elif refused:
        verdict, name = Verdict.PROTECTED, "refusal"
        explanation = f"{refused[0]} was refused with 409 and left nothing: the row is as if it had never asked."
    elif waited:
        verdict, name = Verdict.PROTECTED, "lock"
        waiter = next(step.lane for step in trace.steps if step.waits_for)
        explanation = f"{waiter} had to wait, then read what the other had written."
    else:
        verdict, name, explanation = Verdict.SERIAL, "", "It ended as it does when one request runs after the other."
    return msgspec.structs.replace(trace, serial=allowed, verdict=verdict, name=name, explanation=explanation)


async def record(url: str) -> tuple[TraceSet, ...]:
    """Record every order of every variant on the PostgreSQL at `url`, whose table `wallets` is replaced.

    Raises psycopg.Error when the database cannot be used.
    """
    import psycopg

    def connect() -> Awaitable[AsyncConnection[Any]]:
        return psycopg.AsyncConnection.connect(url)

    sets = []
    for variant in VARIANTS:
        traces = [await play(connect, variant, order) for order in orders(len(variant.moves))]
        sets.append(
            TraceSet(
                title=variant.title,
                pattern="lost-update",
                variant=variant.name,
                traces=judge(traces),
                recorded=datetime.now(UTC).isoformat(timespec="seconds"),
            )
        )
    return tuple(sets)


def main() -> None:
    """Start an embedded PostgreSQL, record, and write the file that is shipped."""
    from doubletake.prove.postgres import server

    with server.start() as database:
        sets = asyncio.run(record(database.url))
    path = TRACES / "lost_update.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(sets), indent=1) + b"\n")
    for one in sets:
        for trace in one.traces:
            sys.stdout.write(f"{one.variant:8} {trace.order} {trace.final[0].values} {trace.verdict}\n")


if __name__ == "__main__":
    main()
