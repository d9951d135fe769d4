"""What prevents a concurrent request: one table per language, from the program's text to the verdict."""

from __future__ import annotations

import pytest
from programs import python, typescript

from looktwice.code import Program
from looktwice.code.ir.effects import EffectKind
from looktwice.code.questions.protection import Verdict, protection

PYTHON = """
import threading
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session
from models import User, Wallet
LOCK = threading.Lock()

def load(s, id):
    return s.scalars(select(Wallet).where(Wallet.id == id).with_for_update()).one()

def f(s: Session, id: int, n: int):
    {body}
"""

IN_PYTHON = {
    "nothing": ("w = s.get(Wallet, id)\n    w.balance -= n\n    s.commit()", Verdict.NONE),
    "a transaction is no lock": (
        "with s.begin():\n        w = s.get(Wallet, id)\n        w.balance -= n",
        Verdict.NONE,
    ),
    "locked when read": (
        "w = s.scalars(select(Wallet).where(Wallet.id == id).with_for_update()).one()\n"
        "    w.balance -= n\n    s.commit()",
        Verdict.ROW_LOCK,
    ),
    "locked by key": (
        "w = s.get(Wallet, id, with_for_update=True)\n    w.balance -= n\n    s.commit()",
        Verdict.ROW_LOCK,
    ),
    "locked in a callee": ("w = load(s, id)\n    w.balance -= n\n    s.commit()", Verdict.ROW_LOCK),
    "locked, but committed before the write": (
        "w = load(s, id)\n    s.commit()\n    w.balance -= n\n    s.commit()",
        Verdict.NONE,
    ),
    "locked after it was loaded": (
        "w = s.get(Wallet, id)\n    w = load(s, id)\n    w.balance -= n\n    s.commit()",
        Verdict.STALE,
    ),
    "locked after it was loaded, and loaded again": (
        "w = s.get(Wallet, id)\n"
        "    q = select(Wallet).where(Wallet.id == id).with_for_update()\n"
        "    w = s.scalars(q.execution_options(populate_existing=True)).one()\n"
        "    w.balance -= n\n    s.commit()",
        Verdict.ROW_LOCK,
    ),
    "the condition in the write": (
        "w = s.get(Wallet, id)\n"
        "    s.execute(update(Wallet).where(Wallet.id == id, Wallet.balance >= n).values(balance=w.balance - n))",
        Verdict.CONDITION,
    ),
    "a lock of the process": (
        "with LOCK:\n        w = s.get(Wallet, id)\n        w.balance -= n\n        s.commit()",
        Verdict.NONE,
    ),
    "an advisory lock": (
        "s.execute(text('SELECT pg_advisory_xact_lock(:id)'), {'id': id})\n"
        "    w = s.get(Wallet, id)\n    w.balance -= n\n    s.commit()",
        Verdict.MUTEX,
    ),
    "the lock of another row": (
        "u = s.get(User, n, with_for_update=True)\n    w = s.get(Wallet, id)\n    w.balance -= n\n    s.commit()",
        Verdict.NONE,
    ),
}

TYPESCRIPT = """
import {{ Prisma, PrismaClient }} from "@prisma/client";
const db = new PrismaClient();
export async function f(id: string, n: number) {{
  {body}
}}
"""

IN_TYPESCRIPT = {
    "nothing": (
        "const w = await db.wallet.findUniqueOrThrow({ where: { id } });\n"
        "await db.wallet.update({ where: { id }, data: { balance: w.balance - n } });",
        Verdict.NONE,
    ),
    "a transaction is no lock": (
        "await db.$transaction(async (tx) => {\n"
        "  const w = await tx.wallet.findUniqueOrThrow({ where: { id } });\n"
        "  await tx.wallet.update({ where: { id }, data: { balance: w.balance - n } });\n});",
        Verdict.NONE,
    ),
    "a strict transaction": (
        "await db.$transaction(async (tx) => {\n"
        "  const w = await tx.wallet.findUniqueOrThrow({ where: { id } });\n"
        "  await tx.wallet.update({ where: { id }, data: { balance: w.balance - n } });\n"
        "}, { isolationLevel: Prisma.TransactionIsolationLevel.Serializable });",
        Verdict.ISOLATION,
    ),
    "a strict transaction, read outside": (
        "const w = await db.wallet.findUniqueOrThrow({ where: { id } });\n"
        "await db.$transaction(async (tx) => {\n"
        "  await tx.wallet.update({ where: { id }, data: { balance: w.balance - n } });\n"
        "}, { isolationLevel: 'Serializable' });",
        Verdict.NONE,
    ),
    "the old value in the condition": (
        "const w = await db.wallet.findUniqueOrThrow({ where: { id } });\n"
        "await db.wallet.updateMany({ where: { id, balance: w.balance }, data: { balance: w.balance - n } });",
        Verdict.CONDITION,
    ),
    "locked by text": (
        "await db.$transaction(async (tx) => {\n"
        '  await tx.$queryRaw`SELECT id FROM "Wallet" WHERE id = ${id} FOR UPDATE`;\n'
        "  const w = await tx.wallet.findUniqueOrThrow({ where: { id } });\n"
        "  await tx.wallet.update({ where: { id }, data: { balance: w.balance - n } });\n});",
        Verdict.ROW_LOCK,
    ),
    "locked on another connection": (
        "await db.$transaction(async (tx) => {\n"
        '  await tx.$queryRaw`SELECT id FROM "Wallet" WHERE id = ${id} FOR UPDATE`;\n'
        "  const w = await db.wallet.findUniqueOrThrow({ where: { id } });\n"
        "  await db.wallet.update({ where: { id }, data: { balance: w.balance - n } });\n});",
        Verdict.NONE,
    ),
}


def verdict(program: Program, symbol: str, processes: int = 2) -> Verdict:
    f = program.expand(symbol)
    wallets = {key for key, entity in program.entities.items() if entity.name == "Wallet"}
    of_wallet = [number for number, each in enumerate(f.effects) if each.target.name in wallets]
    write = max(number for number in of_wallet if f.effects[number].kind is EffectKind.WRITE)
    put = f.effects[write].puts[0]
    read = next(origin.ref for origin in f.values[put.value] if origin.ref >= 0 and origin.kind.name == "ROW")
    entity = program.entities[f.effects[write].target.name]
    return protection(f, entity, read, write, frozenset({put.column}), processes=processes).verdict


@pytest.mark.parametrize("case", IN_PYTHON)
def test_python(case: str) -> None:
    body, expected = IN_PYTHON[case]
    assert verdict(python(PYTHON.format(body=body)), "app.py:f") is expected


@pytest.mark.parametrize("case", IN_TYPESCRIPT)
def test_typescript(case: str) -> None:
    body, expected = IN_TYPESCRIPT[case]
    assert verdict(typescript(TYPESCRIPT.format(body=body)), "app.ts:f") is expected


def test_an_in_memory_lock_protects_within_one_process() -> None:
    body, _ = IN_PYTHON["a lock of the process"]
    assert verdict(python(PYTHON.format(body=body)), "app.py:f", processes=1) is Verdict.MUTEX
