"""Prisma, pg and fetch: equivalent spellings have the same effects."""

from __future__ import annotations

import pytest
from programs import effects, typescript

HEAD = """
import { Prisma, PrismaClient } from "@prisma/client";
import { Pool } from "pg";
export const db = new PrismaClient();
const pool = new Pool();
"""

CASES = {
    "find": ("const w = await db.wallet.findUnique({ where: { id } });", ["READ Wallet(id=id)"]),
    "find many": (
        "return db.wallet.findMany({ where: { userId: id, balance: { gte: n } }, take: 10 });",
        ["READ Wallet(userId=id, balance>n)"],
    ),
    "count": ("const c = await db.wallet.count({ where: { userId: id } });", ["COUNT Wallet(userId=id)"]),
    "create": ("await db.wallet.create({ data: { id, balance: 0 } });", ["CREATE Wallet id=id, balance=0"]),
    "nested create": (
        "await db.user.create({ data: { id, wallets: { create: { balance: 0 } } } });",
        ["CREATE User id=id", "CREATE Wallet balance=0 NESTED"],
    ),
    "computed": (
        "const w = await db.wallet.findUniqueOrThrow({ where: { id } });\n"
        "await db.wallet.update({ where: { id }, data: { balance: w.balance + 1 } });",
        ["READ Wallet(id=id)", "WRITE Wallet(id=id) balance=row0.balance~ARITH"],
    ),
    "a row is a plain object": (
        "const w = await db.wallet.findUniqueOrThrow({ where: { id } });\nw.balance = w.balance + 1;\nreturn w;",
        ["READ Wallet(id=id)"],
    ),
    "increment": (
        "await db.wallet.update({ where: { id }, data: { balance: { increment: n } } });",
        ["WRITE Wallet(id=id) balance±=n"],
    ),
    "spread": (
        "const w = await db.wallet.findUnique({ where: { id } });\n"
        "await db.wallet.update({ where: { id }, data: { ...w, status: n } });",
        ["READ Wallet(id=id)", "WRITE Wallet(id=id) *=row0~SPREAD, status=n"],
    ),
    "conditional": (
        "const { count } = await db.wallet.updateMany({ where: { id, balance: { gte: n } }, data: { status: 'x' } });",
        ["WRITE Wallet(id=id, balance>n) status='x'"],
    ),
    "upsert": (
        "await db.wallet.upsert({ where: { id }, update: { balance: n }, create: { id } });",
        ["WRITE Wallet(id=id) balance=n, id=id UPSERT"],
    ),
    "delete": ("await db.wallet.delete({ where: { id } });", ["DELETE Wallet(id=id)"]),
    "alternatives": (
        "await db.wallet.findFirst({ where: { OR: [{ id }, { userId: n }] } });",
        ["READ Wallet(id ? id, userId ? n)"],
    ),
    "through a relation": (
        "await db.wallet.findFirst({ where: { id, user: { email: n } } });",
        ["READ Wallet(id=id, user.email=n)"],
    ),
    "transaction of statements": (
        "await db.$transaction([db.wallet.delete({ where: { id } }), db.user.delete({ where: { id: n } })]);",
        ["BEGIN", "DELETE Wallet(id=id)", "DELETE User(id=n)", "COMMIT"],
    ),
    "interactive transaction": (
        "await db.$transaction(async (tx) => { await tx.wallet.delete({ where: { id } }); });",
        ["BEGIN", "DELETE Wallet(id=id)", "COMMIT"],
    ),
    "tagged text": (
        'await db.$queryRaw`SELECT * FROM "Wallet" WHERE id = ${id} FOR UPDATE`;',
        ["READ Wallet(id=id) LOCKS_ROW"],
    ),
    "built text": (
        "await db.$queryRawUnsafe(`SELECT * FROM \"Wallet\" WHERE id = '${id}'`);",
        ["READ Wallet(id=id)"],
    ),
    "pg": (
        'await pool.query("UPDATE \\"Wallet\\" SET balance = balance - $1 WHERE id = $2", [n, id]);',
        ["WRITE Wallet(id=id) balance±=n"],
    ),
    "pg client": (
        'const c = await pool.connect();\nawait c.query("BEGIN");\n'
        'await c.query("SELECT pg_advisory_xact_lock($1)", [n]);\nawait c.query("COMMIT");',
        ["OPEN", "BEGIN", "LOCK advisory(key=n)", "COMMIT"],
    ),
    "fetch": ('const r = await fetch("https://api.x.io/a");', ["SEND api.x.io READ_ONLY NO_TIMEOUT"]),
    "fetch with signal": (
        "const r = await fetch(`https://api.x.io/${id}`, { signal: AbortSignal.timeout(3000) });",
        ["SEND api.x.io READ_ONLY HAS_TIMEOUT"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_statements(case: str) -> None:
    body, expected = CASES[case]
    assert effects(typescript(f"{HEAD}\nexport async function f(id, n) {{\n{body}\n}}\n"), "f") == expected


def test_statements_on_the_client_inside_a_transaction_are_distinguished() -> None:
    program = typescript(
        f"""{HEAD}
export async function f(id: string) {{
  await db.$transaction(async (tx) => {{
    await tx.wallet.delete({{ where: {{ id }} }});
    await db.user.delete({{ where: {{ id }} }});
  }});
}}
"""
    )
    begin, inside, escaped, _ = program.expand("app.ts:f").effects
    assert inside.handle == begin.handle != escaped.handle


def test_a_client_generated_into_the_project() -> None:
    program = typescript(
        """
import { db } from "./database.ts";
export async function f(id: string) { return db.wallet.findUnique({ where: { id } }); }
""",
        database_ts='import { PrismaClient } from "./generated/client.ts";\nexport const db = new PrismaClient();\n',
        generated__client_ts="export const PrismaClient = make();\nexport type PrismaClient = Made;\n",
    )
    assert effects(program, "f") == ["READ Wallet(id=id)"]
