"""SQLAlchemy: equivalent spellings have the same effects."""

from __future__ import annotations

import pytest
from programs import effects, python

HEAD = """
from sqlalchemy import and_, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, joinedload, selectinload, sessionmaker, create_engine
from sqlalchemy.ext.asyncio import AsyncSession
from models import User, Wallet
"""

CASES = {
    "get": ("w = s.get(Wallet, id)", ["READ Wallet($key=id)"]),
    "get with lock": ("w = s.get(Wallet, id, with_for_update=True)", ["READ Wallet($key=id) LOCKS_ROW"]),
    "attribute write": (
        "w = s.get(Wallet, id)\n    w.balance = w.balance + n\n    s.commit()",
        ["READ Wallet($key=id)", "WRITE Wallet balance=row0.balance~ARITH~CONCAT + n~ARITH~CONCAT ATTRIBUTE", "COMMIT"],
    ),
    "augmented write": (
        "w = s.get(Wallet, id)\n    w.balance -= 1\n    s.commit()",
        ["READ Wallet($key=id)", "WRITE Wallet balance=row0.balance~ARITH ATTRIBUTE", "COMMIT"],
    ),
    "select": (
        "w = s.execute(select(Wallet).where(Wallet.user_id == id, Wallet.balance > 0)).scalar_one_or_none()",
        ["READ Wallet(user_id=id, balance>0)"],
    ),
    "select under lock": (
        "w = s.scalars(select(Wallet).where(Wallet.id == id).with_for_update()).one()",
        ["READ Wallet(id=id) LOCKS_ROW"],
    ),
    "populate existing": (
        "w = s.scalar(select(Wallet).filter_by(id=id).with_for_update().execution_options(populate_existing=True))",
        ["READ Wallet(id=id) LOCKS_ROW FRESH_READ"],
    ),
    "query api": ("w = s.query(Wallet).filter(Wallet.user_id == id).first()", ["READ Wallet(user_id=id)"]),
    "query count": ("c = s.query(Wallet).filter_by(user_id=id).count()", ["COUNT Wallet(user_id=id)"]),
    "query update": (
        "s.query(Wallet).filter_by(id=id).update({'balance': Wallet.balance - n})",
        ["WRITE Wallet(id=id) balance±='balance'~ARITH + n~ARITH"],
    ),
    "count": ("c = s.scalar(select(func.count(Wallet.id)).where(Wallet.user_id == id))", ["COUNT Wallet(user_id=id)"]),
    "exists": ("c = s.scalar(select(exists().where(User.email == id)))", ["EXISTS User(email=id)"]),
    "update statement": (
        "s.execute(update(Wallet).where(Wallet.id == id, Wallet.balance >= n).values(balance=Wallet.balance - n))",
        ["WRITE Wallet(id=id, balance>n) balance±='balance'~ARITH + n~ARITH"],
    ),
    "insert statement": ("s.execute(insert(Wallet).values(user_id=id))", ["CREATE Wallet user_id=id"]),
    "upsert": (
        "s.execute(upsert(Wallet).values(user_id=id).on_conflict_do_nothing())",
        ["CREATE Wallet user_id=id UPSERT"],
    ),
    "delete statement": ("s.execute(delete(Wallet).where(Wallet.id == id))", ["DELETE Wallet(id=id)"]),
    "add": ("s.add(Wallet(user_id=id, balance=n))\n    s.flush()", ["CREATE Wallet user_id=id, balance=n", "FLUSH"]),
    "add with children": (
        "s.add(User(email=id, wallets=[Wallet(balance=0)]))",
        ["CREATE User email=id", "CREATE Wallet balance=0"],
    ),
    "add all": (
        "s.add_all([Wallet(user_id=id), Wallet(user_id=n)])",
        ["CREATE Wallet user_id=id", "CREATE Wallet user_id=n"],
    ),
    "delete of a row": ("w = s.get(Wallet, id)\n    s.delete(w)", ["READ Wallet($key=id)", "DELETE Wallet"]),
    "refresh": ("w = s.get(Wallet, id)\n    s.refresh(w)", ["READ Wallet($key=id)", "READ Wallet FRESH_READ"]),
    "lazy relation": (
        "w = s.get(Wallet, id)\n    return w.user.email",
        ["READ Wallet($key=id)", "READ User($user=row0) LAZY"],
    ),
    "conditions by parts": (
        "q = select(Wallet)\n    if n:\n        q = q.where(Wallet.user_id == n)\n    w = s.scalars(q).all()",
        ["READ Wallet(user_id maybe n)"],
    ),
    "alternatives": (
        "w = s.scalars(select(Wallet).where(or_(Wallet.user_id == id, Wallet.balance == n))).all()",
        ["READ Wallet(user_id ? id, balance ? n)"],
    ),
    "in list": ("w = s.scalars(select(Wallet).where(Wallet.id.in_(n))).all()", ["READ Wallet(id in n)"]),
    "is null": ("w = s.scalars(select(Wallet).where(Wallet.user_id.is_(None))).all()", ["READ Wallet(user_id absent)"]),
    "text": (
        "w = s.execute(text('UPDATE wallets SET balance = balance - :n WHERE id = :id'), {'n': n, 'id': id})",
        ["WRITE Wallet(id=id) balance±=n"],
    ),
    "transaction block": (
        "with s.begin():\n        s.add(Wallet(user_id=id))",
        ["BEGIN", "CREATE Wallet user_id=id", "COMMIT"],
    ),
    "rollback": ("s.rollback()", ["ROLLBACK"]),
}


@pytest.mark.parametrize("case", CASES)
def test_statements(case: str) -> None:
    body, expected = CASES[case]
    found = effects(python(f"{HEAD}\ndef f(s: Session, id, n):\n    {body}\n"), "f")
    assert [_of_entity(each) for each in found] == [_of_entity(each) for each in expected]


@pytest.mark.parametrize("case", ["get", "select", "attribute write", "update statement"])
def test_async_sessions_have_the_same_effects(case: str) -> None:
    body, expected = CASES[case]
    for call in ("s.get", "s.execute", "s.scalars", "s.commit"):
        body = body.replace(f"= {call}(", f"= await {call}(").replace(f"    {call}(", f"    await {call}(")
    query = "await s.execute(select(Wallet).where(Wallet.user_id == id, Wallet.balance > 0))"
    body = body.replace(f"{query}.", f"({query}).")
    found = effects(python(f"{HEAD}\nasync def f(s: AsyncSession, id, n):\n    {body}\n"), "f")
    assert [_of_entity(each) for each in found] == [_of_entity(each) for each in expected]


def _of_entity(line: str) -> str:
    return line.strip()


def test_a_session_opened_here_is_the_handle() -> None:
    program = python(
        f"""{HEAD}
engine = create_engine("postgresql://")
SessionLocal = sessionmaker(engine)

def f(id):
    with SessionLocal() as s:
        w = s.get(Wallet, id)
        w.status = "closed"
        s.commit()
"""
    )
    f = program.expand("app.py:f")
    opened, read, write, commit = f.effects
    assert opened.handle == read.handle == write.handle == commit.handle


def test_eager_loads_are_known() -> None:
    body = "return s.scalars(select(User).options(selectinload(User.wallets).joinedload(Wallet.user))).all()"
    f = python(f"{HEAD}\ndef f(s: Session):\n    {body}\n").expand("app.py:f")
    assert [load.rpartition(":")[2] for load in f.effects[0].loads] == ["User.wallets", "Wallet.user"]
