"""What is derived from SQL text: fingerprints without values, kinds of operations, tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.prove.network.wire.operation import OperationKind
from looktwice.prove.network.wire.sql_text import fingerprint, kind_of, summary, tables, written_table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT  *\nFROM t -- all\n WHERE id = 42;", "select * from t where id = ?"),
        ("UPDATE t SET a = 'it''s; 5', b = E'\\'x' WHERE c = -1.5e3", "update t set a = ?, b = ? where c = -?"),
        ("INSERT INTO t VALUES ($1, $2, 3), ($4, $5, 6)", "insert into t values (?)"),
        ("SELECT * FROM t WHERE id IN (1, 2, 3)", "select * from t where id in (?)"),
        ('SELECT "Weird 7" FROM "T1" t2', 'select "Weird 7" from "T1" t2'),
        ("SELECT $$body; 5$$, $tag$ $$ $tag$", "select ?, ?"),
        ("SELECT /* a 'comment */ 1", "select ?"),
        ("SELECT a1, 1a FROM t", "select a1, ?a from t"),
        ("", ""),
    ],
)
def test_fingerprints(text, expected):
    assert fingerprint(text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", "begin"),
        ("START TRANSACTION", "begin"),
        ("COMMIT", "commit"),
        ("end;", "commit"),
        ("ROLLBACK", "rollback"),
        ("ROLLBACK TO SAVEPOINT x", "session"),
        ("SAVEPOINT x", "session"),
        ("SET TRANSACTION READ ONLY", "session"),
        ("DISCARD ALL", "session"),
        ("", "session"),
        ("SELECT 1", "catalogue"),
        ("SELECT version()", "catalogue"),
        ("select pg_catalog.version()", "catalogue"),
        ("SELECT oid FROM pg_catalog.pg_type t JOIN pg_class c ON true", "catalogue"),
        ("SELECT 1 FROM pg_class c, pg_namespace", "catalogue"),
        ("SELECT 1 FROM pg_class, wallet", "statement"),
        ("SELECT pg_advisory_xact_lock(1)", "statement"),
        ("SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;", "session"),
        ("SELECT transfer(1, 2)", "statement"),
        ("SELECT * FROM wallet", "statement"),
        ("WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x", "statement"),
        ("COPY t FROM STDIN", "copy"),
        ("BEGIN; UPDATE t SET a = 1; COMMIT", "statement"),
        ("/* hint */ UPDATE t SET a = 1", "statement"),
    ],
)
def test_kinds(text, kind):
    assert kind_of(fingerprint(text)) is OperationKind(kind)


@pytest.mark.parametrize(
    ("text", "written", "named"),
    [
        ("INSERT INTO public.t (a) VALUES (1)", "public.t", ["public.t"]),
        ('UPDATE ONLY "t" SET a = 1', "t", ["t"]),
        ("DELETE FROM t USING u WHERE t.a = u.a", "t", ["t", "u"]),
        ("SELECT * FROM a JOIN b ON true LEFT JOIN c ON true", "", ["a", "b", "c"]),
        ("SELECT 1", "", []),
    ],
)
def test_tables(text, written, named):
    assert (written_table(fingerprint(text)), tables(fingerprint(text))) == (written, named)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("UPDATE wallets SET balance = 1", "update wallets"),
        ('INSERT INTO "public"."Candidate" ("id") VALUES (1)', "insert into Candidate"),
        ("DELETE FROM ONLY t", "delete from t"),
        ("SELECT a, b FROM public.users JOIN t ON true", "select from users"),
        ("WITH x AS (SELECT 1) UPDATE t SET a = 1", "with … t"),
        ("COMMIT", "commit"),
        ("SELECT transfer(" + "a, " * 40 + "b)", "select transfer(" + "a, " * 14 + "a…"),
    ],
)
def test_summaries(text, words):
    assert summary(fingerprint(text)) == words


@given(st.text())
def test_any_text_has_a_kind(text):
    kind_of(fingerprint(text))
    tables(fingerprint(text))
    summary(fingerprint(text))


@given(st.lists(st.sampled_from(["'", '"', "$$", "/*", "*/", "--", "\n", "(", "?", ",", "a", "1"]), max_size=60))
def test_unbalanced_quotes_are_no_trap(parts):
    kind_of(fingerprint("".join(parts)))
