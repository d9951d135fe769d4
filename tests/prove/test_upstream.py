"""The stand-in for an outside service: its answers, its idempotency keys, its misbehaviour, seen by a real client."""

from __future__ import annotations

import httpx
import pytest

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.gate import Accepted, Action, Answer, Arrived, Cut, CutPoint, Fail, Hang, Slow
from looktwice.prove.network.upstream import Script, Service


@pytest.fixture
def outside(boundary: Boundary):
    """A client of a service with the given script."""
    clients = []

    def connect(**script: object) -> tuple[httpx.Client, Service]:
        service = Service(Script(name="pay", **script))
        port = boundary.listen_upstream("A", service)
        clients.append(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10))
        return clients[-1], service

    yield connect
    for client in clients:
        client.close()


def effects(boundary: Boundary) -> int:
    return sum(isinstance(moment, Accepted) for moment in boundary.gate.journal)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, {"amount": 5, "id": "pay_00000001", "status": "ok"}),
        ({"price": 490}, {"price": 490}),
        ({"charge": "{id}", "sum": "{amount}"}, {"charge": "pay_00000001", "sum": 5}),
        ({"text": "of {amount} in {currency}"}, {"text": "of 5 in {currency}"}),
        ([{"n": ["{amount}"]}], [{"n": [5]}]),
    ],
)
def test_answers(outside, body, expected):
    client, _ = outside(body=body)
    assert client.post("/charges", json={"amount": 5, "card": {"no": 1}}).json() == expected


def test_what_is_an_effect(boundary, outside):
    client, service = outside()
    client.get("/charges")
    assert effects(boundary) == 0
    first = client.post("/charges", json={}, headers={"Idempotency-Key": "k"}).json()
    again = client.post("/charges", json={}, headers={"Idempotency-Key": "k"}).json()
    assert (first, effects(boundary)) == (again, 1)
    service.forget()
    client.post("/charges", json={}, headers={"Idempotency-Key": "k"})
    assert effects(boundary) == 2
    prints = [m.operation.fingerprint for m in boundary.gate.journal if isinstance(m, Arrived)]
    assert prints == ["GET pay/charges"] + ["POST pay/charges"] * 3


BAD_ANSWERS = (httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError)


@pytest.mark.parametrize(
    ("action", "status", "done"),
    [
        (Fail("503"), 503, 0),
        (Fail("429"), 429, 0),
        (Answer(200, b"<html>"), 200, 0),
        (Answer(200, b"{}", is_accepted=True), 200, 1),
        (Answer(200, b"{}", declared=10), None, 0),
        (Slow(0.01), 200, 1),
        (Slow(5), None, 1),
        (Hang(), None, 1),
        (Hang(has_effect=False), None, 0),
        (Cut(CutPoint.BEFORE), None, 0),
        (Cut(CutPoint.AFTER), None, 1),
        (Cut(CutPoint.MIDWAY), None, 1),
    ],
)
def test_misbehaviour(boundary, outside, action: Action, status, done):
    client, _ = outside()
    boundary.gate.policy = lambda operation: action
    if status is None:
        with pytest.raises(BAD_ANSWERS):
            client.post("/charges", json={}, timeout=0.3)
    else:
        assert client.post("/charges", json={}).status_code == status
    assert effects(boundary) == done
    boundary.release_all()
    assert client.post("/charges", json={}).status_code == 200


def test_hints_for_those_who_should_wait(boundary, outside):
    client, _ = outside()
    boundary.gate.policy = lambda operation: Fail("429")
    assert client.post("/charges").headers["retry-after"] == "1"


def test_a_service_that_is_away(boundary, outside):
    boundary.gate.refusing = frozenset({"A:pay"})
    client, _ = outside()
    with pytest.raises(httpx.TransportError):
        client.post("/charges")
