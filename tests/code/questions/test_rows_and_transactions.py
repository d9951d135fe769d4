"""Same or different rows and transactions, and what is known about columns and owners."""

from __future__ import annotations

import pytest
from programs import program, python, typescript

from looktwice.code import Program
from looktwice.code.ir.common import Maybe
from looktwice.code.ir.effects import EffectKind
from looktwice.code.questions.knowledge import Knowledge
from looktwice.code.questions.rows import is_same_row
from looktwice.code.questions.transactions import commit_after, share_transaction
from looktwice.code.questions.uniqueness import handles_violation, is_unique_over

HEAD = """
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from models import User, Wallet

def f(s: Session, t: Session, n, m):
    {body}
"""

SAME = {
    "the object": ("w = s.get(Wallet, n)\n    w.balance = 1", Maybe.YES),
    "its key": (
        "w = s.get(Wallet, n)\n    s.execute(update(Wallet).where(Wallet.id == w.id).values(balance=1))",
        Maybe.YES,
    ),
    "the same key": (
        "w = s.get(Wallet, n)\n    s.execute(update(Wallet).where(Wallet.id == n).values(balance=1))",
        Maybe.YES,
    ),
    "another key": (
        "w = s.get(Wallet, n)\n    s.execute(update(Wallet).where(Wallet.id == m).values(balance=1))",
        Maybe.NO,
    ),
    "another table": (
        "w = s.get(User, n)\n    s.execute(update(Wallet).where(Wallet.id == n).values(balance=1))",
        Maybe.NO,
    ),
    "all rows": (
        "w = s.scalars(select(Wallet)).first()\n    s.execute(update(Wallet).values(balance=1))",
        Maybe.UNKNOWN,
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same_row(case: str) -> None:
    body, expected = SAME[case]
    found = python(HEAD.format(body=body))
    f = found.expand("app.py:f")
    write = len(f.effects) - 1
    assert is_same_row(f, found.entities[f.effects[write].target.name], 0, write) is expected


TOGETHER = {
    "one session": ("s.get(User, n)\n    s.get(Wallet, n)", True),
    "a commit between": ("s.get(User, n)\n    s.commit()\n    s.get(Wallet, n)", False),
    "two sessions": ("s.get(User, n)\n    t.get(Wallet, n)", False),
    "one block": ("with s.begin():\n        s.get(User, n)\n        s.get(Wallet, n)", True),
    "inside and outside of a block": ("s.get(User, n)\n    with s.begin():\n        s.get(Wallet, n)", False),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_one_transaction(case: str) -> None:
    body, expected = TOGETHER[case]
    f = python(HEAD.format(body=body)).expand("app.py:f")
    user, wallet = (each for each in f.effects if each.kind is EffectKind.READ)
    assert share_transaction(f, user, wallet) is expected


def test_statements_on_the_client_are_autocommitted() -> None:
    f = typescript(
        """
import { PrismaClient } from "@prisma/client";
const db = new PrismaClient();
export async function f(id: string) {
  await db.user.delete({ where: { id } });
  await db.wallet.delete({ where: { id } });
}
"""
    ).expand("app.ts:f")
    user, wallet = f.effects
    assert not share_transaction(f, user, wallet)
    assert commit_after(f, user) is user


VIOLATION = {
    "nobody": ("s.add(User(email=n))\n    s.commit()", False),
    "where it is committed": (
        "s.add(User(email=n))\n    try:\n        s.commit()\n    except IntegrityError:\n"
        "        s.rollback()\n        raise ValueError",
        True,
    ),
    "another error": (
        "try:\n        s.add(User(email=n))\n        s.commit()\n    except KeyError:\n        s.rollback()",
        False,
    ),
}


@pytest.mark.parametrize("case", VIOLATION)
def test_a_violation_is_handled(case: str) -> None:
    body, expected = VIOLATION[case]
    f = python(HEAD.format(body=body)).expand("app.py:f")
    create = next(each for each in f.effects if each.kind is EffectKind.CREATE)
    assert handles_violation(f, create) is expected


def test_unique() -> None:
    entity = next(each for each in python("").entities.values() if each.name == "User")
    assert is_unique_over(entity, frozenset({"email"})) is Maybe.YES
    assert is_unique_over(entity, frozenset({"email", "id"})) is Maybe.YES
    wallet = next(each for each in python("").entities.values() if each.name == "Wallet")
    assert is_unique_over(wallet, frozenset({"user_id"})) is Maybe.NO


KNOWN = """
from fastapi import Depends, FastAPI, HTTPException, Header
from jose import jwt
from sqlalchemy import select
from sqlalchemy.orm import Session
from models import User, Wallet
app = FastAPI()

def who(authorization: str = Header()):
    try:
        return jwt.decode(authorization, "secret")
    except Exception:
        raise HTTPException(401)

@app.get("/wallets/{id}")
def one(id: int, s: Session, me=Depends(who)):
    return s.scalars(select(Wallet).where(Wallet.id == id, Wallet.user_id == me.id)).one()

@app.post("/wallets/{id}/close")
def close(id: int, s: Session, me=Depends(who)):
    wallet = s.get(Wallet, id)
    wallet.status = "closed"
    s.commit()
"""


@pytest.fixture(scope="module")
def known() -> tuple[Program, Knowledge, str]:
    found = python(KNOWN)
    return found, Knowledge(found), next(key for key, each in found.entities.items() if each.name == "Wallet")


def test_who_writes_a_column(known: tuple[Program, Knowledge, str]) -> None:
    _, k, wallet = known
    assert [name for name, _ in k.writers(wallet, "status")] == ["app.py:close"]
    assert k.changes(wallet, "status") is Maybe.YES
    assert k.changes(wallet, "user_id") is Maybe.NO


def test_what_ties_a_row_to_its_owner(known: tuple[Program, Knowledge, str]) -> None:
    _, k, wallet = known
    assert k.owner_columns[wallet] == {"user_id"}


def test_roots_are_routes_and_functions_without_callers() -> None:
    found = program(
        app_py="def f():\n    return g()\n\ndef g():\n    return 1\n", tests__test_app_py="def test_f():\n    pass\n"
    )
    assert [root.name for root in Knowledge(found).roots if "<module>" not in root.name] == ["app.py:f"]
