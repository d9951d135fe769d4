"""Damage, by a seed: the same number always gives the same damaged text. And programs and files worth damaging."""

# ruff: noqa: E501 (a sample is easier to read as one line)
from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
LARGEST = 6_000  # bytes of one source: damage is dense then, and an audit of a hundred is quick
ENDINGS = (".py", ".ts", ".tsx", ".js", ".mjs")
TOKENS = (
    b"( ) [ ] { } : ; , . = == => -> < > / * ** + - % ! ? ?. | & @ # $ \\ ' \" ` ''' \"\"\" ${ #{ /* */ // <!-- --> "
    b"def class if elif else for while try except finally with async await yield lambda return raise import from match "
    b"case const let function export default switch catch throw new typeof <a> </a> /> f'{ r' b' \\u{ \\N{ 0x 1e 1_ NaN"
).split()
ODD = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\r",
    b"\r\n",
    b"\t",
    b"\x0c",
    b"\x1b[31m",
    b"\xe2\x80\xae",
    b"\xc3",
)
BRACKETS = (
    b"(",
    b"[",
    b"{",
    b"not ",
    b"-",
    b"a => ",
    b"lambda: ",
    b"f(",
    b"[[",
    b"{a:",
    b"<a>",
    b"${`",
    b"/* ",
    b"if a:\n ",
)


def sources() -> tuple[tuple[str, bytes], ...]:
    """(ending, text) of our own modules, the examples, and the programs on the pages of the patterns."""
    found: list[tuple[str, bytes]] = []
    folders = ("src/looktwice", "examples/shop", "examples/candidates/src", "tests/prove/apps")
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            is_code = path.suffix in ENDINGS and path.is_file()
            if is_code and not {"node_modules", "assets", "generated"} & set(path.parts):
                found.append((path.suffix, path.read_bytes()[:LARGEST]))
    from looktwice.patterns.catalogue import catalogue

    pages = catalogue()
    for pattern in pages.patterns:
        for program in pages.programs(pattern):
            found += ((Path(file.path).suffix, file.text.encode()) for file in program.files)
    return tuple((ending, data) for ending, data in found if ending in ENDINGS)


def damaged(data: bytes, random: Random, others: tuple[tuple[str, bytes], ...] = ()) -> bytes:
    """The text after one to four changes."""
    for _ in range(random.randint(1, 4)):
        data = random.choice(CHANGES)(data, random, others)
    return data[:60_000]


def _place(data: bytes, random: Random) -> int:
    return random.randint(0, len(data))


def _cut(data: bytes, random: Random, others: object) -> bytes:
    start = _place(data, random)
    return data[:start] + data[start + random.choice((1, 2, 10, 100, 1_000)) :]


def _truncate(data: bytes, random: Random, others: object) -> bytes:
    return data[: _place(data, random)]


def _insert(data: bytes, random: Random, others: object) -> bytes:
    at = _place(data, random)
    token = random.choice(TOKENS if random.random() < 0.8 else ODD)
    return data[:at] + token + random.choice((b"", b" ", b"\n")) + data[at:]


def _repeat(data: bytes, random: Random, others: object) -> bytes:
    start = _place(data, random)
    piece = data[start : start + random.choice((1, 3, 20, 200))]
    return data[:start] + piece * random.choice((2, 10, 100)) + data[start:]


def _nest(data: bytes, random: Random, others: object) -> bytes:
    at = _place(data, random)
    return data[:at] + random.choice(BRACKETS) * random.choice((3, 30, 300, 3_000)) + data[at:]


def _swap(data: bytes, random: Random, others: object) -> bytes:
    lines = data.split(b"\n")
    first, second = (random.randrange(len(lines)) for _ in range(2))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


def _indent(data: bytes, random: Random, others: object) -> bytes:
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    lines[at] = random.choice((b"", b" ", b"\t", b"        ")) + lines[at].lstrip()
    return b"\n".join(lines)


def _flip(data: bytes, random: Random, others: object) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes((random.randrange(256),)) + data[at + 1 :]


def _exchange(data: bytes, random: Random, others: tuple[tuple[str, bytes], ...]) -> bytes:
    other = random.choice(others)[1] if others else data
    start = _place(other, random)
    at = _place(data, random)
    return data[:at] + other[start : start + 400] + data[at:]


def _encode(data: bytes, random: Random, others: object) -> bytes:
    text = data.decode("utf-8", "replace")
    coding = random.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1", "utf-32", "cp1252"))
    return text.encode(coding, "replace")


def _ends(data: bytes, random: Random, others: object) -> bytes:
    return data.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"\xe2\x80\xa8", b" ")))


CHANGES = (
    *(_cut, _truncate, _insert, _insert, _insert, _repeat, _nest, _swap, _indent, _flip, _flip, _exchange, _exchange),
    *(_ends, _encode),
)

# ── beside the code ──────────────────────────────────────────────────────────────────────────────────────────────────
AUXILIARY: Mapping[str, bytes] = {
    ".gitignore": b"*.tmp\n/build/\n!keep.tmp\n**/cache/**\nlogs/*.log\n[a-c]?.py\n# comment\n",
    ".git/info/exclude": b"scratch/\n*.orig\n",
    "sub/.gitignore": b"!*.tmp\n",
    "package.json": b'{"name": "app", "dependencies": {"express": "^4", "pg": "8"}, "exports": {".": {"import": "./a.js"}},'
    b' "workspaces": ["packages/*"], "scripts": {"start": "node src/app.js"}, "engines": {"node": ">=20"}}',
    "tsconfig.json": b'{\n  // comment\n  "extends": ["./tsconfig.base.json"],\n  "compilerOptions": {"baseUrl": "src",'
    b' "paths": {"@/*": ["./*"], "#x": ["x.ts"]},},\n}\n',
    "tsconfig.base.json": b'{"compilerOptions": {"paths": {"~/*": ["src/*"]}}}',
    "pyproject.toml": b'[project]\nname = "app"\ndependencies = ["fastapi>=0.110", "sqlalchemy==2.0.1"]\n'
    b'[tool.poetry.dependencies]\npsycopg = {version = "^3"}\nwhen = 2024-01-01T00:00:00Z\n',
    "looktwice.toml": b'[system]\ninstances = 2\n[audit]\nexclude = ["gone/"]\n[[suppress]]\ncode = "LT301"\npath = "a/"\n'
    b'reason = "one"\n[models.python.own.calls]\n"own.send" = { kind = "SEND", target = "service:own" }\n',
    "prisma/schema.prisma": b'generator client { provider = "x" }\nenum S { A B }\nmodel User {\n  id Int @id // one\n'
    b'  mail String @unique @map("e")\n  orders Order[]\n}\nmodel Order {\n  id Int @id\n  userId Int\n'
    b"  user User @relation(fields: [userId], references: [id])\n  @@unique([id, userId])\n}\n",
    "migrations/1.sql": b"-- up\nCREATE TABLE users (id serial PRIMARY KEY, mail text UNIQUE, note text DEFAULT 'a;b');\n"
    b"/* more */ CREATE UNIQUE INDEX one ON users (lower(mail)) WHERE id > 1;\nALTER TABLE users ADD COLUMN x int;\n"
    b"CREATE FUNCTION f() RETURNS int AS $body$ SELECT 1; $body$ LANGUAGE sql;\nINSERT INTO users VALUES (1, 'it''s', E'\\\\');\n",
    "requirements.txt": b"fastapi[all]==0.110.1\nSQLAlchemy >= 2.0 ; python_version > '3'\n# x\n",
    "poetry.lock": b"[[package]]\nname = 'fastapi'\nversion = '0.111.0'\n",
    "Pipfile.lock": b'{"default": {"fastapi": {"version": "==0.99.0"}}}',
    "package-lock.json": b'{"packages": {"": {}, "node_modules/pg": {"version": "8.1.0"}}, "dependencies": {"a": {"version": "1"}}}',
    "pnpm-lock.yaml": b"packages:\n  '@prisma/client@5.9.1':\n    x: 1\n  express@4.19.2:\n",
    "yarn.lock": b'"@prisma/client@^5.0.0":\n  version "5.2.0"\n\nexpress@^4.0.0, express@^4.1.0:\n  version "4.17.3"\n',
    "pnpm-workspace.yaml": b"packages:\n  - 'packages/*'\n",
    "public/index.html": b"<html><script src='/js/app.js'></script><script type=module src=\"main.js\"></script>",
    ".env": b"DATABASE_URL=postgres://u:p@localhost/db\nexport KEY = 'a b' # c\n",
    "docker-compose.yml": b"services:\n  app:\n    build: .\n    command: uvicorn app:app\n    environment: &e\n      A: 1\n",
    "Procfile": b"web: gunicorn app:app --workers 3\n",
    "Dockerfile": b'FROM python\nRUN pip install \\\n  x\nCMD ["uvicorn", "app:app"]\n',
    ".looktwice/cache/result": b"looktwice cache 1\n" + b"x" * 60,
    ".looktwice/proofs/one.json": b'{"schema": 1}',
}
PROGRAM: Mapping[str, bytes] = {
    "app.py": b"from fastapi import FastAPI\nfrom sqlalchemy.orm import Session\napp = FastAPI()\n"
    b"@app.post('/a/{i}')\ndef a(i: int, db: Session):\n    db.execute('SELECT 1')\n    db.commit()\n",
    "src/app.js": b"const express = require('express'); const { Pool } = require('pg');\nconst pool = new Pool();\n"
    b"const app = express();\napp.get('/', async (q, s) => { await pool.query('SELECT 1'); s.json({}); });\n",
    "src/main.ts": b"import { PrismaClient } from '@prisma/client';\nimport { x } from '@/x';\nconst prisma = new PrismaClient();\n"
    b"export const f = (id: number) => prisma.user.findUnique({ where: { id } });\n",
    "src/x.ts": b"export const x = 1;\n",
    "public/js/app.js": b"document.querySelector('a');\n",
}
HARD: Mapping[str, tuple[bytes, ...]] = {
    ".gitignore": (b"*a*a*a*a*a*a*a*a*a*a*a*b\n", b"!\n[z-a]\n[\n\\\n**/**/**\n", b"*x*y?z[0-9]*\n" * 3_000, b"\xff\xfe*\n",
                   b"a/" * 2_000, b"*" * 5_000, b"!" * 100, b"[[:nope:]]\n[!]\n/\n//\n./a\n../b\n"),
    "pyproject.toml": (b"a = " + b"[" * 5_000, b"a = " + b"9" * 5_000, b"[tool]\nlooktwice = 3\n", b"tool = 3\n",
                       b"a = 1\na = 2\n", b"[project]\ndependencies = 3\n", b"d = 1979-05-27T07:32:00Z\nt = 25:00:00\n"),
    "looktwice.toml": (b"a = " + b"[" * 5_000, b"[system]\nregions = 99999999999999999999999\n", b"[system]\nregions = inf\n",
                       b"[audit]\nexclude = ['!']\n", b"[models.python]\nx = 1979-05-27\n", b"[audit]\nexclude = ['[a']\n",
                       b"[models.python.x.calls]\n'a.b' = { kind = 'NOPE' }\n", b"[prove]\nbudget = 3\n", b"a.b.c.d = 1\n",
                       b"[[suppress]]\ncode = 'LT301'\npath = '*a*a*a*a*a*a*b'\nreason = ''\n"),
    "package.json": (b"[]", b"null", b'{"a":' * 3_000, b'{"exports": {"./*": "./*"}, "name": 3}', b'{"dependencies": []}',
                     b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", b"1e999", b'{"name": "a", "imports": {"#x": []}}'),
    "tsconfig.json": (b'{"extends": "./tsconfig.json"}', b'{"extends": "./gone.json"}', b'{"extends": "../../../up.json"}',
                      b"{" + b"/* " * 3_000, b"{" + b",//x\n" * 3_000, b'{"compilerOptions": {"paths": 3, "baseUrl": []}}',
                      b'{"extends": ["./tsconfig.base.json", "./tsconfig.base.json", 3]}', b""),
    "tsconfig.base.json": (b'{"extends": "./tsconfig.json"}', b"\xff\xfe{\0}\0"),
    "prisma/schema.prisma": (b"model A {\n" * 500, b"model A { id Int @id(((", b"\xff\xfem\0o\0d\0e\0l\0 \0A\0 \0{\0}\0",
                             b"/* model A { id Int @id }", b"model A {\n  id Int @id\n  ???\n}\n"),
    "migrations/1.sql": (b"/* a */ " * 200 + b"SELECT 1", b"$a$ " * 500, b"'" + b"x;" * 500, b"CREATE TABLE a (((((",
                         b"CREATE TABLE a (id int CHECK " + b"(" * 3_000, b"ALTER TABLE a ADD UNIQUE WITH NONSENSE;"),
    "docker-compose.yml": (b"a: &a [x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nservices: {a: {build: ., command: *c}}\n",
                           b"? [a]\n: 1\n", b"a: 2024-99-99\n", b"services: " + b"[" * 2_000, b"a: !!python/object:os.system x\n"),
    ".env": (b"A=" + b" " * 30_000 + b"x", b"=\n==\n\0\n", b"A='\n" * 1_000),
    "Dockerfile": (b"CMD \\\n" * 3_000, b'CMD ["a"', b"CMD " + b"[" * 3_000),
    "yarn.lock": (b"<<<<<<< HEAD\n", b'"a@' * 3_000, b"a@1:\n" + b"\n" * 3_000),
    "requirements.txt": (b"\n" * 5_000 + b"a" + b" " * 5_000, b"a[" * 3_000),
}  # fmt: skip


def auxiliary(random: Random) -> Iterator[tuple[str, bytes]]:
    """Files beside the code, one to three of them damaged or hard."""
    chosen = dict(AUXILIARY)
    for name in random.sample(sorted(AUXILIARY), random.randint(1, 3)):
        if name in HARD and random.random() < 0.5:
            chosen[name] = random.choice(HARD[name])
            if random.random() < 0.5:
                continue
        chosen[name] = damaged(chosen[name], random, tuple(AUXILIARY.items()))
    for name in random.sample(sorted(chosen), len(chosen) - random.randint(8, len(chosen))):
        del chosen[name]  # a tree rarely holds all of them
    yield from chosen.items()
