"""Back to the snapshot, exactly, on a schema that makes it hard: keys in a chain, triggers, partitions, odd types."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.core.errors import LooktwiceError
from looktwice.prove.servers.postgres import server as postgres
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.restore import Restore

CHAIN = 30


def build_chain(app: psycopg.Connection) -> None:
    """Thirty tables, each row of one pointing to a row of the one before, a trigger on every sixth."""
    app.execute(
        "CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN UPDATE tally SET n = n + 1; RETURN NULL; END $$"
    )
    app.execute("CREATE TABLE tally (n int); INSERT INTO tally VALUES (0)")
    for number in range(CHAIN):
        parent = f"REFERENCES chain{number - 1} (id) ON DELETE CASCADE" if number else ""
        app.execute(
            f"CREATE TABLE chain{number} (id serial PRIMARY KEY, parent int {parent}, name text UNIQUE, n numeric, "
            "twice numeric GENERATED ALWAYS AS (n * 2) STORED, at timestamptz DEFAULT now(), data jsonb)"
        )
        app.execute(
            f"INSERT INTO chain{number} (parent, name, n, data) SELECT {'g' if number else 'NULL'}, 'name' || g, g/3.0,"
            " jsonb_build_object('g', g) FROM generate_series(1, 100) g"
        )
        if number % 6 == 0:
            app.execute(
                f"CREATE TRIGGER counted AFTER INSERT OR UPDATE OR DELETE ON chain{number} "
                "FOR EACH ROW EXECUTE FUNCTION count_it()"
            )
    app.execute("CREATE MATERIALIZED VIEW totals AS SELECT sum(n) FROM chain3")


def content(connection: psycopg.Connection) -> dict[str, list[Any]]:
    """Every row of every table, as text."""
    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace = 'public'::regnamespace ORDER BY 1"
    ).fetchall()
    return {
        name: sorted(row[0] for row in connection.execute(f'SELECT t::text FROM "{name}" t').fetchall())
        for (name,) in names
    }


def use(app: psycopg.Connection, number: int) -> None:
    """What a request might do, and more: cascades, unique values that swap, keys that move."""
    with app.transaction():
        app.execute("UPDATE chain3 SET n = n + %s, name = 'it''s' || id WHERE id BETWEEN 5 AND 9", (number,))
        app.execute("INSERT INTO chain4 (parent, name) VALUES (1, %s)", (f"new{number}",))
        app.execute("DELETE FROM chain25 WHERE id = 7")  # and four rows below it
        app.execute("UPDATE chain29 SET id = id + 100000 WHERE id = 50")
        app.execute("UPDATE chain29 SET name = 'spare' WHERE id = 1")
        app.execute("UPDATE chain29 SET name = 'name1' WHERE id = 2")
        app.execute("REFRESH MATERIALIZED VIEW totals")


def test_undo_on_a_chain_of_thirty_tables(app: psycopg.Connection, changes: Changes, restore: Restore) -> None:
    build_chain(app)
    restore.snapshot()
    before = content(app)
    methods = []
    for number in range(6):
        use(app, number)
        assert content(app) != before
        methods.append(restore.undo(changes.since()))
        assert content(app) == before
    assert [(restored.method, restored.reason) for restored in methods] == [("undo", "")] * 6
    assert app.execute("SELECT n FROM tally").fetchone() == (0,)


def test_plain_runs_are_undone_and_checked_at_first(
    app: psycopg.Connection, changes: Changes, restore: Restore
) -> None:
    app.execute("CREATE TABLE wallet (id serial PRIMARY KEY, n int); INSERT INTO wallet (n) VALUES (1)")
    restore.snapshot()
    seen = []
    for _ in range(5):
        app.execute("UPDATE wallet SET n = n + 1; INSERT INTO wallet (n) VALUES (7)")
        seen.append(restore.undo(changes.since()))
    assert [(restored.method, restored.verified) for restored in seen] == [("undo", True)] * 3 + [("undo", False)] * 2


def test_sequences_only_go_forward(app: psycopg.Connection, changes: Changes, restore: Restore) -> None:
    app.execute("CREATE TABLE wallet (id serial PRIMARY KEY); CREATE TABLE tiny (id smallserial PRIMARY KEY)")
    schema = restore.snapshot()
    assert schema.sequences == ("public.tiny_id_seq", "public.wallet_id_seq")

    def add() -> int:
        row = app.execute("INSERT INTO wallet DEFAULT VALUES RETURNING id").fetchone()
        assert row is not None
        return int(row[0])

    first = add()
    restore.undo(changes.since())
    assert add() == first + 1
    restore.undo(changes.since())
    restore.advance({"public.wallet_id_seq": 70_000, "public.tiny_id_seq": 70_000})
    assert add() > 70_000
    app.execute("INSERT INTO tiny DEFAULT VALUES")  # no room for such a stride: it stayed


UNTRUSTED = {
    "truncate": ("CREATE TABLE t (id int PRIMARY KEY, a text)", "TRUNCATE t"),
    "unlogged": ("CREATE UNLOGGED TABLE t (id int PRIMARY KEY, a text)", "UPDATE t SET a = 'q'"),
    "no key": ("CREATE TABLE t (id int, a text)", "TRUNCATE t"),
    "new table": ("CREATE TABLE t (id int PRIMARY KEY, a text)", "CREATE TABLE u (a int); INSERT INTO u VALUES (1)"),
}


@pytest.mark.parametrize("case", UNTRUSTED)
def test_what_the_log_does_not_tell_is_compared(
    app: psycopg.Connection, changes: Changes, restore: Restore, case: str
) -> None:
    table, damage = UNTRUSTED[case]
    app.execute(table)
    app.execute("INSERT INTO t VALUES (1, 'x'), (2, NULL)")
    restore.snapshot()
    before = content(app)
    app.execute(damage)
    restored = restore.undo(changes.since())
    assert restored.method == "difference"
    assert restored.reason
    after = content(app)
    assert after["t"] == before["t"]
    assert after.get("u", []) == []


def test_changes_that_were_not_given_are_noticed(app: psycopg.Connection, changes: Changes, restore: Restore) -> None:
    """The hash finds what an incomplete list of changes leaves behind."""
    app.execute("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'x')")
    restore.snapshot()
    app.execute("UPDATE t SET a = 'lost'")
    changes.since()  # taken, and not handed on
    restored = restore.undo([])
    assert (restored.method, restored.verified) == ("difference", True)
    assert "public.t" in restored.reason
    assert content(app)["t"] == ["(1,x)"]


def test_a_changed_structure_is_an_error_for_people(
    app: psycopg.Connection, changes: Changes, restore: Restore
) -> None:
    app.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
    restore.snapshot()
    app.execute("ALTER TABLE t ADD b int")
    with pytest.raises(LooktwiceError, match=r"structure of public\.t"):
        restore.undo(changes.since())


def test_without_decoding_it_compares(server: postgres.Server, app: psycopg.Connection) -> None:
    app.execute("CREATE TABLE t (id int PRIMARY KEY, a json); INSERT INTO t VALUES (1, '{}'), (2, '[]')")
    with Restore(server, None) as restore:
        restore.snapshot()
        app.execute("UPDATE t SET a = '1' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, NULL)")
        kinds = {(change.kind, change.key) for change in restore.difference()}
        assert kinds == {("update", ("1",)), ("delete", ("2",)), ("insert", ("3",))}
        assert restore.undo([]).method == "difference"
        assert restore.difference() == []


def test_a_session_that_holds_the_rows_is_ended(
    server: postgres.Server, app: psycopg.Connection, changes: Changes, restore: Restore
) -> None:
    app.execute("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)")
    restore.snapshot()
    app.execute("UPDATE t SET a = 2")
    with psycopg.connect(server.url) as holder:
        holder.execute("SELECT * FROM t FOR UPDATE")
        restored = restore.undo(changes.since())
        assert restored.terminated == 1
        with pytest.raises(psycopg.OperationalError):
            holder.execute("SELECT 1")
    assert content(app)["t"] == ["(1,1)"]


def test_rows_without_a_key_and_odd_types(app: psycopg.Connection, changes: Changes, restore: Restore) -> None:
    app.execute("CREATE EXTENSION citext")
    app.execute("CREATE TYPE mood AS ENUM ('good', 'bad')")
    app.execute(
        "CREATE TABLE odd (a json,b bytea, c int[], d mood, e interval, f float8, g tsrange, h inet, i citext, j money)"
    )
    row = "('{\"a\": 1}', '\\x00ff', '{1,NULL}', 'bad', '1 mon 2 days', 'NaN', '[2020-01-01,)', '10.0.0.1/8', 'Ab', 5)"
    app.execute(f"INSERT INTO odd VALUES {row}, {row}")
    app.execute("INSERT INTO odd DEFAULT VALUES")
    restore.snapshot()
    before = content(app)
    app.execute("DELETE FROM odd; INSERT INTO odd (f) VALUES (0.1)")
    restored = restore.undo(changes.since())
    assert (restored.method, restored.reason) == ("undo", "")
    assert content(app) == before


def test_rows_that_move_between_partitions(app: psycopg.Connection, changes: Changes, restore: Restore) -> None:
    app.execute("CREATE TABLE p (id int, region text, n int, PRIMARY KEY (id, region)) PARTITION BY LIST (region)")
    app.execute("CREATE TABLE p_eu PARTITION OF p FOR VALUES IN ('eu'); CREATE TABLE p_us PARTITION OF p DEFAULT")
    app.execute(
        "CREATE TABLE child (id int PRIMARY KEY, p_id int, region text, FOREIGN KEY (p_id, region) REFERENCES p)"
    )
    app.execute("INSERT INTO p VALUES (1, 'eu', 1), (2, 'us', 2); INSERT INTO child VALUES (1, 2, 'us')")
    restore.snapshot()
    before = content(app)
    app.execute("UPDATE p SET region = 'us' WHERE id = 1; UPDATE p SET n = 9; INSERT INTO p VALUES (3, 'eu', 3)")
    restored = restore.undo(changes.since())
    assert (restored.method, restored.reason) == ("undo", "")
    assert content(app) == before


STATEMENTS = (
    "INSERT INTO keyed VALUES ({0}, {1}) ON CONFLICT DO NOTHING",
    "UPDATE keyed SET a = {1} WHERE id = {0}",
    "UPDATE keyed SET id = {1} WHERE id = {0} AND NOT EXISTS (SELECT FROM keyed WHERE id = {1})",
    "DELETE FROM keyed WHERE id = {0}",
    "INSERT INTO plain VALUES ({1})",
    "UPDATE plain SET a = {1} WHERE a = {0}",
    "DELETE FROM plain WHERE ctid = (SELECT min(ctid) FROM plain WHERE a = {0})",
    "DELETE FROM plain WHERE a = {0}",
)


def test_any_series_of_changes_is_undone(
    app: psycopg.Connection, changes: Changes, restore: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undone, not healed by comparing: the hash is looked at every time."""
    monkeypatch.setattr("looktwice.prove.servers.postgres.restore._VERIFIED_EVERY", 1)
    app.execute(
        "CREATE TABLE keyed (id int PRIMARY KEY, a int); INSERT INTO keyed SELECT g, g FROM generate_series(1, 3) g"
    )
    app.execute("CREATE TABLE plain (a int); INSERT INTO plain VALUES (1), (1), (2), (NULL)")
    restore.snapshot()

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(STATEMENTS), st.integers(1, 4), st.integers(1, 4)), max_size=8))
    def undone(steps: list[tuple[str, int, int]]) -> None:
        for statement, first, second in steps:
            app.execute(statement.format(first, second))  # type: ignore[call-overload]
        restored = restore.undo(changes.since())
        assert (restored.method, restored.verified, restored.reason) == ("undo", True, "")

    undone()


def test_identity_columns_get_their_old_values(app: psycopg.Connection, changes: Changes, restore: Restore) -> None:
    app.execute("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int)")
    app.execute("INSERT INTO t (a) VALUES (1), (2)")
    restore.snapshot()
    app.execute("DELETE FROM t WHERE id = 1")
    assert restore.undo(changes.since()).method == "undo"
    assert content(app)["t"] == ["(1,1)", "(2,2)"]


def test_dead_rows_are_cleared_away(
    app: psycopg.Connection, changes: Changes, restore: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody vacuums our server but we: without it thousands of runs slow each other down."""
    monkeypatch.setattr("looktwice.prove.servers.postgres.restore._VACUUM_EVERY", 2)
    app.execute("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)")
    restore.snapshot()
    for _ in range(2):
        assert last_vacuum(app) is None
        app.execute("UPDATE t SET a = 2")
        restore.undo(changes.since())
    assert last_vacuum(app) is not None


def last_vacuum(app: psycopg.Connection) -> object:
    app.execute("SELECT pg_stat_clear_snapshot()")
    row = app.execute("SELECT last_vacuum FROM pg_stat_user_tables WHERE relname = 't'").fetchone()
    assert row is not None
    return row[0]


def test_a_role_that_may_not_restore_is_reported(server: postgres.Server) -> None:
    with pytest.raises(LooktwiceError, match="session_replication_role"):
        Restore(postgres.attach(server.url), None)


def test_connections_and_prepared_statements_survive(
    app: psycopg.Connection, changes: Changes, restore: Restore
) -> None:
    app.execute("CREATE TABLE t (id serial PRIMARY KEY, a int)")
    restore.snapshot()
    pid = app.info.backend_pid
    for number in range(8):
        app.execute("INSERT INTO t (a) VALUES (%s)", (number,), prepare=True)
        restore.undo(changes.since())
    assert app.info.backend_pid == pid
    assert app.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_another_thread_may_hold_on_while_it_waits(
    server: postgres.Server, app: psycopg.Connection, changes: Changes, restore: Restore
) -> None:
    """A lock that is given back in time is waited for, and nobody is ended."""
    app.execute("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)")
    restore.snapshot()
    app.execute("UPDATE t SET a = 2")
    with psycopg.connect(server.url) as holder:
        holder.execute("SELECT * FROM t FOR UPDATE")
        release = threading.Timer(0.05, holder.rollback)
        release.start()
        restored = restore.undo(changes.since())
        release.join()
        assert restored.terminated == 0
        assert holder.execute("SELECT a FROM t").fetchone() == (1,)
