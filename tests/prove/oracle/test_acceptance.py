"""Nothing is proven that a gate holds back, and each gate says what it saw."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from made_up import START, insert, read, run, update

from looktwice.core.trace import Verdict
from looktwice.prove.oracle import Checks, Judgement, Observation, Pair, Reading, Repeat, confirm, judge
from looktwice.prove.oracle.acceptance import gates

OLD = {"id": 1, "balance": 100, "version": 1}
OK = {"A": (200, None), "B": (200, None)}


def wallet(balance: int, answers: dict[str, Any] = OK, at: float = START) -> Observation:
    return run(answers, [update("wallet", OLD, balance=balance)], at=at)


def serial(**changed: list[Observation]) -> Reading:
    runs: dict[str, list[Observation]] = {
        "AB": [wallet(130, at=START + n) for n in range(3)],
        "BA": [wallet(130, at=START + n) for n in range(3)],
        "A": [wallet(110, {"A": (200, None)})],
        "B": [wallet(120, {"B": (200, None)})],
    }
    return read({**runs, **changed})


LOST = wallet(110)
JUDGED = judge(LOST, serial())
PAIR = Pair(reader="A", read="SELECT balance", committer="B", commit="UPDATE wallet", write="UPDATE wallet")
REPEATS = tuple(Repeat(JUDGED, swapped=number == 4) for number in range(5))
COMPLETE = Checks(
    idle=run({}),
    held={"A": wallet(110, {"A": (200, None)})},
    writers={change.xid: "A" for change in LOST.changes},
    repeats=REPEATS,
    canary=wallet(130),
    canary_order=("A", "B"),
    pair=PAIR,
    restarts=0,
    reconnects=0,
)


def changed(**fields: Any) -> Checks:
    return msgspec.structs.replace(COMPLETE, **fields)


def test_a_defect_that_passes_every_gate_is_proven() -> None:
    judged = confirm(LOST, JUDGED, serial(), COMPLETE)
    assert judged.is_proven
    assert judged.verdict is Verdict.DATA_WRONG
    assert [gate.number for gate in judged.gates] == list(range(1, 9))
    assert "A read (SELECT balance), B committed" in judged.gates[6].why


SERIAL = Judgement(verdict=Verdict.COMMUTES)


STRAY = run(OK, [update("wallet", OLD, balance=130), insert("line", id=9, item="stray")])


@pytest.mark.parametrize(
    ("number", "checks", "reading", "words"),
    [
        (1, COMPLETE, serial(BA=[wallet(130), wallet(130), STRAY]), "B then A did not end the same"),
        (1, COMPLETE, serial(BA=[wallet(130), wallet(130)]), "less than three times"),
        (2, changed(idle=wallet(99, {})), serial(), "wallet changed in an idle run"),
        (2, changed(idle=None), serial(), "was not examined"),
        (
            3,
            changed(held={"A": wallet(100, {"A": (500, None)})}),
            serial(),
            "A, held alone for as long, ends differently",
        ),
        (3, changed(held={}), serial(), "was not examined"),
        (4, changed(writers={}), serial(), "public.wallet"),
        (4, changed(writers=None), serial(), "was not examined"),
        (5, changed(repeats=(*REPEATS[:4], Repeat(SERIAL, True))), serial(), "1 of 5 came to commutes"),
        (5, changed(repeats=REPEATS[:4]), serial(), "4 repeats"),
        (5, changed(repeats=REPEATS[:4] * 2), serial(), "8 repeats"),  # none of them swapped
        (6, changed(canary=wallet(125)), serial(), "it ends differently"),
        (6, changed(canary=None), serial(), "was not examined"),
        (7, changed(pair=None), serial(), "no such pair"),
        (8, changed(restarts=1), serial(), "1 restarts"),
        (8, changed(reconnects=2), serial(), "2 new connections"),
        (8, changed(reconnects=None), serial(), "was not examined"),
    ],
)
def test_each_gate_holds_a_proof_back(number: int, checks: Checks, reading: Reading, words: str) -> None:
    judged = confirm(LOST, JUDGED, reading, checks)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert not judged.is_proven
    closed = [gate for gate in judged.gates if gate.passed is not True]
    assert [gate.number for gate in closed] == [number]
    assert words in closed[0].explain()
    assert f"G{number}" in judged.explain()


def test_rows_that_move_elsewhere_do_not_matter() -> None:
    idle = run({}, [insert("line", id=77, item="tick")])
    assert confirm(LOST, JUDGED, serial(), changed(idle=idle)).is_proven


def test_every_table_of_a_difference_is_looked_at() -> None:
    """Values that are possible one by one and not together, in two tables: the second one moves by itself."""

    def both(balance: int, item: str, answers: dict[str, Any] = OK) -> Observation:
        line = {"id": 3, "item": "old"}
        return run(answers, [update("wallet", OLD, balance=balance), update("line", line, item=item)])

    reading = serial(
        AB=[both(1, "a")] * 3,
        BA=[both(2, "b")] * 3,
        A=[both(1, "a", {"A": (200, None)})],
        B=[both(2, "b", {"B": (200, None)})],
    )
    seen = both(1, "b")
    judged = judge(seen, reading)
    assert judged.verdict is Verdict.DATA_WRONG
    for table, moving in (("line", update("line", {"id": 9}, item="x")), ("wallet", update("wallet", OLD, version=2))):
        [gate] = [gate for gate in gates(seen, judged, reading, changed(idle=run({}, [moving]))) if gate.number == 2]
        assert gate.passed is False
        assert table in gate.why


def test_what_is_no_defect_needs_no_gates() -> None:
    fine = judge(wallet(130), serial())
    assert confirm(wallet(130), fine, serial(), Checks()).verdict is fine.verdict
