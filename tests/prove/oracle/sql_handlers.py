"""Handlers as small SQL programs: eight that lose, double or overspend under concurrency, and those that do not."""

from __future__ import annotations

import secrets
from typing import Any

import psycopg
from sql_stage import Database, Program

Request = dict[str, Any]
Result = tuple[int, Any]

WALLET = "CREATE TABLE wallet (id serial PRIMARY KEY, owner text, balance numeric NOT NULL, version int DEFAULT 1);\n"
WALLET += "INSERT INTO wallet (owner, balance) VALUES ('ann', 100), ('bob', 100)"


async def deposit_read_then_write(db: Database, request: Request) -> Result:
    balance = await db.one("SELECT balance FROM wallet WHERE id = %s", 1)
    await db.execute("UPDATE wallet SET balance = %s WHERE id = 1", balance + request["amount"])
    return 200, {"ok": True}


async def deposit_atomic(db: Database, request: Request) -> Result:
    await db.one("SELECT balance FROM wallet WHERE id = %s", 1)
    await db.execute("UPDATE wallet SET balance = balance + %s WHERE id = 1", request["amount"])
    return 200, {"ok": True}


async def deposit_for_update(db: Database, request: Request) -> Result:
    await db.execute("BEGIN")
    balance = await db.one("SELECT balance FROM wallet WHERE id = 1 FOR UPDATE")
    await db.execute("UPDATE wallet SET balance = %s WHERE id = 1", balance + request["amount"])
    await db.execute("COMMIT")
    return 200, {"ok": True}


async def deposit_version(db: Database, request: Request) -> Result:
    [(balance, version)] = await db.execute("SELECT balance, version FROM wallet WHERE id = 1")
    changed = await db.execute(
        "UPDATE wallet SET balance = %s, version = version + 1 WHERE id = 1 AND version = %s",
        balance + request["amount"],
        version,
    )
    return (200, {"ok": True}) if changed else (409, {"error": "changed meanwhile"})


async def deposit_serializable(db: Database, request: Request) -> Result:
    for _ in range(5):
        try:
            await db.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            balance = await db.one("SELECT balance FROM wallet WHERE id = 1")
            await db.execute("UPDATE wallet SET balance = %s WHERE id = 1", balance + request["amount"])
            await db.execute("COMMIT")
            return 200, {"ok": True}
        except psycopg.errors.SerializationFailure:
            await db.execute("ROLLBACK")
    return 503, None


async def deposit_serializable_no_retry(db: Database, request: Request) -> Result:
    await db.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
    balance = await db.one("SELECT balance FROM wallet WHERE id = 1")
    await db.execute("UPDATE wallet SET balance = %s WHERE id = 1", balance + request["amount"])
    await db.execute("COMMIT")
    return 200, {"ok": True}


async def deposit_advisory(db: Database, request: Request) -> Result:
    await db.execute("BEGIN")
    await db.execute("SELECT pg_advisory_xact_lock(1)")
    balance = await db.one("SELECT balance FROM wallet WHERE id = 1")
    await db.execute("UPDATE wallet SET balance = %s WHERE id = 1", balance + request["amount"])
    await db.execute("COMMIT")
    return 200, {"ok": True}


async def spend_unchecked(db: Database, request: Request) -> Result:
    balance = await db.one("SELECT balance FROM wallet WHERE id = 1")
    if balance < request["amount"]:
        return 402, {"error": "not enough"}
    await db.execute("UPDATE wallet SET balance = balance - %s WHERE id = 1", request["amount"])
    return 200, {"ok": True}


async def spend_conditional(db: Database, request: Request) -> Result:
    await db.one("SELECT balance FROM wallet WHERE id = 1")
    changed = await db.execute(
        "UPDATE wallet SET balance = balance - %s WHERE id = 1 AND balance >= %s", request["amount"], request["amount"]
    )
    return (200, {"ok": True}) if changed else (402, {"error": "not enough"})


PROFILE = "CREATE TABLE profile (id int PRIMARY KEY, name text, city text, updated_at timestamptz);\n"
PROFILE += "INSERT INTO profile VALUES (1, 'Ann', 'Rome', '2020-01-01')"


async def put_whole_body(db: Database, request: Request) -> Result:
    [(name, city)] = await db.execute("SELECT name, city FROM profile WHERE id = 1")
    merged = {"name": name, "city": city, **request}
    await db.execute(
        "UPDATE profile SET name = %s, city = %s, updated_at = now() WHERE id = 1", merged["name"], merged["city"]
    )
    return 200, {"ok": True}


async def put_field(db: Database, request: Request) -> Result:
    await db.execute("SELECT name FROM profile WHERE id = 1")
    await db.execute("UPDATE profile SET name = %s, updated_at = now() WHERE id = 1", request["name"])
    return 200, {"ok": True}


ACCOUNT = "CREATE TABLE account (id serial PRIMARY KEY, email text {unique}, name text, token text, made timestamptz)"


async def sign_up_checked(db: Database, request: Request) -> Result:
    if await db.execute("SELECT 1 FROM account WHERE email = %s", request["email"]):
        return 409, {"error": "taken"}
    number = await db.one(
        "INSERT INTO account (email, name, token, made) VALUES (%s, %s, %s, now()) RETURNING id",
        request["email"],
        request["name"],
        secrets.token_hex(16),
    )
    return 201, {"id": number}


async def sign_up_handled(db: Database, request: Request) -> Result:
    try:
        return await sign_up_checked(db, request)
    except psycopg.errors.UniqueViolation:
        return 409, {"error": "taken"}


async def sign_up_on_conflict(db: Database, request: Request) -> Result:
    rows = await db.execute(
        "INSERT INTO account (email, name) VALUES (%s, %s) ON CONFLICT (email) DO NOTHING RETURNING id",
        request["email"],
        request["name"],
    )
    await db.execute("SELECT count(*) FROM account WHERE email = %s", request["email"])
    return (201, {"id": rows[0][0]}) if rows else (409, {"error": "taken"})


COUPON = """CREATE TABLE coupon (id int PRIMARY KEY, uses int);
CREATE TABLE redemption (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, coupon_id int REFERENCES coupon,
                         customer int);
INSERT INTO coupon VALUES (7, 1)"""


async def redeem_counted(db: Database, request: Request) -> Result:
    used = await db.one("SELECT count(*) FROM redemption WHERE coupon_id = 7")
    limit = await db.one("SELECT uses FROM coupon WHERE id = 7")
    if used >= limit:
        return 410, {"error": "used up"}
    await db.execute("INSERT INTO redemption (coupon_id, customer) VALUES (7, %s)", request["customer"])
    return 201, {"ok": True}


ON_CALL = "CREATE TABLE doctor (id int PRIMARY KEY, on_call bool); INSERT INTO doctor VALUES (1, true), (2, true)"


async def leave_on_call(db: Database, request: Request) -> Result:
    if await db.one("SELECT count(*) FROM doctor WHERE on_call") < 2:
        return 409, {"error": "you are the last"}
    await db.execute("UPDATE doctor SET on_call = false WHERE id = %s", request["doctor"])
    return 200, {"ok": True}


INVOICE = "CREATE TABLE invoice (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), number int, customer text)"


async def number_by_maximum(db: Database, request: Request) -> Result:
    last = await db.one("SELECT coalesce(max(number), 0) FROM invoice")
    number = await db.one(
        "INSERT INTO invoice (number, customer) VALUES (%s, %s) RETURNING number", last + 1, request["customer"]
    )
    return 201, {"number": number}


PARCEL = "CREATE TABLE parcel (id int PRIMARY KEY, status text); INSERT INTO parcel VALUES (1, 'new')"
PARCEL += "; CREATE TABLE note (id serial PRIMARY KEY, parcel_id int REFERENCES parcel, text text)"


async def change_status_checked(db: Database, request: Request) -> Result:
    if await db.one("SELECT status FROM parcel WHERE id = 1") != "new":
        return 409, {"error": "too late"}
    await db.execute("UPDATE parcel SET status = %s WHERE id = 1", request["to"])
    await db.execute("INSERT INTO note (parcel_id, text) VALUES (1, %s)", request["to"])
    return 200, {"ok": True}


KEYS = "CREATE TABLE done (key text PRIMARY KEY, state text); CREATE TABLE charge (id serial PRIMARY KEY, amount int)"


async def charge_with_key(db: Database, request: Request) -> Result:
    rows = await db.execute(
        "INSERT INTO done VALUES (%s, 'in progress') ON CONFLICT DO NOTHING RETURNING key", request["key"]
    )
    if not rows:
        state = await db.one("SELECT state FROM done WHERE key = %s", request["key"])
        return (200, {"ok": True}) if state == "done" else (409, {"error": "in progress"})
    await db.call("/charges", {"amount": request["amount"]})
    await db.execute("INSERT INTO charge (amount) VALUES (%s)", request["amount"])
    await db.execute("UPDATE done SET state = 'done' WHERE key = %s", request["key"])
    return 200, {"ok": True}


async def charge_unless_charged(db: Database, request: Request) -> Result:
    if await db.execute("SELECT 1 FROM done WHERE key = %s", request["key"]):
        return 200, {"ok": True}
    await db.call("/charges", {"amount": request["amount"]})
    await db.execute("INSERT INTO done VALUES (%s, 'done') ON CONFLICT DO NOTHING", request["key"])
    return 200, {"ok": True}


ORDER = """CREATE TABLE customer (id serial PRIMARY KEY, name text);
CREATE TABLE purchase (id serial PRIMARY KEY, customer_id int REFERENCES customer, code uuid DEFAULT gen_random_uuid(),
                       token text, made timestamptz DEFAULT now(), expires timestamptz);
CREATE TABLE line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, purchase_id int REFERENCES purchase, item text,
                   quantity int);
INSERT INTO customer (name) VALUES ('ann')"""


async def order_with_lines(db: Database, request: Request) -> Result:
    token = secrets.token_urlsafe(24)
    await db.execute("BEGIN")
    [(number, code)] = await db.execute(
        "INSERT INTO purchase (customer_id, token, expires) VALUES (1, %s, now() + '1 hour') RETURNING id, code", token
    )
    for item in request["items"]:
        await db.execute("INSERT INTO line (purchase_id, item, quantity) VALUES (%s, %s, 3)", number, item)
    await db.execute("COMMIT")
    return 201, {"id": number, "code": str(code), "token": token, "link": f"/purchases/{number}", "quantity": 3}


async def order_with_count(db: Database, request: Request) -> Result:
    await db.execute("INSERT INTO purchase (customer_id) VALUES (1)")
    return 201, {"orders": await db.one("SELECT count(*) FROM purchase")}


async def delete_profile(db: Database, request: Request) -> Result:
    if not await db.execute("SELECT 1 FROM profile WHERE id = 1"):
        return 404, None
    await db.execute("DELETE FROM profile WHERE id = 1")
    return 204, None


TEN, TWENTY, SIXTY = {"amount": 10}, {"amount": 20}, {"amount": 60}
ANN = {"email": "ann@example.org", "name": "Ann"}
PAY = {"key": "k-1", "amount": 5}

WRONG = [
    (Program("deposit", WALLET, deposit_read_then_write, TEN, TWENTY), "lost update"),
    (Program("deposit of equal bodies", WALLET, deposit_read_then_write, TEN, TEN), "lost update"),
    (Program("whole body", PROFILE, put_whole_body, {"name": "Eve"}, {"city": "Oslo"}, "PUT"), "lost update"),
    (Program("sign up", ACCOUNT.format(unique=""), sign_up_checked, ANN, ANN), "duplicate"),
    (Program("double spend", WALLET, spend_unchecked, SIXTY, SIXTY), "over limit"),
    (Program("coupon", COUPON, redeem_counted, {"customer": 1}, {"customer": 2}), "over limit"),
    (Program("on call", ON_CALL, leave_on_call, {"doctor": 1}, {"doctor": 2}), "write skew"),
    (Program("invoice number", INVOICE, number_by_maximum, {"customer": "a"}, {"customer": "b"}), "duplicate"),
    (Program("transition", PARCEL, change_status_checked, {"to": "sent"}, {"to": "cancelled"}), "over limit"),
    (Program("charge", KEYS, charge_unless_charged, PAY, PAY), "duplicate"),
]

STATUS_WRONG = [
    (Program("sign up, unhandled", ACCOUNT.format(unique="UNIQUE"), sign_up_checked, ANN, ANN), "23505"),
    (Program("serializable, no retry", WALLET, deposit_serializable_no_retry, TEN, TWENTY), "40001"),
]

# With the mechanism that protects, "" where nothing has to.
RIGHT = [
    (Program("atomic", WALLET, deposit_atomic, TEN, TWENTY), ""),
    (Program("for update", WALLET, deposit_for_update, TEN, TWENTY), "lock"),
    (Program("version", WALLET, deposit_version, TEN, TWENTY), "condition"),
    (Program("serializable", WALLET, deposit_serializable, TEN, TWENTY), "isolation"),
    (Program("advisory", WALLET, deposit_advisory, TEN, TWENTY), "lock"),
    (Program("conditional spend", WALLET, spend_conditional, SIXTY, SIXTY), "condition"),
    (Program("last write wins", PROFILE, put_field, {"name": "Eve"}, {"name": "Zoe"}, "PUT"), ""),
    (Program("unique, handled", ACCOUNT.format(unique="UNIQUE"), sign_up_handled, ANN, ANN), "constraint"),
    (Program("on conflict", ACCOUNT.format(unique="UNIQUE"), sign_up_on_conflict, ANN, ANN), "refusal"),
    (Program("idempotency key", KEYS, charge_with_key, PAY, PAY), "refusal"),
    (Program("order", ORDER, order_with_lines, {"items": ["x", "y"]}, {"items": ["y", "z"]}), ""),
    (Program("equal orders", ORDER, order_with_lines, {"items": ["x"]}, {"items": ["x"]}), ""),
]

INFORMATION = [
    (Program("count in the answer", ORDER, order_with_count, {}, {}), "response only"),
    (Program("delete twice", PROFILE, delete_profile, {}, {}, "DELETE"), "double success"),
]
