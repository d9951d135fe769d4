"""One PostgreSQL for this folder, emptied between tests."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from looktwice.prove.servers.postgres import server as postgres
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.restore import Restore


@pytest.fixture(scope="session")
def running() -> Iterator[postgres.Server]:
    with postgres.start() as server:
        yield server


@pytest.fixture
def server(running: postgres.Server) -> postgres.Server:
    with running.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public AUTHORIZATION app")
    return running


@pytest.fixture
def app(server: postgres.Server) -> Iterator[psycopg.Connection]:
    """The application's own connection."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def changes(server: postgres.Server) -> Iterator[Changes]:
    with Changes(server) as stream:
        yield stream


@pytest.fixture
def restore(server: postgres.Server, changes: Changes) -> Iterator[Restore]:
    with Restore(server, changes) as back:
        yield back
