"""SQL for readers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.render.statement import abridged

MANY = ", ".join(f'"public"."Candidate"."column{number}"' for number in range(9))


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT balance FROM wallets WHERE id = 1", "SELECT balance FROM wallets WHERE id = 1"),
        (
            f'SELECT {MANY} FROM "public"."Candidate" WHERE ("public"."Candidate"."id" = $1 AND 1=1) LIMIT $2',
            "SELECT … FROM Candidate WHERE (Candidate.id = $1) LIMIT $2",
        ),
        (
            f'INSERT INTO "public"."Candidate" ("id","name") VALUES ($1::VARCHAR,$2) RETURNING {MANY}',
            "INSERT INTO Candidate (id,name) VALUES ($1,$2) RETURNING …",
        ),
        (
            "UPDATE wallets\n  SET balance=$1::INTEGER WHERE id = $2::text[]",
            "UPDATE wallets SET balance=$1 WHERE id = $2",
        ),
        ("DELETE FROM a WHERE b = $1::double precision OR c", "DELETE FROM a WHERE b = $1 OR c"),
        ('PUT ats/candidates/"1"', 'PUT ats/candidates/"1"'),
        ("", ""),
    ],
)
def test_abridged(statement: str, shown: str) -> None:
    assert abridged(statement) == shown


@given(st.text(st.sampled_from('SELECT FROM RETURNING "public". $1::x ,;()\n'), max_size=80))
def test_any_text(statement: str) -> None:
    assert "\n" not in abridged("select " + statement)
