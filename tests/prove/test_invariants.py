"""The user's invariants: asked after every run, and refused with a reason when they cannot be."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from looktwice.core.errors import ConfigurationError
from looktwice.prove.run.invariants import Broken, Invariants
from looktwice.prove.servers.postgres import server as postgres

NOTHING_BELOW_ZERO = "SELECT id, n FROM wallet WHERE n < 0 ORDER BY id"


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.start() as running, psycopg.connect(running.url, autocommit=True) as app:
        app.execute("CREATE TABLE wallet (id int PRIMARY KEY, n int); INSERT INTO wallet VALUES (1, 5), (2, 5)")
        yield running


def test_the_rows_that_break_one_are_reported(server: postgres.Server) -> None:
    with Invariants(server, {"no debts": NOTHING_BELOW_ZERO}) as invariants, psycopg.connect(server.url) as app:
        assert invariants.broken() == ()
        app.execute("UPDATE wallet SET n = -n")
        assert invariants.broken() == ()  # not committed
        app.commit()
        assert invariants.broken() == (Broken("no debts", ("id 1, n -5", "id 2, n -5")),)
        app.execute("UPDATE wallet SET n = -n")
        app.commit()
        assert invariants.broken() == ()


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT * FROM no_such_table", "no_such_table"),
        ("not SQL", "syntax error"),
        ("DELETE FROM wallet RETURNING id", "read-only"),
        ("SELECT id FROM wallet WHERE n > 0", "before any request is sent: id 1"),
        ("SELECT generate_series(1, 100000000) AS id", "before any request is sent: id 1"),
        ("SELECT id, pg_sleep(600) FROM wallet", "takes longer than 10 s"),
    ],
)
def test_one_that_cannot_be_used_is_refused(server: postgres.Server, query: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Invariants(server, {"mine": query})
    assert "`mine`" in str(caught.value)
    assert why in str(caught.value)


def test_none_cost_nothing(server: postgres.Server) -> None:
    with Invariants(server, {}) as invariants:
        assert invariants.broken() == ()
