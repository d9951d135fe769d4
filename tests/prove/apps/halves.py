"""Requests that need two transactions: `python halves.py PORT`.

POST /edit keeps an item and then its undo history, /renew a token after the old one is gone, /pay an order and then its
receipt in one transaction.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

SCHEMA = """
CREATE TABLE item (id serial PRIMARY KEY, text text NOT NULL);
CREATE TABLE undo_history (id serial PRIMARY KEY, text text NOT NULL);
CREATE TABLE token (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE receipt (id serial PRIMARY KEY, amount int NOT NULL);
INSERT INTO token (name) VALUES ('first');
"""
STATEMENTS = {
    "/edit": (["INSERT INTO item (text) VALUES ('a')"], ["INSERT INTO undo_history (text) VALUES ('a')"]),
    "/renew": (["DELETE FROM token WHERE name = 'first'"], ["INSERT INTO token (name) VALUES ('second')"]),
    "/pay": (["INSERT INTO item (text) VALUES ('p')", "INSERT INTO receipt (amount) VALUES (5)"],),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.answer(self.carry_out())
        except psycopg.Error as error:
            print(repr(error), file=sys.stderr, flush=True)
            self.answer(500)

    def carry_out(self) -> int:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
            for number, transaction in enumerate(STATEMENTS[self.path]):
                with db.transaction():
                    for statement in transaction:
                        if db.execute(statement).rowcount == 0 and number == 0:
                            return 401  # the token is gone
        return 200

    def do_GET(self) -> None:
        self.answer(200)

    def answer(self, status: int) -> None:
        text = json.dumps({"done": status == 200}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
