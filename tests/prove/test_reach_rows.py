"""A request over which the application ends: the row says so with its last error, and nothing that contradicts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from looktwice.core.config import load
from looktwice.prove.run.stage import Stage

APP = """
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import psycopg

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200)
    def do_POST(self):
        try:
            with psycopg.connect(os.environ["DATABASE_URL"]) as db:
                db.execute("INSERT INTO notes DEFAULT VALUES")
        except psycopg.errors.UniqueViolation as error:
            print(f"UniqueViolationError: {error}", flush=True)
            os._exit(1)
        self.answer(201)
    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
CONFIGURATION = """
[prove]
start = "python app.py {port}"
database = ["DATABASE_URL"]
seed = ["schema.sql"]
requests = [{ method = "POST", path = "/notes" }]
"""
SCHEMA = "CREATE TABLE notes (id serial PRIMARY KEY); "


@pytest.mark.parametrize(
    ("seeded", "status", "words"),
    [
        ("INSERT INTO notes VALUES (1)", None, "the application ended when the request was sent: UniqueViol"),
        ("INSERT INTO notes VALUES (1), (2)", None, "the application ended when the request was sent: Unique"),
        ("", 201, ""),
    ],
)
def test_a_seed_that_collides_with_a_sequence(tmp_path: Path, seeded: str, status: int | None, words: str) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "schema.sql").write_text(SCHEMA + seeded)
    (tmp_path / "looktwice.toml").write_text(CONFIGURATION)
    with Stage.open(tmp_path, load(tmp_path).prove) as stage:
        (row,) = stage.reach()
    assert (row.status, row.is_reached) == (status, not words)
    assert row.why.startswith(words) and (words or not row.why)
