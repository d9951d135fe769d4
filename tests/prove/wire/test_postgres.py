"""The PostgreSQL wire without sockets: however the bytes are cut, the same events; whatever the bytes, no crash."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.encryption import Encryption
from looktwice.prove.network.proxy import Address, PostgresProxy
from looktwice.prove.network.wire import postgres_frames as frames
from looktwice.prove.network.wire.operation import Operation, Result
from looktwice.prove.network.wire.postgres import Session
from looktwice.prove.servers.postgres.server import Server


class Piece(NamedTuple):
    from_client: bool
    data: bytes


class Tape(PostgresProxy):
    """A proxy that remembers what passed."""

    def __init__(self, *arguments: object, tape: list[Piece]) -> None:
        super().__init__(*arguments)
        self._tape = tape

    def data_received(self, data: bytes) -> None:
        self._tape.append(Piece(True, data))
        super().data_received(data)

    def replied(self, data: bytes) -> None:
        self._tape.append(Piece(False, data))
        super().replied(data)


@pytest.fixture(scope="module")
def tape(server: Server) -> Iterator[list[Piece]]:
    """A conversation with a real server that uses most of the protocol."""
    pieces: list[Piece] = []
    with Boundary() as boundary:
        address = Address(server.host, server.port)
        port = boundary.listen(lambda: Tape(boundary.gate, "A", boundary.numbers, address, Encryption(), tape=pieces))
        with psycopg.connect(server.url_at(port), autocommit=True) as connection:
            converse(connection)
    return pieces


def converse(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TEMP TABLE note (id serial PRIMARY KEY, body text, price numeric(8, 2))")
    connection.execute("INSERT INTO note (body, price) VALUES (%s, %s), ('it''s; $1', NULL)", ("ä", "12.50"))
    connection.execute("SELECT * FROM note WHERE price > %b", (1,), binary=True).fetchall()
    for _ in range(3):
        connection.execute("SELECT body FROM note WHERE id = %s", (1,), prepare=True).fetchall()
    with connection.pipeline():
        connection.execute("UPDATE note SET body = %s", ("b",))
        connection.execute("UPDATE note SET body = %s", ("c",))
    with connection.transaction(), connection.cursor("some") as cursor:
        cursor.execute("SELECT generate_series(1, 7)")
        cursor.fetchmany(3)
    with connection.cursor() as cursor, cursor.copy("COPY note (body) FROM STDIN") as copy:
        copy.write_row(("copied",))
    with connection.cursor() as cursor, cursor.copy("COPY note TO STDOUT") as copy:
        list(copy)
    for wrong in ("SELEC 1", "INSERT INTO note (id) VALUES (1)"):
        with pytest.raises(psycopg.Error):
            connection.execute(wrong)
    with pytest.raises(psycopg.Error), connection.pipeline():
        connection.execute("SELECT 1 / %s", (0,))
        connection.execute("SELECT %s", ("never",))
    connection.execute("BEGIN; UPDATE note SET body = 'd'; COMMIT")
    connection.execute("")
    connection.execute("DISCARD ALL")
    connection.execute("SELECT %s::int", (1,)).fetchall()


def replay(pieces: list[Piece]) -> tuple[list[Operation], list[Result], Session, bytes, bytes]:
    session = Session("A", 1, itertools.count(2))
    operations: list[Operation] = []
    results: list[Result] = []
    to_server, to_client = bytearray(), bytearray()
    for piece in pieces:
        if piece.from_client:
            for chunk in session.client(piece.data):
                to_server += chunk.data
                if chunk.operation is not None:
                    operations.append(chunk.operation)
        else:
            replies, found = session.server(piece.data)
            results += found
            to_client += b"".join(reply.data for reply in replies)
    return operations, results, session, bytes(to_server), bytes(to_client)


def recut(pieces: list[Piece], cuts: list[int], is_by_byte: bool) -> list[Piece]:
    """The same bytes in other pieces; what one side says before the other answers stays before it."""
    joined = [
        Piece(side, b"".join(piece.data for piece in group))
        for side, group in itertools.groupby(pieces, key=lambda piece: piece.from_client)
    ]
    sizes = itertools.cycle([1] if is_by_byte else cuts)
    found = []
    for piece in joined:
        offset = 0
        while offset < len(piece.data):
            size = next(sizes)
            found.append(Piece(piece.from_client, piece.data[offset : offset + size]))
            offset += size
    return found


def whole(pieces: list[Piece], from_client: bool) -> bytes:
    return b"".join(piece.data for piece in pieces if piece.from_client == from_client)


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(1, 400), min_size=1, max_size=8), is_by_byte=st.booleans())
def test_the_cuts_of_the_stream_do_not_matter(tape, cuts, is_by_byte):
    expected = replay(tape)
    found = replay(recut(tape, cuts, is_by_byte))
    # The status before an operation depends on when the last answer came, which the cuts decide in a pipeline.
    assert [(o.text, o.parameters, o.kind) for o in found[0]] == [(o.text, o.parameters, o.kind) for o in expected[0]]
    assert found[1] == expected[1]
    assert found[2].understood and not found[2].outstanding
    assert (found[3], found[4]) == (whole(tape, True), whole(tape, False))


def test_what_the_conversation_says(tape):
    operations, results, session, _, _ = replay(tape)
    by_number = {result.number: result for result in results}
    answered = [o for o in operations if o.number in by_number]
    seen = [(o.kind.value, o.fingerprint[:34], by_number[o.number].tag) for o in answered]
    assert ("statement", "insert into note (body, price) val", "INSERT 0 2") in seen
    assert ("copy", "copy note (body) from stdin", "COPY 1") in seen
    assert ("session", "discard all", "DISCARD ALL") in seen
    (batch,) = [o for o in operations if o.atomic]
    assert by_number[batch.number].tag == "COMMIT"
    failures = [by_number[o.number].failure.code for o in answered if by_number[o.number].failure]
    assert failures == ["42601", "23505", "22012"]
    prepared = [o for o in operations if o.fingerprint == "select body from note where id = ?"]
    assert [o.parameters for o in prepared] == [("1",)] * 3
    assert {by_number[o.number].sample for o in prepared} == {(("ä",),)}
    binary = next(o for o in operations if "price >" in o.text)
    assert by_number[binary.number].sample == (("1", "ä", "12.50"),)
    assert session.backend is not None and session.status == "I" and session.terminated


def test_an_operation_skipped_after_an_error_has_no_result():
    session = Session("A", 1, itertools.count(2))
    startup(session)
    run = frames.message("E", b"\0\0\0\0\0")
    for sql in ("SELECT 1/0", "SELECT 2"):
        session.client(frames.parse("kept", sql) + frames.bind("", "kept") + run)
    session.client(frames.message("S"))
    refused = frames.message("1") + frames.message("2") + frames.error("ERROR", "22012", "division by zero")
    _, results = session.server(refused + frames.message("Z", b"I"))
    assert [(result.number, result.failure.code) for result in results] == [(2, "22012")]
    (chunk,) = session.client(frames.bind("", "kept"))
    assert chunk.operation.text == "SELECT 1/0"  # the second Parse was skipped, so the name keeps its meaning


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_hostile_bytes_pass_through_and_break_nothing(tape, data):
    """Bytes are changed anywhere in either direction: nothing raises, and every byte is passed on in order."""
    pieces = [*tape]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(pieces) - 1))
        content = bytearray(pieces[at].data)
        place = data.draw(st.integers(0, max(0, len(content) - 1)))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=6))
        pieces[at] = Piece(pieces[at].from_client, bytes(content))
    _, _, _, to_server, to_client = replay(pieces)
    assert whole(pieces, True).startswith(to_server)
    assert whole(pieces, False).startswith(to_client)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=12))
def test_noise_is_not_understood_and_not_lost(pieces):
    noise = [Piece(side, content) for side, content in pieces]
    _, _, _, to_server, to_client = replay(noise)
    assert whole(noise, True).startswith(to_server)
    assert whole(noise, False).startswith(to_client)


def test_a_length_that_cannot_be_is_not_waited_for():
    session = Session("A", 1, itertools.count(2))
    chunks = session.client(b"\x7f\xff\xff\xff GET / HTTP/1.1")
    assert not session.understood
    assert b"".join(chunk.data for chunk in chunks) == b"\x7f\xff\xff\xff GET / HTTP/1.1"


def startup(session: Session) -> None:
    """Come to the point where statements may be sent."""
    session.client(frames.LENGTH.pack(8) + frames.LENGTH.pack(196610))
    session.server(frames.message("K", frames.LENGTH.pack(4711) + b"a secret of any length"))
    session.server(frames.message("Z", b"I"))


def test_encryption_is_asked_for_before_the_start():
    session = Session("A", 1, itertools.count(2))
    asked = session.client(frames.LENGTH.pack(8) + frames.LENGTH.pack(frames.SSL_REQUEST))
    assert [chunk.opens for chunk in asked] == ["ssl"]
    startup(session)
    assert (session.backend, session.is_ready) == (4711, True)


def test_a_held_bind_holds_its_parse():
    """Parsing fixes the snapshot of a REPEATABLE READ transaction, so nothing may go ahead of the Bind."""
    session = Session("A", 1, itertools.count(2))
    startup(session)
    assert session.client(frames.parse("", "SELECT 1")) == []
    (chunk,) = session.client(frames.bind("", ""))
    assert chunk.operation is not None and chunk.operation.text == "SELECT 1"
    assert chunk.data.startswith(b"P")


def test_an_offer_of_channel_binding_is_taken_out():
    session = Session("A", 1, itertools.count(2), strips_channel_binding=True)
    session.client(frames.LENGTH.pack(8) + frames.LENGTH.pack(196608))
    offer = frames.message("R", frames.LENGTH.pack(10) + b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")
    replies, _ = session.server(offer)
    assert b"".join(reply.data for reply in replies) == frames.message(
        "R", frames.LENGTH.pack(10) + b"SCRAM-SHA-256\0\0"
    )


def test_copy_in_ignores_the_sync_that_came_before_its_data():
    session = Session("A", 1, itertools.count(2))
    startup(session)
    session.client(frames.parse("", "COPY t FROM STDIN") + frames.bind("", "") + frames.message("E", b"\0\0\0\0\0"))
    session.client(frames.message("S"))
    session.server(frames.message("1") + frames.message("2") + frames.message("G", b"\0\0\0"))
    session.client(frames.message("d", b"1\n") + frames.message("c") + frames.message("S"))
    _, results = session.server(frames.message("C", b"COPY 1\0") + frames.message("Z", b"I"))
    assert [(result.tag, result.status) for result in results] == [("COPY 1", "I")]
    assert not session.outstanding


def test_a_cancelled_dial_is_no_operation():
    session = Session("A", 1, itertools.count(2))
    request = frames.LENGTH.pack(16) + frames.LENGTH.pack(frames.CANCEL_REQUEST) + frames.LENGTH.pack(1) * 2
    (chunk,) = session.client(request)
    assert (chunk.opens, chunk.operation, chunk.data) == ("cancel", None, request)
