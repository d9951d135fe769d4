"""Control flow in both languages: which tests hold where, and what runs when."""

from __future__ import annotations

import pytest
from programs import program, python, typescript

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.summary import FunctionSummary

PYTHON = """
from sqlalchemy.orm import Session
from models import Wallet

def f(s: Session, id, n):
    w = s.get(Wallet, id)
{body}
"""
TYPESCRIPT = """
import {{ PrismaClient }} from "@prisma/client";
const db = new PrismaClient();
export async function f(id, n) {{
  const w = await db.wallet.findUnique({{ where: {{ id }} }});
{body}
}}
"""

# the guards of the last effect, outermost first: the region's detail and whether its test holds there
CASES = {
    "branch": (
        "    if n:\n        s.delete(w)",
        "if (n) { await db.wallet.delete({ where: { id } }); }",
        [("", Maybe.YES)],
    ),
    "else": (
        "    if n:\n        pass\n    else:\n        s.delete(w)",
        "if (n) {} else { await db.wallet.delete({ where: { id } }); }",
        [("", Maybe.NO)],
    ),
    "early return": (
        "    if not w:\n        return None\n    s.delete(w)",
        "if (!w) return null;\nawait db.wallet.delete({ where: { id } });",
        [("after-return", Maybe.NO)],
    ),
    "early raise": (
        "    if w is None:\n        raise ValueError('none')\n    s.delete(w)",
        "if (w == null) throw new Error('none');\nawait db.wallet.delete({ where: { id } });",
        [("after-raise", Maybe.NO)],
    ),
    "two exits": (
        "    if w is None:\n        return 1\n    if w.balance < n:\n        return 2\n    s.delete(w)",
        "if (w == null) return 1;\nif (w.balance < n) return 2;\nawait db.wallet.delete({ where: { id } });",
        [("after-return", Maybe.NO), ("after-return", Maybe.NO)],
    ),
    "exit in the other arm": (
        "    if w:\n        n = 1\n    else:\n        return None\n    s.delete(w)",
        "if (w) { n = 1; } else { return null; }\nawait db.wallet.delete({ where: { id } });",
        [("after-return", Maybe.YES)],
    ),
    "continue": (
        "    for x in n:\n        if x:\n            continue\n        s.delete(w)",
        "for (const x of n) { if (x) continue; await db.wallet.delete({ where: { id } }); }",
        [("after-continue", Maybe.NO)],
    ),
    "no exit": (
        "    if w:\n        n = 1\n    s.delete(w)",
        "if (w) { n = 1; }\nawait db.wallet.delete({ where: { id } });",
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", ["python", "typescript"])
def test_guards(case: str, language: str) -> None:
    in_python, in_typescript, expected = CASES[case]
    if language == "python":
        f = python(PYTHON.format(body=in_python)).expand("app.py:f")
    else:
        f = typescript(TYPESCRIPT.format(body=in_typescript)).expand("app.ts:f")
    assert branches(f, f.effects[-1].region) == expected


def branches(f: FunctionSummary, region: int) -> list[tuple[str, Maybe]]:
    found = []
    while region >= 0:
        it = f.regions[region]
        if it.kind is RegionKind.BRANCH:
            found.append((it.detail, it.holds))
        region = it.parent
    return found[::-1]


def kinds(f: FunctionSummary, region: int) -> list[str]:
    found = []
    while region >= 0:
        it = f.regions[region]
        found.append(f"{it.kind.name}{':' + it.detail if it.detail and '.ts:' not in it.detail else ''}")
        region = it.parent
    return found[-2::-1]


AROUND = {
    "loop": ("for x in n:\n        s.add(Wallet(id=x))", ["LOOP"]),
    "comprehension": ("[s.add(Wallet(id=x)) for x in n]", ["LOOP"]),
    "retry": (
        "for attempt in range(3):\n        try:\n            s.add(Wallet(id=n))\n            break\n"
        "        except ValueError:\n            pass",
        ["LOOP:retry", "TRY:swallows"],
    ),
    "handler": ("try:\n        pass\n    except ValueError:\n        s.add(Wallet(id=n))", ["HANDLER:ValueError"]),
    "finally": ("try:\n        pass\n    finally:\n        s.add(Wallet(id=n))", ["FINALLY"]),
    "lock": ("with LOCK:\n        s.add(Wallet(id=n))", ["SCOPE:lock:process"]),
    "suppressed": ("with suppress(ValueError):\n        s.add(Wallet(id=n))", ["SCOPE:suppress:ValueError"]),
}


@pytest.mark.parametrize("case", AROUND)
def test_regions_of_python(case: str) -> None:
    body, expected = AROUND[case]
    f = python(
        f"""
from contextlib import suppress
import threading
from sqlalchemy.orm import Session
from models import Wallet
LOCK = threading.Lock()

def f(s: Session, n):
    {body}
"""
    ).expand("app.py:f")
    assert kinds(f, f.effects[-1].region) == expected


AROUND_TYPESCRIPT = {
    "map": ("await Promise.all(n.map(async (id) => db.wallet.delete({ where: { id } })));", ["PARALLEL", "LOOP"]),
    "for each": ("n.forEach((id) => { db.wallet.delete({ where: { id } }); });", ["LOOP"]),
    "timer": ("setTimeout(() => db.wallet.delete({ where: { id: n } }), 10);", ["DEFERRED:timer"]),
    "catch": ("work().catch(() => db.wallet.delete({ where: { id: n } }));", ["HANDLER:catch"]),
    "while": ("while (n) { await db.wallet.delete({ where: { id: n } }); }", ["LOOP:while", "BRANCH"]),
}


@pytest.mark.parametrize("case", AROUND_TYPESCRIPT)
def test_regions_of_typescript(case: str) -> None:
    body, expected = AROUND_TYPESCRIPT[case]
    f = typescript(
        f"""
import {{ PrismaClient }} from "@prisma/client";
const db = new PrismaClient();
export async function f(n) {{ {body} }}
"""
    ).expand("app.ts:f")
    assert kinds(f, f.effects[-1].region) == expected


def test_a_promise_that_is_not_awaited_runs_later() -> None:
    f = typescript(
        """
import { PrismaClient } from "@prisma/client";
const db = new PrismaClient();
async function record(id: string) { await db.wallet.delete({ where: { id } }); }
export async function f(id: string) { record(id); await db.user.delete({ where: { id } }); }
"""
    ).expand("app.ts:f")
    assert [kinds(f, each.region) for each in f.effects] == [["DEFERRED"], []]


def test_any_input_gives_a_program() -> None:
    """Invalid source and excessively nested source give a program like any other."""
    deep = "f(" * 4000 + ")" * 4000
    for text in ("", "\0\0", "def f(:\n  return (", deep, "x = " + "[" * 3000):
        assert program(a_py=text, b_ts=text).functions is not None
