"""Who waits for whom, whose transaction is whose, what is left open."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from looktwice.prove.servers.postgres import server as postgres
from looktwice.prove.servers.postgres.sessions import Leftover, Sessions, Wait


@pytest.fixture
def sessions(server: postgres.Server) -> Iterator[Sessions]:
    with Sessions(server) as asked:
        yield asked


WAITS = {
    "row": ("UPDATE t SET a = 1 WHERE id = 1", "UPDATE t SET a = 2 WHERE id = 1"),
    "unique key": ("INSERT INTO t VALUES (9, 1)", "INSERT INTO t VALUES (9, 2)"),
    "on conflict": ("INSERT INTO t VALUES (9, 1)", "INSERT INTO t VALUES (9, 2) ON CONFLICT DO NOTHING"),
    "advisory": ("SELECT pg_advisory_xact_lock(5)", "SELECT pg_advisory_xact_lock(5)"),
    "table": ("LOCK TABLE t", "SELECT * FROM t"),
}


@pytest.mark.parametrize("case", WAITS)
def test_a_wait_is_seen_with_its_holder(
    server: postgres.Server, app: psycopg.Connection, sessions: Sessions, case: str
) -> None:
    app.execute("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 0)")
    holds, waits = WAITS[case]
    with psycopg.connect(server.url) as holder, psycopg.connect(server.url) as waiter:
        holder.execute(holds)
        assert sessions.blocking(waiter.info.backend_pid) is None
        thread = threading.Thread(target=waiter.execute, args=(waits,))
        thread.start()
        try:
            wait = await_block(sessions, waiter.info.backend_pid)
        finally:
            holder.rollback()
            thread.join()
        assert wait.blockers == (holder.info.backend_pid,)
        assert wait.statement == waits
        if case != "advisory":
            assert wait.relation == "public.t"
        assert wait.lock == {"advisory": "advisory", "table": "relation"}.get(case, "transactionid")


def await_block(sessions: Sessions, pid: int) -> Wait:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if (wait := sessions.blocking(pid)) is not None:
            return wait
    raise AssertionError("no session waits")


def test_waiting_for_a_safe_snapshot_is_a_wait(server: postgres.Server, sessions: Sessions) -> None:
    """A deferrable transaction waits for no lock, only for others to end."""
    with psycopg.connect(server.url) as writer, psycopg.connect(server.url) as reader:
        writer.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        writer.execute("CREATE TABLE s (a int)")
        reader.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE")
        thread = threading.Thread(target=reader.execute, args=("SELECT count(*) FROM pg_class",))
        thread.start()
        try:
            assert await_block(sessions, reader.info.backend_pid).blockers == (writer.info.backend_pid,)
        finally:
            writer.rollback()
            thread.join()


def test_whose_transaction_and_what_became_of_it(app: psycopg.Connection, sessions: Sessions) -> None:
    app.execute("CREATE TABLE t (id int)")
    pid = app.info.backend_pid
    assert sessions.is_known(pid)
    assert not sessions.is_known(2**22)
    with app.transaction():
        assert sessions.transactions([pid]) == {}  # nothing written yet
        app.execute("INSERT INTO t VALUES (1)")
        [(xid, owner)] = sessions.transactions([pid]).items()
        assert owner == pid
        assert sessions.status(xid) == "in progress"
    assert sessions.status(xid) == "committed"


def test_what_is_left_open(server: postgres.Server, app: psycopg.Connection, sessions: Sessions) -> None:
    assert sessions.unfinished() == ()
    with psycopg.connect(server.url) as other:
        other.execute("SELECT 1")
        assert sessions.unfinished() == (Leftover(other.info.backend_pid, "idle in transaction"),)
        other.rollback()
        app.execute("SELECT pg_advisory_lock(9)")
        assert sessions.unfinished() == (Leftover(app.info.backend_pid, "idle", 1),)
        assert sessions.terminate([app.info.backend_pid]) == 1
        assert sessions.unfinished() == ()


def test_what_is_always_open_is_no_leftover(app: psycopg.Connection, sessions: Sessions) -> None:
    app.execute("SELECT pg_advisory_lock(9)")  # who leads
    sessions.accept()
    assert sessions.unfinished() == ()
    app.execute("SELECT pg_advisory_lock(10)")
    assert sessions.unfinished() == (Leftover(app.info.backend_pid, "idle", 2),)
