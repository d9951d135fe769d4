"""What a fault left, and what it is called: a table of all the ways it can end."""

from __future__ import annotations

import pytest

from looktwice.prove.experiments.aftermath import Extent, Seen, classify
from looktwice.prove.experiments.faults import BREAK_AFTER, BREAK_BEFORE, FaultKind
from looktwice.prove.network.gate import Away, Hang
from looktwice.prove.network.request import Response
from looktwice.prove.oracle import Observation, UpstreamCall
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.servers.postgres.catalogue import Column, Schema, Table
from looktwice.prove.servers.postgres.change import RowChange

TABLE = Table(
    name="public.t",
    schema="public",
    relation="t",
    columns=(Column(name="id", type="integer", category="N"), Column(name="charge", type="text", category="S")),
    primary_key=("id",),
)
ROW = RowChange(1, "public.t", "insert", ("1",), None, {"id": "1", "charge": "c"})
OTHER = RowChange(2, "public.t", "insert", ("2",), None, {"id": "2", "charge": "c"})
BLANK = RowChange(1, "public.t", "insert", ("1",), None, {"id": "1", "charge": None})
CALL = UpstreamCall(method="POST", path="pay/charges")

DOWN = FaultKind("it is down", BREAK_BEFORE)
LOST = FaultKind("its reply is lost", BREAK_AFTER, loses_reply=True)
SILENT = FaultKind("it never answers", Hang())
AWAY = FaultKind("the database is unreachable", Away())
LIE = FaultKind("it lies", BREAK_BEFORE, is_lie=True)

OK, ERROR, LATE = Response(status=200), Response(status=500), Response(error="timeout", seconds=6)


def left(*changes: RowChange, calls: int = 0) -> Observation:
    return Observation(changes=changes, upstream=(CALL,) * calls)


NOTHING, FULL, HALF, TWICE = left(), left(ROW, calls=1), left(calls=1), left(ROW, OTHER, calls=2)


@pytest.mark.parametrize(
    ("seen", "name", "code"),
    [
        (Seen(fault=SILENT, response=LATE, run=NOTHING), "hang", "LT601"),
        (Seen(fault=DOWN, response=LATE, run=NOTHING), "no answer", ""),
        (Seen(fault=AWAY, response=LATE, run=NOTHING), "no answer", ""),
        (Seen(fault=LIE, response=LATE, run=FULL), "no answer", ""),
        (Seen(fault=DOWN, response=ERROR, run=NOTHING, has_died=True), "crash", "LT207"),
        (Seen(fault=DOWN, response=OK, run=FULL), "recovered", ""),
        (Seen(fault=DOWN, response=OK, run=left(ROW)), "lie-success", "LT201"),
        (Seen(fault=DOWN, response=OK, run=NOTHING), "lie-success", "LT203"),
        (Seen(fault=LOST, response=OK, run=left(ROW, calls=2)), "double apply", "LT604"),
        (Seen(fault=LIE, response=OK, run=left(BLANK)), "wrong data stored", "LT510"),
        (Seen(fault=LIE, response=OK, run=left(ROW)), "recovered", ""),
        (Seen(fault=LIE, response=ERROR, run=NOTHING, next_answer=OK), "honest", ""),
        (Seen(fault=DOWN, response=ERROR, run=NOTHING, next_answer=OK), "honest", ""),
        (Seen(fault=DOWN, response=ERROR, run=NOTHING, next_answer=ERROR), "poisoned", "LT208"),
        (Seen(fault=DOWN, response=ERROR, run=NOTHING, next_answer=OK, is_logged=False), "opaque", "LT206"),
        (Seen(fault=LOST, response=ERROR, run=HALF, retried=left(ROW, calls=2), again=OK), "half", "LT605"),
        (Seen(fault=LOST, response=ERROR, run=HALF, retried=FULL, again=OK, next_answer=OK), "honest", ""),
        (Seen(fault=DOWN, response=ERROR, run=left(ROW), retried=left(ROW), again=ERROR), "half", "LT605"),
        (
            Seen(fault=LOST, response=ERROR, run=FULL, retried=TWICE, again=OK),
            "double apply",
            "LT607",
        ),
        (Seen(fault=LOST, response=ERROR, run=FULL, retried=FULL, again=ERROR, next_answer=OK), "honest", ""),
    ],
)
def test_classes(seen, name, code):
    extent = Extent(FULL, Reading({("A",): (FULL, FULL)}, Schema(tables={"public.t": TABLE})))
    word = classify(seen, extent)
    assert (word.name, word.code) == (name, code)
    assert bool(word.why) == word.is_defect


def test_a_transaction_that_came_apart():
    two = left(ROW, OTHER)
    extent = Extent(two, Reading({("A",): (two, two)}, Schema(tables={"public.t": TABLE})))
    seen = Seen(fault=DOWN, response=ERROR, run=left(ROW), retried=left(ROW), again=ERROR)
    assert classify(seen, extent).code == "LT606"


@pytest.mark.parametrize(
    ("response", "name"), [(OK, "recovered"), (ERROR, "honest")], ids=["answered all the same", "refused"]
)
def test_a_request_that_writes_nothing_leaves_nothing_out(response, name):
    """A log-in that still succeeds when a connection breaks gets the truth."""
    extent = Extent(NOTHING, Reading({("A",): (NOTHING, NOTHING)}, Schema(tables={"public.t": TABLE})))
    seen = Seen(fault=DOWN, response=response, run=NOTHING, retried=NOTHING, again=OK, next_answer=OK)
    assert classify(seen, extent).name == name
