"""Callees of which only the value is used, and that this value equals the one from inlining."""

from __future__ import annotations

from textwrap import dedent

import pytest

from looktwice.code import build
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.program.purity import ACTS, CALLS, TESTS

HEAD = """
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase): pass
class Wallet(Base):
    __tablename__ = "wallets"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]

def double(value): return times(value, 2)
def times(value, factor): return value * factor
def positive(value):
    if value < 0:
        raise ValueError(value)
    return value
def limit(name):
    if name: return 10
    return 20
def apply(function, value): return function(value)
def stored(db, wallet): return db.get(Wallet, wallet)
def first(xs):
    for x in xs:
        return x

def root(db: Session, wallet_id: int):
    wallet = db.get(Wallet, wallet_id)
    wallet.balance = VALUE
    db.commit()
"""
NOISES = [
    ("double", 0),
    ("times", 0),
    ("positive", TESTS),
    ("limit", TESTS),
    ("apply", CALLS),
    ("stored", ACTS | TESTS),
]


def expanded(value: str) -> FunctionSummary:
    text = HEAD.replace("VALUE", value)
    return build({"app.py": dedent(text).encode()}).expand("app.py:root")


@pytest.mark.parametrize(("name", "expected"), NOISES)
def test_what_a_caller_can_observe(name: str, expected: int) -> None:
    program = build({"app.py": dedent(HEAD.replace("VALUE", "0")).encode()})
    assert program.impurities[f"app.py:{name}"] & (ACTS | TESTS | CALLS) == expected


INLINED = [
    ("double(wallet.balance)", []),
    ("positive(wallet.balance)", ["positive"]),
    ("positive(3)", []),
    ("limit('a')", []),
    ("limit(wallet.balance)", ["limit"]),
    ("apply(double, 3)", ["apply"]),
    ("stored(db, wallet_id).balance", ["stored"]),
]


@pytest.mark.parametrize(("value", "expected"), INLINED)
def test_only_observable_callees_are_inlined(value: str, expected: list[str]) -> None:
    f = expanded(value)
    names = [each.detail.rpartition(":")[2] for each in f.regions if each.kind is RegionKind.CALL]
    assert names[: len(expected)] == expected and bool(names) == bool(expected)


def test_the_value_of_a_pure_callee_keeps_its_origin_and_transformations() -> None:
    quiet, plain = expanded("double(wallet.balance)"), expanded("wallet.balance * 2")

    def written(f: FunctionSummary) -> set[tuple[OriginKind, tuple[str, ...], int]]:
        (put,) = [put for each in f.effects for put in each.puts if put.column == "balance"]
        return {(o.kind, o.path, o.via) for o in f.values[put.value] if o.kind is OriginKind.ROW}

    assert written(quiet) == written(plain) != set()
