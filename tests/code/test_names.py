"""Name resolution across files, and which functions of a large program are lowered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import MODELS, effects, program

from looktwice.code import build
from looktwice.code.program import selection

# (files, function, its effects): the same two effects, however the client is referenced
LOAD = "\ndef load(id, s: Session = None):\n    return s.get(Wallet, id)\n"
SESSION = "from sqlalchemy.orm import Session\nfrom models import Wallet\n"
REACHED = {
    "imported inside the function": {
        "app.py": "def f(id):\n    from models import Wallet\n    from store import get\n    return get(Wallet, id)\n",
        "store.py": "from sqlalchemy.orm import Session\nSESSION = Session()\n\n"
        "def get(kind, id):\n    return SESSION.get(kind, id)\n",
    },
    "through a package": {
        "app.py": "from pkg import load\n\ndef f(id):\n    return load(id)\n",
        "pkg/inner.py": SESSION + LOAD,
        "pkg/__init__.py": "from .inner import load\n",
    },
    "a module as a name": {
        "app.py": "from pkg import inner\n\ndef f(id):\n    return inner.load(id)\n",
        "pkg/inner.py": SESSION + LOAD,
        "pkg/__init__.py": "",
    },
    "an alias": {
        "app.py": "import models\nfrom sqlalchemy import orm\nW = models.Wallet\n\n"
        "def f(id, s: orm.Session):\n    return s.get(W, id)\n",
    },
    "a method of a base class": {
        "app.py": SESSION + "\nclass Base:\n"
        "    def __init__(self, s: Session):\n        self.s = s\n\n"
        "    def load(self, id):\n        return self.s.get(Wallet, id)\n\n"
        "class Child(Base):\n    pass\n\ndef f(s: Session, id):\n    return Child(s).load(id)\n",
    },
    "a string annotation": {"app.py": SESSION + "\ndef f(s: 'Session', id):\n    return s.get(Wallet, id)\n"},
    "nothing says what it is": {"app.py": "from models import Wallet\n\ndef f(s, id):\n    return s.get(Wallet, id)\n"},
}


@pytest.mark.parametrize("case", REACHED)
def test_python(case: str) -> None:
    found = effects(program({"models.py": MODELS, **REACHED[case]}), "f")
    assert len(found) == 1 and found[0].startswith("READ ")


CLIENTS = {
    "a named export": ("export const pool = new Pool();", 'import { pool } from "./db.js";', "pool"),
    "the default export": ("export default new Pool();", 'import pool from "./db";', "pool"),
    "a barrel": ('export * from "./inner";', 'import { pool } from "./db";', "pool"),
    "a namespace": ("export const pool = new Pool();", 'import * as db from "./db";', "db.pool"),
    "require": ("module.exports = new Pool();", 'const pool = require("./db");', "pool"),
    "require of one": (
        "const pool = new Pool();\nmodule.exports = { pool };",
        'const { pool } = require("./db");',
        "pool",
    ),
    "a function around it": (
        "const pool = new Pool();\nexport const query = (text, values) => pool.query(text, values);",
        'import { query } from "./db";',
        "",
    ),
}


@pytest.mark.parametrize("case", CLIENTS)
def test_typescript(case: str) -> None:
    exported, imported, name = CLIENTS[case]
    head = 'import { Pool } from "pg";\n' if "require" not in case else 'const { Pool } = require("pg");\n'
    call = f"{name}.query" if name else "query"
    body = f'await {call}("DELETE FROM users WHERE id = $1", [id]);'
    found = program(
        db_ts=exported if "inner" in exported else head + exported,
        inner_ts=head + "export const pool = new Pool();",
        app_ts=f"{imported}\nexport async function f(id) {{ {body} }}\n",
    )
    assert effects(found, "f") == ["DELETE table:users(id=id)"]


def test_only_relevant_functions_of_a_large_program_are_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "pure.py": b"def helper(x):\n    return x + 1\n\ndef unused(x):\n    return {}.get(x)\n",
        "store.py": b"from sqlalchemy.orm import Session\nfrom pure import helper\n\n"
        b"def load(s: Session, id):\n    return s.get(Thing, helper(id))\n\ndef plain(row):\n    return row.get('a')\n",
        "service.py": b"from store import load\n\ndef serve(s, id):\n    return load(s, id)\n",
    }
    everything = set(build(files).functions)
    monkeypatch.setattr(selection, "SMALL", 0)
    few = set(build(files).functions)
    assert {"store.py:load", "service.py:serve", "pure.py:helper"} <= few
    assert everything - few >= {"pure.py:unused", "store.py:plain"}


PIECES = st.sampled_from(
    [
        *("def f(s):\n    ", "s.get(Wallet, 1)", "if x:\n        ", "for a in b:\n        ", "return ", "x = "),
        *("lambda: ", "await ", "\n", "    ", "with s.begin():\n        ", "try:\n        ", "except E:\n        "),
        *(
            ".a",
            ", ",
            "*",
            "**",
            "=",
            ":=",
            "async ",
            "class C(B):\n    ",
            "@d\n",
            "f'{x}'",
            "yield ",
            "import a.b as c\n",
        ),
        *(
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "'",
            "=>",
            "`${x}`",
            "function g() {",
            "const q = ",
            "?.",
            "!",
            "export ",
            "new X()",
        ),
        *("...", "\0", "é"),
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_program(text: str) -> None:
    found = build({"a.py": text.encode(), "b.ts": text.encode(), "c.js": text.encode()})
    assert found.failures == 0
    for name in found.functions:
        found.expand(name)
