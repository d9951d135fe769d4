"""Small applications with a lost update each, on libraries of every kind: known ones, invented ones, vendored ones."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

Files = Mapping[str, str]


def files(**texts: str) -> dict[str, str]:
    """Files by name: two underscores for a folder, the last one for the dot before the ending."""
    found = {}
    for name, text in texts.items():
        stem, _, ending = name.rpartition("_")
        found[f"{stem.replace('__', '/')}.{ending}"] = dedent(text)
    return found


DJANGO = files(
    shop__models_py="""
        from django.db import models

        class Wallet(models.Model):
            balance = models.IntegerField(default=0)
    """,
    shop__views_py="""
        from django.http import JsonResponse
        from .models import Wallet

        def deposit(request, pk):
            wallet = Wallet.objects.get(pk=pk)
            wallet.balance += int(request.POST["amount"])
            wallet.save()
            return JsonResponse({"balance": wallet.balance})
    """,
    shop__urls_py="""
        from django.urls import path
        from . import views

        urlpatterns = [path("wallets/<int:pk>/", views.deposit)]
    """,
)
FLASK = files(
    app_py="""
        import sqlite3
        from flask import Flask, request

        app = Flask(__name__)

        @app.route("/wallets/<int:key>", methods=["POST"])
        def deposit(key):
            db = sqlite3.connect("shop.db")
            (balance,) = db.execute("SELECT balance FROM wallets WHERE id = ?", (key,)).fetchone()
            db.execute("UPDATE wallets SET balance = ? WHERE id = ?", (balance + request.json["amount"], key))
            db.commit()
            return {"ok": True}
    """
)
NEST = files(
    src__wallet__entity_ts="""
        import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";

        @Entity()
        export class Wallet {
          @PrimaryGeneratedColumn() id: number;
          @Column() balance: number;
        }
    """,
    src__wallet__controller_ts="""
        import { Body, Controller, Get, Param, Post } from "@nestjs/common";
        import { InjectRepository } from "@nestjs/typeorm";
        import { Repository } from "typeorm";
        import { Wallet } from "./entity";

        @Controller("wallets")
        export class WalletController {
          constructor(@InjectRepository(Wallet) private readonly wallets: Repository<Wallet>) {}

          @Get(":id") read(@Param("id") id: number) { return this.wallets.findOneByOrFail({ id }); }

          @Post(":id")
          async deposit(@Param("id") id: number, @Body() body: { amount: number }) {
            const wallet = await this.wallets.findOneByOrFail({ id });
            wallet.balance += body.amount;
            return this.wallets.save(wallet);
          }
        }
    """,
)
NEXT = files(
    app__api__wallets__route_ts="""
        import { eq } from "drizzle-orm";
        import { db, wallets } from "../../../lib/db";

        export async function POST(request: Request) {
          const { id, amount } = await request.json();
          const [wallet] = await db.select().from(wallets).where(eq(wallets.id, id));
          await db.update(wallets).set({ balance: wallet.balance + amount }).where(eq(wallets.id, id));
          return Response.json({ ok: true });
        }
    """,
    app__actions_ts="""
        "use server";
        import { db, wallets } from "../lib/db";

        export async function open(balance: number) {
          await db.insert(wallets).values({ balance });
        }
    """,
    lib__db_ts="""
        import { drizzle } from "drizzle-orm/node-postgres";
        import { integer, pgTable, serial } from "drizzle-orm/pg-core";

        export const wallets = pgTable("wallets", { id: serial("id"), balance: integer("balance") });
        export const db = drizzle(process.env.DATABASE_URL!);
    """,
)
HONO = files(
    src__index_ts="""
        import { Hono } from "hono";
        import { Kysely } from "kysely";

        const app = new Hono();
        const db = new Kysely<any>({} as any);

        app.post("/wallets/:id", async (c) => {
          const { amount } = await c.req.json();
          const id = c.req.param("id");
          const wallet = await db.selectFrom("wallets").selectAll().where("id", "=", id).executeTakeFirst();
          await db.updateTable("wallets").set({ balance: wallet.balance + amount }).execute();
          return c.json({ ok: true });
        });
        export default app;
    """
)
MONGOOSE = files(
    models__wallet_js="""
        const mongoose = require("mongoose");
        const schema = new mongoose.Schema({ balance: Number });
        module.exports = mongoose.model("Wallet", schema);
    """,
    routes__wallets_js="""
        const express = require("express");
        const Wallet = require("../models/wallet");
        const router = express.Router();

        router.post("/:id", async (req, res) => {
          const wallet = await Wallet.findById(req.params.id);
          wallet.balance += req.body.amount;
          await wallet.save();
          res.json(wallet);
        });
        module.exports = router;
    """,
    app_js="""
        const express = require("express");
        const app = express();
        app.use("/wallets", require("./routes/wallets"));
        app.listen(3000);
    """,
)
SUPABASE = files(
    src__server_ts="""
        import express from "express";
        import { createClient } from "@supabase/supabase-js";

        const supabase = createClient(process.env.URL!, process.env.KEY!);
        const app = express();

        app.post("/wallets/:id", async (req, res) => {
          const { data } = await supabase.from("wallets").select("balance").eq("id", req.params.id).single();
          await supabase.from("wallets").update({ balance: data.balance + req.body.amount }).eq("id", req.params.id);
          res.json({ ok: true });
        });
    """
)
FASTIFY = files(
    server_js="""
        const fastify = require("fastify")();
        const knex = require("knex")({ client: "pg" });

        fastify.post("/wallets/:id", async (request) => {
          const wallet = await knex("wallets").where({ id: request.params.id }).first();
          await knex("wallets").where({ id: wallet.id }).update({ balance: wallet.balance + request.body.amount });
          return { ok: true };
        });
        fastify.route({ method: "GET", url: "/wallets", handler: async () => knex("wallets").select() });
    """
)
PEEWEE = files(
    app_py="""
        from bottle import post, request
        from peewee import IntegerField, Model, SqliteDatabase

        db = SqliteDatabase("shop.db")

        class Wallet(Model):
            balance = IntegerField()
            class Meta:
                database = db

        @post("/wallets/<key>")
        def deposit(key):
            wallet = Wallet.get_by_id(key)
            wallet.balance += request.json["amount"]
            wallet.save()
    """
)
SOCKETS = files(
    server_py="""
        import shelve
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Wallets(BaseHTTPRequestHandler):
            def do_POST(self):
                with shelve.open("wallets") as store:
                    store["balance"] = store["balance"] + 1
                self.send_response(200)

        HTTPServer(("", 8000), Wallets).serve_forever()
    """,
    raw_py="""
        import socket

        server = socket.socket()
        server.bind(("", 9000))
        server.listen()
        while True:
            connection, _ = server.accept()
            connection.sendall(b"hello")
    """,
)

INVENTED_FRAMEWORK = files(
    app_py="""
        from webly import Web
        from wallets import deposit

        web = Web()

        @web.get("/wallets")
        def everything(request): ...

        @web.route("/wallets/{key}", methods=["PUT"])
        def change(request, key): ...

        web.register("/wallets/{key}/deposit", deposit)
        web.handle("POST", "/wallets", deposit)
    """,
    wallets_py="""
        from webly import Endpoint

        class Transfers(Endpoint):
            def post(self, request): ...
            def get(self, request): ...

        def deposit(request, key): ...
    """,
)
INVENTED_FRAMEWORK_TS = files(
    app_ts="""
        import { Server, Route, Controller } from "@acme/webly";
        import { deposit } from "./wallets";

        const server = new Server();
        server.get("/wallets", (request) => request.reply([]));
        server.on("/wallets/:id/deposit", deposit);

        @Controller("/transfers")
        export class Transfers {
          @Route("/all") all() { return []; }
          @Route("/mine") mine() { return []; }
        }
    """,
    wallets_ts="export async function deposit(request: unknown) { return request; }",
)
INVENTED_ORM = files(
    models_py="""
        from quarry import IntField, Model

        class Wallet(Model):
            balance = IntField()
    """,
    service_py="""
        from quarry import Session, table
        from models import Wallet

        def deposit(key, amount):
            wallet = Wallet.objects.get(id=key)
            wallet.balance += amount
            wallet.save()

        def withdraw(key, amount):
            session = Session()
            wallet = session.query(Wallet).filter(Wallet.id == key).one()
            wallet.balance -= amount
            session.commit()

        def close(key):
            table("wallets").where("id", key).update(balance=0)
    """,
)
INVENTED_ORM_TS = files(
    models_ts="""
        import { Column, Model, Table } from "@acme/quarry";

        @Table()
        export class Wallet extends Model {
          @Column() balance: number;
        }
    """,
    service_ts="""
        import { connect } from "@acme/quarry";
        import { Wallet } from "./models";

        const db = connect(process.env.URL);

        export async function deposit(id: string, amount: number) {
          const wallet = await Wallet.findOne({ id });
          wallet.balance += amount;
          await wallet.save();
        }
        export async function close(id: string) {
          await db.table("wallets").where({ id }).update({ balance: 0 });
        }
    """,
)
WEBLY = """
    class Web:
        def __init__(self):
            self.routes = {}

        def get(self, path):
            def keep(function):
                self.routes["GET", path] = function
                return function
            return keep

        def post(self, path):
            def keep(function):
                self.routes["POST", path] = function
                return function
            return keep

    class Handler:
        def dispatch(self, request):
            return getattr(self, request.method)(request)
"""
QUARRY = """
    class Field:
        def __init__(self, default=None):
            self.default = default

    class IntField(Field): ...

    class Manager:
        def get(self, **where): ...
        def filter(self, **where): ...

    class Model:
        objects = Manager()

        def save(self): ...
"""
ON_WEBLY = """
    from webly import Handler, Web

    web = Web()

    @web.get("/wallets")
    def everything(request): ...

    @web.post("/wallets/{key}")
    def deposit(request, key): ...

    class TransferHandler(Handler):
        def post(self, request): ...
"""
ON_QUARRY = """
    from quarry import IntField, Model

    class Wallet(Model):
        balance = IntField()

    def deposit(key, amount):
        wallet = Wallet.objects.get(id=key)
        wallet.balance += amount
        wallet.save()

    def everything():
        return Wallet.objects.filter(balance=0)
"""
VENDORED_FRAMEWORK = {"webly/__init__.py": dedent(WEBLY), **files(app_py=ON_WEBLY)}
VENDORED_ORM = {"quarry/__init__.py": dedent(QUARRY), **files(app_py=ON_QUARRY)}
VENDORED_FILES = {
    **files(lib__webly_py=WEBLY, lib__quarry_py=QUARRY),
    **files(
        app_py=ON_WEBLY.replace("from webly", "from lib.webly"), wallets_py=ON_QUARRY.replace("from q", "from lib.q")
    ),
}
LEFT_OUT = {
    **files(vendor__webly_py=WEBLY, vendor__quarry_py=QUARRY),
    **files(
        app_py=ON_WEBLY.replace("from webly", "from vendor.webly"),
        wallets_py=ON_QUARRY.replace("from quarry", "from vendor.quarry"),
    ),
}
"""`vendor/` is not read, so that its modules are not there."""
VENDORED_TS = files(
    vendor__web__index_ts="""
        export class App {
          routes: Record<string, unknown> = {};
          get(path: string, handler: unknown) { this.routes[path] = handler; }
          post(path: string, handler: unknown) { this.routes[path] = handler; }
        }
    """,
    minidb__index_ts="""
        export class Model {
          static find(where: object): any { return where; }
          save() {}
        }
        export function integer() { return 0; }
    """,
    src__app_ts="""
        import { App } from "../vendor/web";
        import { Model, integer } from "../minidb";

        class Wallet extends Model {
          balance = integer();
        }
        const app = new App();
        app.get("/wallets", () => Wallet.find({}));
        app.post("/wallets/:id", async (request: any) => {
          const wallet = await Wallet.find({ id: request.id });
          wallet.balance += request.amount;
          await wallet.save();
        });
    """,
)

FASTAPI = files(
    app_py="""
        from fastapi import Depends, FastAPI
        from sqlalchemy import create_engine, select
        from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

        engine = create_engine("postgresql://")
        make_session = sessionmaker(engine)

        class Base(DeclarativeBase): ...

        class Wallet(Base):
            __tablename__ = "wallets"
            id: Mapped[int] = mapped_column(primary_key=True)
            balance: Mapped[int]

        def get_session():
            with make_session() as session:
                yield session

        app = FastAPI()

        @app.post("/wallets/{key}")
        def deposit(key: int, amount: int, session: Session = Depends(get_session)):
            wallet = session.scalars(select(Wallet).where(Wallet.id == key).with_for_update()).one()
            wallet.balance = wallet.balance + amount
            session.commit()
            return {"balance": wallet.balance}
    """
)
EXPRESS = {
    **files(
        src__app_ts="""
            import express from "express";
            import { PrismaClient } from "@prisma/client";

            const prisma = new PrismaClient();
            const app = express();

            app.post("/wallets/:id", async (req, res) => {
              const wallet = await prisma.wallet.update({
                where: { id: req.params.id }, data: { balance: { increment: req.body.amount } },
              });
              res.json(wallet);
            });
            app.listen(3000);
        """
    ),
    "schema.prisma": "model Wallet {\n  id String @id\n  balance Int\n}\n",
}
EVERYTHING_ELSE = files(
    tools_py="""
        import click
        import logging
        import numpy as np
        import pandas as pd
        import pytest
        import requests
        from dataclasses import dataclass, field
        from dateutil import parser
        from functools import lru_cache
        from pydantic import BaseModel, Field

        logger = logging.getLogger(__name__)
        seen = set()
        known = {}

        class Deposit(BaseModel):
            amount: int = Field(gt=0)

        @dataclass
        class Totals:
            values: list = field(default_factory=list)

        @click.group()
        def cli(): ...

        @cli.command("/report")
        def report():
            frame = pd.read_csv("x.csv")
            frame.query("a > 1").filter(["a"]).to_csv("/tmp/y.csv")
            frame.insert(0, "b", np.all(frame["a"]))
            known.update(a=1)
            seen.add("x")
            known.get("/x", report)
            logger.info("Select what you want")

        @pytest.fixture
        def client(): ...

        @lru_cache
        def load(path="/x"):
            return requests.get("http://localhost/x", timeout=3).json()
    """,
    util_ts="""
        import axios from "axios";
        import _ from "lodash";
        import { z } from "zod";
        import dayjs from "dayjs";
        import { useState } from "react";

        const table = new Map<string, number>();
        const schema = z.object({ amount: z.number() });

        export async function load() {
          const { data } = await axios.get("/x", { timeout: 100 });
          await axios.post("/x", data, { timeout: 100 });
          table.set("/x", 1);
          table.get("/x");
          _.filter(data, (each) => each.a).map((each) => each.b);
          _.chain(data).filter("a").first().value();
          [1, 2].filter((each) => each).find((each) => each);
          dayjs().add(1, "day");
          return schema.parse(data);
        }
    """,
)
"""What looks like frameworks and stores, and is none."""
