"""The real parts that the tests of `prove` share."""

from __future__ import annotations

import contextlib
import itertools
import os
import runpy
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.proxy import Address
from looktwice.prove.network.upstream import Script, Service
from looktwice.prove.run.laboratory import Laboratory
from looktwice.prove.run.trials import Trials
from looktwice.prove.schedule.explorer import Budget
from looktwice.prove.schedule.scheduler import Scheduler
from looktwice.prove.servers.postgres import server as postgres
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.restore import Restore
from looktwice.prove.servers.postgres.server import Server
from looktwice.prove.servers.postgres.sessions import Sessions


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postgres.start() as started:
        yield started


@pytest.fixture
def boundary() -> Iterator[Boundary]:
    with Boundary() as started:
        yield started


class Bank(NamedTuple):
    """Two instances of the small bank, each behind its own ports."""

    boundary: Boundary
    scheduler: Scheduler
    direct: psycopg.Connection[tuple[int]]
    outside: Service
    laboratory: Laboratory


@pytest.fixture(scope="module")
def bank(server: Server) -> Iterator[Bank]:
    """Shared by a module: what a test changes it puts back, or asks for `fresh_bank`."""
    script = Path(__file__).parent / "apps" / "bank.py"
    with contextlib.ExitStack() as stack:
        direct = stack.enter_context(psycopg.connect(server.url, autocommit=True))
        direct.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        direct.execute(runpy.run_path(str(script))["SCHEMA"])
        boundary = stack.enter_context(Boundary())
        outside = Service(Script(name="outside"))
        ports = {}
        for lane in "AB":
            environment = {
                "PATH": os.environ["PATH"],
                "DATABASE_URL": server.url_at(boundary.listen_postgres(lane, Address(server.host, server.port))),
                "OUTSIDE_URL": f"http://127.0.0.1:{boundary.listen_upstream(lane, outside)}",
            }
            ports[lane] = postgres.free_port()
            command = [sys.executable, str(script), str(ports[lane])]
            child = stack.enter_context(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
            stack.callback(child.kill)
        for port in ports.values():
            wait_for(port)
        sessions = stack.enter_context(Sessions(server))
        changes = stack.enter_context(Changes(server))
        restore = stack.enter_context(Restore(server, changes))
        schema = restore.snapshot()
        scheduler = Scheduler(boundary, ports, sessions)
        trials = Trials(scheduler, changes, restore, [outside])
        yield Bank(
            boundary,
            scheduler,
            direct,
            outside,
            Laboratory(trials, schema, Budget(), printed=itertools.count().__next__),
        )


def wait_for(port: int, seconds: float = 10.0) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
