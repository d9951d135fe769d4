"""Order, exclusion and guards among the effects of one function with its callees."""

from __future__ import annotations

import pytest
from programs import python

from looktwice.code.ir.control import Op
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.questions.control import are_exclusive, is_before, is_certain_before
from looktwice.code.questions.guards import guards

HEAD = """
from sqlalchemy.orm import Session
from models import User, Wallet

def refuse(w):
    if w is None:
        raise ValueError("none")

def f(s: Session, n, m):
    {body}
"""
# the first effect and the last: before, certainly before, exclusive
PAIRS = {
    "one after the other": ("s.get(User, n)\n    s.get(Wallet, n)", (True, True, False)),
    "in a branch": ("if n:\n        s.get(User, n)\n    s.get(Wallet, n)", (True, False, False)),
    "both in the branch": ("if n:\n        s.get(User, n)\n        s.get(Wallet, n)", (True, True, False)),
    "in the other arm": ("if n:\n        s.get(User, n)\n    else:\n        s.get(Wallet, n)", (False, False, True)),
    "in a loop": ("for x in n:\n        s.get(User, x)\n    s.get(Wallet, n)", (True, False, False)),
    "behind an exit": ("s.get(User, n)\n    if n:\n        return\n    s.get(Wallet, n)", (True, True, False)),
    "in a handler": (
        "try:\n        pass\n    except ValueError:\n        s.get(User, n)\n    s.get(Wallet, n)",
        (True, False, False),
    ),
    "in the arm that left": (
        "if n:\n        s.get(User, n)\n        return\n    s.get(Wallet, n)",
        (False, False, True),
    ),
}


def last(body: str) -> FunctionSummary:
    return python(HEAD.format(body=body)).expand("app.py:f")


@pytest.mark.parametrize("case", PAIRS)
def test_order(case: str) -> None:
    body, expected = PAIRS[case]
    f = last(body)
    a, b = f.effects[0], f.effects[-1]
    assert (is_before(f, a, b), is_certain_before(f, a, b), are_exclusive(f, a.region, b.region)) == expected


# what is known when the last effect runs: (operator, it holds, alone)
KNOWN = {
    "truth": ("if n:\n        s.get(Wallet, n)", [(Op.TRUE, True, True)]),
    "both": ("if n and m > 1:\n        s.get(Wallet, n)", [(Op.TRUE, True, True), (Op.MORE, True, True)]),
    "either": ("if n or m > 1:\n        s.get(Wallet, n)", [(Op.TRUE, True, False), (Op.MORE, True, False)]),
    "neither": (
        "if not n or m == 1:\n        return\n    s.get(Wallet, n)",
        [(Op.NULL, False, True), (Op.EQ, False, True)],
    ),
    "not both": (
        "if n and m == 1:\n        return\n    s.get(Wallet, n)",
        [(Op.TRUE, False, False), (Op.EQ, False, False)],
    ),
    "refused in a callee": ("w = s.get(User, n)\n    refuse(w)\n    s.get(Wallet, n)", [(Op.NULL, False, True)]),
    "refused under a branch": (
        "w = s.get(User, n)\n    if m:\n        refuse(w)\n    s.get(Wallet, n)",
        [],
    ),
    "refused inside a with": (
        "with s.begin():\n        if not n:\n            raise ValueError\n    s.get(Wallet, n)",
        [(Op.NULL, False, True)],
    ),
    "refused and caught": (
        "try:\n        if not n:\n            raise ValueError\n    except ValueError:\n        pass\n"
        "    s.get(Wallet, n)",
        [],
    ),
}


@pytest.mark.parametrize("case", KNOWN)
def test_guards(case: str) -> None:
    body, expected = KNOWN[case]
    f = last(body)
    assert [(each.atom.op, each.holds, each.is_certain) for each in guards(f, f.effects[-1])] == expected
