"""What handlers do with an error."""

from __future__ import annotations

import pytest
from programs import found, python, typescript

from looktwice.code import Program
from looktwice.code.questions.control import handlers
from looktwice.code.questions.failure import Fate, attempts, complete_handler, fate, is_probe, protected

IN_PYTHON = {
    "pass": ("pass", Fate.HIDDEN),
    "rollback only": ("s.rollback()", Fate.HIDDEN),
    "a line in the log": ("log.error('no')", Fate.LOGGED),
    "a default": ("return False", Fate.DEFAULTED),
    "a default, logged": ("log.error('no')\n        return None", Fate.DEFAULTED),
    "raised again": ("raise", Fate.REPORTED),
    "raised as another": ("raise ValueError from error", Fate.REPORTED),
    "the error is the answer": ("return str(error)", Fate.REPORTED),
    "handed to a tracker": ("sentry.capture_exception(error)", Fate.REPORTED),
    "something else is tried": ("s.add(User(email='x'))", Fate.REPORTED),
}
IN_TYPESCRIPT = {
    "empty": ("", Fate.HIDDEN),
    "a line in the log": ("console.error(error);", Fate.LOGGED),
    "a default": ("return null;", Fate.DEFAULTED),
    "answered": ("res.status(500).json({ error: 'no' });", Fate.REPORTED),
    "handed on": ("next(error);", Fate.REPORTED),
    "handed to a function": ("answerWith(res, error);", Fate.REPORTED),
}


@pytest.mark.parametrize(("body", "expected"), IN_PYTHON.values(), ids=IN_PYTHON)
def test_a_handler_in_python(body: str, expected: Fate) -> None:
    p = python(f"""
import logging
import sentry
from sqlalchemy.orm import Session
from models import User
log = logging.getLogger(__name__)

def work(s: Session):
    try:
        s.add(User(email="a"))
        s.commit()
    except Exception as error:
        {body}
    return True
""")
    assert fates(p, "work") == [expected]


@pytest.mark.parametrize(("body", "expected"), IN_TYPESCRIPT.values(), ids=IN_TYPESCRIPT)
def test_a_handler_in_typescript(body: str, expected: Fate) -> None:
    p = typescript(f"""
import {{ PrismaClient }} from "@prisma/client";
import {{ answerWith }} from "./answers";
import type {{ NextFunction, Request, Response }} from "express";
const db = new PrismaClient();
export async function work(req: Request, res: Response, next: NextFunction) {{
  try {{
    await db.user.create({{ data: {{ id: "1", email: "a" }} }});
  }} catch (error) {{
    {body}
  }}
}}
""")
    assert fates(p, "work") == [expected]


def fates(p: Program, name: str) -> list[Fate]:
    f = p.expand(found(p, name))
    return [fate(f, handler) for attempt in attempts(f) for handler in handlers(f, attempt)]


MATTERS = {
    "a write": ("s.add(User(email='a'))\n        s.commit()", True),
    "a query": ("s.get(User, 1)", True),
    "a parse": ("int('1')", False),
    "a cache": ("CACHE.get('a')", False),
    "a line in the log": ("log.info('a')", False),
}


@pytest.mark.parametrize(("body", "expected"), MATTERS.values(), ids=MATTERS)
def test_a_failure_that_matters(body: str, expected: bool) -> None:
    p = python(f"""
import logging
from redis import Redis
from sqlalchemy.orm import Session
from models import User
log = logging.getLogger(__name__)
CACHE = Redis()

def work(s: Session):
    try:
        {body}
    except Exception:
        pass
""")
    f = p.expand(found(p, "work"))
    assert any(list(protected(f, attempt)) for attempt in attempts(f)) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("app.py:is_up", True), ("a.ts:Client.isUp", True), ("app.py:health", True), ("app.py:update", False)],
)
def test_a_function_that_checks_availability(name: str, expected: bool) -> None:
    assert is_probe(name) is expected


@pytest.mark.parametrize(("body", "expected"), [("log.error('no')", Fate.LOGGED), ("pass", Fate.HIDDEN)])
def test_a_handler_beyond_the_limit_of_inlining(body: str, expected: Fate) -> None:
    """A function may call so much that its last lines are cut off: a handler there is read from the function itself."""
    steps = "\n".join(f"def step_{n}(s: Session):\n" + "    s.add(User(email='x'))\n" * 30 for n in range(12))
    calls = "".join(f"        step_{n}(s)\n" for n in range(12))
    p = python(f"""
import logging
from sqlalchemy.orm import Session
from models import User

log = logging.getLogger(__name__)

{steps}
def work(s: Session):
    try:
{calls}        s.commit()
    except Exception as error:
        {body}
""")
    name = found(p, "work")
    f, own = p.expand(name), p.functions[name]
    assert not f.complete
    (handler,) = (each for attempt in attempts(f) for each in handlers(f, attempt))
    assert fate(*complete_handler(own, f, handler)) is expected
