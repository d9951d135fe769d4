"""The real parts that the tests of `prove` share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from doubletake.prove.boundary import Boundary
from doubletake.prove.postgres import server as postgres
from doubletake.prove.postgres.server import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postgres.start() as started:
        yield started


@pytest.fixture
def boundary() -> Iterator[Boundary]:
    with Boundary() as started:
        yield started
