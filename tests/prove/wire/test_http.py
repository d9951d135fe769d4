"""HTTP from the server's side without sockets."""

from __future__ import annotations

import contextlib

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.prove.network.wire.http import Call, ServerSession, malformed, path_without_identifiers

REQUEST = b"POST /charges?x=1 HTTP/1.1\r\nHost: pay\r\nIdempotency-Key: k1\r\nContent-Length: 9\r\n\r\n" + b'{"a": 17}'


def calls(session: ServerSession) -> list[Call | bytes]:
    return list(session.calls())


@settings(max_examples=40)
@given(st.lists(st.integers(1, len(REQUEST)), min_size=1, max_size=6))
def test_the_cuts_do_not_matter(sizes):
    session, found, offset = ServerSession(), [], 0
    for size in [*sizes, len(REQUEST)]:
        if offset < len(REQUEST):
            session.receive(REQUEST[offset : offset + size])
            found += calls(session)
        offset += size
    (call,) = found
    assert (call.method, call.target, call.path) == ("POST", "/charges?x=1", "/charges")
    assert (call.headers["idempotency-key"], call.body, call.is_safe) == ("k1", b'{"a": 17}', False)


def test_a_connection_serves_one_call_after_the_other():
    session = ServerSession()
    session.receive(REQUEST + REQUEST.replace(b"17", b"18"))
    (first,) = calls(session)
    answer = session.answer(200, b"{}", (("Content-Type", "application/json"),))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n{}")
    (second,) = calls(session)
    assert (first.body, second.body) == (b'{"a": 17}', b'{"a": 18}')
    assert not session.must_close


def test_a_client_that_waits_for_leave_gets_it():
    session = ServerSession()
    session.receive(b"PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    (leave,) = calls(session)
    assert leave.startswith(b"HTTP/1.1 100 ")


@pytest.mark.parametrize("status", [204, 404, 429, 503, 599])
def test_every_status_can_be_answered(status):
    session = ServerSession()
    session.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    calls(session)
    assert f"HTTP/1.1 {status} ".encode() in session.answer(status, b"", ())


@given(st.binary(min_size=1, max_size=200))
def test_noise_is_refused_in_one_way_only(data):
    session = ServerSession()
    with contextlib.suppress(h11.RemoteProtocolError):
        session.receive(data)
        calls(session)


def test_a_body_cut_short_declares_its_whole_length():
    assert malformed(200, b"{", (), 10) == b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/charges/17/refund?a=1", "/charges/?/refund"),
        ("/v1/customers/5ee9a9ee-4b7c-4f4f-9a34-6b2f5d2f3c11", "/v1/customers/?"),
        ("/charges/ch_00000012", "/charges/?"),
        ("/candidates/candidate-1", "/candidates/candidate-1"),
        ("/v2/orders", "/v2/orders"),
    ],
)
def test_identifiers_in_paths(target, expected):
    assert path_without_identifiers(target) == expected
