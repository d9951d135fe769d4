"""Look-alikes from real code that must not be reported, each with a variant that must be."""

from __future__ import annotations

import pytest

from looktwice.code import build
from looktwice.patterns.catalogue import catalogue

MODELS = """\
from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
class Base(DeclarativeBase): pass
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    verified: Mapped[bool]
class Cart(Base):
    __tablename__ = "carts"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    product_id: Mapped[int]
    number: Mapped[int]
    cart: Mapped[Cart] = relationship()
"""
HEAD = """\
import os
from dataclasses import dataclass
import httpx, jwt, requests, stripe
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy import create_engine
from models import Cart, Line, User
make = sessionmaker(create_engine(os.environ["DATABASE"]))
amake = async_sessionmaker(create_async_engine(os.environ["DATABASE"]))
def get_session():
    with make() as session:
        yield session
async def get_async():
    async with amake() as session:
        yield session
def current(authorization: str = Header(), s: Session = Depends(get_session)) -> User:
    claims = jwt.decode(authorization, os.environ["KEY"], algorithms=["HS256"])
    user = s.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user
def require(role: str):
    def check(user: User = Depends(current)) -> User:
        if user.role != role:
            raise HTTPException(403)
        return user
    return check
require_admin = require("admin")
app = FastAPI()
"""

CASES = [
    # code, text, (placeholder, allowed variant), (placeholder, defective variant)
    (
        "LT108",
        "@app.delete('/lines/{key}')\ndef drop("
        "key: int, s: Session = Depends(get_session), who: User = Depends(ASKED)):\n"
        "    s.delete(s.get(Line, key))\n    s.commit()\n",
        ("ASKED", "require_admin"),
        ("ASKED", "current"),
    ),
    (
        "LT108",
        "@app.put('/lines/{key}')\ndef put("
        "key: int, n: int, s: Session = Depends(get_session), who: User = Depends(current)):\n"
        "    cart = s.scalar(select(Cart).where(WHOSE))\n"
        "    line = s.scalar(select(Line).where(Line.cart_id == cart.id, Line.product_id == key))\n"
        "    line.number = n\n    s.commit()\n",
        ("WHOSE", "Cart.user_id == who.id"),
        ("WHOSE", "Cart.id == n"),
    ),
    (
        "LT302",
        "@app.post('/users')\ndef add(email: str, s: Session = Depends(get_session)):\n"
        "    if s.scalar(select(User).where(User.email == email)): raise HTTPException(409)\n"
        "    s.add(User(email=email, role='', verified=False))\n    s.commit()\nADDED",
        ("ADDED", "@app.exception_handler(IntegrityError)\ndef answer(request, error): return 409\n"),
        ("ADDED", ""),
    ),
    (
        "LT201 hidden",
        "def tell(to: str):\n    try:\n        httpx.post('https://mail.internal/send', json={'to': to})\n"
        "    except Exception as error:\n        LATER\n"
        "@app.post('/users')\ndef add(email: str):\n"
        "    try:\n        tell(email)\n    except Exception:\n        pass\n    return 'welcome'\n",
        ("LATER", "print(error); return"),
        ("LATER", "raise"),
    ),
    (
        "LT605",
        "@app.put('/users/{key}')\ndef verify("
        "code: str, s: Session = Depends(get_session), who: User = Depends(current)):\n"
        "    requests.post('https://ADDRESS', json={'code': code}, timeout=5)\n"
        "    who.verified = True\n    s.commit()\n",
        ("ADDRESS", "challenges.cloudflare.com/turnstile/v0/siteverify"),
        ("ADDRESS", "partner.internal/users/open"),
    ),
    (
        "LT605",
        "@app.post('/pay')\ndef pay(n: int, s: Session = Depends(get_session), who: User = Depends(current)):\n"
        "    stripe.PaymentIntent.create(amount=n, currency='eur'CONFIRMED)\n"
        "    who.verified = True\n    s.commit()\n",
        ("CONFIRMED", ""),
        ("CONFIRMED", ", confirm=True"),
    ),
    (
        "LT401",
        "@app.get('/lines')\nMADE",
        (
            "MADE",
            "async def lines(s: AsyncSession = Depends(get_async)):\n"
            "    return [each.cart.user_id for each in (await s.scalars(select(Line))).all()]\n",
        ),
        (
            "MADE",
            "def lines(s: Session = Depends(get_session)):\n"
            "    return [each.cart.user_id for each in s.scalars(select(Line)).all()]\n",
        ),
    ),
]


def found(code: str, text: str) -> int:
    program = build({"models.py": MODELS.encode(), "main.py": (HEAD + text).encode()})
    code, _, message = code.partition(" ")
    matches = catalogue().find(code).detector().detect(program)
    return sum(match.message_id == message or not message for match in matches)


@pytest.mark.parametrize(("code", "text", "allowed", "defect"), CASES, ids=[f"{c[0]}-{c[2][1][:30]}" for c in CASES])
def test_the_defect_is_found_and_its_look_alike_is_allowed(
    code: str, text: str, allowed: tuple[str, str], defect: tuple[str, str]
) -> None:
    assert found(code, text.replace(*defect)) == 1
    assert found(code, text.replace(*allowed)) == 0
