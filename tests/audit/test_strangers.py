"""Trees that nobody should make: what cannot be read is reported, and everything else is found all the same."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from looktwice.audit import Options, audit
from looktwice.code import build
from looktwice.code.ir.effects import EffectKind
from looktwice.core.config import Config, Models, load
from looktwice.core.event import Event, Found, Noted, Unread

MODELS = b"""
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
class Base(DeclarativeBase): pass
class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]
"""
APP = b"""
from sqlalchemy.orm import Session
from models import Account
from fastapi import FastAPI
app = FastAPI()
@app.post("/pay/{number}")
def pay(number: int, amount: int, session: Session):
    account = session.get(Account, number)
    account.balance = account.balance - amount
    session.commit()
"""
PROGRAM = {"models.py": MODELS, "app.py": APP}
FOUND = [("LT301", "app.py", 9)]
SCRIPT = b"import pg from 'pg';\nexport const pool = new pg.Pool();\n"
DEADLINE = 60  # seconds for an audit of two files: what has not ended by then hangs


@pytest.fixture(autouse=True)
def _deadline() -> Iterator[None]:
    """Ends what hangs, instead of the whole run of tests."""

    def late(number: int, frame: object) -> None:
        raise TimeoutError("the audit does not end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(DEADLINE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def plant(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def audited(root: Path, use_cache: bool = False) -> list[Event]:
    config = load(root)
    return list(audit(root, Options(config=config, exclude=config.audit.exclude, use_cache=use_cache)))


def found(events: list[Event]) -> list[tuple[str, str, int]]:
    return [(it.finding.code, it.finding.path, it.finding.start_line) for it in events if isinstance(it, Found)]


def unread(events: list[Event]) -> dict[str, str]:
    return {it.path: it.why for it in events if isinstance(it, Unread)}


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100_000_000)


def _circle(path: Path) -> None:
    path.with_name("other").symlink_to(path.name)
    path.symlink_to("other")


def _zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _outside(path: Path) -> None:
    path.symlink_to("/etc/passwd")


PLACES = {
    # where, what stands there, why it is reported
    "an ignore file that is a pipe": (".gitignore", os.mkfifo, "named pipe"),
    "an ignore file without end": (".gitignore", _zero, "symbolic link"),
    "an ignore file in a circle": (".gitignore", _circle, "symbolic link"),
    "an ignore file further down that is a pipe": ("sub/.gitignore", os.mkfifo, "named pipe"),
    "a huge ignore file": (".gitignore", _huge, "100.0 MB"),
    "a manifest that is a pipe": ("package.json", os.mkfifo, "named pipe"),
    "a manifest without end": ("pyproject.toml", _zero, "symbolic link"),
    "a manifest that is a folder": ("package.json", Path.mkdir, ""),  # nothing that anybody would read
    "a huge lock file": ("poetry.lock", _huge, "100.0 MB"),
    "a schema that is a pipe": ("schema.prisma", os.mkfifo, "which columns are unique is not known"),
    "a schema out of the tree": ("schema.prisma", _outside, "symbolic link"),
    "SQL that is huge": ("migrations/1.sql", _huge, "100.0 MB"),
    "a configuration of TypeScript that is a pipe": ("tsconfig.json", os.mkfifo, "named pipe"),
    "a program that is a pipe": ("other.py", os.mkfifo, "named pipe"),
    "a program that is huge": ("other.ts", _huge, "100.0 MB"),
    "a page that is a pipe": ("public/index.html", os.mkfifo, "named pipe"),
}


@pytest.mark.parametrize("case", PLACES)
def test_what_is_no_file(tmp_path: Path, case: str) -> None:
    where, make, why = PLACES[case]
    plant(tmp_path, {**PROGRAM, "api/pool.ts": SCRIPT, "sub/x.py": b"", "public/a.css": b"", "migrations/a": b""})
    make(tmp_path / where)
    events = audited(tmp_path)
    assert found(events) == FOUND
    reported = unread(events)
    assert why in reported.get(where, "") if why else where not in reported


@pytest.mark.parametrize("name", ["result", "."])
def test_a_pipe_in_place_of_what_is_remembered(tmp_path: Path, name: str) -> None:
    plant(tmp_path, PROGRAM)
    (tmp_path / ".looktwice").mkdir()
    if name == ".":
        os.mkfifo(tmp_path / ".looktwice" / "cache")
    else:
        (tmp_path / ".looktwice" / "cache").mkdir()
        os.mkfifo(tmp_path / ".looktwice" / "cache" / name)
    assert found(audited(tmp_path, use_cache=True)) == FOUND
    assert found(audited(tmp_path, use_cache=True)) == FOUND


CONTENTS: dict[str, tuple[dict[str, bytes], dict[str, str]]] = {
    # ── ignore files ─────────────────────────────────────────────────────────────────────────────────────────────────
    "a pattern that backtracks": ({".gitignore": b"*a*a*a*a*a*a*a*a*a*a*a*a*b\n", "a" * 200 + ".py": b""}, {}),
    "two hundred stars": ({".gitignore": b"**/" * 100 + b"*" * 200 + b"z\n", "a/" * 20 + "a.py": b""}, {}),
    "a lone !": ({".gitignore": b"!\n"}, {}),
    "a range that runs backwards": ({".gitignore": b"[z-a]\n*.tmp\n"}, {}),
    "brackets that stay open": ({".gitignore": b"[\n[!\n[[:nope:]]\n\\\n"}, {}),
    "patterns in UTF-16": ({".gitignore": "*.tmp\n".encode("utf-16")}, {}),
    # ── manifests ────────────────────────────────────────────────────────────────────────────────────────────────────
    "a number of five thousand digits": ({"pyproject.toml": b"a = " + b"9" * 5_000}, {"pyproject.toml": "TOML"}),
    "TOML that is deep": ({"pyproject.toml": b"a = " + b"[" * 5_000}, {"pyproject.toml": "nested too deeply"}),
    "a day that no month has": ({"pyproject.toml": b"a = 2024-99-99"}, {"pyproject.toml": "TOML"}),
    "a tool that is a number": ({"pyproject.toml": b"tool = 3\n"}, {}),
    "an empty lock file": ({"package-lock.json": b""}, {"package-lock.json": "it is empty"}),
    "a manifest with a conflict": (
        {"package.json": b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", "a.ts": SCRIPT},
        {"package.json": "JSON"},
    ),
    "a manifest that ends early": ({"package.json": b'{"name": "a", "dep', "a.ts": SCRIPT}, {"package.json": "JSON"}),
    "a manifest that is a list": ({"package.json": b"[]", "a.ts": SCRIPT}, {"package.json": "no object"}),
    "a manifest that is deep": ({"package.json": b'{"a":' * 3_000, "a.ts": SCRIPT}, {"package.json": "deeply"}),
    "paths of TypeScript that are deep": ({"tsconfig.json": b'{"a":' * 3_000, "a.ts": SCRIPT}, {"tsconfig.json": ""}),
    "paths of TypeScript that end early": ({"tsconfig.json": b'{"compil', "a.ts": SCRIPT}, {"tsconfig.json": "JSON"}),
    "paths of TypeScript with comments": ({"tsconfig.json": b"{ // a\n /* b */ }", "a.ts": SCRIPT}, {}),
    "paths that extend themselves": (
        {"tsconfig.json": b'{"extends": "./tsconfig.json"}', "a.ts": SCRIPT},
        {"tsconfig.json": "extend"},
    ),
    # ── schemas ──────────────────────────────────────────────────────────────────────────────────────────────────────
    "a schema in UTF-16": ({"schema.prisma": "model A {\n id Int @id\n}\n".encode("utf-16")}, {}),
    "a schema in zeros": ({"schema.prisma": b"model A {\0\0\0"}, {"schema.prisma": ""}),
    "a schema that ends early": ({"schema.prisma": b"model A {\n  id Int @id\n  ma"}, {"schema.prisma": "unique"}),
    "a schema with a line that is none": ({"schema.prisma": b"model A {\n id Int @id\n ???\n}"}, {"schema.prisma": ""}),
    "a whole schema": ({"schema.prisma": b"// one\nmodel A {\n  id Int @id\n  @@map(\"a\")\n}\n"}, {}),
    "SQL that ends early": ({"a.sql": b"CREATE TABLE a (id int, mail text UNI"}, {"a.sql": "unique"}),
    "SQL that is deep": ({"a.sql": b"CREATE TABLE a (id int CHECK " + b"(" * 3_000}, {"a.sql": ""}),
    "SQL that nobody knows": ({"a.sql": b"ALTER TABLE a ADD UNIQUE WITH NONSENSE;"}, {"a.sql": ""}),
    "SQL that defines nothing": ({"a.sql": b"SELECT 1; -- x\nINSERT INTO a VALUES ('CREATE TABLE (');\n"}, {}),
    # ── programs ─────────────────────────────────────────────────────────────────────────────────────────────────────
    "a program that a tool packed": ({"a.js": b"a=1;" * 4_000}, {"a.js": "minified"}),
    "a program that says it is generated": ({"a.ts": b"// @generated\nexport const a = 1;\n"}, {"a.ts": "generated"}),
    "a program that is nonsense": ({"a.py": b"{" * 500}, {"a.py": "not Python"}),
    "a program that is no text": ({"a.py": b"\0\1\2" * 99}, {"a.py": "not text"}),
    "an empty program": ({"a.py": b"", "b.ts": b"\n"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CONTENTS)
def test_what_cannot_be_understood(tmp_path: Path, case: str) -> None:
    files, expected = CONTENTS[case]
    plant(tmp_path, {**PROGRAM, **files})
    events = audited(tmp_path)
    assert found(events) == FOUND
    reported = unread(events)
    assert sorted(reported) == sorted(expected)
    assert all(why in reported[path] for path, why in expected.items())
    assert not [it for it in events if isinstance(it, Noted | Unread) and "bug in looktwice" in str(it)]


def test_long_lines_of_text_hide_no_code(tmp_path: Path) -> None:
    """A picture in a string is no reason to pass over the handlers around it; neither is a word in a comment."""
    picture = b'PICTURE = "' + b"iVBORw0KGgo" * 6_000 + b'"\n'
    plant(tmp_path, {"models.py": MODELS, "app.py": APP + picture})
    assert found(audited(tmp_path)) == FOUND
    script = b"""const PICTURE = "%s";
import express from "express";
import pg from "pg";
const app = express(), pool = new pg.Pool();
app.get("/a", async (request, response) => {
  response.json(await pool.query("SELECT * FROM a WHERE id = " + request.query.id));
});
"""
    plain = tmp_path / "plain"
    plant(plain, {"app.js": script % b"x"})
    large = tmp_path / "large"
    plant(large, {"app.js": script % (b"A0b=;" * 12_000)})
    marked = tmp_path / "marked"
    plant(marked, {"app.js": b"// @generated from routes.yaml\n" + script % b"x"})
    expected = [(code, line) for code, _, line in found(audited(plain))]
    assert expected
    assert [(code, line) for code, _, line in found(audited(large))] == expected
    assert [(code, line - 1) for code, _, line in found(audited(marked))] == expected


NAMES = (
    *("a:b.py", "a:b/c.py", ":.py", "a.py:b.py", "table:a.py", ".py", "..py", "..a/b.py", "a\nb.py", "a\\b.py", " .py"),
    *("-rf.py", "é\u202eü.py", "%s.py", "{0}.py", "*.py", "[a].py", "node.js/x.py", "a#b.py", "\ue000:.py", "a'b\".py"),
)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files(tmp_path: Path, name: str) -> None:
    """The same program gives the same finding under any name, and the finding has that name."""
    plant(tmp_path, {"models.py": MODELS, name: APP})
    events = audited(tmp_path)
    assert found(events) == [("LT301", name, 9)]
    spans = [span.path for it in events if isinstance(it, Found) for span in it.finding.spans]
    assert set(spans) == {name}


CHAINS: dict[str, Callable[[int], dict[str, bytes]]] = {
    "star imports": lambda n: {
        **{f"m{i}.py": b"from m%d import *\n" % (i + 1) for i in range(n)},
        f"m{n}.py": b"from models import *\n",
        "app.py": APP.replace(b"from models import Account", b"from m0 import *"),
    },
    "star imports in a circle": lambda n: {
        **{f"m{i}.py": b"from m%d import *\nfrom models import *\n" % ((i + 1) % n) for i in range(n)},
        "app.py": APP.replace(b"from models import Account", b"from m0 import *"),
    },
    "imports by name": lambda n: {
        **{f"m{i}.py": b"from m%d import Account\n" % (i + 1) for i in range(n)},
        f"m{n}.py": b"from models import Account\n",
        "app.py": APP.replace(b"from models", b"from m0"),
    },
    "names of names": lambda n: {
        "app.py": APP.replace(
            b"from models import Account\n",
            b"import models\nA0 = models.Account\n"
            + b"".join(b"A%d = A%d\n" % (i + 1, i) for i in range(n))
            + b"Account = A%d\n" % n,
        ).replace(b"app = ", b"app = ")
    },
}  # fmt: skip


@pytest.mark.parametrize("chain", CHAINS)
def test_chains_of_names(tmp_path: Path, chain: str) -> None:
    """Names that lead through hundreds of files lead to the same thing."""
    plant(tmp_path, {"models.py": MODELS, **CHAINS[chain](300)})
    assert [code for code, _, _ in found(audited(tmp_path))] == ["LT301"]


USES = {
    "a function": ("ledger.charge", b"import ledger\ndef pay(orders):\n    ledger.charge(orders)\n"),
    "a method of whatever it is": ("*.charge", b"def pay(orders):\n    make().charge(orders)\n"),
    "a package of packages": (
        "acme.ledger.charge",
        b"from acme import ledger as own\ndef pay(orders):\n    own.charge(orders)\n",
    ),
}


@pytest.mark.parametrize("lines", [10, 12_000])
@pytest.mark.parametrize("case", USES)
def test_models_of_the_user_in_trees_of_any_size(case: str, lines: int) -> None:
    """In large trees only what uses a library is looked at: a library of the user's, too."""
    name, text = USES[case]
    config = Config(models=Models(python={"own": {"calls": {name: {"kind": "SEND", "target": "service:ledger"}}}}))
    program = build({"app.py": text, "long.py": b"x = 1\n" * lines}, config)
    assert [effect.kind for effect in program.functions["app.py:pay"].effects] == [EffectKind.SEND]
