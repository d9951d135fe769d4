"""A wallet that answers forms, as pages do: `python forms.py PORT`. Success and refusal are redirects, distinguished by
where they lead.

POST /withdraw checks and then acts; /withdraw_locked locks; /silent refuses with the very redirect of success; /guarded
sends to the login; /moved to another path; /denied says no with a 200.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import psycopg

SCHEMA = """
CREATE TABLE wallet (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE payment (id serial PRIMARY KEY, amount int NOT NULL);
INSERT INTO wallet VALUES (1, 100);
"""
ELSEWHERE = {"/guarded": (302, "/login?next=/guarded"), "/moved": (307, "/moved/")}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if self.path in ELSEWHERE:
            return self.answer(*ELSEWHERE[self.path])
        if self.path == "/denied":
            return self.answer(200, "", {"success": False, "message": "no"})
        amount, lock = int(form["amount"][0]), " FOR UPDATE" if self.path == "/withdraw_locked" else ""
        with psycopg.connect(os.environ["DATABASE_URL"]) as db:
            (balance,) = db.execute(f"SELECT balance FROM wallet WHERE id = 1{lock}").fetchone()
            if balance < amount:
                return self.answer(303, "/payments" if self.path == "/silent" else f"{self.path}?error=funds")
            db.execute("UPDATE wallet SET balance = balance - %s WHERE id = 1", (amount,))
            (number,) = db.execute("INSERT INTO payment (amount) VALUES (%s) RETURNING id", (amount,)).fetchone()
        return self.answer(303, "/payments" if self.path == "/silent" else f"/payments/{number}")

    def do_GET(self) -> None:
        self.answer(200, "", {})

    def answer(self, status: int, place: str, content: object = None) -> None:
        text = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if place:
            self.send_header("Location", place)
        if content is not None:
            self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
