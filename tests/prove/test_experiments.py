"""The four experiments on handlers that are known to be bad or good: what is reported of each, and why."""

from __future__ import annotations

import json

import pytest

from looktwice.core.trace import Verdict
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.experiments import connection_lost, sent_again, twice, upstream_down
from looktwice.prove.experiments.experiment import Experiment, NotShown, Shown, Tried, experiments
from looktwice.prove.network.request import Request


def post(path: str, **body: object) -> Request:
    return Request(method="POST", path=f"/{path}", body=json.dumps(body).encode())


def case(path: str, first: dict, second: dict | None = None, once: bool = False) -> Case:
    return Case(
        endpoint=f"POST /{path}",
        first=post(path, **first),
        second=post(path, **(second or first)),
        once=once,
    )


def ask(bank, experiment: Experiment, about: Case) -> list[Shown | NotShown]:
    found = [result for result in experiment.run(bank.laboratory, about) if not isinstance(result, Tried)]
    rows = bank.direct.execute("SELECT balance, version FROM wallet ORDER BY id").fetchall()
    assert rows == [(100, 0), (100, 0)], "every run ends at the snapshot"
    return found


def test_experiments_are_found_by_walking():
    names = [experiment.name for experiment in experiments()]
    assert {"twice", "sent-again", "connection-lost", "upstream-down", "ten-times-the-rows"} <= set(names)
    assert names == sorted(names)


FIFTY, THIRTY = {"amount": 50}, {"amount": 30}


@pytest.mark.parametrize(
    ("path", "first", "second", "code", "name"),
    [
        ("deposit", FIFTY, THIRTY, "LT301", "lost update"),
        ("withdraw", {"amount": 60}, None, "LT303", "over limit"),
        ("create", {"name": "x"}, None, "LT302", "duplicate"),
    ],
)
def test_twice_proves_what_is_wrong(bank, path, first, second, code, name):
    (shown,) = ask(bank, twice.EXPERIMENT, case(path, first, second))
    assert isinstance(shown, Shown)
    assert (shown.code, shown.judgement.name, shown.judgement.verdict) == (code, name, Verdict.DATA_WRONG)
    assert [gate.number for gate in shown.judgement.gates if gate.passed] == [1, 2, 3, 4, 5, 6, 7, 8]
    held, other = shown.trace.order[0], shown.trace.order[1]
    assert held != other and shown.trace.order.endswith(held)  # one is held after it has read; either may be
    assert len(shown.trace.serial) == 2 and shown.trace.final not in [rows for _, rows in shown.trace.serial]


def test_the_trace_of_a_lost_update_reads_like_the_story(bank):
    (shown,) = ask(bank, twice.EXPERIMENT, case("deposit", FIFTY, THIRTY))
    held, other = shown.trace.order[:2]
    after = {"A": 150, "B": 130}
    assert [(step.lane, step.words) for step in shown.trace.steps] == [
        (held, "reads wallet: balance 100"),
        (other, "reads wallet: balance 100"),
        (other, f"writes wallet: balance 100 → {after[other]}"),
        (other, "commits"),
        (other, "answers 200"),
        (held, f"writes wallet: balance {after[other]} → {after[held]}"),
        (held, "commits"),
        (held, "answers 200"),
    ]
    assert [step.held for step in shown.trace.steps] == [False] * 5 + [True, False, False]


def test_double_spending_is_found_at_the_brink(bank):
    """Ten of a hundred can be taken ten times: only the last one can go wrong."""
    (shown,) = ask(bank, twice.EXPERIMENT, case("withdraw", {"amount": 10}))
    assert isinstance(shown, Shown)
    assert (shown.code, len(shown.prelude)) == ("LT303", 9)


@pytest.mark.parametrize(
    ("path", "first", "second", "verdict", "why"),
    [
        ("deposit_locked", FIFTY, THIRTY, Verdict.PROTECTED, "lock on public.wallet"),
        ("deposit_atomic", FIFTY, THIRTY, Verdict.PROTECTED, "lock on public.wallet"),
        ("deposit_polling", FIFTY, THIRTY, Verdict.PROTECTED, "lock"),
        ("deposit_versioned", FIFTY, THIRTY, Verdict.PROTECTED, ""),
        ("create_unique", {"name": "x"}, None, Verdict.PROTECTED, ""),
        ("receive_once", {"amount": 5, "event": "e"}, None, Verdict.PROTECTED, ""),
        ("transfer", {"giver": 9, "taker": 8}, None, Verdict.COMMUTES, ""),
        ("absent", {}, None, Verdict.NOT_REACHED, "A alone is answered 500"),
    ],
)
def test_twice_names_what_protects(bank, path, first, second, verdict, why):
    (found,) = ask(bank, twice.EXPERIMENT, case(path, first, second))
    assert isinstance(found, NotShown)
    assert (found.verdict, why in found.why) == (verdict, True), found.why


def test_a_serialization_failure_is_a_wrong_status_not_wrong_data(bank):
    (shown,) = ask(bank, twice.EXPERIMENT, case("deposit_serializable", FIFTY, THIRTY))
    assert (shown.code, shown.judgement.verdict, shown.judgement.sqlstate) == ("LT603", Verdict.STATUS_WRONG, "40001")


def test_a_deadlock_is_a_wrong_status(bank):
    """Each holds what the other wants next. One stop is enough: the lane that is released first runs into the other."""
    (shown,) = ask(bank, twice.EXPERIMENT, case("transfer", {"giver": 1, "taker": 2}, {"giver": 2, "taker": 1}))
    assert (shown.code, shown.judgement.verdict, shown.judgement.sqlstate) == ("LT603", Verdict.STATUS_WRONG, "40P01")


@pytest.mark.parametrize(("path", "is_shown"), [("receive", True), ("receive_once", False)])
def test_a_message_that_arrives_twice(bank, path, is_shown):
    about = case(path, {"amount": 5, "event": "e-1"}, once=True)
    (found,) = ask(bank, sent_again.EXPERIMENT, about)
    assert isinstance(found, Shown) == is_shown
    assert found.code == "LT607"


def test_only_a_request_with_an_identity_is_sent_again():
    assert not sent_again.EXPERIMENT.applies(case("receive", {}))
    keyed = Case(
        endpoint="", first=Request(method="POST", path="/", headers=(("Idempotency-Key", "1"),)), second=post("x")
    )
    assert sent_again.EXPERIMENT.applies(keyed)


@pytest.mark.parametrize(
    ("path", "codes"),
    [("charge", ["LT605", "LT510"]), ("charge_safely", []), ("charge_and_hope", ["LT201"])],
)
def test_the_outside_service_is_down(bank, path, codes):
    found = ask(bank, upstream_down.EXPERIMENT, case(path, {"amount": 5, "key": "k"}, once=True))
    assert [result.code for result in found if isinstance(result, Shown)] == codes
    for shown in (result for result in found if isinstance(result, Shown)):
        assert shown.faults and any(step.kind == "fault" for step in shown.trace.steps)


@pytest.mark.parametrize(
    ("path", "once", "codes"),
    [("deposit", False, []), ("receive", True, ["LT607"]), ("receive_once", True, []), ("charge", False, ["LT605"])],
)
def test_the_database_connection_is_lost(bank, path, once, codes):
    about = case(path, {"amount": 5, "event": "e-2"}, once=once)
    found = ask(bank, connection_lost.EXPERIMENT, about)
    assert [result.code for result in found if isinstance(result, Shown)] == codes


def test_a_read_can_only_wait_for_a_service():
    look = Request(method="GET", path="/wallet")
    about = Case(endpoint="GET /wallet", first=look, second=look)
    modules = (twice, sent_again, connection_lost, upstream_down)
    applying = [module.EXPERIMENT.name for module in modules if module.EXPERIMENT.applies(about)]
    assert applying == ["upstream-down"]
