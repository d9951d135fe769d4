"""The stand-in as HTTP: what goes over the wire, byte for byte, for requests that real clients and odd ones send."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Callable

import h11
import pytest

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.gate import Accepted, Answer, Arrived, Cut, CutPoint
from looktwice.prove.network.upstream import Script, Service

Exchange = Callable[..., bytes]


@pytest.fixture
def exchange(boundary: Boundary, caplog: pytest.LogCaptureFixture):
    """Sends bytes to a service with this script, says that nothing more comes, and gives all that comes back. A fault
    of ours would be logged by the loop."""

    def sent(data: bytes, *, half_close: bool = True, **script: object) -> bytes:
        port = boundary.listen_upstream("A", Service(Script(name="pay", **script)))
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(1 << 16):
                received += piece
        return received

    yield sent
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def request(method: str = "GET", *fields: str, version: str = "1.1", body: bytes = b"") -> bytes:
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} /charges HTTP/{version}", "Host: pay", *length, *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def statuses(received: bytes) -> list[int]:
    return [int(it) for it in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def separated(received: bytes) -> tuple[dict[str, str], bytes]:
    """Fields and body of the last answer."""
    head, _, body = received[received.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}, body


ORDINARY = b'{"id":"pay_00000001","status":"ok"}'


@pytest.mark.parametrize(
    ("method", "status", "length", "body"),
    [
        ("GET", 200, len(ORDINARY), ORDINARY),
        ("HEAD", 200, len(ORDINARY), b""),
        ("HEAD", 404, len(ORDINARY), b""),
        ("POST", 201, len(ORDINARY), ORDINARY),
        ("OPTIONS", 200, len(ORDINARY), ORDINARY),
        ("DELETE", 204, None, b""),
        ("HEAD", 204, None, b""),
        ("GET", 204, None, b""),
        ("GET", 304, None, b""),
        ("HEAD", 304, None, b""),
        ("POST", 205, 0, b""),
    ],
)
def test_a_body_only_where_one_is_allowed(exchange: Exchange, method, status, length, body):
    received = exchange(request(method), status=status)
    fields, got = separated(received)
    assert statuses(received) == [status]
    assert (fields.get("content-length"), got) == (None if length is None else str(length), body)
    assert ("content-type" in fields) == (status not in (204, 304))


@pytest.mark.parametrize("status", [100, 102, 103])
def test_an_interim_answer_is_followed_by_a_final_one(exchange: Exchange, status):
    received = exchange(request("POST", body=b"{}"), status=status)
    assert statuses(received) == [status, 200]
    assert separated(received)[1] == ORDINARY


@pytest.mark.parametrize(
    "body",
    [
        b"9\r\n" + b'{"a": 17}' + b"\r\n0\r\n\r\n",
        b'3\r\n{"a\r\n6;ext=1\r\n": 17}\r\n0\r\nTrailer: x\r\n\r\n',
        b"".join(b"1\r\n%c\r\n" % it for it in b'{"a": 17}') + b"0\r\n\r\n",
    ],
)
def test_a_body_in_chunks_is_one_body(exchange: Exchange, body):
    received = exchange(request("POST", "Transfer-Encoding: chunked") + body)
    assert separated(received)[1] == b'{"a":17,"id":"pay_00000001","status":"ok"}'


@pytest.mark.parametrize(("version", "is_chunked"), [("1.1", True), ("1.0", False)])
def test_chunks_are_sent_to_those_who_understand_them(boundary, exchange: Exchange, version, is_chunked):
    boundary.gate.policy = lambda operation: Answer(200, b"{}", headers=(("Transfer-Encoding", "chunked"),))
    fields, body = separated(exchange(request(version=version)))
    assert (fields.get("transfer-encoding") == "chunked", body) == (
        is_chunked,
        b"2\r\n{}\r\n0\r\n\r\n" if is_chunked else b"{}",
    )


def test_who_waits_for_leave_gets_it_once(boundary):
    port = boundary.listen_upstream("A", Service(Script(name="pay")))
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(request("PUT", "Expect: 100-continue", "Content-Length: 9"))
        assert connection.recv(1000) == b"HTTP/1.1 100 \r\n\r\n"
        connection.sendall(b'{"a": 17}')
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_who_does_not_wait_gets_no_continue(exchange: Exchange):
    """Of HTTP/1.0 there is no such thing, and a body that is here needs no leave."""
    for data in (request("PUT", "Expect: 100-continue", version="1.0", body=b"{}"), request("PUT", body=b"{}")):
        assert statuses(exchange(data)) == [200]


@pytest.mark.parametrize(
    ("fields", "version", "closes"),
    [((), "1.1", False), (("Connection: close",), "1.1", True), ((), "1.0", True)],
)
def test_a_connection_is_kept_or_closed_as_asked(boundary, fields, version, closes):
    port = boundary.listen_upstream("A", Service(Script(name="pay")))
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.connect()
    client.sock.sendall(request("GET", *fields, version=version))
    answer = http.client.HTTPResponse(client.sock)
    answer.begin()
    assert answer.read() == ORDINARY
    assert answer.will_close is closes
    if not closes:
        client.sock.sendall(request("GET", "Connection: close"))
    assert client.sock.recv(1000).startswith(b"" if closes else b"HTTP/1.1 200")
    client.close()


def test_two_thousand_requests_at_once_are_answered_in_their_order(exchange: Exchange):
    asked = [request("POST", body=b'{"n": %d}' % number) for number in range(2000)]
    received = exchange(b"".join(asked))
    assert statuses(received) == [200] * 2000
    assert [received.index(b'"n":%d,' % number) for number in range(2000)] == sorted(
        received.index(b'"n":%d,' % number) for number in range(2000)
    )


def test_a_large_body_is_taken_and_distinguished_from_another(boundary, exchange: Exchange):
    beginning = b'"' + b"x" * (9 << 20)
    for end in (b'1"', b'2"', b'1"'):
        assert statuses(exchange(request("PUT", body=beginning + end))) == [200]
    bodies = [moment.operation.body for moment in boundary.gate.journal if isinstance(moment, Accepted)]
    assert bodies[0] == bodies[2] != bodies[1]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (1 << 17) + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n", 400),  # TLS
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"CONNECT pay:443 HTTP/1.1\r\nHost: pay:443\r\n\r\n", 501),
    ],
)
def test_what_is_no_request_is_refused_in_words(boundary, exchange: Exchange, data, status):
    assert statuses(exchange(data)) == [status]
    assert not [moment for moment in boundary.gate.journal if isinstance(moment, Arrived)]


def test_an_earlier_request_is_answered_before_a_wrong_one_is_refused(exchange: Exchange):
    assert statuses(exchange(request() + b"hello\r\n\r\n")) == [200, 400]


@pytest.mark.parametrize("target", ["http://pay.example/charges", "/charges", "http://pay.example/charges?a=http://b"])
def test_an_address_written_out_is_the_same_request(boundary, exchange: Exchange, target):
    exchange(request().replace(b"/charges", target.encode()))
    assert {m.operation.fingerprint for m in boundary.gate.journal if isinstance(m, Arrived)} == {"GET pay/charges"}


def test_json_of_any_depth_is_no_fault_of_ours(exchange: Exchange):
    assert statuses(exchange(request("POST", body=b"[" * 200_000))) == [200]


@pytest.mark.parametrize("action", [Answer(200, b"{}", declared=10), Cut(CutPoint.MIDWAY)])
def test_misbehaviour_towards_head_sends_no_body(boundary, exchange: Exchange, action):
    boundary.gate.policy = lambda operation: action
    assert separated(exchange(request("HEAD")))[1] == b""


def test_the_end_of_a_request_is_no_end_of_its_answer(boundary, exchange: Exchange):
    """One that is held when its sender has sent everything is answered when it is released."""
    held: list[int] = []

    def hold(operation):
        held.append(operation.number)

    boundary.gate.policy = hold
    boundary.run(_release_when(boundary, held))
    assert statuses(exchange(request("POST", body=b"{}"))) == [200]


async def _release_when(boundary: Boundary, held: list[int]) -> None:
    import asyncio

    while not held:
        await asyncio.sleep(0.01)
    boundary.gate.release(held[0])


def test_h11_agrees_with_every_answer(exchange: Exchange):
    """A client that checks what it gets accepts each of them."""
    for method, status in [("GET", 200), ("HEAD", 200), ("POST", 204), ("GET", 304), ("GET", 103), ("DELETE", 599)]:
        client = h11.Connection(h11.CLIENT)
        data = client.send(h11.Request(method=method, target="/charges", headers=[("Host", "pay")]))
        data += client.send(h11.EndOfMessage())
        client.receive_data(exchange(data, status=status))
        seen = []
        while not isinstance(seen[-1] if seen else None, h11.EndOfMessage):
            seen.append(client.next_event())
        assert seen[0].status_code == status
