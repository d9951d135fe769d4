"""What a function can reach, computed before inlining: what must not be missed, and what is skipped."""

from __future__ import annotations

import pytest
from programs import python

from looktwice.code.ir.effects import STORE_READS, Effect
from looktwice.code.questions.knowledge import Knowledge
from looktwice.code.questions.reaching import may_swallow, repeats

HEAD = """
from sqlalchemy.orm import Session
from models import User, Wallet

def load(s: Session, key):
    return s.get(Wallet, key)

def save(s: Session, w):
    w.balance = 1
    s.commit()

def put(s: Session, row):
    s.add(row)

def run(work, *given):
    return work(*given)
"""
READING_AND_WRITING = {
    "read and written in callees": ("save(s, load(s, id))", True),
    "written by a function that is passed": ("run(save, s, load(s, id))", True),
    "what is written is known to the caller only": ("load(s, id); put(s, other)", True),
    "another entity is read": ("s.get(User, id); s.add(Wallet(balance=1))", False),
    "only read": ("load(s, id)", False),
}
REPEATING = {
    "in a callee": ("for id in ids: load(s, id)", True),
    "here": ("for id in ids: s.get(Wallet, id)", True),
    "outside of the loop": ("for id in ids: print(id)\n    load(s, ids)", False),
    "over a constant": ("for id in (1, 2): load(s, id)", False),
}
CATCHING = {
    "in a callee": ("load(s, id)", "pass", True),
    "raised again": ("load(s, id)", "raise", False),
    "nothing that may fail": ("print(id)", "pass", False),
}


def is_read(effect: Effect) -> bool:
    return bool(effect.kind & STORE_READS)


@pytest.mark.parametrize(("body", "expected"), READING_AND_WRITING.values(), ids=READING_AND_WRITING)
def test_a_read_and_a_write_of_the_same_entity(body: str, expected: bool) -> None:
    k = Knowledge(python(f"{HEAD}\ndef f(s: Session, id, other):\n    {body}\n"))
    assert ("app.py:f" in k.reading_and_writing) is expected


@pytest.mark.parametrize(("body", "expected"), REPEATING.values(), ids=REPEATING)
def test_what_is_repeated(body: str, expected: bool) -> None:
    k = Knowledge(python(f"{HEAD}\ndef f(s: Session, ids):\n    {body}\n"))
    leading = k.leading_to(lambda f: any(is_read(each) for each in f.effects))
    assert repeats(k.program.functions["app.py:f"], is_read, leading, ("constants",)) is expected


@pytest.mark.parametrize(("body", "handler", "expected"), CATCHING.values(), ids=CATCHING)
def test_what_may_be_swallowed(body: str, handler: str, expected: bool) -> None:
    text = f"{HEAD}\ndef f(s: Session, id):\n    try:\n        {body}\n    except Exception:\n        {handler}\n"
    k = Knowledge(python(text))
    leading = k.leading_to(lambda f: any(is_read(each) for each in f.effects))
    assert may_swallow(k.program.functions["app.py:f"], is_read, leading) is expected
