"""A claim goes no further than what was observed: what a void run is called, what is claimed of two deliveries, when a
replay holds. Beside each claim that was too strong once stand cases in which it is right."""

from __future__ import annotations

import pytest

from looktwice.core.trace import Verdict
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.evidence.replay import Outcome
from looktwice.prove.experiments.sent_again import _Ended
from looktwice.prove.experiments.twice import EXPERIMENT
from looktwice.prove.network.request import Request, Response
from looktwice.prove.oracle import Mechanism, Observation
from looktwice.prove.oracle.protection import explain
from looktwice.prove.run.identity import carries_identity
from looktwice.prove.run.void import Void, changed, limited

POST = Request(method="POST", path="/transfer")
OK = Response(status=200)


def answer(status: int, **headers: str) -> Response:
    return Response(status=status, headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))


# ---- why a run is void

VOID = [
    (limited(POST, answer(429)), "rate limited"),
    (limited(POST, answer(503, Retry_After="9")), "rate limited"),
    (changed(POST, answer(429), OK), "rate limited"),
    (changed(POST, answer(401), OK), "logged out"),
    (changed(POST, answer(403), OK), "not as before"),  # a lock-out, or any other rule
    (changed(POST, answer(423), OK), "not as before"),
    (changed(POST, answer(503), OK), "not as before"),  # a limit, or it is broken
    (changed(POST, answer(500), OK), "not as before"),
    (changed(POST, Response(error="timeout"), OK), "not as before"),
]


@pytest.mark.parametrize(("void", "name"), VOID, ids=[it[0].why for it in VOID])
def test_a_void_run_is_named_by_its_answer(void: Void, name: str):
    assert void.name == name


def test_what_is_not_as_before_says_both_answers():
    text = changed(POST, answer(423), answer(302, Location="/orders/1")).why
    assert text == (
        "POST /transfer is answered 423, and was answered 302 to /orders/1 before, when the same request met the "
        "same rows"
    )


# ---- two deliveries of one message

DELIVERIES = [
    (_Ended(total=4, held=4), Verdict.PROTECTED, "4 orders of two deliveries, and each left what one leaves"),
    (_Ended(total=9, held=4), Verdict.SERIAL, "two deliveries left what one leaves in 4 of 9 orders"),  # the budget
    (
        _Ended(total=4, held=3, others=["A never came to `update item`"]),
        Verdict.SERIAL,
        "two deliveries left what one leaves in 3 of 4 orders; 1 could not be judged: A never came to `update item`",
    ),
    (
        _Ended(total=2, others=["neither delivery was answered with success"] * 2),
        Verdict.INCONCLUSIVE,
        "no order could be judged: neither delivery was answered with success",
    ),
    (
        _Ended(total=2, held=1, doubts=["A, then B: item has 2 new rows instead of 1, but not every time"]),
        Verdict.INCONCLUSIVE,
        "not what one delivery leaves, and not reliably twice that: A, then B: item has 2 new rows instead of 1, but "
        "not every time",
    ),
]


@pytest.mark.parametrize(("ended", "verdict", "why"), DELIVERIES)
def test_what_is_claimed_of_two_deliveries(ended, verdict, why):
    assert ended.verdict() == (verdict, why)


@pytest.mark.parametrize(
    ("once", "headers", "expected"),
    [
        (True, (), True),
        (False, (("Idempotency-Key", "k1"),), True),
        (False, (("x-request-id", "k1"),), True),
        (False, (("Authorization", "Bearer k1"),), False),
        (False, (), False),
    ],
)
def test_which_request_carries_an_identity(once, headers, expected):
    """Of one that does it must not be claimed that a repetition cannot be known."""
    request = Request(method="POST", path="/transfer", headers=headers)
    assert carries_identity(Case(endpoint="POST /transfer", first=request, second=request, once=once)) is expected


# ---- what protects, and what holds


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("UPDATE 0", "changed nothing: its condition did not hold"),
        ("DELETE 0", "changed nothing: its condition did not hold"),
        ("INSERT 0 0", "added nothing"),  # a conflict, or a query without rows
    ],
)
def test_a_write_without_effect(detail, words):
    text = explain(Mechanism(kind="condition", subject="item", detail=detail), Observation())
    assert text == f"the write of one to item {words}"


@pytest.mark.parametrize("verdict", [Verdict.PROTECTED, Verdict.COMMUTES, Verdict.SERIAL, Verdict.RESPONSE_ONLY])
def test_what_was_seen_in_some_schedules_only_is_not_reported_to_hold(verdict):
    outcome = Outcome(is_wrong=False, holds=True, why="", verdict=verdict.value)
    assert outcome.is_known is (verdict in (Verdict.PROTECTED, Verdict.COMMUTES))


@pytest.mark.parametrize(
    ("second", "title"),
    [
        ("/orders/1/cancel", "POST /orders/1/cancel, twice at the same time"),
        ("/orders/1/pay", "POST /orders/1/cancel and POST /orders/1/pay at the same time"),
    ],
)
def test_a_pair_is_named_by_both(second, title):
    first = Request(method="POST", path="/orders/1/cancel")
    case = Case(endpoint="POST /orders/1/cancel", first=first, second=Request(method="POST", path=second))
    assert EXPERIMENT._title(case) == title
