"""What is reported follows from what was seen: sentences beside the observations that they are made of."""

from __future__ import annotations

import pytest

from looktwice.core.trace import Outcome, Row, Verdict
from looktwice.prove.experiments.aftermath import ENDINGS, Seen, classify
from looktwice.prove.experiments.faults import AT_CALL, BREAK_AFTER, BREAK_BEFORE, FaultKind
from looktwice.prove.experiments.twice import code_of
from looktwice.prove.network.request import Response
from looktwice.prove.network.wire.operation import Failure, Operation, OperationKind, Result
from looktwice.prove.oracle import Answer, Judgement, Mechanism, Observation, UpstreamCall
from looktwice.prove.oracle.protection import explain
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.oracle.verdict import Difference
from looktwice.prove.run.extent import Extent
from looktwice.prove.run.wording import read_words, write_words
from looktwice.prove.servers.postgres.catalogue import Column, Schema, Table
from looktwice.prove.servers.postgres.change import RowChange


def table(name: str, *columns: str) -> Table:
    kinds = tuple(Column(name=it, type="integer", category="N") for it in ("id", *columns))
    return Table(name=f"public.{name}", schema="public", relation=name, columns=kinds, primary_key=("id",))


SCHEMA = Schema({it.name: it for it in (table("item", "n"), table("undo_history", "n"), table("error_log", "n"))})


def new(name: str, number: int = 1, n: int = 5) -> RowChange:
    return RowChange(number, f"public.{name}", "insert", (str(number),), None, {"id": str(number), "n": str(n)})


def change(before: int, after: int) -> RowChange:
    return RowChange(9, "public.item", "update", ("7",), {"id": "7", "n": str(before)}, {"id": "7", "n": str(after)})


def left(*changes: RowChange, calls: int = 0) -> Observation:
    return Observation(changes=changes, upstream=(UpstreamCall(method="POST", path="pay/charges"),) * calls)


def extent(full: Observation) -> Extent:
    return Extent(full, Reading({("A",): (full, full)}, SCHEMA))


DOWN, LOST = FaultKind("it is down", BREAK_BEFORE), FaultKind("its reply is lost", BREAK_AFTER, loses_reply=True)
LIE = next(it for it in AT_CALL if it.is_lie)
OK, ERROR = Response(status=200, body=b'{"state": "paid"}'), Response(status=500)
NOTHING, BOTH = left(), left(new("item"), new("undo_history"))

# ---- what a fault left: full run, what was seen, code, what must be stated, what must not

ENDED = [
    (
        "the second transaction of one request is missing, and the retry adds another item",
        BOTH,
        Seen(fault=DOWN, response=ERROR, run=left(new("item")), retried=left(new("item"), new("item", 2)), again=OK),
        "LT606",
        ["nothing is written to undo_history", "the client tries again and gets 200", "2 rows are written to item"],
        "two requests",
    ),
    (
        "the retry is refused, and it is still missing",
        BOTH,
        Seen(fault=DOWN, response=ERROR, run=left(new("item")), retried=left(new("item")), again=Response(status=409)),
        "LT606",
        ["nothing is written to undo_history; the client tries again and gets 409, then nothing is written to undo"],
        "two requests",
    ),
    (
        "one of two rows",
        left(new("item"), new("item", 2, 6)),
        Seen(fault=DOWN, response=ERROR, run=left(new("item")), retried=left(new("item")), again=ERROR),
        "LT606",
        ["1 of 2 rows are written to item"],
        "",
    ),
    (
        "success, and a row is missing",
        BOTH,
        Seen(fault=DOWN, response=OK, usual=OK, run=left(new("item"))),
        "LT203",
        ["the client gets 200 as without the fault, but nothing is written to undo_history"],
        "",
    ),
    (
        "success that says something else than usual",
        BOTH,
        Seen(fault=DOWN, response=Response(status=200, body=b'{"state": "queued"}'), usual=OK, run=left(new("item"))),
        "",
        [],
        "",
    ),
    (
        "accepted for later",
        BOTH,
        Seen(fault=DOWN, response=Response(status=202), usual=OK, run=NOTHING),
        "",
        [],
        "",
    ),
    (
        "a note of the failure is no half",
        left(new("item"), calls=1),
        Seen(fault=DOWN, response=ERROR, run=left(new("error_log")), retried=left(new("error_log")), again=ERROR,
             next_answer=OK),
        "",
        [],
        "",
    ),
    (
        "a note of the failure stays, and the retry completes the rest",
        BOTH,
        Seen(fault=LOST, response=ERROR, run=left(new("item"), new("error_log")),
             retried=left(new("item"), new("undo_history"), new("error_log")), again=OK, next_answer=OK),
        "",
        [],
        "",
    ),
    (
        "the failure came back, and the application kept its client waiting",
        BOTH,
        Seen(fault=DOWN, response=Response(error="timeout", seconds=6), run=NOTHING, printed="Error: reset"),
        "",
        ["came back at once, and the application did not answer within 6 s; it printed: Error: reset"],
        "LT601",
    ),
    (
        "rubbish is believed",
        left(new("item")),
        Seen(fault=LIE, response=OK, usual=OK, run=left(new("item", 1, 0))),
        "LT510",
        ["item.n is 0 instead of 5"],
        "",
    ),
    (
        "rubbish is believed and nothing is written: that is another lie",
        left(new("item")),
        Seen(fault=LIE, response=OK, usual=OK, run=NOTHING),
        "LT203",
        ["no row is written"],
        "hold",
    ),
    (
        "the outside service was asked three times",
        left(new("item"), calls=1),
        Seen(fault=LOST, response=OK, usual=OK, run=left(new("item"), calls=3)),
        "LT604",
        ["POST pay/charges is carried out 3 times instead of once"],
        "twice",
    ),
    (
        "a request that only calls, and the call is not carried out",
        left(calls=1),
        Seen(fault=DOWN, response=OK, usual=OK, run=NOTHING),
        "LT201",
        ["the client gets 200 and there are no rows to write, but POST pay/charges is not carried out"],
        "every row",
    ),
    (
        "the operation of the fault never came",
        BOTH,
        Seen(fault=DOWN, response=ERROR, run=NOTHING, is_met=False),
        "",
        [],
        "",
    ),
    (
        "the next request fails, and a fresh application answers",
        BOTH,
        Seen(fault=DOWN, response=ERROR, run=NOTHING, next_answer=Response(status=503), recovers=True),
        "LT208",
        ["the next request, without any fault, gets 503, until it is started again"],
        "",
    ),
    (
        "the next request fails, and so it does on a fresh application",
        BOTH,
        Seen(fault=DOWN, response=ERROR, run=NOTHING, next_answer=Response(status=503), recovers=False),
        "",
        [],
        "",
    ),
    (
        "nothing was printed",
        BOTH,
        Seen(fault=DOWN, response=ERROR, run=NOTHING, next_answer=OK, is_logged=False),
        "LT206",
        ["printed nothing"],
        "log",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("full", "seen", "code", "stated", "never"), [it[1:] for it in ENDED], ids=[it[0] for it in ENDED]
)
def test_what_a_fault_left(full, seen, code, stated, never):
    word = classify(seen, extent(full))
    assert word.code == code, word
    assert bool(word.why) is word.is_defect is not bool(word.note)
    for part in stated:
        assert part in word.why
    assert not never or never not in word.why


def test_every_ending_is_seen_here_or_says_nothing():
    """A row of the table that no example reaches is a sentence that nobody has read."""
    reached = {(w.name, w.code) for it in ENDED for w in [classify(it[2], extent(it[1]))]}
    others = {
        ("crash", "LT207"),
        ("hang", "LT601"),
        ("lie-success", "LT201"),
        ("double apply", "LT607"),
        ("half", "LT605"),
    }
    defects = {(it.name, it.code) for it in ENDINGS if it.says}
    assert defects <= reached | others  # the others are in test_aftermath


# ---- the same message twice: a second effect is one that was counted

DOUBLED = [
    (left(new("item")), left(new("item"), new("item", 2)), "item has 2 new rows instead of 1"),
    (left(change(10, 15)), left(change(10, 20)), "item.n changes by 10 instead of 5"),
    (left(change(10, 15), calls=1), left(change(10, 15), calls=2), "POST pay/charges is carried out twice"),
    (left(new("item")), left(new("item"), new("error_log")), ""),  # a note that it came again
    (left(change(10, 15)), left(change(10, 17)), ""),
    (left(new("item")), left(new("item")), ""),
    (left(new("item"), new("item", 2, 6)), left(new("item"), new("item", 2, 6), new("item", 3, 7)), ""),
]


@pytest.mark.parametrize(("once", "twice", "words"), DOUBLED)
def test_a_second_effect_is_counted(once, twice, words):
    text = extent(once).doubled(twice)
    assert words in text and bool(text) is bool(words)


# ---- the words of a step


def operation(text: str, kind: OperationKind = OperationKind.STATEMENT, atomic: bool = False) -> Operation:
    return Operation(
        number=1, lane="A", wire="postgres", connection=1, kind=kind, text=text, fingerprint=text, atomic=atomic
    )


REFUSED = Failure(code="23505")
ROW = Row("item", {"id": "1"}, {"n": "5"})


@pytest.mark.parametrize(
    ("statement", "result", "before", "after", "words"),
    [
        ("insert into item", Result(number=1, tag="INSERT 0 1"), (), (ROW,), "adds a row to item: n 5"),
        ("insert into item", Result(number=1, tag="INSERT 0 0"), (), (), "adds nothing to item"),
        ("insert into item", Result(number=1, failure=REFUSED), (), (), "tries to add a row to item"),
        ("insert into item", None, (), (), "tries to add a row to item"),
        ("update item", Result(number=1, tag="UPDATE 0"), (), (), "changes nothing in item: no row matches"),
        ("update item", Result(number=1, failure=REFUSED), (), (), "tries to write item"),
        ("update item", None, (ROW,), (ROW,), "writes item: n 5, as before"),  # its reply was lost, the log has the row
        ("delete from item", None, (), (), "tries to delete from item"),
        ("delete from item", Result(number=1, tag="DELETE 1"), (ROW,), (), "deletes from item: n 5"),
    ],
)
def test_a_write_says_what_it_did(statement, result, before, after, words):
    assert write_words(operation(statement), result, "public.item", before, after) == words


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Result(number=1, rows=0), "finds nothing in item"),
        (Result(number=1, rows=0, failure=REFUSED), "tries to read item"),
        (None, "tries to read item"),
        (Result(number=1, rows=2), "reads 2 rows of item"),
    ],
)
def test_a_read_says_what_it_found(result, words):
    assert read_words(["public.item"], result, (), "reads") == words


# ---- what kept two requests apart, and which pattern an outcome is


def run_with(status: int) -> Observation:
    outcome = Outcome.OK if status < 400 else Outcome.REFUSED
    return Observation(answers=(Answer(lane="B", method="POST", path="/", status=status, outcome=outcome),))


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("constraint", 409, "refused the row of one, which was answered 409"),
        ("constraint", 200, "refused the row of one, which succeeded at last"),
        ("isolation", 409, "refused one (40001), which was answered 409"),
        ("isolation", 200, "which succeeded at last"),
        ("condition", 409, "changed nothing: its condition did not hold"),
    ],
)
def test_what_protects_is_reported_with_its_end(kind, status, words):
    assert words in explain(Mechanism(kind=kind, subject="item", lane="B"), run_with(status))


@pytest.mark.parametrize(
    ("verdict", "name", "sqlstate", "code"),
    [
        (Verdict.STATUS_WRONG, "", "", ""),  # a DELETE twice that ends with 500
        (Verdict.STATUS_WRONG, "", "23503", ""),
        (Verdict.STATUS_WRONG, "", "23505", "LT302"),
        (Verdict.STATUS_WRONG, "", "40P01", "LT603"),
        (Verdict.DATA_WRONG, "not serializable", "", ""),
        (Verdict.DATA_WRONG, "breaks no_debts", "", ""),
        (Verdict.DATA_WRONG, "lost update", "", "LT301"),
        (Verdict.DATA_WRONG, "write skew", "", "LT303"),
        (Verdict.DOUBLE_SUCCESS, "", "", "LT303"),
    ],
)
def test_an_outcome_without_a_pattern_is_filed_under_none(verdict, name, sqlstate, code):
    from looktwice.prove.run.trial import Trial
    from looktwice.prove.schedule.scheduler import Play

    trial = Trial(requests={}, play=Play(schedule=(), responses={}, journal=()), observation=NOTHING, writers={})
    assert code_of(Judgement(verdict=verdict, name=name, sqlstate=sqlstate), trial) == code


@pytest.mark.parametrize(
    ("text", "rows", "code"),
    [
        ("select * from item where n = ?", 0, "LT302"),
        ("select exists (select from item where n = ?)", 1, "LT302"),
        ("select copies from error_log where id = ?", 1, "LT303"),  # a row of another table was tested
        ("select count(*) from item", 1, "LT303"),
        ("select * from item where n = ?", 3, "LT303"),
    ],
)
def test_a_duplicate_is_filed_by_the_check_that_lied(text, rows, code):
    """As the pages of the patterns have it: looked for and not found, or tested and no longer true."""
    from looktwice.prove.network.gate import Answered, Arrived
    from looktwice.prove.run.trial import Trial
    from looktwice.prove.schedule.scheduler import Play

    asked = Arrived(1.0, operation(text), False)
    journal = (asked, Answered(1.1, "A", Result(number=1, rows=rows, tag=f"SELECT {rows}")))
    twice = left(new("item"), new("item", 2))
    trial = Trial(requests={}, play=Play(schedule=(), responses={}, journal=journal), observation=twice, writers={})
    differences = (Difference("public.item", "the number of new rows in item", "2"),)
    judgement = Judgement(verdict=Verdict.DATA_WRONG, name="duplicate", differences=differences)
    assert code_of(judgement, trial) == code


# ---- how runs end, beside each other


@pytest.mark.parametrize(
    ("seen", "beside", "lines"),
    [
        ((), (change(5, 6),), ["It ends with", "item 7 n 5", "without the fault", "item 7 n 6"]),
        ((change(5, 6),), (), ["It ends with", "item 7 n 6", "without the fault", "item 7 n 5"]),
        ((), (change(5, 6), new("item", 8)), ["item 7 n 5", "item 7 n 6 · 1 new row in item"]),
        ((), (new("item"),), ["It ends with       no row", "without the fault  1 new row in item"]),
        ((change(5, 6), new("item", 1)), (change(5, 6),), ["1 new row in item"]),
    ],
)
def test_rows_that_stand_are_not_reported_as_added(seen, beside, lines):
    from looktwice.prove.run.narrate import Narrator
    from looktwice.prove.run.trial import Trial
    from looktwice.prove.schedule.scheduler import Play
    from looktwice.render.terminal.lanes import draw

    trial = Trial(requests={}, play=Play(schedule=(), responses={}, journal=()), observation=left(*seen), writers={})
    trace = Narrator(SCHEMA).tell(trial, "", {"without the fault": left(*beside)})
    text = draw(trace, 120, False)
    position = 0
    for line in lines:
        assert line in text[position:], text
        position = text.index(line, position)
