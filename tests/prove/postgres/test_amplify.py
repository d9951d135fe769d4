"""More rows of the kind that are there, on schemas that make it hard."""

from __future__ import annotations

import psycopg
import pytest

from looktwice.prove.servers.postgres.amplify import Growth, grow
from looktwice.prove.servers.postgres.changes import Changes
from looktwice.prove.servers.postgres.explain import scans
from looktwice.prove.servers.postgres.restore import Restore

SHOP = """
CREATE TABLE customer (id serial PRIMARY KEY, email varchar(40) UNIQUE NOT NULL);
CREATE TABLE product (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sku text UNIQUE, name text);
CREATE TABLE purchase (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int NOT NULL REFERENCES customer,
                       number int UNIQUE, total numeric, twice numeric GENERATED ALWAYS AS (total * 2) STORED);
CREATE TABLE line (purchase_id bigint REFERENCES purchase, product_id uuid REFERENCES product, quantity int,
                   PRIMARY KEY (purchase_id, product_id));
CREATE TABLE review (customer_id int REFERENCES customer, product_id uuid REFERENCES product, stars int,
                     UNIQUE (customer_id, product_id));
CREATE TABLE category (slug text PRIMARY KEY, parent text REFERENCES category);
CREATE TABLE flag (is_set bool UNIQUE);
CREATE TABLE visit (day date, page text, UNIQUE (day, page));
INSERT INTO customer (email) VALUES ('ann@example.org'), ('bob@example.org');
INSERT INTO product (sku, name) VALUES ('t-1', 'Teapot'), ('c-1', 'Cup');
INSERT INTO purchase (customer_id, number, total) VALUES (1, 1, 10), (1, 2, 20), (2, 3, 5);
INSERT INTO line SELECT p.id, q.id, 2 FROM purchase p, product q;
INSERT INTO review SELECT 1, id, 5 FROM product;
INSERT INTO category VALUES ('all', NULL), ('pots', 'all');
INSERT INTO flag VALUES (true);
INSERT INTO visit VALUES ('2020-01-01', 'home');
"""


def count(app: psycopg.Connection, query: str) -> int:
    row = app.execute(f"SELECT count(*) FROM {query}").fetchone()
    assert row is not None
    return int(row[0])


GROWN = {
    # axis → rows of each table with ten times the rows of the axis
    "purchase": {"purchase": 30, "line": 60, "customer": 2, "product": 2, "review": 2},
    "line": {"line": 60, "product": 20, "purchase": 3},
    "customer": {"customer": 20, "purchase": 30, "line": 60, "review": 20, "product": 2},
    "product": {"product": 20, "line": 60, "review": 20, "purchase": 3, "customer": 2},
    "review": {"review": 20, "product": 20, "customer": 2},
    "category": {"category": 20},
    "visit": {"visit": 10},
}


@pytest.mark.parametrize("axis", GROWN)
def test_rows_are_made_along_references(app: psycopg.Connection, changes: Changes, restore: Restore, axis: str) -> None:
    app.execute(SHOP)
    schema = restore.snapshot()
    growth = grow(f"public.{axis}", 10, schema, restore.counts())
    assert isinstance(growth, Growth)
    assert growth.factor == 10
    restore.grow(growth.statements)
    assert {table: count(app, table) for table in GROWN[axis]} == GROWN[axis]
    for table in schema.tables.values():  # nothing hangs in the air, though keys were not checked
        for reference in table.references:
            own, theirs = reference.columns[0], reference.targets[0]
            dangling = f"{table.name} t WHERE t.{own} NOT IN (SELECT {theirs} FROM {reference.table})"
            assert count(app, dangling) == 0
    assert changes.since() == []  # it is not the application's doing
    app.execute("INSERT INTO purchase (customer_id) VALUES (1)")  # and the application can go on
    assert restore.undo(changes.since()).method == "undo"
    assert count(app, axis) == GROWN[axis][axis]
    restore.refill()
    assert restore.difference() == []


@pytest.mark.parametrize(
    ("axis", "words"), [("flag", "no second row"), ("empty", "no rows"), ("large", "rows already")]
)
def test_what_cannot_grow_says_why(app: psycopg.Connection, restore: Restore, axis: str, words: str) -> None:
    app.execute(SHOP)
    app.execute("CREATE TABLE empty (a int); CREATE TABLE large AS SELECT generate_series(1, 15000) AS a")
    schema = restore.snapshot()
    assert words in str(grow(f"public.{axis}", 10, schema, restore.counts()))


def test_customers_keep_their_orders(app: psycopg.Connection, restore: Restore) -> None:
    """Ten times the orders are the same customer's, each with lines of its own."""
    app.execute(SHOP)
    growth = grow("public.purchase", 10, restore.snapshot(), restore.counts())
    assert isinstance(growth, Growth)
    restore.grow(growth.statements)
    assert count(app, "purchase WHERE customer_id = 1") == 20
    assert count(app, "(SELECT purchase_id FROM line GROUP BY 1 HAVING count(*) = 2) x") == 30
    restore.refill()


def test_a_scan_for_a_few_rows_is_seen(app: psycopg.Connection, restore: Restore) -> None:
    app.execute("CREATE TABLE visit (id serial PRIMARY KEY, page text, day int)")
    app.execute("INSERT INTO visit (page, day) SELECT 'p' || g, g % 3 FROM generate_series(1, 5000) g; ANALYZE")
    counts = {"public.visit": 5000}
    [scan] = scans(restore.server, "SELECT * FROM visit WHERE page = $1", ["p7"], counts)
    assert (scan.table, scan.rows) == ("public.visit", 5000)
    assert "page" in scan.filter
    assert scans(restore.server, "SELECT * FROM visit WHERE id = $1", ["7"], counts) == ()
    assert scans(restore.server, "SELECT * FROM visit WHERE day = $1", ["1"], counts) == ()  # a third of the table
    assert scans(restore.server, "SELECT * FROM visit", [], counts) == ()
    assert scans(restore.server, "nonsense", [], counts) == ()
