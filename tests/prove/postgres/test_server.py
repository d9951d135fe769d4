"""The embedded server: quick, private, and gone when we are."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from looktwice.core.errors import LooktwiceError
from looktwice.prove.servers.postgres import binaries
from looktwice.prove.servers.postgres import server as postgres


def setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute(f"SHOW {name}").fetchone()
    assert row is not None
    return str(row[0])


def test_it_is_set_up_for_proofs(server: postgres.Server, app: psycopg.Connection) -> None:
    expected = {
        "wal_level": "logical",
        "fsync": "off",
        "synchronous_commit": "on",
        "deadlock_timeout": "50ms",
        "max_connections": "200",
        "listen_addresses": "127.0.0.1",
    }
    assert {name: setting(app, name) for name in expected} == expected
    assert server.may_configure
    assert app.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
    app.execute("CREATE TABLE mine (id int)")


def test_it_wants_a_password(server: postgres.Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url.replace(server.password, "guess"))


def test_it_starts_at_once() -> None:
    with postgres.start():  # the first start on a machine makes the template
        pass
    began = time.monotonic()
    with postgres.start() as second:
        took = time.monotonic() - began
        with second.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert took < 3.0  # half a second, on a machine that has nothing else to do
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(second.url)


_STARTS_AND_WAITS = """
import sys
from looktwice.prove.servers.postgres import server
running = server.start()
print(running.superuser_url, running._child.directory, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_does_not_outlive_its_parent(ending: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _STARTS_AND_WAITS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    url, directory = parent.stdout.readline().split()
    postmaster = int((Path(directory) / "data" / "postmaster.pid").read_text().splitlines()[0])
    with psycopg.connect(url):
        parent.send_signal(ending)
        parent.wait(10)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (Path(directory).exists() or Path(f"/proc/{postmaster}").exists()):
        time.sleep(0.01)
    assert not Path(directory).exists()
    assert not Path(f"/proc/{postmaster}").exists()


def test_a_server_by_url_is_not_reconfigured(server: postgres.Server) -> None:
    attached = postgres.attach(server.superuser_url)
    assert not attached.may_configure
    assert attached.version == server.version
    attached.close()
    with server.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    url = f"postgresql://app:secret@127.0.0.1:{postgres.free_port()}/shop"
    with pytest.raises(LooktwiceError) as caught:
        postgres.attach(url)
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_the_proxys_address_keeps_role_and_database(server: postgres.Server) -> None:
    assert server.url_at(6543) == f"postgresql://app:{server.password}@127.0.0.1:6543/app"


def test_an_extension_that_is_not_installed_is_reported_missing() -> None:
    with pytest.raises(LooktwiceError, match="no_such_extension"):
        binaries.find(["no_such_extension"])


@pytest.mark.skipif(not shutil.which("postgres"), reason="no PostgreSQL of the system's")
def test_the_systems_server_is_taken_for_its_extensions() -> None:
    try:
        found = binaries.find(["uuid-ossp"])
    except LooktwiceError:
        pytest.skip("the system's PostgreSQL has no contrib modules")
    with postgres.start(["uuid-ossp"]) as server, server.connect() as connection:
        connection.execute('CREATE EXTENSION "uuid-ossp" SCHEMA public')
        assert server.version == found.version


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root drops privileges")
def test_as_root_the_server_runs_as_somebody_else(server: postgres.Server) -> None:
    with server.connect() as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        assert os.stat(f"/proc/{row[0]}").st_uid != 0
