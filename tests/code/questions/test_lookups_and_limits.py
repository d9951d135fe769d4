"""Checks that mean a row is absent, and checks that a write relies on."""

from __future__ import annotations

import pytest
from programs import found, python, typescript

from looktwice.code.ir.effects import EffectKind
from looktwice.code.questions.knowledge import Knowledge
from looktwice.code.questions.limits import limits
from looktwice.code.questions.lookups import means_absent, state_checks

ABSENT = [
    ("if s.scalar(select(User).where(User.email == e)): raise ValueError", True),
    ("if s.scalar(select(User).where(User.email == e)) is not None: raise ValueError", True),
    ("if s.scalar(select(User).where(User.email == e)) is None: raise ValueError", False),
    ("if s.query(User).filter(User.email == e).count() > 0: raise ValueError", True),
    ("if s.query(User).filter(User.email == e).count() >= 5: raise ValueError", False),
    ("if s.query(User).filter(User.email == e).first(): return None", True),
    ("known = s.scalar(select(User).where(User.email == e))\n    if known.email == e: raise ValueError", False),
]


@pytest.mark.parametrize(("test", "expected"), ABSENT, ids=[case[0] for case in ABSENT])
def test_a_look_up_that_means_absence(test: str, expected: bool) -> None:
    p = python(f"""
from sqlalchemy import select
from sqlalchemy.orm import Session
from models import User

def add(s: Session, e: str):
    {test}
    s.add(User(email=e))
    s.commit()
""")
    f = p.expand(found(p, "add"))
    create = next(each for each in f.effects if each.kind is EffectKind.CREATE)
    assert any(means_absent(f, check) for check in state_checks(f, create)) is expected


LIMITS = [
    ("an amount", "if w.balance < n: raise ValueError\n    w.balance -= n", ["limit balance"]),
    ("a state that is refused", "if w.status != 'open': raise ValueError\n    w.status = 'shut'", ["state status"]),
    ("a state that is passed over", "if w.status == 'open':\n        w.status = 'shut'", []),
    ("another column is written", "if w.balance < n: raise ValueError\n    w.status = 'shut'", []),
    ("compared with what was sent", "if w.status != n: raise ValueError\n    w.status = 'shut'", []),
    ("the number must be there", "if w.balance is None: raise ValueError\n    w.balance += n", []),
    ("no test", "w.balance -= n", []),
]


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS])
def test_a_write_that_relies_on_a_check(body: str, expected: list[str]) -> None:
    p = python(f"""
from sqlalchemy.orm import Session
from models import Wallet

def change(s: Session, key: int, n: int):
    w = s.get(Wallet, key)
    {body}
    s.commit()
""")
    assert found_limits(p, "change") == expected


QUOTAS = [
    ("if (n >= 5) throw new Error('enough');", ["quota "]),
    ("if (n === 0) throw new Error('none yet');", []),
    ("console.log(n);", []),
]


@pytest.mark.parametrize(("test", "expected"), QUOTAS, ids=[case[0] for case in QUOTAS])
def test_a_quota_of_rows(test: str, expected: list[str]) -> None:
    p = typescript(f"""
import {{ PrismaClient }} from "@prisma/client";
const db = new PrismaClient();
export async function add(userId: string) {{
  const n = await db.wallet.count({{ where: {{ userId }} }});
  {test}
  await db.wallet.create({{ data: {{ userId, balance: 0, status: "open" }} }});
}}
""")
    assert found_limits(p, "add") == expected


def found_limits(p, name: str) -> list[str]:
    f = p.expand(found(p, name))
    k = Knowledge(p)
    return [
        f"{limit.kind} {limit.column}"
        for number, each in enumerate(f.effects)
        if each.kind & (EffectKind.WRITE | EffectKind.CREATE)
        for limit in limits(k, f, number)
    ]
