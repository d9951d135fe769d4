"""PostgreSQL through the proxy: held, released, failed, cut."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.gate import (
    FORWARD,
    Accepted,
    Action,
    Answered,
    Arrived,
    Closed,
    Cut,
    CutPoint,
    Fail,
    Hang,
    Policy,
    Slow,
)
from looktwice.prove.network.proxy import Address
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.servers.postgres.server import Server

Row = tuple[int]


@pytest.fixture
def wallet(server: Server) -> Iterator[psycopg.Connection[tuple[int]]]:
    """A table with one row of 100, seen directly."""
    with psycopg.connect(server.url, autocommit=True) as direct:
        direct.execute("DROP TABLE IF EXISTS wallet")
        direct.execute("CREATE TABLE wallet (id int PRIMARY KEY, balance int NOT NULL)")
        direct.execute("INSERT INTO wallet VALUES (1, 100)")
        yield direct
        direct.execute("DROP TABLE wallet")


@pytest.fixture
def dial(server: Server, boundary: Boundary) -> Iterator[object]:
    """Connect as the instance of a lane."""
    address = Address(server.host, server.port)
    ports = {lane: boundary.listen_postgres(lane, address) for lane in "AB"}
    opened = []

    def connect(lane: str, **options: object) -> psycopg.Connection[tuple[int]]:
        connection = psycopg.connect(server.url_at(ports[lane]), **options)
        opened.append(connection)
        return connection

    yield connect
    boundary.release_all()
    for connection in opened:
        connection.close()


def deposit(connection: psycopg.Connection[tuple[int]], amount: int) -> None:
    (balance,) = connection.execute("SELECT balance FROM wallet WHERE id = %s", (1,)).fetchone()
    connection.execute("UPDATE wallet SET balance = %s WHERE id = %s", (balance + amount, 1))
    connection.commit()


def once(lane: str, word: str, action: Action | None) -> Policy:
    """Meet the lane's first operation whose fingerprint begins with `word`; let everything else through."""
    seen: list[int] = []

    def policy(operation: Operation) -> Action | None:
        if operation.lane == lane and operation.fingerprint.startswith(word) and not seen:
            seen.append(operation.number)
            return action
        return FORWARD

    return policy


def balance(wallet: psycopg.Connection[tuple[int]]) -> int:
    return wallet.execute("SELECT balance FROM wallet").fetchone()[0]


def test_a_held_update_loses_the_other_deposit(boundary, dial, wallet):
    a, b = dial("A"), dial("B")
    boundary.gate.policy = once("A", "update", None)
    first = threading.Thread(target=deposit, args=(a, 50))
    first.start()
    held = boundary.gate.wake.get(timeout=5)
    assert isinstance(held, Arrived)
    assert held.operation.parameters == ("150", "1")
    deposit(b, 30)
    assert balance(wallet) == 130
    boundary.release(held.operation.number)
    first.join(5)
    assert balance(wallet) == 150
    seen = [m.operation.lane + m.operation.kind[0] for m in boundary.gate.journal if isinstance(m, Arrived)]
    assert seen == ["Ab", "As", "As", "Bb", "Bs", "Bs", "Bc", "Ac"]


def test_what_was_read_and_written_is_in_the_journal(boundary, dial, wallet):
    deposit(dial("A"), 50)
    answers = {m.result.number: m.result for m in boundary.gate.journal if isinstance(m, Answered)}
    arrived = [m.operation for m in boundary.gate.journal if isinstance(m, Arrived)]
    read, update = (o for o in arrived if o.kind is OperationKind.STATEMENT)
    assert (answers[read.number].columns, answers[read.number].sample) == (("balance",), (("100",),))
    assert (answers[update.number].affected, answers[update.number].status) == (1, "T")
    assert read.backend is not None


@pytest.mark.parametrize("code", ["40001", "40P01", "57014", "23505", "25006"])
def test_an_injected_error_breaks_the_transaction_at_the_server(boundary, dial, wallet, code):
    a = dial("A")
    boundary.gate.policy = once("A", "update", Fail(code, "as if", constraint="wallet_pkey"))
    with pytest.raises(psycopg.Error) as raised:
        deposit(a, 50)
    assert raised.value.sqlstate == code
    assert raised.value.diag.constraint_name == "wallet_pkey"
    assert a.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
    a.rollback()
    deposit(a, 7)  # the connection is as good as before
    assert balance(wallet) == 107


def test_a_prepared_statement_survives_an_injected_error(boundary, dial, wallet):
    a = dial("A", prepare_threshold=0, autocommit=True)
    for amount in (1, 2):
        a.execute("UPDATE wallet SET balance = %s", (amount,))
    boundary.gate.policy = once("A", "update", Fail("40001"))
    with pytest.raises(psycopg.errors.SerializationFailure):
        a.execute("UPDATE wallet SET balance = %s", (3,))
    a.execute("UPDATE wallet SET balance = %s", (4,))
    assert balance(wallet) == 4


@pytest.mark.parametrize(("point", "left"), [(CutPoint.BEFORE, 100), (CutPoint.AFTER, 150), (CutPoint.MIDWAY, 150)])
def test_a_cut_around_commit(boundary, dial, wallet, point, left):
    a = dial("A")
    boundary.gate.policy = once("A", "commit", Cut(point))
    with pytest.raises(psycopg.OperationalError):
        deposit(a, 50)
    assert boundary.gate.connections == {}
    assert [m.why for m in boundary.gate.journal if isinstance(m, Closed)] == ["fault"]
    assert balance(wallet) == left


def test_a_cut_after_a_bound_statement_does_not_wait_for_another(boundary, dial, wallet):
    a = dial("A", autocommit=True)
    boundary.gate.policy = once("A", "update", Cut(CutPoint.AFTER))
    with pytest.raises(psycopg.OperationalError):
        a.execute("UPDATE wallet SET balance = %s", (7,))
    assert balance(wallet) == 7


@pytest.mark.parametrize("code", ["57P01", "53300"])
def test_a_fatal_error_ends_the_connection(boundary, dial, wallet, code):
    a = dial("A")
    boundary.gate.policy = once("A", "select", Fail(code))
    with pytest.raises(psycopg.OperationalError) as raised:
        deposit(a, 50)
    assert raised.value.sqlstate == code
    assert a.closed


@pytest.mark.parametrize("action", [Hang(), Hang(has_effect=False), Slow(30)])
def test_a_reply_that_does_not_come(boundary, dial, wallet, action):
    a = dial("A", autocommit=True)
    boundary.gate.policy = once("A", "update", action)
    worker = threading.Thread(target=lambda: _ignoring_errors(a), daemon=True)
    worker.start()
    b = dial("B", autocommit=True)
    b.execute("SELECT 1 FROM wallet FOR UPDATE")  # behind the update, if there is one
    worker.join(0.05)
    assert worker.is_alive()
    a.pgconn.finish()


def _ignoring_errors(connection: psycopg.Connection[Row]) -> None:
    with contextlib.suppress(psycopg.Error):
        connection.execute("UPDATE wallet SET balance = 1")


def test_pipelines_portals_copy_and_errors_leave_the_session_understood(boundary, dial, wallet):
    a = dial("A", autocommit=True)
    with a.pipeline():
        a.execute("UPDATE wallet SET balance = %s", (5,))
        a.execute("UPDATE wallet SET balance = balance + %s", (6,))
    with a.transaction(), a.cursor("portal") as cursor:
        cursor.itersize = 2
        cursor.execute("SELECT generate_series(1, 5)")
        assert len(list(cursor)) == 5
    with a.cursor() as cursor, cursor.copy("COPY wallet FROM STDIN") as copy:
        copy.write_row((2, 7))
    with a.cursor() as cursor, cursor.copy("COPY wallet TO STDOUT") as copy:
        assert len(list(copy.rows())) == 2
    with pytest.raises(psycopg.errors.UniqueViolation):
        a.execute("INSERT INTO wallet VALUES (%s, 0)", (1,))
    assert a.execute("SELECT 1; SELECT 2").fetchone() == (1,)
    deposit(a, 1)
    (connection,) = boundary.gate.connections.values()
    assert (connection.outstanding, connection.status) == ((), "I")
    results = [m.result for m in boundary.gate.journal if isinstance(m, Answered)]
    assert [r.failure.code for r in results if r.failure] == ["23505"]
    assert [r.failure.constraint for r in results if r.failure] == ["wallet_pkey"]
    tags = [r.tag for r in results]
    assert tags.count("UPDATE 1") == 3 and "COPY 1" in tags and "COPY 2" in tags
    assert not any(isinstance(m, Accepted) for m in boundary.gate.journal)


def test_an_application_that_insists_on_encryption_gets_it_the_second_time(boundary, dial, wallet):
    with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
        dial("A", sslmode="require")
    while not isinstance(boundary.gate.wake.get(timeout=5), Closed):
        pass
    a = dial("A", sslmode="require")
    assert a.pgconn.ssl_in_use
    deposit(a, 50)
    assert balance(wallet) == 150
    arrived = [m.operation for m in boundary.gate.journal if isinstance(m, Arrived)]
    assert [o.parameters for o in arrived if o.kind is OperationKind.STATEMENT] == [("1",), ("150", "1")]


def test_encryption_is_not_forced_on_those_who_only_prefer_it(boundary, dial, wallet):
    assert not dial("A", sslmode="prefer").pgconn.ssl_in_use
    assert not dial("B", sslmode="prefer").pgconn.ssl_in_use


def test_connections_go_stale_and_the_database_goes_away(boundary, dial, wallet):
    kept = dial("A")
    boundary.cut_off("A", refusing=False)
    with pytest.raises(psycopg.OperationalError):
        deposit(kept, 50)
    deposit(dial("A"), 1)
    boundary.cut_off("A", refusing=True)
    with pytest.raises(psycopg.OperationalError):
        dial("A")
    boundary.release_all()
    deposit(dial("A"), 1)
    assert balance(wallet) == 102


def test_refused_dials(boundary, dial, wallet):
    boundary.gate.refusing = frozenset({"A"})
    with pytest.raises(psycopg.OperationalError):
        dial("A")
    deposit(dial("B"), 1)


def test_large_answers_pass_unharmed(boundary, dial, wallet):
    a = dial("A")
    rows = a.execute("SELECT n, repeat('x', 900) FROM generate_series(1, 20000) n").fetchall()
    assert (len(rows), len(rows[-1][1])) == (20000, 900)
