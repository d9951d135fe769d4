"""Programs of any size, each large in one way: deep, long, wide, or chained over files.

A shape is a function from a size to files (path → text). Every one uses a library that has a model, so that it is
lowered, linked, expanded and matched, and not only parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Files = dict[str, str]
Shape = Callable[[int], Files]

PY = "from sqlalchemy.orm import Session\nfrom models import Order\n"
PY_MODELS = (
    "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n"
    "class Base(DeclarativeBase): pass\n"
    "class Order(Base):\n"
    "    __tablename__ = 'orders'\n"
    "    id: Mapped[int] = mapped_column(primary_key=True)\n"
    "    total: Mapped[int]\n"
)
JS = (
    "const express = require('express');\nconst { Pool } = require('pg');\n"
    "const app = express();\nconst pool = new Pool();\n"
)
TS = (
    "import express from 'express';\nimport { PrismaClient } from '@prisma/client';\n"
    "const app = express();\nconst prisma = new PrismaClient();\n"
)
PRISMA = "model Order {\n  id Int @id\n  total Int\n}\n"


def py(body: str) -> Files:
    return {"app.py": PY + body, "models.py": PY_MODELS}


def py_function(lines: str) -> Files:
    """One function whose body is these lines, indented by four."""
    return py(f"def run(db: Session, x: int):\n    order = db.get(Order, x)\n{lines}    db.commit()\n")


def js(body: str) -> Files:
    return {"app.js": JS + body, "package.json": '{"dependencies": {"express": "4", "pg": "8"}}'}


def js_handler(body: str) -> Files:
    """One handler with this body."""
    return js(f"app.post('/run', async (req, res) => {{\n{body}\nres.json({{}});\n}});\n")


def ts(body: str) -> Files:
    return {"app.ts": TS + body, "schema.prisma": PRISMA}


def ts_handler(body: str) -> Files:
    return ts(f"app.post('/run', async (req, res) => {{\n{body}\nres.json({{}});\n}});\n")


def classes(n: int, wide: int = 1) -> str:
    """A chain of classes, each the base of the next."""
    lines = ["class C0(Base):\n    a0: Mapped[int]\n"]
    lines += [f"class C{i}(C{i - 1}):\n    a{i}: Mapped[int]\n" for i in range(1, n)]
    return "".join(lines)


def routes(n: int) -> str:
    return "".join(f"app.get('/x{i}', (req, res) => res.json(1));\n" for i in range(n))


SHAPES: Mapping[str, Shape] = {
    # ── long ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    "statements, Python": lambda n: py_function("".join(f"    x = x + {i}\n" for i in range(n))),
    "statements, JavaScript": lambda n: js_handler("let x = 0;\n" + "".join(f"x = x + {i};\n" for i in range(n))),
    "queries, Python": lambda n: py_function("    order.total = order.total - db.get(Order, x).total\n" * n),
    "queries, JavaScript": lambda n: js_handler("await pool.query('SELECT * FROM orders WHERE id = $1', [1]);\n" * n),
    "queries, TypeScript": lambda n: ts_handler("await prisma.order.findFirst({ where: { id: 1 } });\n" * n),
    "early exits, Python": lambda n: py_function("    if x > 3:\n        return None\n" * n),
    "early exits, JavaScript": lambda n: js_handler("if (req.body.x) return res.json({});\n" * n),
    "early exits between queries, JavaScript": lambda n: js_handler(
        "".join(
            f"const r{i} = await pool.query('SELECT total FROM orders WHERE id = $1', [req.body.x]);\n"
            f"if (!r{i}.rows[0]) return res.status(404).json({{}});\n"
            f"await pool.query('UPDATE orders SET total = $1 WHERE id = $2', [r{i}.rows[0].total - 1, req.body.x]);\n"
            for i in range(n)
        )
    ),
    "early exits between queries, Python": lambda n: py_function(
        "".join(
            f"    o{i} = db.get(Order, x + {i})\n    if o{i} is None:\n        return None\n    o{i}.total -= 1\n"
            for i in range(n)
        )
    ),
    "tries and early exits, JavaScript": lambda n: js_handler(
        "if (!req.body.x) return res.json({});\n"
        "try { await pool.query('UPDATE orders SET total = 1'); } catch (e) { return res.status(500).json({}); }\n" * n
    ),
    "tries and early exits, Python": lambda n: py_function(
        "    if x > 3:\n        return None\n    try:\n        db.commit()\n    except ValueError:\n        return 1\n"
        * n
    ),
    "branches, Python": lambda n: py_function("    if x:\n        order.total = 1\n    else:\n        y = 2\n" * n),
    "branches, JavaScript": lambda n: js_handler("if (req.body.x) { await pool.query('SELECT 1'); }\n" * n),
    "many names, Python": lambda n: py_function(
        "".join(f"    v{i} = order.total\n    if v{i}: pass\n" for i in range(n))
    ),
    "tries, Python": lambda n: py_function(
        "    try:\n        db.commit()\n    except ValueError:\n        db.rollback()\n" * n
    ),
    "tries, JavaScript": lambda n: js_handler("try { await pool.query('SELECT 1'); } catch (e) { log(e); }\n" * n),
    "loops, JavaScript": lambda n: js_handler("for (const x of req.body) { await pool.query('SELECT 1'); }\n" * n),
    "callbacks, JavaScript": lambda n: js_handler("pool.query('SELECT 1').then((r) => { f(r); });\n" * n),
    "functions, Python": lambda n: py(
        "".join(f"def f{i}(db: Session):\n    db.get(Order, {i})\n    db.commit()\n" for i in range(n))
    ),
    "functions, JavaScript": lambda n: js(
        "".join(f"async function f{i}(x) {{ return pool.query('SELECT 1', [x]); }}\n" for i in range(n))
    ),
    "handlers, JavaScript": lambda n: js(
        "".join(
            f"app.post('/r{i}', async (q, s) => {{ await pool.query('SELECT 1'); s.json({{}}); }});\n" for i in range(n)
        )
    ),
    "handlers, Python": lambda n: py(
        "from fastapi import APIRouter, Depends\nrouter = APIRouter()\ndef get_db() -> Session: ...\n"
        + "".join(
            f"@router.post('/r{i}')\ndef h{i}(i: int, db: Session = Depends(get_db)):\n"
            "    o = db.get(Order, i)\n    o.total -= 1\n    db.commit()\n"
            for i in range(n)
        )
    ),
    "methods, Python": lambda n: py(
        "class S:\n    def __init__(self, db: Session):\n        self.db = db\n"
        + "".join(f"    def m{i}(self):\n        return self.db.get(Order, {i})\n" for i in range(n))
    ),
    "attributes of a new row": lambda n: py_function(
        "".join(f"    v{i} = x\n" for i in range(n)) + "    o = Order()\n    db.add(o)\n" + "    o.total = x\n" * n
    ),
    "appended": lambda n: py_function(
        "".join(f"    v{i} = x\n" for i in range(n)) + "    o = []\n" + "    o.append(order.total)\n" * n
    ),
    "queries, each a link longer": lambda n: py_function(
        "    q = db.query(Order)\n" + "    q = q.filter(Order.total == x)\n" * n + "    q.all()\n"
    ),
    "cursors": lambda n: py(
        "import psycopg\ndef f(x):\n    with psycopg.connect() as c, c.cursor() as cur:\n"
        + "".join(f"        v{i} = x\n        cur.execute('SELECT 1')\n        cur.fetchone()\n" for i in range(n))
    ),
    "routes inside of a function": lambda n: js(
        "module.exports = (app) => {\n"
        + "".join(
            f"const v{i} = {i};\napp.get('/r', async (q, s) => {{ await pool.query('x', [v{i}]); }});\n"
            for i in range(n)
        )
        + "};\n"
    ),
    "methods of an interface": lambda n: py(
        "from typing import Protocol\nclass Port(Protocol):\n"
        + "".join(f"    def m{i}(self, x): ...\n" for i in range(n))
        + "".join(f"class P{i}(Port):\n    def m{i}(self, x):\n        self.db.commit()\n" for i in range(n))
        + "def f(p: Port, db: Session):\n"
        + "".join(f"    p.m{i}(db)\n" for i in range(n))
    ),
    "suppressions": lambda n: py_function("    x = 1  # looktwice: ignore[LT301] because\n" * n),
    "comments before a suppression": lambda n: py_function("    # looktwice: ignore[LT301] because\n" * n),
    "arguments": lambda n: py_function(f"    f({', '.join(['order.total'] * n)})\n"),
    "parameters": lambda n: py(
        f"def run(db: Session, {', '.join(f'p{i}: int' for i in range(n))}):\n    db.get(Order, p0)\n"
    ),
    "object literal, JavaScript": lambda n: js_handler(
        "const o = {" + ",".join(f"k{i}: req.body.x" for i in range(n)) + "};"
    ),
    "dict, Python": lambda n: py_function("    o = {" + ",".join(f"'k{i}': order.total" for i in range(n)) + "}\n"),
    "table at the top, Python": lambda n: py(
        "O = {" + ",".join(f"'k{i}': {i}" for i in range(n)) + "}\ndef f(db: Session):\n    db.get(Order, O['k1'])\n"
    ),
    "table of functions, JavaScript": lambda n: js(
        "const t = {"
        + ",".join(f"k{i}: async (x) => pool.query('SELECT 1', [x])" for i in range(n))
        + "};\n"
        + "".join(f"app.get('/k{i}', t.k{i});\n" for i in range(n))
    ),
    "list, JavaScript": lambda n: js_handler("const o = [" + "req.body.x," * n + "];"),
    "sum of texts, JavaScript": lambda n: js_handler(
        "const q = " + "+".join(["'a'", "req.body.x"] * n) + "; await pool.query(q);"
    ),
    "sum of texts, Python": lambda n: py_function("    q = " + " + ".join(["'a'", "str(x)"] * n) + "\n"),
    "text built line by line": lambda n: py_function("    q = ''\n" + "    q += 'a' + str(x)\n" * n),
    "template, JavaScript": lambda n: js_handler("const q = `" + "a ${req.body.x} " * n + "`; await pool.query(q);"),
    "or, Python": lambda n: py_function("    if " + " or ".join(f"x == {i}" for i in range(n)) + ":\n        return\n"),
    "and, JavaScript": lambda n: js_handler("if (" + " && ".join(["req.body.x"] * n) + ") return;"),
    "switch, JavaScript": lambda n: js_handler(
        "switch (req.body.x) {" + "".join(f"case {i}: await pool.query('SELECT {i}'); break;\n" for i in range(n)) + "}"
    ),
    "match, Python": lambda n: py_function(
        "    match x:\n" + "".join(f"        case {i}:\n            order.total = {i}\n" for i in range(n))
    ),
    "columns": lambda n: py(
        "from models import Base, Mapped\nclass Wide(Base):\n    __tablename__ = 'wide'\n"
        + "".join(f"    c{i}: Mapped[int]\n" for i in range(n))
        + "def f(db: Session):\n    w = db.get(Wide, 1)\n    w.c1 = w.c1 + 1\n    db.commit()\n"
    ),
    "entities": lambda n: py(
        "from models import Base, Mapped, mapped_column\n"
        + "".join(
            f"class E{i}(Base):\n    __tablename__ = 'e{i}'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
            for i in range(n)
        )
    ),
    "imports, Python": lambda n: py("".join(f"from lib{i} import a{i}\n" for i in range(n))),
    "imports, TypeScript": lambda n: ts("".join(f"import {{ a{i} }} from 'lib{i}';\n" for i in range(n))),
    # ── deep ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    "elif": lambda n: py_function("    if x == 0:\n        pass\n" + "    elif x == 1:\n        order.total = 1\n" * n),
    "else if": lambda n: js_handler("if (req.body.x) { f(); }" + " else if (req.body.y) { g(); }" * n),
    "ternaries": lambda n: js_handler("const y = " + "req.body.x ? 1 : " * n + "2;"),
    "parentheses": lambda n: py_function("    y = " + "(" * n + "x" + ")" * n + "\n"),
    "lists in lists": lambda n: js_handler("const y = " + "[" * n + "]" * n + ";"),
    "objects in objects": lambda n: js_handler("const y = " + "{a:" * n + "1" + "}" * n + ";"),
    "calls in calls": lambda n: py_function("    y = " + "f(" * n + "order.total" + ")" * n + "\n"),
    "blocks": lambda n: js_handler("{" * n + "await pool.query('SELECT 1');" + "}" * n),
    "ifs in ifs": lambda n: js_handler("if (req.body.x) {" * n + "f();" + "}" * n),
    "functions in functions": lambda n: js_handler("(() => {" * n + "f();" + "})();" * n),
    "callbacks in callbacks": lambda n: js_handler("f(async (x) => {" * n + "await pool.query('a');" + "});" * n),
    "promises": lambda n: js_handler("pool.query('SELECT 1')" + ".then((r) => r)" * n + ";"),
    "chain of calls, Python": lambda n: py_function(
        "    y = db.query(Order)" + ".filter(Order.id == x)" * n + ".all()\n"
    ),
    "chain of calls, JavaScript": lambda n: js_handler("a" + ".b()" * n + ";"),
    "chain of attributes": lambda n: py_function("    y = order" + ".a" * n + "\n"),
    "not": lambda n: py_function("    y = " + "not " * n + "x\n"),
    "lambdas": lambda n: py_function("    y = " + "lambda: " * n + "x\n"),
    "brackets that stay open": lambda n: js_handler("f([{" * n),
    "texts that stay open": lambda n: js_handler("`${" * n),
    "comments that stay open": lambda n: js("/* " * n),
    "slashes and stars": lambda n: js("/*/" * n),
    "blanks": lambda n: py(" \t" * n + "\n" * n),
    "quotes": lambda n: py("'" * n),
    "types in types": lambda n: ts("let x: " + "A<" * n + "B" + ">" * n + ";"),
    "unions": lambda n: py("def f(db: Session, x: " + " | ".join(f"T{i}" for i in range(n)) + "):\n    db.commit()\n"),
    # ── chained ──────────────────────────────────────────────────────────────────────────────────────────────────────
    "classes, each the base of the next": lambda n: py("from models import Base, Mapped\n" + classes(n)),
    "classes that extend, TypeScript": lambda n: ts(
        "class C0 { async f() { return prisma.order.findMany(); } }\n"
        + "".join(f"class C{i} extends C{i - 1} {{ async f{i}() {{ return this.f(); }} }}\n" for i in range(1, n))
    ),
    "aliases": lambda n: py(
        "a0 = Order\n"
        + "".join(f"a{i} = a{i - 1}\n" for i in range(1, n))
        + f"def f(db: Session):\n    db.get(a{n - 1}, 1)\n"
    ),
    "values, each of the one before": lambda n: js(
        "const v0 = pool;\n"
        + "".join(f"const v{i} = wrap(v{i - 1});\n" for i in range(1, n))
        + f"v{n - 1}.query('SELECT 1');\n"
    ),
    "calls, each of the next": lambda n: py(
        "".join(f"def f{i}(db: Session, x):\n    db.get(Order, x)\n    return f{i + 1}(db, x)\n" for i in range(n))
        + f"def f{n}(db: Session, x):\n    db.commit()\n"
    ),
    "calls, each of the next, by value": lambda n: js(
        "".join(f"function f{i}(x) {{ return f{i + 1}(x); }}\n" for i in range(n))
        + f"function f{n}(x) {{ return pool.query(x); }}\napp.get('/', (req, res) => res.json(f0(req.query.q)));\n"
    ),
    "calls in a ring": lambda n: py(
        "".join(
            f"def f{i}(db: Session, x):\n    db.get(Order, x)\n    return f{(i + 1) % n}(db, x)\n" for i in range(n)
        )
    ),
    "calls of all by all": lambda n: py(
        "".join(
            f"def f{i}(db: Session, x):\n    db.get(Order, x)\n"
            + "".join(f"    f{(i + j) % n}(db, x)\n" for j in range(1, 6))
            for i in range(n)
        )
    ),
    "fields of fields": lambda n: py(
        "class S0:\n    def __init__(self, db: Session):\n        self.db = db\n    def go(self): self.db.commit()\n"
        + "".join(
            f"class S{i}:\n    def __init__(self, s: S{i - 1}):\n        self.s = s\n    def go(self): self.s.go()\n"
            for i in range(1, n)
        )
    ),
    "star imports in a chain": lambda n: {
        **{f"m{i}.py": f"from m{i + 1} import *\n" for i in range(n)},
        f"m{n}.py": "from models import *\n",
        "models.py": PY_MODELS,
        "app.py": "from sqlalchemy.orm import Session\nfrom m0 import *\n"
        "def f(db: Session):\n    db.get(Order, 1)\n    nothing()\n",
    },
    "star imports in a ring": lambda n: {
        **{f"m{i}.py": f"from m{(i + 1) % n} import *\nfrom m{(i * 7 + 3) % n} import *\n" for i in range(n)},
        "app.py": "from sqlalchemy.orm import Session\nfrom m0 import *\n"
        "def f(db: Session):\n    db.get(Order, 1)\n    nothing()\n",
    },
    "star imports, many from one": lambda n: {
        **{f"m{i}.py": f"x{i} = {i}\n" for i in range(n)},
        "app.py": "from sqlalchemy.orm import Session\n"
        + "".join(f"from m{i} import *\n" for i in range(n))
        + "def f(db: Session):\n    db.get(Order, 1)\n    nothing()\n",
    },
    "barrels in a chain": lambda n: {
        **{f"m{i}.ts": f"export * from './m{i + 1}';\n" for i in range(n)},
        f"m{n}.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "app.ts": "import { prisma, nothing } from './m0';\nexport const f = () => prisma.order.findMany(nothing());\n",
    },
    "barrels that fork": lambda n: {
        **{f"m{i}.ts": f"export * from './m{2 * i + 1}';\nexport * from './m{2 * i + 2}';\n" for i in range(n)},
        **{f"m{i}.ts": f"export const x{i} = {i};\n" for i in range(n, 2 * n + 1)},
        "app.ts": "import { nothing, x1 } from './m0';\n" + "nothing(); x1;\n",
    },
    "barrels by name in a chain": lambda n: {
        **{f"m{i}.ts": f"export {{ a{i + 1} as a{i} }} from './m{i + 1}';\n" for i in range(n)},
        f"m{n}.ts": f"import {{ PrismaClient }} from '@prisma/client';\nexport const a{n} = new PrismaClient();\n",
        "app.ts": "import { a0 } from './m0';\nexport const f = () => a0.order.findMany();\n",
    },
    "imports by name in a chain": lambda n: {
        **{f"m{i}.py": f"from m{i + 1} import Order\n" for i in range(n)},
        f"m{n}.py": "from models import Order\n",
        "models.py": PY_MODELS,
        "app.py": "from sqlalchemy.orm import Session\nfrom m0 import Order\n"
        "def f(db: Session):\n    db.get(Order, 1)\n",
    },
    "files": lambda n: {
        **{f"f{i}.py": PY + f"def f{i}(db: Session):\n    db.get(Order, {i})\n    db.commit()\n" for i in range(n)},
        "models.py": PY_MODELS,
    },
    "deep folders": lambda n: {"/".join(["d"] * n) + "/app.py": PY + "def f(db: Session): db.commit()\n"},
    "values over files": lambda n: {
        **{f"f{i}.py": f"from f{i + 1} import v{i + 1}\nv{i} = make(v{i + 1})\n" for i in range(n)},
        f"f{n}.py": "import psycopg\nv" + f"{n} = psycopg.connect()\n",
        "app.py": "from f0 import v0\ndef f(x):\n    v0.execute('SELECT 1')\n",
    },
    "values over files, JavaScript": lambda n: {
        **{f"f{i}.js": f"const v = require('./f{i + 1}');\nmodule.exports = wrap(v);\n" for i in range(n)},
        f"f{n}.js": JS + "module.exports = pool;\n",
        "app.js": "const v = require('./f0');\nasync function f(x) { return v.query('SELECT 1'); }\n",
    },
    "modules handed on": lambda n: {
        **{f"f{i}.js": f"module.exports = require('./f{i + 1}');\n" for i in range(n)},
        f"f{n}.js": JS + "module.exports = pool;\n",
        "app.js": "const v = require('./f0');\nasync function f(x) { return v.query('SELECT 1'); }\n",
    },
    "objects, each made of the next": lambda n: {
        **{
            f"f{i}.py": f"from f{i + 1} import S{i + 1}\nclass S{i}:\n    inner = S{i + 1}()\n"
            f"    def go(self):\n        return self.inner.go()\ns = S{i}()\n"
            for i in range(n)
        },
        f"f{n}.py": PY + f"class S{n}:\n    def go(self):\n        self.db.commit()\n",
        "app.py": "from f0 import s\ndef f(x):\n    s.inner.inner.inner.go()\n    s.go()\n",
    },
    "results of calls of calls": lambda n: {
        **{f"f{i}.py": f"from f{i + 1} import g{i + 1}\ndef g{i}(x):\n    return g{i + 1}(x)\n" for i in range(n)},
        f"f{n}.py": PY + f"def g{n}(db: Session):\n    return db.get(Order, 1)\n",
        "models.py": PY_MODELS,
        "app.py": "from f0 import g0\ndef f(db):\n    g0(db).total += 1\n    db.commit()\n",
    },
    # ── beside the code ──────────────────────────────────────────────────────────────────────────────────────────────
    "migration, many statements": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        "up.sql": "".join(f"CREATE TABLE t{i} (id int primary key, é text);\n" for i in range(n)),
    },
    "migration, many columns": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        "up.sql": "CREATE TABLE t (" + ",\n".join(f"c{i} int unique" for i in range(n)) + ");",
    },
    "migration, many inserts": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        "up.sql": "".join(f"INSERT INTO t VALUES ({i}, 'a;b', $tag$ x $tag$);\n" for i in range(n)),
    },
    "migration, a comment before everything": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        "up.sql": "-- a\n/* b */ \n" * n + "CREATE TABLE t (id int);" + " \n" * n + "x" * n,
    },
    "migration, comments that stay open": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        "up.sql": "/* $a$ ' \" ` $b" * n,
    },
    "migration, dollar tags": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        "up.sql": "".join(f"$t{chr(97 + i % 26)}{'x' * (i % 50)}$ ;" for i in range(n)),
    },
    "migration, deep": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        "up.sql": "CREATE TABLE t (id int CHECK (" + "(" * n + "1" + ")" * n + "));",
    },
    "migrations, many files": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        **{f"v/{i:05}.sql": f"ALTER TABLE orders ADD COLUMN c{i} int;\n" for i in range(n)},
    },
    "Alembic migrations in a chain": lambda n: {
        **py("def f(db: Session): db.commit()\n"),
        **{
            f"v/{n - i:05}.py": "from alembic import op\nimport sqlalchemy as sa\n"
            f"revision = 'r{i}'\ndown_revision = 'r{i - 1}'\n"
            f"def upgrade():\n    op.add_column('orders', sa.Column('c{i}', sa.Integer))\n"
            for i in range(n)
        },
    },
    "Prisma, many models": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "schema.prisma": "".join(f"model M{i} {{\n  id Int @id\n  é{i} M{(i + 1) % n}?\n}}\n" for i in range(n)),
    },
    "Prisma, many fields": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "schema.prisma": "model Order { // é\n  id Int @id\n" + "".join(f"  f{i} Int\n" for i in range(n)) + "}\n",
    },
    "Prisma, blocks that stay open": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "schema.prisma": "model A {\n" * n,
    },
    "Prisma, parentheses that stay open": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "schema.prisma": "model A {\n" + "  a Int @map((((\n" * n + "}",
    },
    "Prisma, one long line": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "schema.prisma": "model A {\n a Int " + "@map(" * n + "\n}",
    },
    "SQL text, long": lambda n: js_handler(
        "await pool.query(`SELECT * FROM orders WHERE " + " OR ".join(f"id = {i}" for i in range(n)) + "`);"
    ),
    "SQL text, deep": lambda n: js_handler("await pool.query('SELECT " + "(" * n + "1" + ")" * n + "');"),
    "SQL texts": lambda n: js_handler("".join(f"await pool.query('SELECT {i} FROM orders');\n" for i in range(n))),
    "tsconfig, a chain of extends": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "tsconfig.json": '{"extends": "./tsconfig.0.json"}',
        **{f"tsconfig.{i}.json": f'{{"extends": "./tsconfig.{i + 1}.json"}}' for i in range(n)},
    },
    "tsconfig, extends that fork": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "tsconfig.json": '{"extends": ["./tsconfig.json", "./tsconfig.json", "./tsconfig.json"'
        + ', "./tsconfig.json"' * (n // 20)
        + "]}",
    },
    "tsconfig, comments that stay open": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "tsconfig.json": "{" + "/* " * n,
    },
    "tsconfig, commas": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "tsconfig.json": "{" + ", // x\n" * n,
    },
    "tsconfig, deep": lambda n: {**ts_handler("f();"), "tsconfig.json": '{"a":' * n},
    "tsconfig, many paths": lambda n: {
        **ts_handler("await prisma.order.findMany();"),
        "tsconfig.json": '{"compilerOptions": {"paths": {'
        + ",".join(f'"@a{i}/*": ["x{i}/*"]' for i in range(n))
        + "}}}",
        **{f"u{i}.ts": f"import {{ x }} from '@a{i}/y';\n" for i in range(n // 10)},
    },
    "package.json, many exports": lambda n: {
        **ts("import { a } from 'own/x';\n"),
        "package.json": '{"name": "own", "exports": {' + ",".join(f'"./a{i}/*": "./x/*"' for i in range(n)) + "}}",
    },
    "package.json, exports deep": lambda n: {
        **ts("import { a } from 'own';\n"),
        "package.json": '{"name": "own", "exports": {".": '
        + '{"x": ' * min(n, 400)
        + '"./y.js"'
        + "}" * min(n, 400)
        + "}}",
    },
    "packages": lambda n: {
        **{f"p{i}/package.json": f'{{"name": "p{i}"}}' for i in range(n)},
        **{f"p{i}/a.ts": f"import {{ x }} from 'p{(i + 1) % n}';\n" for i in range(n)},
        **ts_handler("f();"),
    },
    "lock file, npm": lambda n: {
        **js_handler("f();"),
        "package-lock.json": '{"packages": {'
        + ",".join(f'"node_modules/p{i}": {{"version": "1.{i}"}}' for i in range(n))
        + "}}",
    },
    "lock file, pnpm": lambda n: {
        **js_handler("f();"),
        "pnpm-lock.yaml": "packages:\n" + "".join(f"  /p{i}@1.{i}:\n" for i in range(n)),
    },
    "lock file, pnpm, one line": lambda n: {**js_handler("f();"), "pnpm-lock.yaml": "  " + "a@" * n},
    "lock file, yarn": lambda n: {
        **js_handler("f();"),
        "yarn.lock": "".join(f'"p{i}@^1":\n  version "1.{i}"\n' for i in range(n)),
    },
    "lock file, yarn, one line": lambda n: {**js_handler("f();"), "yarn.lock": '"@a@b' * n},
    "lock file, uv": lambda n: {
        **py("f()\n"),
        "uv.lock": "".join(f'[[package]]\nname = "p{i}"\nversion = "1"\n' for i in range(n)),
    },
    "requirements": lambda n: {**py("f()\n"), "requirements.txt": "".join(f"p{i}==1.{i}\n" for i in range(n))},
    "requirements, one line": lambda n: {**py("f()\n"), "requirements.txt": "a" + " " * n + "[" + "x" * n},
    # ── registered with a framework ──────────────────────────────────────────────────────────────────────────────────
    "guards before routes, Express": lambda n: js(
        "".join("app.use((req, res, next) => { next(); });\n" for _ in range(n)) + routes(n)
    ),
    "guards between routes, Express": lambda n: js(
        "".join(
            "app.use((req, res, next) => { if (!req.headers.x) return res.status(401).end(); next(); });\n"
            f"app.get('/x{i}', (req, res) => res.json(1));\n"
            for i in range(n)
        )
    ),
    "guards under paths, Express": lambda n: js(
        "".join(f"app.use('/x{i}', (req, res, next) => {{ next(); }});\n" for i in range(n)) + routes(n)
    ),
    "routers of one application, Express": lambda n: js(
        "".join(
            f"const r{i} = express.Router();\nr{i}.get('/x', (req, res) => res.json(1));\napp.use('/p{i}', r{i});\n"
            for i in range(n)
        )
    ),
    "guards in files, Express": lambda n: {
        **js("module.exports = { app };\n"),
        **{
            f"m{i}.js": "const { app } = require('./app');\napp.use((req, res, next) => { next(); });\n"
            f"app.get('/x{i}', (req, res) => res.json(1));\n"
            for i in range(n)
        },
    },
    "routers in routers, Express": lambda n: js(
        "".join(f"const r{i} = express.Router();\nr{i}.get('/x', (req, res) => res.json(1));\n" for i in range(n))
        + "".join(f"r{i}.use('/p', r{i + 1}); r{i}.use('/q', r{i + 1});\n" for i in range(n - 1))
        + "app.use(r0);\n"
    ),
    "routers in routers, FastAPI": lambda n: {
        "app.py": "from fastapi import APIRouter, FastAPI\napp = FastAPI()\n"
        + "".join(f"r{i} = APIRouter(prefix='/p{i}')\n@r{i}.get('/x')\ndef f{i}(): pass\n" for i in range(n))
        + "".join(f"r{i}.include_router(r{i + 1})\n" for i in range(n - 1))
        + "app.include_router(r0)\n"
    },
    "decorators, each with its wrapper": lambda n: py(
        "".join(f"def d{i}(f):\n    def w(*a):\n        return f(*a)\n    return w\n" for i in range(n))
        + "".join(f"@d{i}\n" for i in range(n))
        + "def run(db: Session, x: int):\n    db.get(Order, x).total = 1\n    db.commit()\n"
    ),
    "decorators, each with a parameter": lambda n: py(
        "".join(f"def d{i}(f):\n    def w(db, *a):\n        return f(*a)\n    return w\n" for i in range(n))
        + "".join(f"@d{i}\n" for i in range(n))
        + "def run(x: int):\n    pass\n"
    ),
    "classes that hold each other, Nest": lambda n: {
        "app.ts": "import { Controller, Get, Injectable } from '@nestjs/common';\n"
        + "".join(
            f"@Injectable() export class S{i} {{\n"
            f"  constructor(private s: S{(i + 1) % n}, private p: S{(i + 2) % n}) {{}}\n"
            "  async m() { await this.s.m(); await this.p.m(); } }\n"
            f"@Controller('c{i}') export class C{i} {{ constructor(private s: S{i}) {{}}\n"
            "  @Get() async g() { return this.s.m(); } }\n"
            for i in range(n)
        )
    },
    "head of a generated file": lambda n: js("/* generated do not edit " * n),
}


def size(files: Files) -> int:
    """Bytes of text."""
    return sum(len(text) for text in files.values())
