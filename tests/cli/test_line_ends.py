"""What is shown of a file is what was read of it, however its lines end and whatever encodes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from looktwice.cli.main import run

PYTHON = """# coding: {coding}
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
class Base(DeclarativeBase):
    pass
class Wallet(Base):
    __tablename__ = "wallets"  # Geldbörse
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]
def deposit(session: Session, wallet_id: int, amount: int) -> None:
    wallet = session.get_one(Wallet, wallet_id)  # not locked
    wallet.balance = wallet.balance + amount
    session.commit()
"""
SCRIPT = """// Geldbörse
const express = require('express');
const { Pool } = require('pg');
const app = express(); const pool = new Pool();
app.post('/wallets/:id', async (req, res) => {
  const found = await pool.query('SELECT balance FROM wallets WHERE id = $1', [req.params.id]); // not locked
  const balance = found.rows[0].balance + req.body.amount;
  await pool.query('UPDATE wallets SET balance = $1 WHERE id = $2', [balance, req.params.id]);
  res.json({});
});
"""
CASES = {
    "wallet.py": (PYTHON, "wallet.balance = wallet.balance + amount", "wallet.py:11:5", "12 lines"),
    "wallet.js": (SCRIPT, "await pool.query('UPDATE wallets SET balance", "wallet.js:8:", "10 lines"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("end", "coding"),
    [
        ("\n", "utf-8"),
        ("\r\n", "utf-8"),
        ("\r", "utf-8"),
        ("\r", "latin-1"),
        ("\r", "utf-8-sig"),
        ("\n", "utf-16"),
        ("\r", "utf-16"),
    ],
)
def test_lines_are_shown_and_counted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    end: str,
    coding: str,
) -> None:
    for variable in ("CLAUDECODE", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    text, line, place, count = CASES[name]
    text = text.replace("{coding}", coding.removesuffix("-sig")).replace("\n", end)
    (tmp_path / name).write_bytes(text.encode(coding))
    code = run(["audit", "--no-cache", str(tmp_path)])
    out = capsys.readouterr().out
    assert code == 1, out
    assert line in out
    assert place in out
    assert count in out
