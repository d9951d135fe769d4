"""A small stage for handlers written as SQL programs: two connections, one of them stopped before its n-th statement.

It stands in for the application and its scheduler, so that the oracle is tried on real runs of a real server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from looktwice.prove.oracle import Answer, Mechanism, Observation, Reading, UpstreamCall, orders, outcome
from looktwice.prove.servers.postgres.change import Window, owners
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.restore import Restore
from looktwice.prove.servers.postgres.server import Server
from looktwice.prove.servers.postgres.sessions import Sessions

CONSTRAINT = ("23505", "23514", "23P01")
SERIALIZATION = ("40001", "40P01")


class Database:
    """What a handler gets: `execute` is a scheduling point, `call` an outside call that is accepted."""

    def __init__(self, lane: str, connection: psycopg.AsyncConnection[Any], stop: int) -> None:
        self.lane, self.connection = lane, connection
        self.count = 0
        self.stop = stop
        self.reached, self.go, self.calls = asyncio.Event(), asyncio.Event(), []
        self.windows: list[Window] = []
        self.mechanisms: list[Mechanism] = []
        self.errors: list[tuple[str, str]] = []

    async def execute(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]] | int:
        """Rows of a query, the number of rows of anything else."""
        await self._point()
        began = time.time()
        try:
            cursor = await self.connection.execute(statement, parameters or None)
        except psycopg.Error as error:
            state = error.sqlstate or ""
            self.errors.append((self.lane, state))
            kind = "constraint" if state in CONSTRAINT else "isolation" if state in SERIALIZATION else ""
            if kind:
                subject = error.diag.constraint_name or ""
                self.mechanisms.append(Mechanism(kind=kind, subject=subject, statement=statement, detail=state))
            raise
        finally:
            self.windows.append(Window(self.connection.info.backend_pid, began, time.time()))
        if cursor.description:
            return await cursor.fetchall()
        if cursor.rowcount == 0 and statement.lower().startswith(("update", "delete")):
            self.mechanisms.append(Mechanism(kind="condition", statement=statement, lane=self.lane))
        return cursor.rowcount

    async def one(self, statement: str, *parameters: Any) -> Any:
        rows = await self.execute(statement, *parameters)
        return rows[0][0] if rows else None

    async def call(self, path: str, body: Any) -> None:
        await self._point()
        self.calls.append(UpstreamCall(method="POST", path=path, body=body, lane=self.lane))

    async def _point(self) -> None:
        self.count += 1
        if self.count == self.stop:
            self.reached.set()
            await self.go.wait()


Handler = Callable[[Database, dict[str, Any]], Awaitable[tuple[int, Any]]]


@dataclass(frozen=True)
class Program:
    """A handler, its tables, and the two requests. `method` is what a client would send."""

    name: str
    setup: str
    handler: Handler
    first: dict[str, Any]
    second: dict[str, Any]
    method: str = "POST"
    extra: Mapping[str, Any] = field(default_factory=dict)


class Stage:
    """Plays one program on one server, from the same snapshot every time."""

    def __init__(self, server: Server, program: Program) -> None:
        self.server, self.program = server, program
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            connection.execute(program.setup)
        self.changes = Changes(server)
        self.restore = Restore(server, self.changes)
        self.sessions = Sessions(server)
        self.schema = self.restore.snapshot()
        self.runs = 0
        self.writers: dict[int, str] = {}
        self.points = 0

    def close(self) -> None:
        self.sessions.close()
        self.restore.close()
        self.changes.close()

    def reading(self, repeats: int = 3) -> Reading:
        """Every serial order; the full ones `repeats` times."""
        serial = {
            order: tuple(self.serial(order) for _ in range(repeats if len(order) == 2 else 2))
            for order in orders(("A", "B"))
        }
        return Reading(serial, self.schema)

    def serial(self, order: tuple[str, ...]) -> Observation:
        return asyncio.run(self._play(order, 0))

    def schedules(self) -> list[tuple[tuple[str, str], int]]:
        """Every schedule with one preemption: who goes first, and before which statement it stops."""
        return [(order, stop) for order in (("A", "B"), ("B", "A")) for stop in range(2, self.length(order[0]) + 1)]

    def length(self, lane: str) -> int:
        self.serial((lane,))
        return self.points

    def interleave(self, order: tuple[str, str], stop: int) -> Observation:
        return asyncio.run(self._play(order, stop))

    async def _play(self, order: tuple[str, ...], stop: int) -> Observation:
        # Between runs the sequences move on, each by its own stride.
        self.restore.advance({name: 1000 + 691 * n for n, name in enumerate(self.schema.sequences)})
        self.runs += 1
        started = time.time()
        databases = {}
        for lane in order:
            connection = await psycopg.AsyncConnection.connect(self.server.url, autocommit=True)
            databases[lane] = Database(lane, connection, stop if lane == order[0] else 0)
        try:
            answers, blocked = await self._run(order, databases, stop)
            ended = time.time()
        finally:
            for database in databases.values():
                await database.connection.close()
        changes = tuple(self.changes.since())
        windows = [window for database in databases.values() for window in database.windows]
        lanes = {database.windows[0].pid: lane for lane, database in databases.items() if database.windows}
        found = owners(changes, {}, windows)
        self.writers = {xid: lanes[pid] for xid, pid in found.items()}
        self.restore.undo(changes)
        self.points = max(database.count for database in databases.values()) if databases else 0
        return Observation(
            answers=tuple(sorted(answers, key=lambda answer: answer.lane)),
            changes=changes,
            upstream=tuple(call for database in databases.values() for call in database.calls),
            started=started,
            ended=ended,
            errors=tuple(error for database in databases.values() for error in database.errors),
            mechanisms=tuple(blocked) + tuple(m for database in databases.values() for m in database.mechanisms),
        )

    async def _run(
        self, order: tuple[str, ...], databases: dict[str, Database], stop: int
    ) -> tuple[list[Answer], list[Mechanism]]:
        blocked: list[Mechanism] = []
        if not order:
            return [], blocked
        first = asyncio.create_task(self._ask(databases[order[0]]))
        if stop:
            reached = asyncio.create_task(databases[order[0]].reached.wait())
            await asyncio.wait({first, reached}, return_when=asyncio.FIRST_COMPLETED)
            reached.cancel()
        else:
            await first
        tasks = [first]
        for lane in order[1:]:
            task = asyncio.create_task(self._ask(databases[lane]))
            tasks.append(task)
            pid = databases[lane].connection.info.backend_pid
            while not task.done():
                await asyncio.wait({task}, timeout=0.001)
                if not first.done() and (wait := self.sessions.blocking(pid)):
                    blocked.append(Mechanism(kind="lock", subject=wait.relation, statement=wait.statement, lane=lane))
                    break
        databases[order[0]].go.set()
        return [await task for task in tasks], blocked

    async def _ask(self, database: Database) -> Answer:
        request = self.program.first if database.lane == "A" else self.program.second
        try:
            status, body = await self.program.handler(database, request)
        except psycopg.Error:
            status, body = 500, {"error": "internal"}
        return Answer(
            lane=database.lane,
            method=self.program.method,
            path="/it",
            status=status,
            outcome=outcome(status),
            body=body,
            request=request,
        )
