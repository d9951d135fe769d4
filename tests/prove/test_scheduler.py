"""Two requests under a schedule: what must be lost is lost every time, what is protected is protected by its name."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from looktwice.prove.network.gate import Accepted, Answered, Arrived, Cut, CutPoint, Fail
from looktwice.prove.network.proxy import Address
from looktwice.prove.network.request import Request
from looktwice.prove.network.wire.operation import OperationKind
from looktwice.prove.schedule.breakpoints import Fault
from looktwice.prove.schedule.schedule import Pause, Point, Turn, explain, preempted, serial
from looktwice.prove.schedule.scheduler import Play

UPDATE = "update wallet set balance = ? where id = ?"
ATOMIC = "update wallet set balance = balance + ? where id = ?"


@pytest.fixture(autouse=True)
def _restored(bank) -> Iterator[None]:
    yield
    bank.direct.execute("UPDATE wallet SET balance = 100, version = 0; TRUNCATE slug, handle, charge")


def post(path: str, **body: object) -> Request:
    return Request(method="POST", path=f"/{path}", body=json.dumps(body).encode())


def pair(path: str, a: int = 50, b: int = 30) -> dict[str, Request]:
    return {"A": post(path, amount=a), "B": post(path, amount=b)}


def statuses(play: Play) -> list[int | None]:
    return [play.responses[lane].status for lane in sorted(play.responses)]


def balance(bank) -> int:
    return bank.direct.execute("SELECT balance FROM wallet WHERE id = 1").fetchone()[0]


def test_a_serial_schedule_runs_one_after_the_other(bank):
    play = bank.scheduler.play(pair("deposit"), serial("A", "B"))
    lanes = "".join(m.operation.lane for m in play.journal if isinstance(m, Arrived))
    assert (statuses(play), balance(bank), lanes.rstrip("B").rstrip("A")) == ([200, 200], 180, "")


def test_what_is_not_understood_is_no_schedule(bank):
    """Bytes that no protocol explains pass through, and could not have been held: then nothing is concluded from the
    run."""
    with socket.create_server(("127.0.0.1", 0)) as behind:
        port = bank.boundary.listen_postgres("A", Address("127.0.0.1", behind.getsockname()[1]))
        with socket.create_connection(("127.0.0.1", port)) as strange:
            strange.sendall(b"\x7f\xff\xff\xff GET / HTTP/1.1")
            other, _ = behind.accept()
            with other:
                assert other.recv(100)
                play = bank.scheduler.play(pair("deposit"), serial("A", "B"))
                assert play.unreached == "a connection of A uses a protocol that is not understood"
                assert statuses(play) == [200, 200]
        while any(it.is_strange for it in bank.boundary.gate.of_lane("A")):
            time.sleep(0.001)
    assert bank.scheduler.play(pair("deposit"), serial("A", "B")).unreached == ""


@pytest.mark.parametrize("first", "AB")
def test_the_lost_update_is_lost_every_time(bank, first):
    second = "B" if first == "A" else "A"
    for _ in range(10):
        play = bank.scheduler.play(pair("deposit"), preempted(first, Point(UPDATE), second))
        assert (statuses(play), balance(bank)) == ([200, 200], {"A": 150, "B": 130}[first])
        assert (play.unreached, play.blocked) == ("", ())
        bank.direct.execute("UPDATE wallet SET balance = 100")


@pytest.mark.parametrize(
    ("path", "point", "kind"),
    [
        ("deposit_locked", Point(UPDATE), "transactionid"),
        ("deposit_atomic", Point("commit"), "transactionid"),
    ],
)
def test_a_lock_is_seen_and_its_holder_goes_first(bank, path, point, kind):
    play = bank.scheduler.play(pair(path), preempted("A", point, "B"))
    assert (statuses(play), balance(bank)) == ([200, 200], 180)
    (blocked,) = play.blocked
    assert (blocked.lane, blocked.by, blocked.kind, blocked.relation) == ("B", "A", kind, "public.wallet")
    assert "wallet" in blocked.statement


def test_optimistic_locking_refuses_the_one_that_was_held(bank):
    point = Point("update wallet set balance = ?, version = version + ? where id = ? and version = ?")
    play = bank.scheduler.play(pair("deposit_versioned"), preempted("A", point, "B"))
    assert (statuses(play), balance(bank)) == ([409, 200], 130)
    tags = [m.result.tag for m in play.journal if isinstance(m, Answered)]
    assert "UPDATE 0" in tags


def test_a_serialization_failure_is_in_the_journal(bank):
    play = bank.scheduler.play(pair("deposit_serializable"), preempted("A", Point(UPDATE), "B"))
    assert (statuses(play), balance(bank)) == ([500, 200], 130)
    codes = [m.result.failure.code for m in play.journal if isinstance(m, Answered) and m.result.failure]
    assert codes == ["40001"]


def test_a_lock_inside_the_application_does_not_hang_the_run(bank):
    both_at_a = dict(bank.scheduler.ports, B=bank.scheduler.ports["A"])
    scheduler = type(bank.scheduler)(bank.boundary, both_at_a, bank.scheduler.sessions)
    # One instance for both lanes: B's request waits for A's lock and shows nothing at the boundary.
    play = scheduler.play(pair("deposit_in_turn"), preempted("A", Point(UPDATE), "B"))
    assert (statuses(play), balance(bank)) == ([200, 200], 180)
    assert [b.kind for b in play.blocked] in (["application"], ["pool"])
    assert "inside the application" in play.unreached


def test_a_lock_that_is_asked_for_in_a_loop(bank):
    play = bank.scheduler.play(pair("deposit_polling"), preempted("A", Point(UPDATE), "B"))
    assert (statuses(play), balance(bank), play.unreached) == ([200, 200], 180, "")
    (blocked,) = play.blocked
    assert (blocked.lane, blocked.by, blocked.kind) == ("B", "A", "polling")
    assert "pg_try_advisory" in blocked.statement


def test_a_deadlock_is_left_to_postgresql(bank):
    lock = Point("select balance from wallet where id = ? for update", 2)
    requests = {"A": post("transfer", giver=1, taker=2), "B": post("transfer", giver=2, taker=1)}
    play = bank.scheduler.play(requests, preempted("A", lock, "B"))
    assert sorted(statuses(play)) == [200, 500]
    codes = [m.result.failure.code for m in play.journal if isinstance(m, Answered) and m.result.failure]
    assert codes == ["40P01"]


def test_a_point_that_never_comes_is_reported(bank):
    play = bank.scheduler.play(pair("deposit"), preempted("A", Point("update nothing"), "B"))
    assert play.unreached == "A never came to `update nothing`"
    assert balance(bank) == 180


def test_the_second_occurrence(bank):
    play = bank.scheduler.play(pair("deposit"), preempted("A", Point(UPDATE, 2), "B"))
    assert "never came" in play.unreached


def test_holding_alone_changes_nothing(bank):
    schedule = (Turn("A", Point(UPDATE)), Pause(0.01), Turn("A"))
    play = bank.scheduler.play({"A": post("deposit", amount=50)}, schedule)
    assert (statuses(play), balance(bank)) == ([200], 150)
    assert explain(schedule) == "A until before `update wallet`, 10 ms of pause, A to the end"


def test_an_open_transaction_is_attributed(bank):
    play = bank.scheduler.play(pair("deposit_atomic"), preempted("A", Point("commit"), "B"))
    (backend,) = set(play.transactions.values())
    a = [m.operation.backend for m in play.journal if isinstance(m, Arrived) and m.operation.lane == "A"]
    assert backend in a


@pytest.mark.parametrize(
    ("fault", "status", "left"),
    [
        (Fault("A", Point("commit"), Cut(CutPoint.AFTER)), 500, 150),
        (Fault("A", Point("commit"), Cut(CutPoint.BEFORE)), 500, 100),
        (Fault("A", Point(UPDATE), Fail("40001")), 500, 100),
    ],
)
def test_faults_at_the_database(bank, fault, status, left):
    play = bank.scheduler.play({"A": post("deposit", amount=50)}, serial("A"), (fault,))
    assert (statuses(play), balance(bank)) == ([status], left)


CHARGE = Point("POST outside/charges")


def charges(play: Play) -> int:
    return sum(isinstance(moment, Accepted) for moment in play.journal)


@pytest.mark.parametrize(
    ("action", "status", "accepted", "rows"),
    [
        (None, 200, 1, 1),
        (Fail("503"), 500, 0, 0),
        (Cut(CutPoint.BEFORE), 500, 0, 0),
        (Cut(CutPoint.AFTER), 500, 1, 0),
        (Cut(CutPoint.MIDWAY), 500, 1, 0),
    ],
)
def test_faults_at_the_outside_service(bank, action, status, accepted, rows):
    faults = (Fault("A", CHARGE, action),) if action else ()
    play = bank.scheduler.play({"A": post("charge", amount=5)}, serial("A"), faults)
    (count,) = bank.direct.execute("SELECT count(*) FROM charge").fetchone()
    assert (statuses(play), charges(play), count) == ([status], accepted, rows)


def test_an_outside_call_can_be_held(bank):
    play = bank.scheduler.play(pair("charge"), preempted("A", CHARGE, "B"))
    kinds = [
        m.operation.lane for m in play.journal if isinstance(m, Arrived) and m.operation.kind is OperationKind.CALL
    ]
    assert (statuses(play), kinds, charges(play)) == ([200, 200], ["A", "B"], 2)
    bodies = [json.loads(m.operation.body)["amount"] for m in play.journal if isinstance(m, Accepted)]
    assert bodies == [30, 50]


def test_a_preempted_run_is_quick(bank):
    requests, schedule = pair("deposit"), preempted("A", Point(UPDATE), "B")
    bank.scheduler.play(requests, schedule)
    started = time.perf_counter()
    for _ in range(20):
        bank.scheduler.play(requests, schedule)
    assert (time.perf_counter() - started) / 20 < 0.5  # a dozen milliseconds on an idle machine
