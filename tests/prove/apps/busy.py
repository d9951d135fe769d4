"""A wallet in an application that does other things as well: `python busy.py PORT`, what it does in JOBS ("beat,tick").

POST /deposit loses updates, POST /deposit_locked does not, POST /note writes only after its answer.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

SCHEMA = """
CREATE TABLE wallet (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE heartbeat (id int PRIMARY KEY, beats int NOT NULL);
CREATE TABLE tick (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), load int NOT NULL);
CREATE TABLE outbox (id serial PRIMARY KEY, amount int NOT NULL, sent boolean NOT NULL DEFAULT false);
CREATE TABLE statistics (id serial PRIMARY KEY, requests int NOT NULL);
CREATE TABLE audit (id serial PRIMARY KEY, path text NOT NULL);
INSERT INTO wallet VALUES (1, 100), (2, 100);
INSERT INTO heartbeat VALUES (1, 0);
"""
JOBS = os.environ["JOBS"].split(",")
_kept = threading.local()


def connect() -> psycopg.Connection:
    return psycopg.connect(os.environ["DATABASE_URL"])


def run(statement: str, *parameters: object) -> None:
    """In a transaction, on the thread's own connection, as a job keeps one."""
    if not hasattr(_kept, "db") or _kept.db.closed:
        _kept.db = connect()
    with _kept.db.transaction():
        _kept.db.execute(statement, parameters)


def beat() -> None:
    """A statement alone, outside a transaction."""
    if not hasattr(_kept, "db") or _kept.db.closed:
        _kept.db = connect()
        _kept.db.autocommit = True
    _kept.db.execute("UPDATE heartbeat SET beats = beats + 1 WHERE id = 1")


def tick() -> None:
    run("INSERT INTO tick (load) VALUES (%s)", random.randrange(1000))


def pay_interest() -> None:
    """The same row as the requests write."""
    run("UPDATE wallet SET balance = balance + 1 WHERE id = 1")


def pay_others() -> None:
    """The same table, another row."""
    run("UPDATE wallet SET balance = balance + 1 WHERE id = 2")


def send() -> None:
    run("UPDATE outbox SET sent = true WHERE id IN (SELECT id FROM outbox WHERE NOT sent FOR UPDATE SKIP LOCKED)")


def ping_redis() -> None:
    import redis

    if not hasattr(_kept, "redis"):
        _kept.redis = redis.Redis.from_url(os.environ["REDIS_URL"])
    _kept.redis.set("worker:1:alive", random.randrange(1000))


EVERY: dict[str, tuple[float, Callable[[], None]]] = {
    "beat": (0.1, beat), "tick": (0.07, tick), "interest": (0.05, pay_interest), "others": (0.07, pay_others),
    "send": (0.05, send), "redis": (0.1, ping_redis),
}  # fmt: skip


class Debounced:
    """One row for all requests since the last one, a while after them."""

    def __init__(self) -> None:
        self.seen, self.timer = 0, threading.Timer(0, self.flush)

    def note(self) -> None:
        self.seen += 1
        self.timer.cancel()
        self.timer = threading.Timer(0.15, self.flush)
        self.timer.start()

    def flush(self) -> None:
        count, self.seen = self.seen, 0
        run("INSERT INTO statistics (requests) VALUES (%s)", count)


_statistics = Debounced()


def after(path: str) -> None:
    """What follows the answer."""
    if "audit" in JOBS:
        run("INSERT INTO audit (path) VALUES (%s)", path)
    if path == "/note":
        run("INSERT INTO audit (path) VALUES (%s)", "noted")
    if "flush" in JOBS:
        _statistics.note()


def deposit(db: psycopg.Connection, amount: int, lock: str = "") -> None:
    (balance,) = db.execute(f"SELECT balance FROM wallet WHERE id = 1{lock}").fetchone()
    db.execute("UPDATE wallet SET balance = %s WHERE id = 1", (balance + amount,))
    if "send" in JOBS:
        db.execute("INSERT INTO outbox (amount) VALUES (%s)", (amount,))


def deposit_locked(db: psycopg.Connection, amount: int) -> None:
    deposit(db, amount, " FOR UPDATE")


HANDLERS = {"/deposit": deposit, "/deposit_locked": deposit_locked, "/note": lambda db, amount: None}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        with connect() as db:
            HANDLERS[self.path](db, body["amount"])
        self.answer()
        self.wfile.flush()
        threading.Thread(target=after, args=(self.path,)).start()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: object) -> None:
        pass


def repeat(seconds: float, job: Callable[[], None]) -> None:
    while True:
        time.sleep(seconds)
        try:
            job()
        except Exception as error:  # a job goes on
            print(repr(error), file=sys.stderr)


if __name__ == "__main__":
    for name in JOBS:
        if name in EVERY:
            threading.Thread(target=repeat, args=EVERY[name], daemon=True).start()
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
