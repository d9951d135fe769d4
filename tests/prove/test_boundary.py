"""The thread of the proxies: what goes wrong there is an outcome, and no wait goes on for what will never come."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.gate import FORWARD, Action, Failed
from looktwice.prove.network.relay import Address
from looktwice.prove.network.request import Request
from looktwice.prove.network.wire.operation import Operation
from looktwice.prove.schedule.schedule import Pause, Turn
from looktwice.prove.servers.postgres.server import Server


class Raises(asyncio.Protocol):
    """A protocol with a fault in it."""

    def data_received(self, data: bytes) -> None:
        raise RuntimeError("a fault in a protocol")


def touch(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"x")
        connection.recv(1)


def failures(boundary: Boundary) -> list[str]:
    return [moment.why for moment in boundary.gate.journal if isinstance(moment, Failed)]


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_fault_in_a_protocol_is_noted(boundary: Boundary) -> None:
    port = boundary.listen(Raises)
    touch(port)
    wait_until(lambda: failures(boundary))
    assert failures(boundary) == ["RuntimeError: a fault in a protocol"]


def test_a_fault_in_what_is_decided_about_a_statement(boundary: Boundary, server: Server) -> None:
    """The connection is broken, so that whoever asked hears of it; others go on."""
    port = boundary.listen_postgres("A", Address(server.host, server.port))

    def decide(operation: Operation) -> Action:
        if "pg_sleep" in operation.text:
            raise RuntimeError("a fault in a decision")
        return FORWARD

    boundary.gate.policy = decide
    with psycopg.connect(server.url_at(port), autocommit=True) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT pg_sleep(0)")
    assert failures(boundary) == ["RuntimeError: a fault in a decision"]
    with psycopg.connect(server.url_at(port), autocommit=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_fault_when_something_held_is_released(boundary: Boundary) -> None:
    def proceed(action: Action) -> None:
        raise RuntimeError("a fault in letting go")

    operation = Operation(
        number=1, lane="A", wire="redis", connection=1, kind="command", text="GET a", fingerprint="GET a"
    )  # type: ignore[arg-type]
    boundary.gate.policy = lambda _: None
    boundary.gate.arrive(operation, proceed)
    boundary.release(1)
    wait_until(lambda: failures(boundary))
    assert failures(boundary) == ["RuntimeError: a fault in letting go"]


def test_a_server_that_cannot_be_reached_is_an_answer(boundary: Boundary) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = Address(*gone.getsockname())
    port = boundary.listen_redis("A", address)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(10)
        assert connection.recv(1) == b""
    assert failures(boundary) == []  # that is no fault of ours


def test_no_verdict_rests_on_a_run_in_which_the_proxies_failed(bank) -> None:
    port = bank.boundary.listen(Raises)
    request = Request(method="POST", path="/deposit_atomic", body=b'{"amount": 1}')
    threading.Timer(0.1, touch, (port,)).start()
    play = bank.scheduler.play({"A": request}, (Pause(0.5), Turn("A")))
    assert play.responses["A"].status == 200
    assert play.unreached == "the proxies failed: RuntimeError: a fault in a protocol"
    assert bank.scheduler.play({"A": request}, (Turn("A"),)).unreached == ""


def test_what_cannot_be_sent_ends_a_run_at_once(bank) -> None:
    """It was waited for for ever."""
    request = Request(method="POST", path="/deposit atomic", body=b'{"amount": 1}')
    play = bank.scheduler.play({"A": request}, (Turn("A"),))
    assert "this path is not a URL path" in play.responses["A"].error
