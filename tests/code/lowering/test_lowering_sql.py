"""SQL text becomes effects; text that cannot be parsed is a query of unknown effect."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import EffectKind, Rows, Trait
from looktwice.code.lowering.sql import Parsed, parse


def spelled(each: Parsed) -> str:
    where = ", ".join(f"{c.name} {c.op.name} {c.parameter or c.constant}" for c in each.where)
    puts = ", ".join(f"{c.name}{'±' if c.relative else ''} {c.parameter or c.constant}" for c in each.puts)
    traits = "|".join(trait.name or "" for trait in Trait if trait & each.traits)
    rows = each.rows.name if each.rows is not Rows.UNKNOWN else ""
    return " ".join(part for part in (each.kind.name or "", each.table, f"({where})", puts, traits, rows) if part)


CASES = {
    "SELECT * FROM users WHERE id = %s": "READ users (id EQ 1)",
    "select id from users where email = :email limit 1": "READ users (email EQ email) ONE",
    "SELECT count(*) FROM users WHERE org = $1 AND age > $2": "COUNT users (org EQ 1, age MORE 2) ONE",
    "SELECT * FROM users WHERE id = ? FOR UPDATE": "READ users (id EQ 1) LOCKS_ROW",
    "SELECT max(number) FROM invoices": "READ invoices () ONE",
    "UPDATE wallets SET cents = cents + %(n)s WHERE id = %(id)s": "WRITE wallets (id EQ id) cents± n",
    "UPDATE wallets SET cents = $1 WHERE id = $2 AND version = $3": "WRITE wallets (id EQ 2, version EQ 3) cents 1",
    "UPDATE t SET status = 'paid' WHERE status IN ('new')": "WRITE t (status IN new) status paid",
    "INSERT INTO users (email, name) VALUES ($1, $2)": "CREATE users () email 1, name 2",
    "INSERT INTO users (email) VALUES ($1) ON CONFLICT DO NOTHING": "CREATE users () email 1 UPSERT",
    "DELETE FROM users WHERE deleted_at IS NOT NULL": "DELETE users (deleted_at TRUE None)",
    "SELECT * FROM users WHERE a = $1 OR b = $2": "READ users (a OPAQUE None)",
    "BEGIN": "BEGIN ()",
    "COMMIT": "COMMIT ()",
    "ROLLBACK": "ROLLBACK ()",
    "SELECT pg_advisory_xact_lock($1)": "LOCK (key EQ 1)",
    "EXPLODE THE DATABASE": "QUERY ()",
    "": "QUERY ()",
}


@pytest.mark.parametrize("text", CASES)
def test_statements(text: str) -> None:
    assert [spelled(each) for each in parse(text)] == [CASES[text]]


def test_several() -> None:
    kinds = [each.kind for each in parse("BEGIN; UPDATE a SET b = 1; COMMIT;")]
    assert kinds == [EffectKind.BEGIN, EffectKind.WRITE, EffectKind.COMMIT]


@given(st.text(alphabet="SELECTFROMWHERE abc=$1'\";()%:,*\n", max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_statement(text: str) -> None:
    for each in parse(f"SELECT {text}"):
        assert each.kind in EffectKind and all(cond.op in Op for cond in each.where)


WHOLE = (
    "SELECT a.x, count(*) FROM a JOIN b ON a.id = b.id WHERE a.x = $1 AND b.y IN (1, 2) LIMIT 1 FOR UPDATE",
    "UPDATE a SET x = x + 1, y = :y WHERE id = $1 AND NOT z IS NULL",
    "INSERT INTO a (x, y) VALUES ($1, 'b') ON CONFLICT (x) DO UPDATE SET y = 1",
    "DELETE FROM a WHERE x = 1 OR y LIKE '%s'",
    "SELECT pg_advisory_xact_lock($1)",
    "BEGIN ISOLATION LEVEL SERIALIZABLE; COMMIT",
)


@pytest.mark.parametrize("text", WHOLE)
def test_texts_that_end_early(text: str) -> None:
    """A statement that is cut anywhere, or lacks a piece, gives effects and no exception."""
    for end in range(len(text)):
        assert parse(text[:end])
        assert parse(text[:end] + text[end + 7 :])


def test_a_condition_without_a_value_is_a_query() -> None:
    assert parse("SELECT x FROM a WHERE id =") == (Parsed(EffectKind.QUERY),)
    assert parse("SELECT x FROM a WHERE id = 1") != (Parsed(EffectKind.QUERY),)
