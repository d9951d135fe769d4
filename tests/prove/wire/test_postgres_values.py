"""Values of the binary format read as PostgreSQL itself spells them."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.prove.network.wire.postgres_values import decode, decode_all
from looktwice.prove.servers.postgres.server import Server

SPELLED = [
    ("true", "bool"),
    ("-7", "int2"),
    ("2147483647", "int4"),
    ("-9007199254740993", "int8"),
    ("1.5", "float8"),
    ("-1234.50", "numeric(9,2)"),
    ("0.00001", "numeric"),
    ("100000000", "numeric"),
    ("NaN", "numeric"),
    ("text", "text"),
    ("5ee9a9ee-4b7c-4f4f-9a34-6b2f5d2f3c11", "uuid"),
    ("2026-02-28", "date"),
    ("2026-02-28 12:30:00.5", "timestamp"),
    ("infinity", "timestamp"),
    ('{"a": 1}', "jsonb"),
]


@pytest.mark.parametrize(("text", "kind"), SPELLED)
def test_binary_values_read_like_text(server: Server, text, kind):
    with psycopg.connect(server.url) as connection:
        cursor = connection.execute(f"SELECT %s::{kind}", (text,), binary=True)
        raw, oid = cursor.pgresult.get_value(0, 0), cursor.description[0].type_code
    expected = {"true": "true", "2026-02-28 12:30:00.5": "2026-02-28 12:30:00.500000"}.get(text, text)
    assert decode(raw, oid, binary=True) == expected


@given(st.binary(max_size=40), st.sampled_from([16, 20, 21, 23, 700, 701, 1082, 1114, 1184, 1700, 2950, 3802, 0]))
def test_bytes_that_are_not_their_type_are_shown_unchanged(raw, oid):
    assert decode(raw, oid, binary=True) is not None


def test_formats_for_none_all_and_each():
    one = (1).to_bytes(4, "big")
    assert decode_all([b"1", None], [], []) == ("1", None)
    assert decode_all([one, one], [23, 23], [1]) == ("1", "1")
    assert decode_all([one, b"1"], [23, 23], [1, 0]) == ("1", "1")
