"""Code that was not read: no findings are no clean result then, and the report says what was passed over."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from looktwice.cli.main import run

WALLET = b"""
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Wallet(Base):
    __tablename__ = "wallets"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


def deposit(session: Session, wallet_id: int, amount: int) -> None:
    wallet = session.get_one(Wallet, wallet_id)
    wallet.balance = wallet.balance + amount
    session.commit()
"""
LARGE = b"# a comment that goes on\n" * 450_000
READ = {"main.py": b"x = 1\n"}
ACCEPTED = b"""[audit]\nknown_gaps = [{ package = "wallet.py", reason = "a table of rates" }]\n"""
EXCLUDED = b"""[audit]\nexclude = ["wallet.py"]\n"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path / "app")
    for name in ("CLAUDECODE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "app"


def written(root: Path, contents: Mapping[str, bytes]) -> None:
    for path, data in contents.items():
        name = os.path.join(os.fsencode(root), os.fsencode(path))
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "wb") as file:
            file.write(data)


def audited(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(["audit", "--no-cache", *words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        ({"wallet.py": WALLET + LARGE}, 2),
        ({"wallet.py": WALLET + b"\0"}, 2),
        ({"wal\udcfflet.py": WALLET}, 2),
        ({"wallet.js": b"\0\0\0binary\0"}, 2),
        ({"wallet.py": WALLET + LARGE, "late.py": WALLET}, 1),  # findings win
        ({"wallet.py": WALLET + LARGE, "looktwice.toml": ACCEPTED}, 0),
        ({"wallet.py": WALLET + LARGE, "looktwice.toml": EXCLUDED}, 0),
        ({"wal\udcfflet.py": WALLET, ".gitignore": b"wal*\n"}, 0),
        ({"tests/wallet.py": WALLET + LARGE, "scripts/old.py": b"\0"}, 0),
        ({"old.py": b"def f():\n    return 1\n\n\n))) ((( \n"}, 0),  # a damaged line is a note
        ({"schema.sql": b"\0\0", "package.json": b"{"}, 0),
        ({"page.min.js": b"function f(){return 1};var a=f();f(a)," * 200}, 0),  # left out on purpose
    ],
)
def test_silence_about_code_that_was_not_read_is_no_health(
    app: Path, capsys: pytest.CaptureFixture[str], contents: Mapping[str, bytes], code: int
) -> None:
    written(app, {**READ, **contents})
    given, out, err = audited(capsys)
    assert given == code, out + err
    assert ("was not read, so that no findings does not mean that there are none" in err) is (code == 2)
    assert (" · the code in " in out) is (code == 2 or "late.py" in contents)


def test_a_gap_that_is_read_is_one_too_many(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(app, {**READ, "wallet.py": b"y = 2\n", "looktwice.toml": ACCEPTED})
    code, out, _ = audited(capsys)
    assert code == 0
    assert "known_gaps: wallet.py is not used here: remove it" in out


def test_programs_see_which_code_was_not_read(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(app, {**READ, "wallet.py": WALLET + b"\0", "tests/wallet.py": b"\0", "up.sql": b"CREATE TABLE a (\0"})
    _, out, _ = audited(capsys, "--format", "json")
    assert {it["path"]: it["is_code"] for it in json.loads(out)["unread"]} == {
        "wallet.py": True,
        "tests/wallet.py": False,
        "up.sql": False,
    }


SERVER = b"""#!/usr/bin/env node
const { Pool } = require('pg');
const express = require('express');
const app = express();
const pool = new Pool();
app.post('/wallets/:id', async (req, res) => {
  const found = await pool.query('SELECT balance FROM wallets WHERE id = $1', [req.params.id]);
  const balance = found.rows[0].balance + req.body.amount;
  await pool.query('UPDATE wallets SET balance = $1 WHERE id = $2', [balance, req.params.id]);
  res.json({});
});
"""
SCRIPT = b"#!/usr/bin/env python3" + WALLET


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("WALLET.PY", WALLET),
        ("wallet.pyw", WALLET),
        ("app/wallet.wsgi", WALLET),
        ("bin/wallet", SCRIPT),
        ("cgi-bin/wallet.cgi", SCRIPT),
        ("bin/a:b", SCRIPT),
        ("bin/server", SERVER),
        ("Server.JS", SERVER),
        ("server.CJS", SERVER),
    ],
)
@pytest.mark.parametrize(
    "beside", [{}, {"wallet.py": b"y = 1\n", "x/bin/wallet.py": b"z = 1\n", "bin/server.js": b"f()\n"}]
)
def test_programs_are_known_by_more_than_small_endings(
    app: Path, capsys: pytest.CaptureFixture[str], path: str, data: bytes, beside: Mapping[str, bytes]
) -> None:
    """And keep their own names in the report, whatever else is there."""
    written(app, {**READ, **beside, path: data})
    code, out, err = audited(capsys, "--format", "json")
    report = json.loads(out)
    assert code == 1, err
    assert {it["path"] for it in report["findings"]} == {path}
    assert not report["unread"]
    code, out, _ = audited(capsys, path)
    assert code == 1
    assert path.rpartition("/")[2] in out


def test_a_suppression_in_a_script_counts(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = b"    wallet.balance = wallet.balance + amount"
    written(app, {"bin/wallet": SCRIPT.replace(line, line + b"  # looktwice: ignore[LT301] one worker")})
    code, out, _ = audited(capsys)
    assert code == 0
    assert "1 accepted with a reason" in out


def test_links_to_code_outside_prevent_exit_code_0(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(app.parent, {"shop/wallet.py": WALLET, "app/main.py": b"x = 1\n"})
    (app / "backend").symlink_to("../shop", target_is_directory=True)
    code, out, err = audited(capsys)
    assert code == 2
    assert "not fully read: backend: it is a symbolic link to ../shop, outside" in out
    assert "audit that folder, too" in out
    assert "the code in backend was not read" in err
    written(app, {"looktwice.toml": b"""[audit]\nknown_gaps = [{ package = "backend", reason = "audited apart" }]\n"""})
    assert audited(capsys)[0] == 0


def test_a_tree_of_nothing_but_links_says_so(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(app.parent, {"shop/wallet.py": WALLET})
    (app / "backend").symlink_to("../shop", target_is_directory=True)
    code, _, err = audited(capsys)
    assert code == 2
    assert "it is a symbolic link to" in err


def test_other_code_is_counted_in_a_note(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(app, {**READ, "explore.ipynb": b"{}", "page.astro": b"---\n---\n", "main.go": b"package main\n"})
    code, out, _ = audited(capsys)
    assert code == 0
    assert "note: files with code that is not read: 1 Astro, 1 Go, 1 Jupyter" in out
