"""A wallet behind a login that does not last: `python session.py PORT`, for how long in LASTS ("3 seconds", "20 uses").

It describes itself in OpenAPI; POST /wallet/deposit loses updates, POST /wallet/locked does not. A token that is over
is refused with the status in REFUSED.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

SCHEMA = """
CREATE TABLE person (id serial PRIMARY KEY, email text UNIQUE NOT NULL, password text NOT NULL,
                     balance int NOT NULL DEFAULT 100);
CREATE TABLE login (id serial PRIMARY KEY, person_id int NOT NULL REFERENCES person, at timestamptz DEFAULT now());
"""
NUMBER, _, UNIT = os.environ["LASTS"].partition(" ")
REFUSED = int(os.environ["REFUSED"])
SECRET = os.environ.get("SECRET_KEY", "shared").encode()
_uses: Counter[str] = Counter()


def signed(person: int) -> str:
    text = base64.urlsafe_b64encode(json.dumps([person, time.time()]).encode()).decode()
    return f"{text}.{hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest()}"


def person_of(token: str) -> int | None:
    text, _, mark = token.partition(".")
    if not hmac.compare_digest(mark, hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest()):
        return None
    person, since = json.loads(base64.urlsafe_b64decode(text))
    _uses[token] += 1
    is_over = time.time() - since > float(NUMBER) if UNIT == "seconds" else _uses[token] > int(NUMBER)
    return None if is_over else person


def body(*fields: str) -> dict:
    properties = {name: {"type": "integer" if name == "amount" else "string"} for name in fields}
    schema = {"type": "object", "required": list(fields), "properties": properties}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


GUARDED = {"security": [{"bearer": []}]}
DESCRIPTION = {
    "openapi": "3.1.0",
    "paths": {
        "/signup": {"post": body("email", "password")},
        "/login": {"post": body("email", "password")},
        "/wallet": {"get": GUARDED},
        "/wallet/deposit": {"post": {**body("amount"), **GUARDED}},
        "/wallet/locked": {"post": {**body("amount"), **GUARDED}},
    },
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/openapi.json":
            return self.answer(200, DESCRIPTION)
        if self.path != "/wallet":
            return self.answer(404, {})
        return self.as_somebody(lambda db, person: {"person": person})

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path in ("/signup", "/login"):
            return self.sign_in(given)
        lock = " FOR UPDATE" if self.path == "/wallet/locked" else ""

        def deposit(db: psycopg.Connection, person: int) -> dict:
            (balance,) = db.execute(f"SELECT balance FROM person WHERE id = %s{lock}", (person,)).fetchone()
            db.execute("UPDATE person SET balance = %s WHERE id = %s", (balance + given["amount"], person))
            return {"balance": balance + given["amount"]}

        return self.as_somebody(deposit)

    def as_somebody(self, act) -> None:
        person = person_of(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if person is None:
            return self.answer(REFUSED, {"detail": "who are you?"})
        with psycopg.connect(os.environ["DATABASE_URL"]) as db:
            return self.answer(200, act(db, person))

    def sign_in(self, given: dict) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"]) as db:
            if self.path == "/signup":
                made = "INSERT INTO person (email, password) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id"
                row = db.execute(made, (given["email"], given["password"])).fetchone()
                return self.answer(201 if row else 409, {"id": row[0]} if row else {})
            known = "SELECT id FROM person WHERE email = %s AND password = %s"
            row = db.execute(known, (given["email"], given["password"])).fetchone()
            if row is None:
                return self.answer(401, {})
            db.execute("INSERT INTO login (person_id) VALUES (%s)", row)
        return self.answer(200, {"access_token": signed(row[0])})

    def answer(self, status: int, content: object) -> None:
        text = json.dumps(content).encode()
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
