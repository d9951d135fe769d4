"""The oracle against a plain comparison of contents, on programs that nobody thought of.

The programs use no made-up values but one serial key, so contents can be compared directly: the oracle must call wrong
exactly those runs whose contents no serial order leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sql_stage import Database, Program, Stage

from looktwice.core.trace import Verdict
from looktwice.prove.oracle import Observation, Reading, judge
from looktwice.prove.servers.postgres import server as postgres

TABLES = """CREATE TABLE cell (id int PRIMARY KEY, n int); CREATE TABLE entry (id serial PRIMARY KEY, n int);
INSERT INTO cell VALUES (1, 10), (2, 20), (3, 30)"""

CELLS = st.integers(1, 3)
STEPS = st.one_of(
    st.tuples(st.just("read"), CELLS),
    st.tuples(st.just("set"), CELLS, st.integers(1, 3)),  # to what was read last, and a little more
    st.tuples(st.just("add"), CELLS, st.integers(1, 3)),
    st.tuples(st.just("insert"), st.integers(0, 1)),  # what was read last, if the number of entries is small
)
PROGRAM = st.lists(STEPS, min_size=1, max_size=4)


async def run_steps(db: Database, request: dict[str, Any]) -> tuple[int, Any]:
    last = 0
    for kind, *arguments in request["steps"]:
        if kind == "read":
            last = await db.one("SELECT n FROM cell WHERE id = %s", arguments[0])
        elif kind == "set":
            await db.execute("UPDATE cell SET n = %s WHERE id = %s", last + arguments[1], arguments[0])
        elif kind == "add":
            await db.execute("UPDATE cell SET n = n + %s WHERE id = %s", arguments[1], arguments[0])
        elif await db.one("SELECT count(*) FROM entry") <= arguments[0]:
            await db.execute("INSERT INTO entry (n) VALUES (%s)", last)
    return 200, None


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.start() as running:
        yield running


def contents(run: Observation) -> tuple[dict[str | None, str | None], Counter[str | None]]:
    """The cells that changed, with what they ended as, and the new entries."""
    start = {"1": "10", "2": "20", "3": "30"}
    cells = {c.after["id"]: c.after["n"] for c in run.changes if c.table == "public.cell" and c.after}
    entries = Counter(c.after["n"] for c in run.changes if c.table == "public.entry" and c.after)
    return {key: value for key, value in cells.items() if start.get(key or "") != value}, entries


def compare(server: postgres.Server, first: list[Any], second: list[Any]) -> None:
    stage = Stage(server, Program("random", TABLES, run_steps, {"steps": first}, {"steps": second}))
    try:
        reading: Reading = stage.reading(repeats=2)
        allowed = [contents(runs[0]) for order, runs in reading.serial.items() if len(order) == 2]
        for schedule in stage.schedules():
            run = stage.interleave(*schedule)
            judgement = judge(run, reading)
            assert (judgement.verdict is Verdict.DATA_WRONG) == (contents(run) not in allowed), judgement.explain()
    finally:
        stage.close()


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=8, deadline=None, suppress_health_check=QUIET)
@given(first=PROGRAM, second=PROGRAM)
def test_wrong_is_what_no_serial_order_leaves(server: postgres.Server, first: list[Any], second: list[Any]) -> None:
    compare(server, first, second)


@pytest.mark.thorough
@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(first=PROGRAM, second=PROGRAM)
def test_and_that_a_hundred_times(server: postgres.Server, first: list[Any], second: list[Any]) -> None:
    compare(server, first, second)
