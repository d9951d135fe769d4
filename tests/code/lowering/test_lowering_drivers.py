"""Drivers and clients, and what real code does with their rows."""

from __future__ import annotations

import pytest
from programs import effects, python, typescript

PYTHON = """
import asyncpg, httpx, psycopg, redis, requests
from sqlalchemy import update
from sqlalchemy.orm import Session
from models import Wallet
cache = redis.Redis()
{text}
"""

IN_PYTHON = {
    "a cursor": (
        "def f(id, n):\n"
        "    with psycopg.connect('x') as c, c.cursor() as cur:\n"
        "        cur.execute('SELECT balance, status FROM wallets WHERE id = %s', (id,))\n"
        "        balance, status = cur.fetchone()\n"
        "        cur.execute('UPDATE wallets SET balance = %s WHERE id = %s', (balance - n, id))\n",
        ["OPEN", "BEGIN", "READ Wallet(id=id)", "WRITE Wallet(id=id) balance=row2.balance~ARITH + n~ARITH", "COMMIT"],
    ),
    "asyncpg": (
        "async def f(pool: asyncpg.Pool, id):\n"
        "    async with pool.acquire() as c, c.transaction():\n"
        "        row = await c.fetchrow('SELECT * FROM wallets WHERE id = $1 FOR UPDATE', id)\n"
        "        await c.execute('UPDATE wallets SET balance = $1 WHERE id = $2', row['balance'] + 1, id)\n",
        ["OPEN", "BEGIN", "READ Wallet(id=id) LOCKS_ROW", "WRITE Wallet(id=id) balance=row2.balance~ARITH", "COMMIT"],
    ),
    "every column by name": (
        "def f(s: Session, id, data):\n    w = s.get(Wallet, id)\n"
        "    for k, v in data.items():\n        setattr(w, k, v)\n",
        ["READ Wallet($key=id)", "WRITE Wallet *=data~ELEMENT ATTRIBUTE"],
    ),
    "a client with no limit": (
        "async def f(x):\n    async with httpx.AsyncClient(timeout=None) as c:\n"
        "        await c.post('https://a.io/x', json=x)\n",
        ["SEND a.io NO_TIMEOUT"],
    ),
    "a client's own limit": ("def f():\n    httpx.get('https://a.io/x')\n", ["SEND a.io READ_ONLY HAS_TIMEOUT"]),
    "requests has none": ("def f():\n    requests.get('https://a.io/x')\n", ["SEND a.io READ_ONLY NO_TIMEOUT"]),
    "requests with one": (
        "def f():\n    requests.post('https://a.io/x', timeout=3)\n",
        ["SEND a.io HAS_TIMEOUT"],
    ),
    "redis": (
        "def f(id):\n    n = cache.get('k')\n    cache.set('k', n)\n    cache.delete('k')\n",
        ["CACHE_READ k NO_TIMEOUT", "CACHE_WRITE k NO_TIMEOUT", "CACHE_DELETE k NO_TIMEOUT"],
    ),
}


@pytest.mark.parametrize("case", IN_PYTHON)
def test_python(case: str) -> None:
    text, expected = IN_PYTHON[case]
    assert effects(python(PYTHON.format(text=text)), "f") == expected


IN_TYPESCRIPT = {
    "a row is changed and saved elsewhere": (
        "const save = (id, data) => db.wallet.update({ where: { id }, data });\n"
        "export async function f(id, n) {\n  const w = await db.wallet.findUnique({ where: { id } });\n"
        "  w.balance -= n;\n  await save(id, { balance: w.balance });\n}",
        ["READ Wallet(id=id)", "WRITE Wallet(id=id) *=row0.balance~ARITH + n~ARITH"],
    ),
    "rows of pg": (
        "export async function f(id) {\n"
        '  const { rows } = await pool.query("SELECT balance FROM wallets WHERE id = $1", [id]);\n'
        '  await pool.query("UPDATE wallets SET balance = $1 WHERE id = $2", [rows[0].balance + 1, id]);\n}',
        ["READ table:wallets(id=id)", "WRITE table:wallets(id=id) balance=row0.balance~ARITH~ELEMENT"],
    ),
    "one query a row": (
        "export async function f() {\n  const users = await db.user.findMany();\n"
        "  return Promise.all(users.map((u) => db.wallet.findMany({ where: { userId: u.id } })));\n}",
        ["READ User", "READ Wallet(userId=row0.id~ELEMENT)"],
    ),
    "an axios instance": (
        "const api = axios.create({ timeout: 1000 });\n"
        'export async function f(x) { await api.post("https://a.io/x", x); }',
        ["SEND a.io HAS_TIMEOUT"],
    ),
    "axios": ('export async function f(x) { await axios.post("https://a.io/x", x); }', ["SEND a.io NO_TIMEOUT"]),
}


@pytest.mark.parametrize("case", IN_TYPESCRIPT)
def test_typescript(case: str) -> None:
    text, expected = IN_TYPESCRIPT[case]
    head = 'import axios from "axios";\nimport { PrismaClient } from "@prisma/client";\nimport { Pool } from "pg";\n'
    head += "const db = new PrismaClient();\nconst pool = new Pool();\n"
    assert effects(typescript(head + text), "f") == expected
