"""RESP without sockets: commands and replies whatever the cuts, and noise that breaks nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.prove.network.wire.redis import Session, fingerprint


def command(*words: str) -> bytes:
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(w.encode())}\r\n{w}\r\n".encode() for w in words)


ASKED = b"".join(
    [
        command("HELLO", "3"),
        command("SET", "user:17", "a\r\nb"),
        b"GET user:17\r\n",
        command("MULTI"),
        command("INCR", "n"),
        command("EXPIRE", "n", "60"),
        command("EXEC"),
        command("HGETALL", "basket"),
        command("INCR", "word"),
    ]
)
ANSWERED = b"".join(
    [
        b"%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
        b"+OK\r\n",
        b">2\r\n+invalidate\r\n*1\r\n$1\r\nx\r\n",
        b"$4\r\na\r\nb\r\n",
        b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n",
        b"*0\r\n",
        b"-WRONGTYPE not a number\r\n",
    ]
)
PRINTS = ["SET user:?", "GET user:?", "MULTI; INCR n; EXPIRE n; EXEC", "HGETALL basket", "INCR word"]


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    found, offset = [], 0
    for size in itertools.cycle(sizes):
        if offset >= len(data):
            return found
        found.append(data[offset : offset + size])
        offset += size
    return found


@settings(max_examples=60)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_the_cuts_do_not_matter(asked, answered):
    session = Session("A", 1, itertools.count(1))
    chunks = [chunk for piece in pieces(ASKED, asked) for chunk in session.client(piece)]
    answers = [session.server(piece) for piece in pieces(ANSWERED, answered)]
    results = [result for _, found in answers for result in found]
    operations = [chunk.operation for chunk in chunks if chunk.operation is not None]
    assert [operation.fingerprint for operation in operations] == PRINTS
    assert [result.number for result in results] == [operation.number for operation in operations]
    assert [result.failure.code for result in results if result.failure] == ["WRONGTYPE"]
    assert b"".join(chunk.data for chunk in chunks) == ASKED
    assert b"".join(reply.data for replies, _ in answers for reply in replies) == ANSWERED


@settings(max_examples=150)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40) | st.sampled_from([ASKED, ANSWERED])), max_size=8))
def test_noise_breaks_nothing_and_is_not_lost(parts):
    session = Session("A", 1, itertools.count(1))
    to_server, to_client = b"", b""
    for is_client, data in parts:
        if is_client:
            to_server += b"".join(chunk.data for chunk in session.client(data))
        else:
            to_client += b"".join(reply.data for reply in session.server(data)[0])
    assert b"".join(data for is_client, data in parts if is_client).startswith(to_server)
    assert b"".join(data for is_client, data in parts if not is_client).startswith(to_client)


@pytest.mark.parametrize("bomb", [b"*999999999\r\n", b"$99999999999\r\n", b"*-5\r\n", b"*" + b"1" * 70_000])
def test_sizes_that_cannot_be(bomb):
    session = Session("A", 1, itertools.count(1))
    session.client(bomb)
    session.server(bomb)
    assert not session.understood


@pytest.mark.parametrize(
    "words", [("BLPOP", "jobs", "0"), ("XREADGROUP", "GROUP", "g", "c", "block", "0", "STREAMS", "s")]
)
def test_a_worker_that_waits_for_jobs_does_nothing(words):
    session = Session("A", 1, itertools.count(1))
    (chunk,) = session.client(command(*words))
    assert chunk.operation is None
    replies, results = session.server(b"*-1\r\n")
    assert (len(replies), results) == (1, [])


def test_deep_nesting_is_counted_not_recursed():
    session = Session("A", 1, itertools.count(1))
    session.client(command("GET", "x"))
    replies, results = session.server(b"*1\r\n" * 50_000 + b":1\r\n")
    assert (len(replies), len(results)) == (1, 1)


def test_fingerprints():
    assert fingerprint("GET 5ee9a9ee-4b7c-4f4f-9a34-6b2f5d2f3c11") == "GET ?"
    assert fingerprint("ZADD board:2026 1 anna") == "ZADD board:?"
