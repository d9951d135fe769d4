"""Inlining: values are rewritten in terms of arguments, rows are returned, functions run where they are called."""

from __future__ import annotations

from programs import MODELS, effects, program, python, typescript

from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.values import OriginKind

SESSION = "from sqlalchemy.orm import Session\nfrom models import User, Wallet\n"


def test_a_returned_row_is_written() -> None:
    found = python(
        SESSION
        + """
def load(s: Session, key):
    return s.get(Wallet, key)

def f(s: Session, id, n):
    w = load(s, id)
    w.balance = w.balance + n
    s.commit()
"""
    )
    assert effects(found, "f") == [
        "READ Wallet($key=id)",
        "WRITE Wallet balance=row0.balance~ARITH~CONCAT + n~ARITH~CONCAT ATTRIBUTE",
        "COMMIT",
    ]
    read, write, commit = found.expand("app.py:f").effects
    assert read.handle == write.handle == commit.handle
    assert read.calls and not write.calls


def test_a_row_that_is_passed_is_written() -> None:
    found = python(
        SESSION
        + """
def close(wallet):
    wallet.status = "closed"

def f(s: Session, id):
    close(s.get(Wallet, id))
    close({})
"""
    )
    assert effects(found, "f") == ["READ Wallet($key=id)", "WRITE Wallet status='closed' ATTRIBUTE"]


def test_attributes_set_by_a_constructor() -> None:
    found = python(
        SESSION
        + """
class Repository:
    def __init__(self, session: Session):
        self.session = session

    def get(self, key):
        return self.session.get(Wallet, key)

class Service:
    def __init__(self, wallets: Repository):
        self.wallets = wallets

    def close(self, key):
        wallet = self.wallets.get(key)
        wallet.status = "closed"
        self.wallets.session.commit()

def f(s: Session, id):
    Service(Repository(s)).close(id)
"""
    )
    assert effects(found, "f") == ["READ Wallet($key=id)", "WRITE Wallet status='closed' ATTRIBUTE", "COMMIT"]
    f = found.expand("app.py:f")
    assert {f.values[each.handle] for each in f.effects} == {f.values[f.effects[0].handle]}
    assert f.values[f.effects[0].handle][0].kind is OriginKind.PARAM


def test_the_implementation_behind_an_interface() -> None:
    found = python(
        SESSION
        + """
from abc import ABC, abstractmethod

class Store(ABC):
    @abstractmethod
    def get(self, key): ...

class SqlStore(Store):
    def __init__(self, session: Session):
        self.session = session

    def get(self, key):
        return self.session.get(Wallet, key)

def f(store: Store, id):
    return store.get(id)
"""
    )
    assert effects(found, "f") == ["READ Wallet($key=id)"]


def test_a_function_that_is_passed_runs_where_it_is_called() -> None:
    found = typescript(
        """
import { PrismaClient } from "@prisma/client";
const db = new PrismaClient();
async function inTransaction<T>(work: (tx: PrismaClient) => Promise<T>): Promise<T> {
  return db.$transaction(async (tx) => work(tx));
}
export async function f(id: string) {
  return inTransaction(async (tx) => tx.wallet.findUnique({ where: { id } }));
}
"""
    )
    assert effects(found, "f") == ["BEGIN", "READ Wallet(id=id)", "COMMIT"]
    f = found.expand("app.ts:f")
    begin, read, _ = f.effects
    assert f.values[read.handle] == f.values[begin.handle]


def test_mutual_recursion_terminates() -> None:
    found = python(
        SESSION + "def f(s, n):\n    return g(s, n)\n\ndef g(s, n):\n    s.get(Wallet, n)\n    return f(s, n - 1)\n"
    )
    assert len(found.expand("app.py:f").calls) <= 8


def test_the_framework_calls_a_dependency_once_per_request() -> None:
    found = program(
        models_py=MODELS,
        app_py=SESSION
        + """
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
Local = sessionmaker(create_engine("postgresql://"))
app = FastAPI()

def session():
    with Local() as s:
        yield s

def user(s: Session = Depends(session)):
    return s.get(User, 1)

@app.get("/x")
def x(s: Session = Depends(session), me=Depends(user)):
    return s.get(Wallet, me.id)
""",
    )
    assert effects(found, "x") == ["OPEN", "READ User($key=1)", "READ Wallet($key=row1.id)"]
    f = found.expand("app.py:x")
    assert len({each.handle for each in f.effects}) == 1


def test_callees_have_their_own_regions() -> None:
    found = python(
        SESSION + "def g(s: Session, n):\n    s.get(Wallet, n)\n\ndef f(s: Session, n):\n    if n:\n        g(s, n)\n"
    )
    f = found.expand("app.py:f")
    inner = f.regions[f.effects[0].region]
    assert inner.kind is RegionKind.CALL and f.regions[inner.parent].kind is RegionKind.BRANCH


DECORATORS = """
from functools import wraps
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
Local = sessionmaker(create_engine("postgresql://"))

def transactional(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        with Local() as session:
            result = function(session, *args, **kwargs)
            session.commit()
            return result
    return wrapper

def again(times):
    def decorate(function):
        def wrapper(*args, **kwargs):
            for attempt in range(times):
                try:
                    return function(*args, **kwargs)
                except ValueError:
                    pass
        return wrapper
    return decorate
"""


def test_a_decorated_function_is_its_wrapper() -> None:
    found = python(
        """
from decorators import again, transactional
from sqlalchemy.orm import Session
from models import Wallet

@again(3)
@transactional
def close(session: Session, key):
    wallet = session.get(Wallet, key)
    wallet.status = "closed"
    return wallet

def f(id):
    return close(id).user_id
""",
        decorators_py=DECORATORS,
    )
    assert effects(found, "f") == ["OPEN", "READ Wallet($key=id)", "WRITE Wallet status='closed' ATTRIBUTE", "COMMIT"]
    f = found.expand("app.py:f")
    assert len({each.handle for each in f.effects}) == 1
    assert [origin.path for origin in f.values[f.returns[0]] if origin.kind is OriginKind.ROW] == [("user_id",)]
    regions = [f.regions[f.effects[1].region]]
    while regions[-1].parent >= 0:
        regions.append(f.regions[regions[-1].parent])
    assert "retry" in [each.detail for each in regions]


CRUD = """
from sqlalchemy import select
from sqlalchemy.orm import Session
from models import Wallet

class Crud:
    def __init__(self, model):
        self.model = model

    def get(self, db: Session, id):
        return db.query(self.model).filter(self.model.id == id).first()

    def add(self, db: Session, data):
        thing = self.model(**data)
        db.add(thing)
        db.commit()
        return thing

    def remove(self, db: Session, id):
        thing = self.get(db, id)
        db.delete(thing)

class Wallets(Crud):
    def close(self, db: Session, id):
        wallet = self.get(db, id)
        wallet.status = "closed"

wallets = Wallets(Wallet)
"""


def test_a_repository_constructed_for_an_entity() -> None:
    found = python(
        """
from crud import Crud, wallets
from sqlalchemy.orm import Session
from models import Wallet

def f(db: Session, id):
    Crud(Wallet).remove(db, id)

def g(db: Session, id, data):
    wallets.close(db, id)
    wallets.add(db, data)
""",
        crud_py=CRUD,
    )
    assert effects(found, "f") == ["READ Wallet(id=id)", "DELETE Wallet"]
    assert effects(found, "g") == [
        "READ Wallet(id=id)",
        "WRITE Wallet status='closed' ATTRIBUTE",
        "CREATE Wallet",
        "COMMIT",
    ]


def test_attributes_that_refer_to_each_other_terminate() -> None:
    found = python(
        SESSION
        + """
class Box:
    def __init__(self, w):
        self.here = self.there
        self.there = self.here
        self.kept = self.kept.kept or w

def f(s: Session, id):
    box = Box(s.get(Wallet, id))
    box.kept.status = "closed"
    box.here.status = "closed"
"""
    )
    assert [each.split(" ")[0] for each in effects(found, "f")][:1] == ["READ"]
