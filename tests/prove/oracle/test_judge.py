"""The decision table, row by row, on observations written by hand."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import msgspec
import pytest
from made_up import START, insert, moment, read, run, update

from looktwice.core.trace import Outcome, Verdict
from looktwice.prove.oracle import (
    KeyValue,
    Mechanism,
    Observation,
    Reading,
    UpstreamCall,
    array,
    judge,
    orders,
    outcome,
    summarize,
)
from looktwice.prove.oracle.verdict import Judgement
from looktwice.prove.servers.postgres.change import RowChange

OLD = {"id": 1, "balance": 100, "version": 1}
BOTH_OK = {"A": (200, None), "B": (200, None)}


def wallet(balance: object) -> list[RowChange]:
    return [update("wallet", OLD, balance=balance)]


def deposits() -> Reading:
    """Serial runs of two deposits, 10 and 20."""
    return read(
        {
            "AB": [run(BOTH_OK, wallet(130), at=START + n) for n in range(3)],
            "BA": [run(BOTH_OK, wallet(130), at=START + n) for n in range(3)],
            "A": run({"A": (200, None)}, wallet(110)),
            "B": run({"B": (200, None)}, wallet(120)),
        }
    )


def spends(method: str = "POST", loser: int = 409) -> Reading:
    """Serial runs of two requests of which only the first succeeds."""
    first, second = {"A": (200, None), "B": (loser, None)}, {"A": (loser, None), "B": (200, None)}
    return read(
        {
            "AB": [run(first, wallet(40), method=method) for _ in range(3)],
            "BA": [run(second, wallet(40), method=method) for _ in range(3)],
            "A": run({"A": (200, None)}, wallet(40), method=method),
            "B": run({"B": (200, None)}, wallet(40), method=method),
        }
    )


LOCK = Mechanism(kind="lock", subject="public.wallet", statement="UPDATE wallet", detail="transactionid ShareLock")
CONDITION = Mechanism(kind="condition", statement="UPDATE wallet … WHERE version = 1")
INSIDE = Mechanism(kind="application lock")

# what happened, beside which serial runs → verdict, name, whether it is only information
TABLE: list[tuple[str, Callable[[], tuple[Observation, Reading]], Verdict, str, bool]] = [
    ("state of no order", lambda: (run(BOTH_OK, wallet(110)), deposits()), Verdict.DATA_WRONG, "lost update", False),
    ("state of A then B", lambda: (run(BOTH_OK, wallet(130)), deposits()), Verdict.COMMUTES, "", False),
    ("below zero", lambda: (run(BOTH_OK, wallet(-20)), spends()), Verdict.DATA_WRONG, "over limit", False),
    ("both answered yes", lambda: (run(BOTH_OK, wallet(40)), spends()), Verdict.DOUBLE_SUCCESS, "", False),
    (
        "both deletes answered yes",
        lambda: (run(BOTH_OK, wallet(40), method="DELETE"), spends("DELETE", 404)),
        Verdict.DOUBLE_SUCCESS,
        "",
        True,
    ),
    (
        "a refused request did not happen",
        lambda: (run({"A": (200, None), "B": (409, None)}, wallet(110), mechanisms=[CONDITION]), deposits()),
        Verdict.PROTECTED,
        "",
        False,
    ),
    (
        "refused by the application alone",
        lambda: (run({"A": (200, None), "B": (409, None)}, wallet(110)), deposits()),
        Verdict.PROTECTED,
        "",
        False,
    ),
    (
        "a refused request that left something",
        lambda: (run({"A": (200, None), "B": (409, None)}, wallet(130)), deposits()),
        Verdict.DATA_WRONG,
        "lost update",
        False,
    ),
    (
        "500 and the data of A alone",
        lambda: (run({"A": (200, None), "B": (500, None)}, wallet(110), errors=[("B", "23505")]), deposits()),
        Verdict.STATUS_WRONG,
        "",
        False,
    ),
    (
        "no answer, and it happened after all",
        lambda: (run({"A": (200, None), "B": (None, None)}, wallet(130)), deposits()),
        Verdict.STATUS_WRONG,
        "",
        False,
    ),
    (
        "no answer, and half of it happened",
        lambda: (run({"A": (200, None), "B": (None, None)}, wallet(125)), deposits()),
        Verdict.DATA_WRONG,
        "lost update",
        False,
    ),
    (
        "nobody won",
        lambda: (run({"A": (409, None), "B": (409, None)}), spends()),
        Verdict.STATUS_WRONG,
        "nobody won",
        True,
    ),
    (
        "waited for a lock",
        lambda: (run(BOTH_OK, wallet(130), mechanisms=[LOCK]), deposits()),
        Verdict.PROTECTED,
        "",
        False,
    ),
    (
        "a lock in the process, two instances",
        lambda: (run(BOTH_OK, wallet(130), mechanisms=[INSIDE]), deposits()),
        Verdict.NOT_REACHED,
        "",
        False,
    ),
    (
        "never overlapped",
        lambda: (run(BOTH_OK, wallet(110), overlapped=False), deposits()),
        Verdict.NOT_REACHED,
        "",
        False,
    ),
    (
        "alone it fails",
        lambda: (run(BOTH_OK), read({"AB": run(BOTH_OK), "A": run({"A": (404, None)})})),
        Verdict.NOT_REACHED,
        "",
        False,
    ),
]


@pytest.mark.parametrize(
    ("case", "verdict", "name", "information"), [pytest.param(*row[1:], id=row[0]) for row in TABLE]
)
def test_decision_table(
    case: Callable[[], tuple[Observation, Reading]], verdict: Verdict, name: str, information: bool
) -> None:
    seen, reading = case()
    judgement = judge(seen, reading)
    assert (judgement.verdict, judgement.name, judgement.is_information) == (verdict, name, information), judgement
    assert judgement.explain().startswith(verdict.value)


def test_orders_of_three_are_sixteen() -> None:
    assert len(orders(("A", "B", "C"))) == 16
    assert orders(("A", "B")) == (("A", "B"), ("B", "A"), ("A",), ("B",), ())


def test_an_order_that_was_not_run_is_not_impossible() -> None:
    reading = read({"AB": [run(BOTH_OK, wallet(130))] * 2})
    judgement = judge(run(BOTH_OK, wallet(110)), reading)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "B then A" in judgement.why


def test_nothing_is_proven_without_repeated_serial_runs() -> None:
    reading = read({order: run({lane: (200, None) for lane in order}, wallet(130)) for order in ("AB", "BA", "A", "B")})
    assert judge(run(BOTH_OK, wallet(110)), reading).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("state", "words"), [("23505", "409 was due"), ("40001", "requested a retry"), ("40P01", "requested a retry")]
)
def test_a_wrong_status_keeps_the_error_of_the_database(state: str, words: str) -> None:
    judgement = judge(run({"A": (200, None), "B": (500, None)}, wallet(110), errors=[("B", state)]), deposits())
    assert (judgement.verdict, judgement.sqlstate) == (Verdict.STATUS_WRONG, state)
    assert words in judgement.explain()
    assert "B was answered 500, which it is in no serial order that leaves this state, “only A”" in judgement.explain()


@pytest.mark.parametrize(("count", "words"), [(1, "a retry (40001): that"), (3, "a retry (40001) 3 times: that")])
def test_of_retries_only_those_that_failed_are_known(count: int, words: str) -> None:
    """One that succeeded leaves no error: that none was made does not follow."""
    answers = {"A": (200, None), "B": (500, None)}
    judgement = judge(run(answers, wallet(110), errors=[("B", "40001")] * count), deposits())
    assert words in judgement.why and "not tried" not in judgement.why


def test_a_500_that_serial_runs_give_as_well_is_no_news() -> None:
    broken = {"A": (200, None), "B": (500, None)}
    serial = {order: [run(broken, wallet(110)) for _ in range(3)] for order in ("AB", "BA")}
    alone = {"A": run({"A": (200, None)}, wallet(110)), "B": [run({"B": (200, None)})]}
    assert judge(run(broken, wallet(110)), read({**serial, **alone})).verdict is Verdict.COMMUTES


def test_what_a_refusal_leaves_belongs_to_the_history() -> None:
    """A counter of failed attempts: the refused request is in the history that serially refuses it alike."""

    def with_audit(answers: dict[str, tuple[int, None]], balance: int) -> Observation:
        return run(answers, [*wallet(balance), insert("line", id=7, item="refused")])

    first, second = {"A": (200, None), "B": (402, None)}, {"A": (402, None), "B": (200, None)}
    reading = read(
        {
            "AB": [with_audit(first, 40) for _ in range(3)],
            "BA": [with_audit(second, 40) for _ in range(3)],
            "A": run({"A": (200, None)}, wallet(40)),
            "B": run({"B": (200, None)}, wallet(40)),
        }
    )
    assert judge(with_audit(first, 40), reading).verdict is Verdict.COMMUTES
    silent = run(first, wallet(40))
    assert judge(silent, reading).verdict is Verdict.COMMUTES  # as if B had never come


@pytest.mark.parametrize(
    ("fired", "kind"),
    [
        ([LOCK, CONDITION], "lock"),
        ([CONDITION, Mechanism(kind="constraint", subject="account_email_key")], "constraint"),
        ([Mechanism(kind="isolation", detail="40001")], "isolation"),
    ],
)
def test_the_strongest_mechanism_is_named(fired: list[Mechanism], kind: str) -> None:
    judgement = judge(run(BOTH_OK, wallet(130), mechanisms=fired), deposits())
    assert judgement.mechanism is not None
    assert judgement.mechanism.kind == kind


def test_a_condition_that_never_holds_protects_nothing() -> None:
    """Deleting the notes of somebody who has none finds no row, alone as well."""
    nothing = Mechanism(kind="condition", statement="DELETE FROM note")
    reading = deposits()
    reading.serial[("A",)] = (run({"A": (200, None)}, wallet(110), mechanisms=[nothing]),)
    assert judge(run(BOTH_OK, wallet(130), mechanisms=[nothing]), reading).verdict is Verdict.COMMUTES
    held = judge(run(BOTH_OK, wallet(130), mechanisms=[nothing, CONDITION]), reading)
    assert held.mechanism == CONDITION


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", []),
        ("{1,NULL,2}", ["1", None, "2"]),
        ('{"a,b","say \\"x\\"","NULL"}', ["a,b", 'say "x"', "NULL"]),
        ("{{1,2},{3,4}}", [["1", "2"], ["3", "4"]]),
        ("[0:1]={7,8}", ["7", "8"]),
        ("not one", None),
        ("{1", None),
        ("}", None),
        ("{1}{2}", None),
    ],
)
def test_arrays_are_read_back(text: str, expected: list[object] | None) -> None:
    assert array.parse(text) == expected


def test_a_lock_inside_the_process_protects_a_single_instance() -> None:
    assert judge(run(BOTH_OK, wallet(130), mechanisms=[INSIDE]), deposits(), instances=1).verdict is Verdict.PROTECTED


def bodies(first: object, second: object, at: float = START) -> Observation:
    return run({"A": (200, first), "B": (200, second)}, wallet(130), at=at)


def counting() -> Reading:
    return read(
        {
            "AB": [bodies({"count": 1}, {"count": 2}, START + n) for n in range(3)],
            "BA": [bodies({"count": 2}, {"count": 1}, START + n) for n in range(3)],
            "A": run({"A": (200, {"count": 1})}, wallet(110)),
            "B": run({"B": (200, {"count": 1})}, wallet(120)),
        }
    )


def test_what_must_hold_and_does_not() -> None:
    """The user's word decides where the state alone would pass; what serial runs break too is no matter of order."""
    rule = (("money stays", "sum 90"),)
    seen = msgspec.structs.replace(run(BOTH_OK, wallet(130)), broken=rule)
    judgement = judge(seen, deposits())
    assert (judgement.verdict, judgement.name) == (Verdict.DATA_WRONG, "breaks money stays")
    assert "sum 90" in judgement.explain()
    reading = deposits()
    alone = reading.serial[("A",)][0]
    reading.serial[("A",)] = (msgspec.structs.replace(alone, broken=rule),)
    assert judge(seen, reading).verdict is Verdict.COMMUTES


def test_stale_answers_are_information() -> None:
    judgement = judge(bodies({"count": 2}, {"count": 2}), counting())
    assert (judgement.verdict, judgement.is_information) == (Verdict.RESPONSE_ONLY, True)
    assert judge(bodies({"count": 1}, {"count": 2}), counting()).verdict is Verdict.COMMUTES


def json_list(*items: str) -> RowChange:
    return insert("purchase", id=9, note="[" + ", ".join(f'"{item}"' for item in items) + "]")


def array_list(*items: str) -> RowChange:
    return insert("purchase", id=9, tags="{" + ",".join(items) + "}")


def listed(*items: str) -> Observation:
    return run(BOTH_OK, [json_list(*items)])


@pytest.mark.parametrize("spell", [json_list, array_list])
def test_an_order_that_no_serial_run_has_is_no_defect(spell: Callable[..., RowChange]) -> None:
    def made(*items: str) -> Observation:
        return run(BOTH_OK, [spell(*items)])

    serial = {"AB": [made("x", "y", "z")] * 3, "BA": [made("z", "y", "x")] * 3}
    reading = read({**serial, "A": run({"A": (200, None)}), "B": run({"B": (200, None)})})
    judgement = judge(made("y", "x", "z"), reading)
    assert (judgement.verdict, judgement.name) == (Verdict.COMMUTES, "order only")
    assert judge(made("y", "x", "x"), reading).verdict is Verdict.DATA_WRONG


def test_another_order_in_a_list_is_not_another_state() -> None:
    """In data a list has an order; that it is new is reported, and nothing more."""
    reading = read(
        {
            "AB": [listed("x", "y") for _ in range(3)],
            "BA": [listed("y", "x") for _ in range(3)],
            "A": run({"A": (200, None)}),
            "B": run({"B": (200, None)}),
        }
    )
    assert judge(listed("x", "y"), reading).verdict is Verdict.COMMUTES
    assert judge(listed("x", "x"), reading).verdict is Verdict.DATA_WRONG


# ---- what stands in the columns


def token(at: float) -> str:
    return blake2b(str(at).encode(), digest_size=12).hexdigest()


def purchases(at: float, **columns: object) -> list[RowChange]:
    return [insert("purchase", **{"id": int(at), "wallet_id": 1, "token": token(at), **columns})]


def both(make: Callable[[float], list[RowChange]]) -> Reading:
    """Both orders end alike, three times each; alone nothing stays."""
    return read(
        {
            "AB": [run(BOTH_OK, make(START + 7 * n), at=START + 7 * n) for n in range(3)],
            "BA": [run(BOTH_OK, make(START + 99 + 7 * n), at=START + 99 + 7 * n) for n in range(3)],
            "A": run({"A": (200, None)}),
            "B": run({"B": (200, None)}),
        }
    )


SAME, OTHER = Verdict.COMMUTES, Verdict.DATA_WRONG
LATER = START + 500.0


@pytest.mark.parametrize(
    ("make", "seen", "verdict"),
    [
        pytest.param(purchases, purchases(5), SAME, id="ids and tokens are names"),
        pytest.param(lambda at: purchases(at, total=0.3), purchases(5, total=0.1 + 0.2), SAME, id="floats"),
        pytest.param(lambda at: purchases(at, total=0.3), purchases(5, total=0.3001), OTHER, id="floats differ"),
        pytest.param(lambda at: purchases(at, wallet_id=1), purchases(5, wallet_id=2), OTHER, id="another wallet"),
        pytest.param(lambda at: purchases(at, made=moment(at)), purchases(5, made=moment(LATER)), SAME, id="made now"),
        pytest.param(lambda at: purchases(at, made=moment(at)), purchases(5, made=None), OTHER, id="never made"),
        pytest.param(
            lambda at: purchases(at, made=moment(at)), purchases(5, made=moment(9e8)), OTHER, id="made long ago"
        ),
        pytest.param(
            lambda at: purchases(at, expires=moment(at + 86400 * 30)),
            purchases(5, expires=moment(LATER + 86400 * 30 + 0.05)),
            SAME,
            id="expires in a month",
        ),
        pytest.param(
            lambda at: purchases(at, expires=moment(at + 86400 * 60)),
            purchases(5, expires=moment(LATER + 86400 * 30)),
            OTHER,
            id="expires a month early",
        ),
        pytest.param(
            lambda at: purchases(at, expires=moment(2e9)), purchases(5, expires=moment(2.1e9)), OTHER, id="a date given"
        ),
        pytest.param(
            lambda at: purchases(at, note='{"paid": true}'), purchases(5, note='{"paid": false}'), OTHER, id="json"
        ),
        pytest.param(
            lambda at: purchases(at, note=f'{{"order": {int(at)}}}'),
            purchases(5, note='{"order": 5}'),
            SAME,
            id="json id",
        ),
        pytest.param(
            lambda at: purchases(at, note=f'{{"order": {int(at)}}}'),
            purchases(5, note='{"order": 6}'),
            OTHER,
            id="wrong id",
        ),
        pytest.param(
            lambda at: purchases(at, note=f'"/o/{int(at)}?t={token(at)}"'),
            purchases(5, note=f'"/o/5?t={token(5)}"'),
            SAME,
            id="link",
        ),
        pytest.param(
            lambda at: purchases(at, note=f'"/o/{int(at)}?t={token(at)}"'),
            purchases(5, note=f'"/o/5?t={token(6)}"'),
            OTHER,
            id="false",
        ),
    ],
)
def test_what_is_renamed_and_what_is_not(
    make: Callable[[float], list[RowChange]], seen: list[RowChange], verdict: Verdict
) -> None:
    judgement = judge(run(BOTH_OK, seen, at=LATER), both(make))
    assert judgement.verdict is verdict, judgement.explain()


def test_a_number_that_cannot_be_vouched_for_is_reported_as_such() -> None:
    numbers = iter(range(40, 60))

    def make(at: float) -> list[RowChange]:
        return purchases(at, code=next(numbers))

    judgement = judge(run(BOTH_OK, purchases(5, code=3), at=LATER), both(make))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "purchase.code" in judgement.why


def test_an_unstable_number_does_not_hide_what_is_wrong_beside_it() -> None:
    numbers = iter(range(40, 60))

    def make(at: float) -> list[RowChange]:
        return [*purchases(at, code=next(numbers)), *wallet(130)]

    seen = [*purchases(5, code=3), *wallet(110)]
    assert judge(run(BOTH_OK, seen, at=LATER), both(make)).verdict is Verdict.DATA_WRONG


def test_a_choice_among_few_is_not_a_token() -> None:
    """A text that is drawn from a handful is no name for anything: nobody can say what it should be."""
    drawn = iter(["red", "green", "blue", "green", "red", "red"])

    def make(at: float) -> list[RowChange]:
        return [insert("line", id=int(at), item=next(drawn))]

    judgement = judge(run(BOTH_OK, [insert("line", id=5, item="blue")], at=LATER), both(make))
    assert (judgement.verdict, "line.item" in judgement.why) == (Verdict.INCONCLUSIVE, True)


def two_purchases(first: str, second: str, base: int) -> list[RowChange]:
    return [
        insert("purchase", id=base, wallet_id=1, token=first),
        insert("purchase", id=base + 1, wallet_id=1, token=second),
    ]


def test_names_stay_equal_where_they_were_equal() -> None:
    reading = both(lambda at: two_purchases(token(at), token(-at), int(at)))
    assert judge(run(BOTH_OK, two_purchases("p", "q", 5), at=LATER), reading).verdict is SAME
    shared = judge(run(BOTH_OK, two_purchases("p", "p", 5), at=LATER), reading)
    assert shared.verdict is OTHER
    assert "what purchase holds and refers to" in shared.explain()


def with_lines(owner_of_first: int, base: int) -> list[RowChange]:
    """Two purchases with different totals, each with one line; `owner_of_first` decides whose line is whose."""
    owners = (base, base + 1) if owner_of_first == 0 else (base + 1, base)
    return [
        insert("purchase", id=base, wallet_id=1, total=5),
        insert("purchase", id=base + 1, wallet_id=1, total=9),
        insert("line", id=base, purchase_id=owners[0], item="cheap"),
        insert("line", id=base + 1, purchase_id=owners[1], item="dear"),
    ]


def test_a_line_that_hangs_at_the_wrong_order_is_seen() -> None:
    reading = both(lambda at: with_lines(0, int(at)))
    assert judge(run(BOTH_OK, with_lines(0, 5), at=LATER), reading).verdict is SAME
    assert judge(run(BOTH_OK, with_lines(1, 5), at=LATER), reading).verdict is OTHER


def answered(token: str, stored: str, base: int, at: float) -> Observation:
    body = {"id": base, "token": token}
    return run({"A": (201, body), "B": (201, {"id": 1})}, [insert("purchase", id=base, token=stored)], at=at)


def test_the_token_returned_is_the_token_stored() -> None:
    reading = read(
        {
            "AB": [answered(f"t{n}", f"t{n}", 10 + n, START + n) for n in range(3)],
            "BA": [answered(f"u{n}", f"u{n}", 20 + n, START + n) for n in range(3)],
            "A": run({"A": (201, None)}),
            "B": run({"B": (201, None)}),
        }
    )
    assert judge(answered("z", "z", 40, LATER), reading).verdict is SAME
    assert judge(answered("z", "other", 40, LATER), reading).verdict is Verdict.RESPONSE_ONLY


def call(amount: int, number: str = "ch_1") -> UpstreamCall:
    return UpstreamCall(method="POST", path="/charges", body={"amount": amount}, answer={"id": number})


def test_outside_calls_belong_to_the_state() -> None:
    reading = read(
        {order: [run(BOTH_OK, upstream=[call(5, f"ch_{order}{n}")]) for n in range(3)] for order in ("AB", "BA")}
        | {"A": run({"A": (200, None)}, upstream=[call(5)]), "B": run({"B": (200, None)}, upstream=[call(5)])}
    )
    assert judge(run(BOTH_OK, upstream=[call(5, "ch_q")]), reading).verdict is SAME
    twice = judge(run(BOTH_OK, upstream=[call(5, "ch_q"), call(5, "ch_r")]), reading)
    assert (twice.verdict, twice.name) == (OTHER, "duplicate")
    assert "POST /charges is 2" in twice.explain()
    assert judge(run(BOTH_OK, upstream=[call(6, "ch_q")]), reading).verdict is OTHER


def key(value: object, expires: bool = True) -> KeyValue:
    return KeyValue(key="stock:1", type="string", value=value, expires=expires)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [([key("4")], SAME), ([key("5")], OTHER), ([key("4", expires=False)], OTHER), ([], OTHER)],
)
def test_redis_keys_belong_to_the_state(seen: list[KeyValue], verdict: Verdict) -> None:
    serial = {order: [run(BOTH_OK, keys=[key("4")]) for _ in range(3)] for order in ("AB", "BA")}
    alone = {lane: run({lane: (200, None)}, keys=[key("5")]) for lane in ("A", "B")}
    assert judge(run(BOTH_OK, keys=seen), read({**serial, **alone})).verdict is verdict


# ---- outcomes, summaries


@pytest.mark.parametrize(
    ("status", "headers", "faulted", "expected"),
    [
        (201, {}, False, Outcome.OK),
        (302, {}, False, Outcome.OK),
        (409, {}, False, Outcome.REFUSED),
        (503, {"retry-after": "1"}, False, Outcome.REFUSED),
        (503, {}, False, Outcome.UNKNOWN),
        (500, {}, False, Outcome.UNKNOWN),
        (None, {}, False, Outcome.UNKNOWN),
        (200, {}, True, Outcome.UNKNOWN),
    ],
)
def test_outcomes(status: int | None, headers: dict[str, str], faulted: bool, expected: Outcome) -> None:
    assert outcome(status, headers, faulted) is expected


def test_protection_is_claimed_only_when_everything_was_tried() -> None:
    protected = Judgement(verdict=Verdict.PROTECTED, why="a lock")
    assert summarize([protected] * 3, 3).verdict is Verdict.PROTECTED
    partly = summarize([protected] * 3, 5)
    assert (partly.verdict, partly.why) == (Verdict.SERIAL, "nothing was found in 3 of 5 schedules")
    wrong = Judgement(verdict=Verdict.DATA_WRONG)
    assert summarize([protected, wrong], 9).verdict is Verdict.DATA_WRONG
    assert summarize([], 4).verdict is Verdict.NOT_REACHED
