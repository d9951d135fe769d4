"""What is measured of small applications: every framework and store, by name or by shape, and nothing that is none."""

from __future__ import annotations

import pytest
import skeletons
from skeletons import Files, files

from looktwice.code import build
from looktwice.core.config import Config, Models
from looktwice.core.coverage import Coverage, Package, Understanding

UNDERSTOOD, PARTLY, NOT = Understanding.UNDERSTOOD, Understanding.PARTLY, Understanding.NOT


def coverage(program: Files, config: Config | None = None) -> Coverage:
    measured = build({path: text.encode() for path, text in program.items()}, config, measures=True).coverage
    assert measured is not None
    return measured


def spelled(package: Package) -> str:
    """ "flask: 1 handlers", with what was seen; "(1 of 3)" where some of it was understood."""
    counts = {kind: getattr(package, kind) for kind in ("handlers", "entities", "calls")}
    parts = [
        f"{it.seen} {kind}" if not it.understood else f"{it.understood} of {it.seen} {kind}"
        for kind, it in counts.items()
        if it.seen
    ]
    return f"{package.name}: {', '.join(parts) or 'imported'}"


def missing(program: Files) -> list[str]:
    return [spelled(each) for each in coverage(program).missing]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DJANGO", ["django: 1 handlers, 1 entities, 2 calls"]),
        ("FLASK", ["flask: 1 handlers"]),
        ("NEST", ["@nestjs/common: 2 handlers", "@nestjs/typeorm: imported", "typeorm: 1 entities, 3 calls"]),
        ("NEXT", ["drizzle-orm: 1 entities, 3 calls", "next: 2 handlers"]),
        ("HONO", ["hono: 1 handlers", "kysely: 2 calls"]),
        ("MONGOOSE", ["mongoose: 1 entities, 2 calls"]),
        ("SUPABASE", ["@supabase/supabase-js: 2 calls"]),
        ("FASTIFY", ["fastify: 2 handlers", "knex: 3 calls"]),
        ("PEEWEE", ["bottle: 1 handlers", "peewee: 1 entities, 2 calls"]),
        ("SOCKETS", ["http.server: 1 handlers", "shelve: 1 calls", "socket: 1 handlers"]),
        ("INVENTED_FRAMEWORK", ["webly: 6 handlers"]),
        ("INVENTED_FRAMEWORK_TS", ["@acme/webly: 4 handlers"]),
        ("INVENTED_ORM", ["quarry: 1 entities, 5 calls"]),
        ("INVENTED_ORM_TS", ["@acme/quarry: 1 entities, 3 calls"]),
        ("VENDORED_FRAMEWORK", ["webly: 3 handlers"]),
        ("VENDORED_ORM", ["quarry: 1 entities, 2 calls"]),
        ("VENDORED_FILES", ["lib/quarry: 1 entities, 2 calls", "lib/webly: 3 handlers"]),
        ("LEFT_OUT", ["vendor.quarry: 1 entities, 3 calls", "vendor.webly: 3 handlers"]),
        ("VENDORED_TS", ["minidb: 1 entities, 2 calls", "vendor/web: 2 handlers"]),
        ("FASTAPI", []),
        ("EXPRESS", []),
        ("EVERYTHING_ELSE", []),
    ],
)
def test_what_was_not_understood(name: str, expected: list[str]) -> None:
    assert missing(LEFT_OUT if name == "LEFT_OUT" else getattr(skeletons, name)) == expected


LEFT_OUT = {path: text for path, text in skeletons.LEFT_OUT.items() if not path.startswith("vendor/")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            """
            from webly import Web
            def create():
                web = Web()
                @web.post("/wallets")
                def open(request): ...
                return web
            """,
            ["webly: 1 handlers"],
            id="routes in a factory",
        ),
        pytest.param(
            """
            import webly
            router = webly.Router(prefix="/wallets")
            PATH = "/all"
            @router.get(PATH)
            async def all(request): ...
            @router.delete(path="/{key}")
            async def close(request, key): ...
            """,
            ["webly: 2 handlers"],
            id="a path by name and by keyword",
        ),
        pytest.param(
            """
            import webly
            class Wallet(webly.Base):
                path = "/wallets/{key}"
                def run(self, request): ...
            class Transfer(webly.Base):
                def put(self, request): ...
            class Gateway(webly.Base):
                def post(self, url, data): ...
            """,
            ["webly: 2 handlers"],
            id="classes by path and by request, and a client",
        ),
        pytest.param(
            """
            from flask import Blueprint
            from flask.views import MethodView
            pages = Blueprint("pages", __name__, url_prefix="/pages")
            class Wallets(MethodView):
                def get(self): ...
                def post(self): ...
            pages.add_url_rule("/wallets", view_func=Wallets.as_view("wallets"))
            @pages.before_request
            def check(): ...
            """,
            ["flask: 3 handlers"],
            id="views as classes",
        ),
        pytest.param(
            """
            from quarry import Document
            class Wallet(Document):
                balance: int
            async def deposit(key, amount):
                wallet = await Wallet.get(key)
                wallet.balance += amount
                await wallet.save()
            """,
            ["quarry: 1 entities, 2 calls"],
            id="an entity by annotations",
        ),
        pytest.param(
            """
            from validly import BaseModel, Rules
            class Deposit(BaseModel):
                amount: int
                rules = Rules()
            def read(body):
                return Deposit.parse(body).amount
            """,
            [],
            id="a schema that nothing keeps",
        ),
        pytest.param(
            """
            import quarry
            db = quarry.connect("quarry://")
            def deposit(key, amount):
                wallet = db["wallets"].find_one({"id": key})
                db["wallets"].update_one({"id": key}, {"balance": wallet["balance"] + amount})
            """,
            ["quarry: 2 calls"],
            id="collections by subscript",
        ),
        pytest.param(
            """
            from sqlalchemy.orm import Session
            from crudly import Crud
            from models import Wallet
            wallets = Crud(Wallet)
            def read(session: Session, key: int):
                return wallets.get(session, id=key)
            """,
            ["crudly: 1 calls"],
            id="a library that is handed the session",
        ),
        pytest.param(
            """
            def deposit(db, key, amount):
                wallet = db.wallets.find({"id": key})
                db.wallets.update({"id": key}, {"balance": wallet["balance"] + amount})
            def empty(session, key):
                session.add(key)
                session.commit()
            """,
            ["db: 2 calls", "session: 2 calls"],
            id="objects that lead nowhere",
        ),
        pytest.param(
            """
            from models import Wallet
            def deposit(key, amount):
                wallet = Wallet.objects.get(id=key)
                wallet.balance += amount
                wallet.save()
            """,
            ["models: 2 calls"],
            id="a module that is not there",
        ),
        pytest.param(
            """
            import redis, celery, dramatiq
            from huey import RedisHuey
            app = celery.Celery()
            huey = RedisHuey()
            @app.task
            def one(): ...
            @huey.periodic_task(lambda now: True)
            def two(): ...
            """,
            ["huey: 1 handlers"],
            id="queues: one with a model, one without",
        ),
        pytest.param(
            """
            import braintree
            gateway = braintree.BraintreeGateway(None)
            def pay(amount):
                return gateway.transaction.sale({"amount": amount})
            """,
            ["braintree: 1 calls"],
            id="a payment",
        ),
        pytest.param(
            """
            import sqlite3
            def ping(key):
                try:
                    raise sqlite3.IntegrityError
                except sqlite3.IntegrityError:
                    return None
            """,
            ["sqlite3: imported"],
            id="a store of which nothing is seen",
        ),
        pytest.param(
            """
            from sqlite3 import IntegrityError
            from flask import typing as _
            def ping(): ...
            """,
            ["flask: imported"],
            id="an error alone is no store",
        ),
        pytest.param(
            """
            import socket, asyncio
            def name():
                return socket.gethostname()
            async def wait():
                await asyncio.sleep(1)
            """,
            [],
            id="a socket that serves nobody",
        ),
        pytest.param(
            """
            import httpx, stripe
            def country(address):
                answer = httpx.get("https://example.org", timeout=3).json()
                return answer.get("country") or answer.get("region", "")
            def reason(refund: stripe.Refund):
                return refund.metadata.get("reason")
            """,
            [],
            id="fields of answers",
        ),
        pytest.param(
            """
            import braintree
            def find(key):
                return braintree.Customer.get(key)
            """,
            ["braintree: 1 calls"],
            id="a look-up that is no field",
        ),
        pytest.param(
            """
            import worldly
            from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
            class Base(DeclarativeBase): ...
            class Address(Base):
                __tablename__ = "addresses"
                id: Mapped[int] = mapped_column(primary_key=True)
                country: Mapped[str]
            def country(address: Address):
                return worldly.countries.get(alpha=address.country)
            """,
            [],
            id="a library that is handed a column",
        ),
        pytest.param(
            """
            def total(flag):
                pool: quarry.Pool
                if flag:
                    pool = make()
                pool.execute("SELECT balance FROM wallets")
            from quarry import Pool
            import quarry
            """,
            ["quarry: 1 calls"],
            id="a client that is declared before it gets its value",
        ),
        pytest.param(
            """
            from fastapi import FastAPI, Request
            app = FastAPI()
            @app.get("/wallets")
            async def everything(request: Request):
                return await request.app.state.pool.fetch("SELECT balance FROM wallets")
            @app.get("/name")
            async def name(request: Request):
                return request.headers.get("x-name"), request.query_params.get("filter")
            """,
            ["pool: 1 calls"],
            id="a client that hangs on the framework's object",
        ),
        pytest.param(
            """
            from django.utils.text import slugify
            from django.conf import settings
            def name(text):
                return slugify(text)[: settings.LONGEST]
            """,
            [],
            id="helpers of a framework",
        ),
        pytest.param(
            """
            db = {}
            class Registry:
                def __init__(self):
                    self.db, self.session = {}, {}
                def add(self, key, value):
                    self.db.update({key: value})
                    self.session.pop(key)
                    db[key] = value
                    return db.get(key)
            """,
            [],
            id="a dictionary that is called db",
        ),
    ],
)
def test_shapes_of_python(text: str, expected: list[str]) -> None:
    assert missing(files(app_py=text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            """
            import { router } from "webly";
            const wallets = router();
            const list = async (request) => [];
            wallets.get("/", list);
            wallets.post("/:id", validate({}), async (request) => {});
            wallets.route("/:id/close").put(list);
            export default wallets;
            """,
            ["webly: 3 handlers"],
            id="handlers by name, behind others, and after a route",
        ),
        pytest.param(
            """
            module.exports = (app) => {
              app.get("/wallets", (request, response) => response.json([]));
            };
            """,
            ["app: 1 handlers"],
            id="an application that is handed in",
        ),
        pytest.param(
            """
            import express from "express";
            import client from "./client";
            const app = express();
            app.get("/wallets", async (req, res) => res.json(await client.get("/wallets", { limit: 1 })));
            client.post("/wallets", payload);
            """,
            [],
            id="a client that is asked for a path",
        ),
        pytest.param(
            """
            import { initTRPC } from "@trpc/server";
            const t = initTRPC.create();
            const guarded = t.procedure.use(({ next }) => next()).use(({ next }) => next());
            export const wallets = t.router({
              list: guarded.query(() => []),
              open: guarded.input(null).mutation(async ({ input }) => input),
            });
            """,
            ["@trpc/server: 2 handlers"],
            id="procedures",
        ),
        pytest.param(
            """
            export class Wallets {
              constructor(private readonly repo, private readonly cache) {}
              async deposit(id: string, amount: number) {
                const wallet = await this.repo.findOneByOrFail({ id });
                wallet.balance += amount;
                this.cache.set(id, wallet);
                return this.repo.save(wallet);
              }
            }
            """,
            ["repo: 2 calls"],
            id="a repository that leads nowhere",
        ),
        pytest.param(
            """
            import { prisma } from "./db";
            export const open = (balance: number) => prisma.wallet.create({ data: { balance } });
            """,
            ["db: 1 calls"],
            id="a client from a file that is not there",
        ),
        pytest.param(
            """
            import { createServer } from "node:http";
            import fs from "node:fs";
            createServer((request, response) => response.end()).listen(80);
            fs.readFile("/etc/hosts", (error, data) => data);
            """,
            ["http: 1 handlers"],
            id="Node's own server",
        ),
        pytest.param(
            """
            import { sql } from "quarry";
            export async function deposit(id: string, amount: number) {
              await sql`UPDATE wallets SET balance = balance + ${amount} WHERE id = ${id}`;
              await sql`SELECT 1`;
            }
            """,
            ["quarry: 2 calls"],
            id="SQL in a tagged template",
        ),
        pytest.param(
            """
            import Agenda from "agenda";
            const agenda = new Agenda();
            agenda.define("close", async (job) => {});
            agenda.every("1 hour", "close");
            """,
            ["agenda: 1 handlers, 1 calls"],
            id="jobs",
        ),
        pytest.param(
            """
            const known = new Map();
            const all = [];
            export function remember(key, value) {
              known.set(key, value);
              known.delete(key);
              all.filter((each) => each).map((each) => each);
              return known.get("/x");
            }
            """,
            [],
            id="maps and arrays",
        ),
        pytest.param(
            """
            import { createClient } from "https://esm.sh/@supabase/supabase-js@2.39.0?dts";
            Deno.serve(async (request) => {
              const client = createClient("", "");
              await client.from("wallets").update({ balance: 1 }).eq("id", 1);
              return new Response("ok");
            });
            """,
            ["@supabase/supabase-js: 1 calls", "deno: 1 handlers"],
            id="a package by its address, and a runtime's own server",
        ),
        pytest.param(
            """
            import { Hono } from "npm:hono@4";
            import { Quarry } from "jsr:@acme/quarry@1";
            import { serve } from "https://deno.land/std@0.168.0/http/server.ts";
            const app = new Hono();
            const quarry = new Quarry();
            app.post("/wallets/:id", async (c) => {
              await quarry.updateOne({ id: c.req.param("id") });
              return c.json({});
            });
            serve(app.fetch);
            """,
            ["@acme/quarry: 1 calls", "@std/http: 1 handlers", "hono: 1 handlers"],
            id="packages by registry",
        ),
        pytest.param(
            """
            export default {
              async fetch(request: Request, env: any) {
                await env.DB.prepare("UPDATE wallets SET balance = ?").bind(1).run();
                return new Response("ok");
              },
            };
            """,
            ["DB: 1 calls"],
            id="a binding of a worker",
        ),
        pytest.param(
            """
            import { parse } from "https://deno.land/std@0.168.0/flags/mod.ts";
            import { z } from "npm:zod@3";
            const names = [{ scalars: () => [] }].map((e) => e.scalars());
            const words = "a";
            export const text = `Deno.serve(${words})`;
            """,
            [],
            id="addresses of what needs no understanding",
        ),
        pytest.param(
            """
            import { Queue } from "./queue";
            import { Names } from "./names";
            export class Reports extends Queue {
              private size: number = 1;
              private topics = new Map<string, string>();
              private names = new Names();
              async put(report: object) { await this.jobs.add(report); }
              constructor(private jobs: Queue) { super(); }
            }
            """,
            [],
            id="a service with one field of the program's own",
        ),
    ],
)
def test_shapes_of_typescript(text: str, expected: list[str]) -> None:
    assert missing(files(src__index_ts=text)) == expected


def test_one_understood_call_among_thirty() -> None:
    """A share decides, not a single success: for calls, and for routes."""
    calls = "\n".join(f'  await supabase.from("t{n}").update({{ a: 1 }}).eq("id", {n});' for n in range(30))
    program = files(
        a_ts='import { createClient } from "@supabase/supabase-js";\nconst supabase = createClient("", "");\n'
        f'export async function all() {{\n  await supabase.storage.from("a").upload("b", "c");\n{calls}\n}}\n'
    )
    assert missing(program) == ["@supabase/supabase-js: 1 of 31 calls"]
    routes = "\n".join(f'  app.get("/r{n}", (req, res) => res.json({n}));' for n in range(30))
    program = files(
        a_js='const express = require("express");\nconst app = express();\n'
        f'app.get("/", (req, res) => res.json(1));\nmodule.exports = (app) => {{\n{routes}\n}};\n'
    )
    assert missing(program) == ["express: 1 of 31 handlers"]


def many(calls: int) -> str:
    """A program that is understood, with this many calls."""
    lines = "\n".join(f"    db.execute(delete(Wallet).where(Wallet.id == {n}))" for n in range(calls))
    return skeletons.FASTAPI["app.py"] + f"\nfrom sqlalchemy import delete\ndef empty(db: Session):\n{lines}\n"


@pytest.mark.parametrize(
    ("beside", "calls", "decides", "is_minor"),
    [
        ("import boto3\nboto3.client('s3').put_object(Key='a')\n", 60, False, True),
        ("import boto3\nboto3.client('s3').put_object(Key='a')\n", 5, True, False),
        ("import pymongo\ndb = pymongo.MongoClient().shop\n" + "db.a.find_one({})\n" * 9, 60, True, False),
        ("import braintree\nbraintree.Transaction.sale({})\n", 60, True, False),
        ("import bottle\napp = bottle.Bottle()\n@app.get('/x')\ndef x(): ...\n", 60, True, False),
    ],
)
def test_little_beside_the_rest(beside: str, calls: int, decides: bool, is_minor: bool) -> None:
    """One call of a store beside many that are understood does not decide; a payment and a route do."""
    found = coverage({"app.py": many(calls), "beside.py": beside})
    (package,) = found.of(NOT)
    assert (package.decides, package.is_minor) == (decides, is_minor)
    assert [each.name for each in found.missing] == ([package.name] if decides else [])


def test_understood_in_part() -> None:
    """What looks like another library's is understood in part at most."""
    text = """
        import sqlite3
        def close(key):
            sqlite3.connect("x").execute("DELETE FROM wallets WHERE id = ?", (key,))
    """
    (package,) = coverage(files(app_py=text)).packages
    assert (package.name, package.verdict) == ("sqlite3", PARTLY)


@pytest.mark.parametrize("path", ["tests/app.py", "scripts/fill.py", "conftest.py", "shop/test_app.py", "seeds/a.py"])
def test_beside_the_application(path: str) -> None:
    """Tests and scripts never decide; what they import is listed."""
    found = coverage({path: skeletons.FLASK["app.py"], "app.py": "def total(): return 1\n"})
    assert [(it.name, it.verdict, it.decides, it.is_aside) for it in found.packages] == [
        ("flask", NOT, False, True),
        ("sqlite3", NOT, False, True),
    ]


def test_a_model_is_all_that_it_takes() -> None:
    """A library that the user describes is understood, with no second edit."""
    own = {
        "quarry": {
            "types": {"quarry.Model": {"base": "entity"}, "quarry.Session": {}, "quarry.Table": {}},
            "calls": {
                "quarry.Model.objects.get quarry.Session.query": {"kind": "READ", "rows": "ONE"},
                "quarry.Model.objects": {"type": "quarry.Model.objects"},
                "quarry.table": {"type": "quarry.Table"},
                "quarry.Table.where": {"type": "quarry.Table", "returns": "receiver"},
                "quarry.Session.commit": {"kind": "COMMIT"},
            },
        }
    }
    bare = {it.name: it for it in coverage(skeletons.INVENTED_ORM).packages}["quarry"]
    described = coverage(skeletons.INVENTED_ORM, Config(models=Models(python=own)))
    (quarry,) = described.packages
    assert (bare.entities.understood, bare.calls.understood) == (0, 0)
    assert (quarry.entities.understood, quarry.calls.understood) == (1, 4)
    assert quarry.verdict is PARTLY and not described.missing


def test_the_share_of_nothing() -> None:
    assert coverage(files(a_py="def f(): return 1\n")).share is None
    assert coverage(skeletons.INVENTED_ORM).share == 0
    assert coverage(skeletons.FASTAPI).share == 1
