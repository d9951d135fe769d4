"""What statements touch: as the server shows it, and as their text says."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.core.errors import LooktwiceError
from looktwice.prove.servers.postgres import server as postgres
from looktwice.prove.servers.postgres.catalogue import Column, Schema, Table
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.footprint import UNKNOWN_TABLE, Footprint, Read, Write, dependencies, writes_of
from looktwice.prove.servers.postgres.profile import Profile
from looktwice.prove.servers.postgres.statement import footprint

TABLES = """
CREATE TABLE wallet (id serial PRIMARY KEY, email text UNIQUE, n int);
CREATE TABLE empty (id serial PRIMARY KEY, a int);
CREATE VIEW rich AS SELECT * FROM wallet WHERE n > 100;
INSERT INTO wallet (email, n) SELECT 'm' || g, g FROM generate_series(1, 200) g;
"""


def row(number: str, table: str = "public.wallet") -> Read:
    return Read(table, "row", (("id",), (number,)))


def test_reads_are_learnt_from_the_server(server: postgres.Server, app: psycopg.Connection, changes: Changes) -> None:
    app.execute(TABLES)
    schema, pid = changes.prepare(), app.info.backend_pid
    with Profile(server, schema) as profile:
        app.execute("SELECT n FROM wallet WHERE id = 5")
        assert row("5") in profile.sample([pid])[pid]
        app.execute("SELECT n FROM wallet WHERE email = 'nobody'")
        assert profile.sample([pid])[pid] == {Read("public.wallet", "gap", columns=("email",))}
        with app.transaction():
            app.execute("SELECT n FROM wallet WHERE id = 7")
            assert row("7") in profile.sample([pid])[pid]
            app.execute("UPDATE wallet SET n = 0 WHERE id = 8")
        app.execute("SELECT * FROM empty")
        assert profile.sample([pid])[pid] == {Read("public.empty", "table")}
        app.execute("SELECT * FROM empty")
        assert profile.sample([pid]) == {}  # nothing new
        profile.forget()
        assert profile.sample([pid]) == {}
        app.execute("SELECT * FROM empty")
        assert profile.sample([pid])[pid] == {Read("public.empty", "table")}  # another request's
    assert app.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
    assert app.execute("SHOW enable_seqscan").fetchone() == ("on",)
    written = writes_of(changes.since(), schema)
    assert {(write.kind, write.key, write.changed) for write in written} == {
        ("update", (("id",), ("8",)), frozenset({"n"}))
    }


def test_a_foreign_server_is_not_switched(server: postgres.Server) -> None:
    with (
        pytest.raises(LooktwiceError, match="not looktwice's own"),
        Profile(postgres.attach(server.superuser_url), Schema()),
    ):
        pass


def columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type="text", category="S") for name in names)


def table(name: str, *names: str, uniques: tuple[tuple[str, ...], ...] = ()) -> Table:
    return Table(
        name=f"public.{name}",
        schema="public",
        relation=name,
        columns=columns("id", *names),
        primary_key=("id",),
        uniques=(("id",), *uniques),
    )


SCHEMA = Schema(
    {one.name: one for one in (table("wallet", "email", "n", uniques=(("email",),)), table("line", "wallet_id"))}
)
ANY = Read("public.wallet", "table")
EVERYTHING = (frozenset({Read(UNKNOWN_TABLE, "table")}), frozenset({Write(UNKNOWN_TABLE, "unknown")}))


def updated(number: str, *changed: str) -> Write:
    return Write("public.wallet", "update", (("id",), (number,)), frozenset(changed))


@pytest.mark.parametrize(
    ("sql", "parameters", "reads", "writes"),
    [
        ("SELECT n FROM wallet WHERE id = $1", ["5"], {row("5")}, set()),
        ("SELECT n FROM public.wallet w WHERE w.id = '5' AND n > 3 FOR UPDATE", [], {row("5")}, set()),
        ("SELECT n FROM wallet WHERE id = $1 OR n = 2", ["5"], {ANY}, set()),
        ("SELECT count(*) FROM wallet", [], {ANY}, set()),
        (
            "SELECT 1 FROM wallet WHERE email = $1::text",
            ["a"],
            {Read("public.wallet", "row", (("email",), ("a",)))},
            set(),
        ),
        ("UPDATE wallet SET n = n - $1 WHERE id = $2", ["1", "5"], {row("5")}, {updated("5", "n")}),
        ("DELETE FROM wallet WHERE n = 1", [], {ANY}, {Write("public.wallet", "delete")}),
        ("INSERT INTO line (wallet_id) VALUES ($1)", ["5"], set(), {Write("public.line", "insert")}),
        (
            "INSERT INTO wallet (id) VALUES (1) ON CONFLICT DO NOTHING",
            [],
            set(),
            {Write("public.wallet", "unknown")},
        ),
        ("SELECT 1 FROM line l JOIN wallet w ON w.id = l.wallet_id", [], {ANY, Read("public.line", "table")}, set()),
        ("WITH w AS (SELECT 1) SELECT * FROM w", [], set(), set()),
        (
            "WITH d AS (DELETE FROM line RETURNING *) SELECT * FROM d",
            [],
            {Read("public.line", "table")},
            {Write("public.line", "delete")},
        ),
        ("SELECT nextval('s'), now()", [], set(), set()),
        ("SELECT pg_advisory_xact_lock(1)", [], set(), set()),
        ("BEGIN; COMMIT", [], set(), set()),
        ("SELECT transfer(1, 2)", [], *EVERYTHING),
        ("SELECT * FROM rich", [], *EVERYTHING),
        ("CALL archive()", [], *EVERYTHING),
        ("TRUNCATE wallet", [], *EVERYTHING),
        ("not sql at all ((", [], *EVERYTHING),
    ],
)
def test_the_text_of_a_statement(sql: str, parameters: list[str | None], reads: set[Read], writes: set[Write]) -> None:
    assert footprint(sql, parameters, SCHEMA) == Footprint(frozenset(reads), frozenset(writes))


GAP = Read("public.wallet", "gap", columns=("email",))
INSERTED = Write("public.wallet", "insert", (("id",), ("9",)), uniques=frozenset({(("email",), ("a",))}))


@pytest.mark.parametrize(
    ("mine", "theirs", "depends"),
    [
        (row("5"), updated("5", "n"), True),
        (row("5"), updated("6", "n"), False),
        (row("5"), INSERTED, False),
        (ANY, INSERTED, True),
        (GAP, INSERTED, True),
        (GAP, updated("5", "n"), False),
        (GAP, updated("5", "email"), True),
        (Read("public.line", "table"), updated("5", "n"), False),
        (Read(UNKNOWN_TABLE, "table"), updated("5", "n"), True),
        (row("5"), Write("public.wallet", "unknown"), True),
        (row("5"), row("5"), False),
        (updated("5", "n"), updated("5", "email"), True),
        (updated("5", "n"), updated("6", "n"), False),
        (INSERTED, INSERTED, True),
        (INSERTED, Write("public.wallet", "insert", (("id",), ("10",))), False),
    ],
)
def test_what_depends_on_what(mine: Read | Write, theirs: Read | Write, depends: bool) -> None:
    def of(item: Read | Write) -> Footprint:
        return Footprint(frozenset({item})) if isinstance(item, Read) else Footprint(writes=frozenset({item}))

    found = dependencies(of(mine), of(theirs))
    assert bool(found) == depends == bool(dependencies(of(theirs), of(mine)))
    assert all("public" in dependency.explain() for dependency in found)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_too_odd(sql: str) -> None:
    assert isinstance(footprint(sql, [], SCHEMA), Footprint)
