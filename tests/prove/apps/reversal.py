"""Payments that are reversed once, behind a guard that counts: `uvicorn reversal:app`, the guard in GUARD.

POST /reverse checks and then acts, POST /reverse_locked locks first. "limit" refuses everybody with 429 after a hundred
requests in a minute; "strikes" locks a client out with 423 once ten of its requests were refused, which a request that
comes second is.
"""

from __future__ import annotations

import os
import time
from collections import deque

import psycopg
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response

SCHEMA = """
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE payment (id int PRIMARY KEY, account_id int NOT NULL REFERENCES account, amount int NOT NULL,
                      status text NOT NULL DEFAULT 'paid');
INSERT INTO account VALUES (1, 100);
INSERT INTO payment SELECT number, 1, 30 FROM generate_series(7, 12) AS number;
"""
LIMIT, WINDOW, STRIKES = 100, 60.0, 10
app = FastAPI()
hits: deque[float] = deque()
strikes: dict[str, int] = {}


async def limited(request: Request, call_next) -> Response:
    now = time.monotonic()
    while hits and hits[0] < now - WINDOW:
        hits.popleft()
    if len(hits) >= LIMIT:
        return JSONResponse({"error": "slow down"}, 429, {"Retry-After": str(int(hits[0] + WINDOW - now) + 1)})
    hits.append(now)
    return await call_next(request)


async def locking_out(request: Request, call_next) -> Response:
    client = request.client.host
    if strikes.get(client, 0) >= STRIKES:
        return JSONResponse({"detail": "locked"}, 423)
    response = await call_next(request)
    strikes[client] = strikes.get(client, 0) + (400 <= response.status_code < 500)
    return response


app.middleware("http")({"limit": limited, "strikes": locking_out}[os.environ["GUARD"]])


def reverse(payment: int, lock: str) -> dict[str, str]:
    with psycopg.connect(os.environ["DATABASE_URL"]) as db:
        found = db.execute(f"SELECT account_id, amount, status FROM payment WHERE id = %s{lock}", (payment,)).fetchone()
        if found is None or found[2] == "reversed":
            raise HTTPException(409, "already reversed")
        db.execute("UPDATE account SET balance = balance + %s WHERE id = %s", (found[1], found[0]))
        db.execute("UPDATE payment SET status = 'reversed' WHERE id = %s", (payment,))
    return {"status": "reversed"}


@app.post("/reverse/{payment}")
def reverse_plainly(payment: int) -> dict[str, str]:
    return reverse(payment, "")


@app.post("/reverse_locked/{payment}")
def reverse_locked(payment: int) -> dict[str, str]:
    return reverse(payment, " FOR UPDATE")


@app.get("/health")
def health() -> str:
    return "up"
