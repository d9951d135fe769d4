"""A small bank over HTTP: each way of changing a row that a backend may choose, the bad ones and the good ones.

Run as `python bank.py PORT`, with DATABASE_URL and OUTSIDE_URL in the environment. One connection per request.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

SCHEMA = """
CREATE TABLE wallet (id int PRIMARY KEY, balance int NOT NULL, version int NOT NULL DEFAULT 0);
CREATE TABLE slug (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE handle (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE event (id text PRIMARY KEY);
CREATE TABLE charge (id serial PRIMARY KEY, outside text, amount int NOT NULL);
INSERT INTO wallet (id, balance) VALUES (1, 100), (2, 100);
CREATE FUNCTION take(which int) RETURNS void LANGUAGE sql AS 'UPDATE wallet SET balance = balance - 1 WHERE id = which';
"""

Connection = psycopg.Connection[tuple[int]]
_one_at_a_time = threading.Lock()


class Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def deposit(db: Connection, body: dict) -> dict:
    (balance,) = db.execute("SELECT balance FROM wallet WHERE id = 1").fetchone()
    db.execute("UPDATE wallet SET balance = %s WHERE id = 1", (balance + body["amount"],))
    return {"balance": balance + body["amount"]}


def deposit_locked(db: Connection, body: dict) -> dict:
    (balance,) = db.execute("SELECT balance FROM wallet WHERE id = 1 FOR UPDATE").fetchone()
    db.execute("UPDATE wallet SET balance = %s WHERE id = 1", (balance + body["amount"],))
    return {}


def deposit_atomic(db: Connection, body: dict) -> dict:
    db.execute("UPDATE wallet SET balance = balance + %s WHERE id = 1", (body["amount"],))
    return {}


def deposit_versioned(db: Connection, body: dict) -> dict:
    balance, version = db.execute("SELECT balance, version FROM wallet WHERE id = 1").fetchone()
    done = db.execute(
        "UPDATE wallet SET balance = %s, version = version + 1 WHERE id = 1 AND version = %s",
        (balance + body["amount"], version),
    )
    if done.rowcount == 0:
        raise Refused(409)
    return {}


def deposit_serializable(db: Connection, body: dict) -> dict:
    db.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    return deposit(db, body)


def deposit_in_turn(db: Connection, body: dict) -> dict:
    with _one_at_a_time:
        deposit(db, body)
        db.commit()
    return {}


def deposit_polling(db: Connection, body: dict) -> dict:
    while not db.execute("SELECT pg_try_advisory_xact_lock(7)").fetchone()[0]:
        time.sleep(0.01)
    return deposit(db, body)


def withdraw(db: Connection, body: dict) -> dict:
    (balance,) = db.execute("SELECT balance FROM wallet WHERE id = 1").fetchone()
    if balance < body["amount"]:
        raise Refused(409)
    db.execute("UPDATE wallet SET balance = balance - %s WHERE id = 1", (body["amount"],))
    return {}


def take(db: Connection, body: dict) -> dict:
    """By a function of the database: the statement does not say what it does."""
    db.execute("SELECT take(%s)", (body["wallet"],))
    return {}


def transfer(db: Connection, body: dict) -> dict:
    for wallet in (body["giver"], body["taker"]):
        db.execute("SELECT balance FROM wallet WHERE id = %s FOR UPDATE", (wallet,))
    db.execute("UPDATE wallet SET balance = balance - 1 WHERE id = %s", (body["giver"],))
    db.execute("UPDATE wallet SET balance = balance + 1 WHERE id = %s", (body["taker"],))
    return {}


def create(db: Connection, body: dict) -> dict:
    if db.execute("SELECT id FROM slug WHERE name = %s", (body["name"],)).fetchone():
        raise Refused(409)
    (number,) = db.execute("INSERT INTO slug (name) VALUES (%s) RETURNING id", (body["name"],)).fetchone()
    return {"id": number}


def create_unique(db: Connection, body: dict) -> dict:
    try:
        (number,) = db.execute("INSERT INTO handle (name) VALUES (%s) RETURNING id", (body["name"],)).fetchone()
    except psycopg.errors.UniqueViolation:
        raise Refused(409) from None
    return {"id": number}


def charge(db: Connection, body: dict) -> dict:
    outside = ask_outside(body, {})
    db.execute("INSERT INTO charge (outside, amount) VALUES (%s, %s)", (outside, body["amount"]))
    return {"id": outside}


def ask_outside(body: dict, headers: dict[str, str]) -> str:
    headers = {"Content-Type": "application/json", **headers}
    asked = urllib.request.Request(os.environ["OUTSIDE_URL"] + "/charges", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=1) as answer:
        return json.load(answer)["id"]


def charge_safely(db: Connection, body: dict) -> dict:
    outside = ask_outside(body, {"Idempotency-Key": body["key"]})
    if not outside:
        raise Refused(502)
    db.execute(
        "INSERT INTO charge (outside, amount) SELECT %s, %s WHERE NOT EXISTS (SELECT FROM charge WHERE outside = %s)",
        (outside, body["amount"], outside),
    )
    return {"id": outside}


def charge_and_hope(db: Connection, body: dict) -> dict:
    """Says that all went well even when the outside service did not answer."""
    with contextlib.suppress(Exception):
        ask_outside(body, {})
    db.execute("INSERT INTO charge (amount) VALUES (%s)", (body["amount"],))
    return {}


def receive(db: Connection, body: dict) -> dict:
    db.execute("UPDATE wallet SET balance = balance + %s WHERE id = 1", (body["amount"],))
    return {}


def receive_once(db: Connection, body: dict) -> dict:
    new = db.execute("INSERT INTO event VALUES (%s) ON CONFLICT DO NOTHING", (body["event"],))
    if new.rowcount:
        receive(db, body)
    return {}


def die(db: Connection, body: dict) -> dict:
    os._exit(3)


def wallet(db: Connection, body: dict) -> dict:
    (balance,) = db.execute("SELECT balance FROM wallet WHERE id = 1").fetchone()
    return {"balance": balance}


HANDLERS = {
    function.__name__: function
    for function in (
        deposit, deposit_locked, deposit_atomic, deposit_versioned, deposit_serializable, deposit_in_turn,
        deposit_polling,
        withdraw, take, transfer, create, create_unique, charge, charge_safely, charge_and_hope, receive,
        receive_once, die, wallet,
    )
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        try:
            with psycopg.connect(os.environ["DATABASE_URL"]) as db:
                status, answer = 200, HANDLERS[self.path.strip("/")](db, body)
        except Refused as refused:
            status, answer = refused.status, {"error": "refused"}
        except Exception as error:
            print(repr(error), file=sys.stderr)
            status, answer = 500, {"error": "internal error"}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
