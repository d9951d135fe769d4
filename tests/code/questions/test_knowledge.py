"""Facts about a whole program: roots, backend code, writers and owners of columns."""

from __future__ import annotations

import pytest
from programs import program, python

from looktwice.code.ir.common import Maybe
from looktwice.code.questions.bookkeeping import counts_attempts, is_bookkeeping
from looktwice.code.questions.knowledge import Knowledge, is_solo_path
from looktwice.code.questions.uniqueness import is_unique_over

APPLICATION = """
from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from models import User, Wallet

router = APIRouter()

def session():
    yield None

def me(s: Session = Depends(session)) -> User:
    return s.get(User, 1)

def helper(s: Session, key: int):
    w = s.get(Wallet, key)
    w.balance = 0

@router.post("/wallets/{key}")
def change(key: int, user: User = Depends(me), s: Session = Depends(session)):
    helper(s, key)

@router.get("/wallets")
def mine(user: User = Depends(me), s: Session = Depends(session)):
    return s.query(Wallet).filter(Wallet.user_id == user.id).all()

def left_alone(s: Session):
    helper(s, 1)
"""


def test_roots_are_routes_and_functions_without_callers() -> None:
    k = Knowledge(python(APPLICATION))
    names = {root.name.partition(":")[2]: root.route for root in k.roots}
    assert names["change"] == "POST /wallets/{key}" and names["left_alone"] == ""
    assert "helper" not in names
    assert k.is_unrouted("app.py:left_alone") and not k.is_unrouted("app.py:helper")


def test_a_column_without_writers_does_not_change() -> None:
    k = Knowledge(python(APPLICATION))
    wallet = next(key for key in k.program.entities if key.endswith(":Wallet"))
    assert k.changes(wallet, "balance") is Maybe.YES
    assert k.changes(wallet, "status") is Maybe.NO


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app/orders.py", False),
        ("tests/test_orders.py", True),
        ("src/orders.test.ts", True),
        ("alembic/versions/1.py", True),
        ("prisma/seed.ts", True),
        ("app/testimonials.py", False),
    ],
)
def test_code_that_runs_one_at_a_time(path: str, expected: bool) -> None:
    assert is_solo_path(path) is expected


def test_scripts_are_not_shared_and_browser_code_is_not_served() -> None:
    k = Knowledge(
        program(
            tool_py='def main():\n    pass\n\nif __name__ == "__main__":\n    main()\n',
            web__src__page_tsx='export const load = () => fetch("/orders");\nexport const Page = () => <p>{1}</p>;',
            web__src__mail_tsx="export const Mail = () => <p>{1}</p>;",
        )
    )
    assert k.scripts == {"tool.py"}
    served = {f.path for f in k.program.functions.values() if k.is_served(f)}
    assert served == {"tool.py", "web/src/mail.tsx"}


UNIQUE = {
    ("email",): Maybe.YES,
    ("email", "name"): Maybe.YES,
    ("id",): Maybe.YES,
    ("name",): Maybe.NO,
    (): Maybe.UNKNOWN,
}


@pytest.mark.parametrize(("columns", "expected"), UNIQUE.items(), ids=map(str, UNIQUE))
def test_unique_columns(columns: tuple[str, ...], expected: Maybe) -> None:
    p = python("from models import User\n")
    user = next(entity for key, entity in p.entities.items() if key.endswith(":User"))
    assert is_unique_over(user, frozenset(columns)) is expected
    assert is_unique_over(None, frozenset(columns)) is Maybe.UNKNOWN


@pytest.mark.parametrize(
    ("entity", "is_note", "is_attempt"),
    [
        ("models.py:AuditLog", True, False),
        ("prisma/schema.prisma:LoginAttempt", True, True),
        ("table:orders", False, False),
        ("models.py:Catalog", False, False),
        ("models.py:Blog", False, False),
    ],
)
def test_rows_that_only_record_what_happened(entity: str, is_note: bool, is_attempt: bool) -> None:
    assert (is_bookkeeping(entity), counts_attempts(entity)) == (is_note, is_attempt)
