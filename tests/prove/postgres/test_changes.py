"""Row changes from the log: whole rows, in commit order, with nothing added to the application's tables."""

from __future__ import annotations

import time

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.prove.servers.postgres import server as postgres
from looktwice.prove.servers.postgres.change import RowChange, Window, owners
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.net import net
from looktwice.prove.servers.postgres.pgoutput import Decoder

TABLES = """
CREATE TABLE wallet (id serial PRIMARY KEY, owner text, balance numeric(10, 2), twice numeric GENERATED ALWAYS AS
(balance * 2) STORED); CREATE TABLE journal (line text, data json);
CREATE TABLE part (id int, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE part_eu PARTITION OF part FOR VALUES IN ('eu');
INSERT INTO wallet (owner, balance) VALUES ('ann', 100);
"""


def test_every_kind_of_change_with_its_rows(app: psycopg.Connection, changes: Changes) -> None:
    app.execute(TABLES)
    changes.prepare()
    app.execute("UPDATE wallet SET balance = 70 WHERE id = 1")
    app.execute("INSERT INTO journal VALUES ('it''s', '{\"a\": null}'), (NULL, NULL)")
    app.execute("INSERT INTO part VALUES (1, 'eu')")
    app.execute("DELETE FROM wallet")
    app.execute("TRUNCATE journal")
    found = changes.since()
    assert [(change.table, change.kind, change.key) for change in found] == [
        ("public.wallet", "update", ("1",)),
        ("public.journal", "insert", ()),
        ("public.journal", "insert", ()),
        ("public.part_eu", "insert", ("1", "eu")),
        ("public.wallet", "delete", ("1",)),
        ("public.journal", "truncate", ()),
    ]
    assert found[0].before == {"id": "1", "owner": "ann", "balance": "100.00", "twice": "200.00"}
    assert found[0].after == {"id": "1", "owner": "ann", "balance": "70.00", "twice": "140.00"}
    assert found[1].after == {"line": "it's", "data": '{"a": null}'}
    assert found[2].after == {"line": None, "data": None}
    assert found[4].after is None
    assert changes.since() == []


def test_rolled_back_work_is_not_there(app: psycopg.Connection, changes: Changes) -> None:
    app.execute(TABLES)
    changes.prepare()
    with app.transaction(force_rollback=True):
        app.execute("UPDATE wallet SET balance = 0")
    assert changes.since() == []


def test_a_large_value_that_stays_is_whole(app: psycopg.Connection, changes: Changes) -> None:
    """A value kept out of line is not logged again by an update of its neighbour."""
    app.execute("CREATE TABLE note (id int PRIMARY KEY, text text, read bool)")
    app.execute("ALTER TABLE note ALTER text SET STORAGE EXTERNAL")
    app.execute("INSERT INTO note VALUES (1, repeat('x', 9000), false)")
    changes.prepare()
    app.execute("UPDATE note SET read = true")
    [change] = changes.since()
    assert change.after is not None
    assert change.after["text"] == "x" * 9000


def test_a_table_made_later_can_still_be_updated(app: psycopg.Connection, changes: Changes) -> None:
    """It is not watched, and the application does not get an error for it."""
    changes.prepare()
    app.execute("CREATE TABLE late (a int); INSERT INTO late VALUES (1); UPDATE late SET a = 2; DELETE FROM late")
    assert changes.since() == []
    changes.prepare()
    app.execute("INSERT INTO late VALUES (3)")
    assert [change.after for change in changes.since()] == [{"a": "3"}]


@pytest.mark.parametrize("definition", ["STORED", "VIRTUAL"])
def test_generated_columns_do_not_stop_updates(
    server: postgres.Server, app: psycopg.Connection, changes: Changes, definition: str
) -> None:
    if definition == "VIRTUAL" and server.version < 180000:
        pytest.skip("virtual generated columns came with 18")
    app.execute(f"CREATE TABLE g (id int PRIMARY KEY, n int, d int GENERATED ALWAYS AS (n * 2) {definition})")
    app.execute("INSERT INTO g VALUES (1, 2)")
    changes.prepare()
    app.execute("UPDATE g SET n = 5")
    assert app.execute("SELECT n, d FROM g").fetchone() == (5, 10)


def test_who_wrote_what(server: postgres.Server, app: psycopg.Connection, changes: Changes) -> None:
    app.execute(TABLES)
    changes.prepare()
    with psycopg.connect(server.url, autocommit=True) as other:
        began = time.time()
        app.execute("UPDATE wallet SET balance = 1")
        first = Window(app.info.backend_pid, began, time.time())
        began = time.time()
        other.execute("UPDATE wallet SET balance = 2")
        second = Window(other.info.backend_pid, began, time.time())
    found, pids = changes.since(), [first.pid, second.pid]
    assert [owners(found, {}, [first, second]).get(change.xid) for change in found] == pids
    assert owners(found, {found[0].xid: 42}, [second]) == {found[0].xid: 42, found[1].xid: pids[1]}
    both = Window(7, first.start, second.end)
    assert owners(found, {}, [first, second, both]) == {}  # two may have written it: nobody did


def change(kind: str, before: dict[str, str | None] | None, after: dict[str, str | None] | None, xid: int) -> RowChange:
    row = after or before or {}
    return RowChange(xid, "t", kind, (row.get("id"),), before, after)  # type: ignore[arg-type]


ONE, TWO, MOVED = {"id": "1", "a": "x"}, {"id": "1", "a": "y"}, {"id": "9", "a": "y"}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("insert", None, ONE)], [("insert", None, ONE)]),
        ([("insert", None, ONE), ("update", ONE, TWO)], [("insert", None, TWO)]),
        ([("insert", None, ONE), ("delete", ONE, None)], []),
        ([("update", ONE, TWO), ("update", TWO, ONE)], []),
        ([("update", ONE, TWO), ("delete", TWO, None)], [("delete", ONE, None)]),
        ([("update", TWO, MOVED), ("update", MOVED, {"id": "9", "a": "z"})], [("update", TWO, {"id": "9", "a": "z"})]),
        ([("delete", ONE, None), ("insert", None, ONE)], []),
        ([("delete", ONE, None), ("insert", None, TWO)], [("update", ONE, TWO)]),
        ([("delete", ONE, None), ("insert", None, TWO), ("delete", TWO, None)], [("delete", ONE, None)]),
    ],
)
def test_what_changes_amount_to(
    steps: list[tuple[str, dict[str, str | None] | None, dict[str, str | None] | None]], expected: list[object]
) -> None:
    rows = net([change(*step, xid=n) for n, step in enumerate(steps)], {"t": ("id",)})
    assert [(row.kind, row.before, row.after) for row in rows] == expected


def test_equal_rows_without_a_key_are_counted() -> None:
    same: dict[str, str | None] = {"a": "1"}
    steps = [change("insert", None, same, n) for n in range(3)] + [change("delete", same, None, 4)]
    assert [row.kind for row in net(steps, {})] == ["insert", "insert"]
    steps = [change("delete", same, None, n) for n in range(3)] + [change("insert", None, same, 4)]
    assert [row.kind for row in net(steps, {})] == ["delete", "delete"]


@given(st.binary(max_size=60))
def test_hostile_messages_are_refused_politely(message: bytes) -> None:
    decoder = Decoder({})
    for kind in b"BRIUDTCY":
        try:
            assert isinstance(decoder.decode(bytes([kind]) + message), list)
        except ValueError as error:
            assert "not a logical replication message" in str(error)
