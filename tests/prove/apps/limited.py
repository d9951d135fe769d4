"""A wallet behind a limiter of any kind: `python limited.py PORT`, the kind in LIMITER, how many in LIMIT.

POST /deposit loses updates, POST /deposit_locked does not. What a limiter counts, where it keeps the count and how it
refuses are a table, so that every combination is one line of a test.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

SCHEMA = """
CREATE TABLE wallet (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE hit (client text PRIMARY KEY, since double precision NOT NULL, count int NOT NULL);
INSERT INTO wallet VALUES (1, 100);
"""
KIND, LIMIT, WINDOW = os.environ["LIMITER"], int(os.environ["LIMIT"]), 60.0
KEEPING, _, REFUSING = KIND.partition("/")
_lock = threading.Lock()
_hits: dict[str, deque[float]] = defaultdict(deque)
_fixed: dict[str, int] = defaultdict(int)
_bucket = {"tokens": float(LIMIT), "filled": time.monotonic()}


def fixed(client: str) -> int:
    window = f"{client} {int(time.time() // WINDOW)}"
    _fixed[window] += 1
    return LIMIT - _fixed[window]


def sliding(client: str) -> int:
    hits, now = _hits[client], time.time()
    while hits and hits[0] < now - WINDOW:
        hits.popleft()
    hits.append(now)  # a refused one counts as well
    return LIMIT - len(hits)


def bucket(client: str) -> int:
    now = time.monotonic()
    gained = (now - _bucket["filled"]) * LIMIT / WINDOW
    _bucket.update(tokens=min(LIMIT, _bucket["tokens"] + gained), filled=now)
    if _bucket["tokens"] < 1:
        return -1
    _bucket["tokens"] -= 1
    return int(_bucket["tokens"])


def in_redis(client: str) -> int:
    import redis

    store = redis.Redis.from_url(os.environ["REDIS_URL"])
    count = store.incr(f"limit:{client}")
    if count == 1:
        store.expire(f"limit:{client}", int(WINDOW))
    store.close()
    return LIMIT - count


def in_table(client: str) -> int:
    with psycopg.connect(os.environ["DATABASE_URL"]) as db:
        (count,) = db.execute(
            "INSERT INTO hit VALUES (%(client)s, %(now)s, 1) ON CONFLICT (client) DO UPDATE SET "
            "count = CASE WHEN hit.since < %(now)s - %(window)s THEN 1 ELSE hit.count + 1 END, "
            "since = CASE WHEN hit.since < %(now)s - %(window)s THEN %(now)s ELSE hit.since END RETURNING count",
            {"client": client, "now": time.time(), "window": WINDOW},
        ).fetchone()
    return LIMIT - count


COUNTERS: dict[str, Callable[[str], int]] = {
    "fixed": fixed, "sliding": sliding, "bucket": bucket, "redis": in_redis, "table": in_table, "none": lambda c: 1,
}  # fmt: skip
Refusal = tuple[int, dict[str, str], object]
REFUSALS: dict[str, Refusal] = {
    "429": (429, {"Retry-After": "60"}, {"error": "slow down"}),
    "429-hour": (429, {"Retry-After": "3600"}, {"error": "slow down"}),
    "503": (503, {"Retry-After": "60"}, "busy"),
    "200": (200, {}, {"ok": True, "message": "Too many requests, please try again later."}),
    "400": (400, {}, {"error": {"code": "RATE_LIMIT_EXCEEDED"}}),
    "403": (403, {}, {"detail": "forbidden"}),
    "409": (409, {}, {"detail": "not now"}),
}


def deposit(db: psycopg.Connection, amount: int) -> None:
    (balance,) = db.execute("SELECT balance FROM wallet WHERE id = 1").fetchone()
    db.execute("UPDATE wallet SET balance = %s WHERE id = 1", (balance + amount,))


def deposit_locked(db: psycopg.Connection, amount: int) -> None:
    (balance,) = db.execute("SELECT balance FROM wallet WHERE id = 1 FOR UPDATE").fetchone()
    db.execute("UPDATE wallet SET balance = %s WHERE id = 1", (balance + amount,))


HANDLERS = {"/deposit": deposit, "/deposit_locked": deposit_locked}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        client = self.headers.get("X-User", self.client_address[0]) + (self.path if "route" in KIND else "")
        with _lock:
            left = COUNTERS[KEEPING.removesuffix("-route")](client)
        if left < 0:
            self.answer(*REFUSALS[REFUSING])
            return
        with psycopg.connect(os.environ["DATABASE_URL"]) as db:
            HANDLERS[self.path](db, body["amount"])
        self.answer(200, {"X-RateLimit-Remaining": str(left)} if KEEPING == "bucket" else {}, {"ok": True})

    def do_GET(self) -> None:
        self.answer(200, {}, "up")

    def answer(self, status: int, headers: dict[str, str], content: object) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
