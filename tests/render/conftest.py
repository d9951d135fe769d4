"""A small program, what was found in it, and what was proven of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from wallet_runs import balance, step

from looktwice.core.finding import Confidence, Finding, Role, RoleSpan, Severity
from looktwice.core.source import Source
from looktwice.core.trace import Lane, Outcome, StepKind, Trace, Verdict

WALLET = '''"""Wallets."""


def deposit(session, user_id, amount):
    wallet = find(session, user_id)
    wallet.balance = wallet.balance + amount
    session.commit()




def find(session, user_id):
    return session.scalar(select(Wallet).where(Wallet.user_id == user_id))
'''

Spanning = Callable[..., RoleSpan]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "wallet.py").write_text(WALLET)
    return tmp_path


@pytest.fixture
def spanning(root: Path) -> Spanning:
    def span(text: str, role: Role, note: str = "", path: str = "shop/wallet.py") -> RoleSpan:
        data = (root / path).read_bytes()
        at = data.index(text.encode())
        it = Source(path, data).span(at, at + len(text.encode()))
        places = (it.path, it.start_line, it.start_column, it.end_line, it.end_column)
        return RoleSpan(*places, role=role, note=note)

    return span


@pytest.fixture
def lost_update(spanning: Spanning) -> Finding:
    write = spanning("wallet.balance = wallet.balance + amount", Role.WRITE, "written here")
    read = spanning("session.scalar(select(Wallet).where(Wallet.user_id == user_id))", Role.READ, "read here")
    return Finding(
        code="LT301", pattern="lost-update", message_id="m", message="Wallet is read, changed and written back.",
        severity=Severity.CRITICAL, confidence=Confidence.HIGH, path=write.path, start_line=write.start_line,
        start_column=write.start_column, end_line=write.end_line, end_column=write.end_column, spans=(write, read),
        handler="POST /deposits", because=("nothing locks it",), fingerprint="v1:0123456789abcdef",
    )  # fmt: skip


@pytest.fixture
def trace() -> Trace:
    """Two deposits of 50 and 30 to a wallet of 100; the first is lost."""
    read, write = StepKind.READ, StepKind.WRITE
    bodies = {"A": '{"amount": 50}', "B": '{"amount": 30}'}
    moves = [("A", read, "100", None), ("B", read, "100", None), ("A", write, "100", "150"), ("B", write, "150", "130")]
    return Trace(
        title="Two deposits",
        lanes=tuple(
            Lane(name=name, method="POST", path="/deposits", body=body, status=200, outcome=Outcome.OK)
            for name, body in bodies.items()
        ),
        steps=tuple(step(*move, parameters=(move[3],) if move[3] else ()) for move in moves),
        order="ABAB", initial=balance("100"), final=balance("130"),
        serial=(("A then B", balance("180")), ("B then A", balance("180"))),
        verdict=Verdict.DATA_WRONG, name="lost update", explanation="What A added is gone.",
        environment={"PostgreSQL": "18.6", "isolation": "read committed"},
    )  # fmt: skip
