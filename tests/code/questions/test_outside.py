"""Calls to other systems: what they change, whether they move money, and what restores consistency."""

from __future__ import annotations

import pytest
from programs import found, python, typescript

from looktwice.code import Program
from looktwice.code.ir.effects import STORE_WRITES
from looktwice.code.questions.delivery import is_compensated, is_resumable, is_swept
from looktwice.code.questions.knowledge import Knowledge
from looktwice.code.questions.outside import (
    changes_outside,
    has_stable_key,
    is_idempotent,
    is_negligible,
    moves_money,
    service,
)

CALLS = {  # changes something, moves money, may be repeated
    "httpx.get('https://a.example/payments')": (False, False, False),
    "httpx.post('https://a.example/orders', json={})": (True, False, False),
    "httpx.post('https://a.example/payments', json={})": (True, True, False),
    "httpx.post('https://a.example/payments/verify', json={})": (True, False, False),
    "httpx.put('https://a.example/orders/1', json={})": (True, False, True),
    "httpx.delete('https://a.example/orders/1')": (True, False, True),
}


@pytest.mark.parametrize(("call", "expected"), CALLS.items(), ids=CALLS)
def test_what_a_call_does_in_the_other_system(call: str, expected: tuple[bool, bool, bool]) -> None:
    f = expanded(python(f"import httpx\n\ndef work():\n    {call}\n"))
    (effect,) = f.effects
    assert (changes_outside(effect), moves_money(f, effect), is_idempotent(f, effect)) == expected


ADDRESSES = {  # the service, whether the call is negligible
    "'https://api.example.com/orders'": ("api.example.com", False),
    "'/orders'": ("/orders", False),
    "f'{BASE}/orders?x=1'": ("/orders", False),
    "f'{BASE}/api/revalidate?secret={SECRET}'": ("/api/revalidate", True),
    "f'{BASE}/files/get-presigned-url'": ("/files/get-presigned-url", True),
    "BASE": ("the other service", False),
    "'true'": ("the other service", False),
}


@pytest.mark.parametrize(("address", "expected"), ADDRESSES.items(), ids=ADDRESSES)
def test_the_called_service(address: str, expected: tuple[str, bool]) -> None:
    head = "import os\nimport httpx\n\nBASE, SECRET = os.environ['BASE'], os.environ['SECRET']\n"
    f = expanded(python(f"{head}\ndef work():\n    httpx.post({address}, json={{}})\n"))
    (effect,) = f.effects
    assert (service(f, effect), is_negligible(f, effect)) == expected


FETCHES = {
    "fetch(url)": False,
    "fetch(url, { headers: {} })": False,
    'fetch(url, { method: "get" })': False,
    'fetch(url, { method: "POST", body: "{}" })': True,
    "fetch(url, { method })": True,
    "fetch(url, options)": True,
    "fetch(url, { ...options })": True,
}


@pytest.mark.parametrize(("call", "expected"), FETCHES.items(), ids=FETCHES)
def test_fetch_is_a_safe_request_unless_a_method_is_set(call: str, expected: bool) -> None:
    f = expanded(
        typescript(f"export async function work(url: string, method: string, options: object) {{ await {call}; }}")
    )
    (effect,) = f.effects
    assert changes_outside(effect) is expected


def test_the_text_of_an_address_is_kept_around_inserted_values() -> None:
    f = expanded(
        typescript("""
export async function work(id: string, flag: boolean) {
  await fetch(`${process.env.BASE}/api/revalidate?secret=${process.env.SECRET}&id=${id}&x=${flag ? "true" : "false"}`);
}
""")
    )
    (effect,) = f.effects
    assert (service(f, effect), is_negligible(f, effect)) == ("/api/revalidate", True)


KEYS = {
    "none": ("headers={}", False),
    "from the caller": ("headers={'Idempotency-Key': key}", True),
    "from the row": ("headers={'Idempotency-Key': f'order-{key}'}", True),
    "generated": ("headers={'Idempotency-Key': str(uuid4())}", False),
    "from the clock": ("headers={'Idempotency-Key': str(time())}", False),
}


@pytest.mark.parametrize(("headers", "expected"), KEYS.values(), ids=KEYS)
def test_a_key_that_is_the_same_when_the_call_is_repeated(headers: str, expected: bool) -> None:
    f = expanded(
        python(f"""
import httpx
from time import time
from uuid import uuid4

def work(key: str):
    httpx.post("https://a.example/payments", json={{}}, {headers})
""")
    )
    sent = next(each for each in f.effects if changes_outside(each))
    assert has_stable_key(f, sent) is expected


BEGIN = """
import httpx
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from models import Wallet
"""
SEND = 'httpx.post("https://a.example/orders", json={})'
SWEEP = """
def sweep(s: Session):
    for w in s.scalars(select(Wallet).where(Wallet.status == "STATE")).all():
        httpx.post("https://a.example/orders", json={})
"""


@pytest.mark.parametrize(("state", "expected"), [("paying", True), ("shut", False)])
def test_a_job_that_selects_the_unfinished_state(state: str, expected: bool) -> None:
    p = python(f"""{BEGIN}
def work(s: Session, key: int):
    s.execute(update(Wallet).where(Wallet.id == key).values(status="paying"))
    s.commit()
    {SEND}
{SWEEP.replace("STATE", state)}""")
    f = expanded(p)
    assert is_swept(Knowledge(p), f, write_of(f), f.effects[-1]) is expected


@pytest.mark.parametrize(("states", "expected"), [('["open", "paying"]', True), ('["open"]', False)])
def test_an_operation_that_can_resume(states: str, expected: bool) -> None:
    f = expanded(
        python(f"""{BEGIN}
def work(s: Session, key: int):
    s.execute(update(Wallet).where(Wallet.id == key, Wallet.status.in_({states})).values(status="paying"))
    s.commit()
""")
    )
    assert is_resumable(f, write_of(f)) is expected


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ('await db.wallet.update({ where: { id }, data: { status: "open" } }); throw error;', True),
        ("throw error;", False),
    ],
)
def test_a_write_that_is_reverted(handler: str, expected: bool) -> None:
    p = typescript(f"""
import {{ PrismaClient }} from "@prisma/client";
const db = new PrismaClient();
export async function work(id: string) {{
  await db.wallet.update({{ where: {{ id }}, data: {{ status: "shut" }} }});
  try {{
    await fetch("https://a.example/orders", {{ method: "POST" }});
  }} catch (error) {{
    {handler}
  }}
}}
""")
    f = expanded(p)
    call = next(each for each in f.effects if changes_outside(each))
    assert is_compensated(f, call, write_of(f)) is expected


def expanded(p: Program):
    return p.expand(found(p, "work"))


def write_of(f):
    return next(each for each in f.effects if each.kind & STORE_WRITES)
