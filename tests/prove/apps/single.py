"""Handlers that send one statement: `python single.py PORT`. /auto/NAME commits it by itself, /begin/NAME in a
transaction."""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

SCHEMA = """
CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE hits (day text PRIMARY KEY, count int NOT NULL);
CREATE TABLE entries (id serial PRIMARY KEY, amount int NOT NULL);
CREATE TABLE seats (id int PRIMARY KEY, taken boolean NOT NULL DEFAULT false);
INSERT INTO accounts VALUES (1, 100);
INSERT INTO seats VALUES (1), (2), (3);
"""
STATEMENTS = {
    "add": "UPDATE accounts SET balance = balance + 5 WHERE id = 1 RETURNING balance",
    "count": "INSERT INTO hits VALUES ('mon', 1) ON CONFLICT (day) DO UPDATE SET count = hits.count + 1",
    "once": "INSERT INTO hits VALUES ('tue', 1) ON CONFLICT DO NOTHING",
    "take": "UPDATE accounts SET balance = balance - 30 WHERE id = 1 AND balance >= 30 RETURNING balance",
    "note": "INSERT INTO entries (amount) VALUES (5)",
    "look": "SELECT balance FROM accounts WHERE id = 1",
    "missing": "INSERT INTO entries (amount) SELECT 5 WHERE NOT EXISTS (SELECT FROM entries WHERE amount = 5)",
    "next": "UPDATE seats SET taken = true WHERE id = (SELECT min(id) FROM seats WHERE NOT taken)",
    "skip": "UPDATE seats SET taken = true WHERE id = (SELECT id FROM seats WHERE NOT taken ORDER BY id LIMIT 1"
    " FOR UPDATE SKIP LOCKED)",
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, mode, name = self.path.split("/")
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=mode == "auto") as db:
            done = db.execute(STATEMENTS[name]).rowcount
        self.answer(200 if done else 409)

    def do_GET(self) -> None:
        self.answer(200)

    def answer(self, status: int) -> None:
        text = json.dumps({"status": status}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
