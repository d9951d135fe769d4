"""Operations that have nothing to do with the other request are no place to stop at; all others are."""

from __future__ import annotations

from typing import Any

import pytest

from looktwice.prove.experiments.read_profile import reads_of
from looktwice.prove.network.request import Request
from looktwice.prove.network.wire.operation import Operation, OperationKind
from looktwice.prove.network.wire.sql_text import fingerprint
from looktwice.prove.schedule.conflicts import is_understood, touching
from looktwice.prove.schedule.explorer import Place, candidates
from looktwice.prove.schedule.schedule import Point
from looktwice.prove.servers.postgres.catalogue import Column, Schema, Table
from looktwice.prove.servers.postgres.change import RowChange
from looktwice.prove.servers.postgres.footprint import Read


def table(name: str, *columns: str) -> Table:
    return Table(
        name=f"public.{name}",
        schema="public",
        relation=name,
        columns=tuple(Column(name=column, type="text", category="S") for column in ("id", *columns)),
        primary_key=("id",),
        uniques=(("id",),),
    )


SCHEMA = Schema({one.name: one for one in (table("wallet", "n"), table("person", "token"), table("log", "line"))})


def place(lane: str, text: str, *parameters: str, kind: OperationKind = OperationKind.STATEMENT) -> Place:
    operation = Operation(
        number=1,
        lane=lane,
        wire="postgres",
        connection=1,
        kind=kind,
        text=text,
        fingerprint=fingerprint(text),
        parameters=parameters,
    )
    return Place(lane, Point(fingerprint(text)), operation)


WHO = ("SELECT * FROM person WHERE token = $1", "t")
READ_1, READ_2 = ("SELECT n FROM wallet WHERE id = $1", "1"), ("SELECT n FROM wallet WHERE id = $1", "2")
WRITE_1, WRITE_2 = ("UPDATE wallet SET n = 5 WHERE id = $1", "1"), ("UPDATE wallet SET n = 5 WHERE id = $1", "2")
INSERT = ("INSERT INTO wallet (n) VALUES ($1)", "1")
ALL = ("SELECT sum(n) FROM wallet",)
FUNCTION = ("SELECT archive($1)", "1")


@pytest.mark.parametrize(
    ("mine", "theirs", "matters"),
    [
        (WHO, [WHO, READ_1, WRITE_1], False),
        (READ_1, [WHO, READ_1, WRITE_1], True),
        (READ_1, [READ_1], False),
        (READ_2, [READ_1, WRITE_1], False),
        (WRITE_2, [READ_1, WRITE_1], False),
        (WRITE_1, [READ_1], True),
        (WRITE_1, [WRITE_1], True),
        (ALL, [INSERT], True),
        (READ_1, [INSERT], True),  # its key is not in the text
        (FUNCTION, [READ_1], True),
        (WHO, [FUNCTION], True),
    ],
)
def test_what_matters(mine: tuple[str, ...], theirs: list[tuple[str, ...]], matters: bool) -> None:
    place_of_mine = place("A", *mine)
    solos = {"A": [place_of_mine], "B": [place("B", *each) for each in theirs]}
    assert touching(solos, {}, SCHEMA)(place_of_mine) is matters


def test_a_commit_matters_when_its_writes_do() -> None:
    commit = place("A", "COMMIT", kind=OperationKind.COMMIT)
    for written, theirs, matters in ((WRITE_1, READ_1, True), (WRITE_1, READ_2, False), (READ_1, WRITE_1, False)):
        solos = {"A": [place("A", *written), commit], "B": [place("B", *theirs)]}
        assert touching(solos, {}, SCHEMA)(commit) is matters


def test_what_a_trigger_writes_belongs_to_the_statement() -> None:
    insert = place("A", *WRITE_1)
    solos = {"A": [insert], "B": [place("B", "SELECT * FROM log")]}
    assert touching(solos, {}, SCHEMA)(insert) is False
    hidden = RowChange(7, "public.log", "insert", ("1",), None, {"id": "1", "line": "x"})
    assert touching(solos, {"A": [hidden]}, SCHEMA)(insert) is True


def test_a_function_touches_what_the_server_saw() -> None:
    """The reads are believed only when those that the text names are among them."""
    person = Read("public.person", "table")
    wallet = Read("public.wallet", "row", (("id",), ("2",)))
    call = place("A", *FUNCTION)
    solos = {"A": [place("A", *WHO), call], "B": [place("B", *READ_1), place("B", *WRITE_1)]}
    assert not is_understood(solos, SCHEMA)
    for reads, matters in ((frozenset(), True), (frozenset({person, wallet}), False), (frozenset({wallet}), True)):
        assert touching(solos, {}, SCHEMA, {"A": reads})(call) is matters
    hidden = RowChange(7, "public.wallet", "update", ("1",), {"id": "1", "n": "1"}, {"id": "1", "n": "2"})
    assert touching(solos, {"A": [hidden]}, SCHEMA, {"A": frozenset({person})})(call) is True


def test_reads_of_a_running_application(bank: Any) -> None:
    """Two withdrawals, from wallets of their own, by a function whose text says nothing."""
    requests = {
        lane: Request(method="POST", path="/take", body=b'{"wallet": %d}' % number)
        for lane, number in (("A", 1), ("B", 2))
    }
    trials, schema = bank.laboratory.trials, bank.laboratory.schema
    reads = reads_of(trials, requests, schema)
    by_key = frozenset({Read("public.wallet", "gap", columns=("id",))})  # the rows themselves are locked, being written
    assert reads == {"A": by_key, "B": by_key}
    baseline = bank.laboratory.baseline(requests)
    assert not is_understood(baseline.places, schema)
    changes = {name: solo.changes for name, solo in baseline.solos.items()}
    assert candidates(baseline.places, touching(baseline.places, changes, schema)) != ()
    assert candidates(baseline.places, touching(baseline.places, changes, schema, reads)) == ()


@pytest.mark.parametrize(
    ("mine", "theirs", "matters"),
    [
        ("POST /charges", "POST /charges", True),
        ("GET /rates/1", "GET /rates/2", False),
        ("POST /charges/17", "GET /charges/18", True),
        ("POST /charges", "POST /mails", False),
    ],
)
def test_outside_calls(mine: str, theirs: str, matters: bool) -> None:
    call = place("A", mine, kind=OperationKind.CALL)
    solos = {"A": [call], "B": [place("B", theirs, kind=OperationKind.CALL)]}
    assert touching(solos, {}, SCHEMA)(call) is matters
