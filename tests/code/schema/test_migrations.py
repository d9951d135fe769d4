"""Tables from Alembic migrations and SQL, and what they add to the entities in the code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemas import entities_of, uniques

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.entities import ColumnKind
from looktwice.code.schema.sql import read_sql
from looktwice.core.source import Source

USERS = "CREATE TABLE users (id bigserial PRIMARY KEY, email varchar(200) NOT NULL, org int REFERENCES orgs(id));"
SQL = [
    # statements after USERS, the resulting unique constraints
    ("", [(("id",), "", True)]),
    ("ALTER TABLE users ADD CONSTRAINT u UNIQUE (org, email);", [(("id",), "", True), (("org", "email"), "", False)]),
    (
        "ALTER TABLE users ADD CONSTRAINT u UNIQUE (email); ALTER TABLE ONLY public.users DROP CONSTRAINT u;",
        [(("id",), "", True)],
    ),
    ('CREATE UNIQUE INDEX "i" ON "users"("email");', [(("id",), "", True), (("email",), "", False)]),
    ("CREATE UNIQUE INDEX i ON users (lower(email)); DROP INDEX i;", [(("id",), "", True)]),
    (
        "CREATE UNIQUE INDEX i ON users (email) WHERE org IS NULL;",
        [(("id",), "", True), (("email",), "org IS NULL", False)],
    ),
    ("ALTER TABLE users ADD COLUMN code text UNIQUE;", [(("id",), "", True), (("code",), "", False)]),
    (
        "CREATE UNIQUE INDEX i ON users (email); ALTER TABLE users RENAME COLUMN email TO mail;",
        [(("id",), "", True), (("mail",), "", False)],
    ),
    ("CREATE UNIQUE INDEX i ON users (email); ALTER TABLE users DROP COLUMN email;", [(("id",), "", True)]),
]


@pytest.mark.parametrize(("then", "expected"), SQL)
def test_sql(then: str, expected: list[tuple[tuple[str, ...], str, bool]]) -> None:
    found = entities_of({"db/1.sql": USERS, "db/2.sql": then})
    assert uniques(found["users"]) == expected


def test_columns_of_sql() -> None:
    found = entities_of(
        {
            "a.sql": "CREATE TABLE public.accounts (id uuid, user_id int REFERENCES users(id), "
            "balance numeric(10,2) NOT NULL DEFAULT 0 CHECK (balance >= 0), "
            "at timestamptz, PRIMARY KEY (id), UNIQUE (user_id))"
        }
    )["accounts"]
    assert found.key == "table:accounts"
    kinds = [(each.name, each.kind, each.nullable) for each in found.columns]
    assert kinds == [
        ("id", ColumnKind.FREE, Maybe.YES),
        ("user_id", ColumnKind.OWNER, Maybe.YES),
        ("balance", ColumnKind.MONEY, Maybe.NO),
        ("at", ColumnKind.TIME, Maybe.YES),
    ]
    assert found.column("user_id").references == "users.id"
    assert found.checks == ("balance >= 0",)
    assert uniques(found) == [(("id",), "", True), (("user_id",), "", False)]


def test_dialects_and_dropped_tables() -> None:
    found = entities_of(
        {
            "1.sql": "CREATE TABLE `t` (`id` int NOT NULL AUTO_INCREMENT, `a` int, KEY `i` (`a`), "
            "UNIQUE KEY `u` (`a`,`id`), PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"
            "INSERT INTO t VALUES ('; CREATE TABLE no (id int);');",
            "2.sql": "CREATE TABLE gone (id int); DROP TABLE gone; "
            "CREATE TABLE old (id int); ALTER TABLE old RENAME TO new;",
            "3.sql": "CREATE FUNCTION f() RETURNS void AS $$ BEGIN; "
            "CREATE TABLE inside (id int); END; $$ LANGUAGE plpgsql;",
        }
    )
    assert set(found) == {"t", "new"}
    assert uniques(found["t"]) == [(("a", "id"), "", False), (("id",), "", True)]


def test_policies() -> None:
    found = entities_of(
        {
            "a.sql": USERS + "ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON public.users "
            "FOR SELECT USING (id = auth.uid());"
        }
    )
    assert len(found["users"].policies) == 1 and "auth.uid()" in found["users"].policies[0]


HEAD = "from alembic import op\nimport sqlalchemy as sa\n"
FIRST = (
    HEAD + "revision = 'b1'\ndown_revision = None\ndef upgrade():\n"
    "  op.create_table('users', sa.Column('id', sa.Integer(), nullable=False),\n"
    "    sa.Column('email', sa.String(9), unique=True),\n"
    "    sa.Column('org_id', sa.Integer(), sa.ForeignKey('orgs.id')), sa.PrimaryKeyConstraint('id'))\n"
    "def downgrade():\n  op.drop_table('users')\n"
)
ALEMBIC = [
    ("pass", [(("email",), "", False), (("id",), "", True)]),
    (
        "op.create_unique_constraint('u', 'users', ['org_id', 'email'])",
        [(("email",), "", False), (("id",), "", True), (("org_id", "email"), "", False)],
    ),
    ("op.drop_constraint('users_email_key', 'users')", [(("id",), "", True)]),
    (
        "with op.batch_alter_table('users') as batch:\n    batch.create_unique_constraint('u', ['org_id'])",
        [(("email",), "", False), (("id",), "", True), (("org_id",), "", False)],
    ),
    (
        "op.create_index('i', 'users', ['org_id'], unique=True, postgresql_where=sa.text('email IS NULL'))",
        [(("email",), "", False), (("id",), "", True), (("org_id",), "email IS NULL", False)],
    ),
    (
        "op.add_column('users', sa.Column('x', sa.Text(), unique=True))\n  op.drop_column('users', 'email')",
        [(("id",), "", True), (("x",), "", False)],
    ),
    (
        "op.execute('CREATE UNIQUE INDEX i ON users (org_id)')",
        [(("email",), "", False), (("id",), "", True), (("org_id",), "", False)],
    ),
]


@pytest.mark.parametrize(("then", "expected"), ALEMBIC)
def test_alembic_in_the_order_of_revisions(then: str, expected: list[tuple[tuple[str, ...], str, bool]]) -> None:
    second = HEAD + f"revision: str = 'a2'\ndown_revision: str = 'b1'\ndef upgrade() -> None:\n  {then}\n"
    found = entities_of({"versions/a2_second.py": second, "versions/b1_first.py": FIRST})
    assert uniques(found["users"]) == expected


def test_a_constraint_from_a_migration_is_added_to_the_entity_in_the_code() -> None:
    model = (
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\nclass Base(DeclarativeBase): pass\n"
        "class User(Base):\n  __tablename__ = 'users'\n"
        "  id: Mapped[int] = mapped_column(primary_key=True)\n  email: Mapped[str]\n"
    )
    found = entities_of({"models.py": model, "versions/1.py": FIRST})
    assert set(found) == {"User"}
    assert uniques(found["User"]) == [(("id",), "", True), (("email",), "", False)]
    assert [each.name for each in found["User"].columns] == ["id", "email", "org_id"]


PARTS = (
    "CREATE TABLE",
    "ALTER TABLE",
    "t",
    "(",
    ")",
    "id int",
    ",",
    ";",
    "'",
    '"',
    "$$",
    "--",
    "/*",
    "UNIQUE",
    "`",
    "\n",
    "é",
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=30).map(" ".join))
def test_any_text_gives_a_migration(text: str) -> None:
    source = Source("a.sql", text.encode())
    for change in read_sql(source).changes:
        assert 0 <= change.start <= change.end <= len(source.data)
