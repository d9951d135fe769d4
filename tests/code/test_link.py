"""Handlers: their paths through mounts, and their guards."""

from __future__ import annotations

import pytest
from programs import program

from looktwice.code import Program
from looktwice.code.ir.common import Known
from looktwice.code.ir.handlers import GuardRole, HandlerKind
from looktwice.code.ir.values import OriginKind
from looktwice.code.program.link import CUT_MOUNTS, MOUNTED_DEEP, MOUNTED_OFTEN

SECURITY = """
from fastapi import Depends, HTTPException, Header
from jose import jwt

def current_user(authorization: str = Header()):
    try:
        return jwt.decode(authorization, "secret")
    except Exception:
        raise HTTPException(401, "who are you")

def administrator(user=Depends(current_user)):
    if not user.is_admin:
        raise HTTPException(403, "no")
    return user

def signature(x_signature: str = Header()):
    import hmac
    if not hmac.compare_digest(x_signature, "secret"):
        raise HTTPException(401, "no")
"""

APP = """
from fastapi import APIRouter, Depends, FastAPI
from security import administrator, current_user, signature

app = FastAPI()
router = APIRouter(prefix="/orders", dependencies=[Depends(current_user)])
hooks = APIRouter()

@router.get("/{order_id}")
def read(order_id: int, user=Depends(current_user)):
    return order_id

@router.delete("/{order_id}", dependencies=[Depends(administrator)])
def remove(order_id: int):
    return None

@hooks.post("/webhooks/payments")
def paid(event: dict, _=Depends(signature)):
    return event

@app.get("/health")
def health():
    return "ok"

app.include_router(router, prefix="/api")
app.include_router(hooks)
"""


def routes(program: Program) -> dict[str, tuple[str, set[str]]]:
    """Function and roles of guards by route."""
    return {
        each.route: (each.function.partition(":")[2], {guard.role.name for guard in each.guards})
        for each in program.handlers
    }


def test_fastapi() -> None:
    found = program(security_py=SECURITY, app_py=APP)
    assert routes(found) == {
        "GET /api/orders/{order_id}": ("read", {"AUTHENTICATES"}),
        "DELETE /api/orders/{order_id}": ("remove", {"AUTHENTICATES", "AUTHORIZES"}),
        "POST /webhooks/payments": ("paid", {"VERIFIES"}),
        "GET /health": ("health", set()),
    }
    kinds = {each.path: each.kind for each in found.handlers}
    assert kinds["/webhooks/payments"] is HandlerKind.WEBHOOK


def test_what_the_framework_passes() -> None:
    """A path parameter comes from the request; the result of a dependency identifies the caller."""
    found = program(security_py=SECURITY, app_py=APP)
    f = found.expand("app.py:read")
    assert [origin.kind for origin in f.values[f.returns[0]]] == [OriginKind.REQUEST]
    kinds = {origin.kind for value in f.values for origin in value}
    assert OriginKind.PRINCIPAL in kinds


def test_an_alias_of_a_dependency() -> None:
    found = program(
        security_py=SECURITY,
        app_py="""
from typing import Annotated
from fastapi import Depends, FastAPI
from security import current_user
User = Annotated[dict, Depends(current_user)]
app = FastAPI()

@app.get("/me")
def me(user: User):
    return user
""",
    )
    assert routes(found) == {"GET /me": ("me", {"AUTHENTICATES"})}


AUTH = """
import jwt from "jsonwebtoken";
export function who(req, res, next) {
  try { req.user = jwt.verify(req.headers.authorization, "secret"); next(); }
  catch { res.status(401).json({}); }
}
export function administrator(req, res, next) {
  if (req.user.role !== "admin") return res.status(403).json({});
  next();
}
"""

EXPRESS = """
import express from "express";
import { who } from "./auth.js";
import { orders } from "./orders.js";
const app = express();
app.use(express.json());
app.get("/health", (_req, res) => res.json({}));
app.use("/api/orders", orders);
export default app;
"""

ORDERS = """
import { Router } from "express";
import { who, administrator } from "./auth.js";
export const orders = Router();
orders.get("/public", async (req, res) => { res.json({}); });
orders.use(who);
orders.get("/:id", async (req, res) => { res.json({ id: req.params.id, user: req.user.id }); });
orders.delete("/:id", administrator, remove);
orders.route("/:id/notes").post(asyncHandler(async (req, res) => { res.json(req.body); }));
async function remove(req, res) { res.status(204).end(); }
"""


def test_express() -> None:
    found = program(auth_ts=AUTH, app_ts=EXPRESS, orders_ts=ORDERS)
    assert routes(found) == {
        "GET /health": ("GET /health", set()),
        "GET /api/orders/public": ("GET /public", set()),
        "GET /api/orders/:id": ("GET /{id}", {"AUTHENTICATES"}),
        "DELETE /api/orders/:id": ("remove", {"AUTHENTICATES", "AUTHORIZES"}),
        "POST /api/orders/:id/notes": ("POST /{id}/notes", {"AUTHENTICATES"}),
    }


def test_untyped_parameters_have_the_types_that_the_framework_passes() -> None:
    f = program(auth_ts=AUTH, app_ts=EXPRESS, orders_ts=ORDERS).expand("orders.ts:GET /{id}")
    respond = f.effects[-1]
    body = f.values[dict(respond.args)["body"]]
    assert [origin.kind for origin in body] == [OriginKind.REQUEST, OriginKind.PRINCIPAL]


NAMED = [
    ("requireAuth", GuardRole.AUTHENTICATES),
    ("isAdmin", GuardRole.AUTHORIZES),
    ("checkPermissions", GuardRole.AUTHORIZES),
    ("rateLimiter", GuardRole.LIMITS),
    ("verifySignature", GuardRole.VERIFIES),
    ("logRequest", GuardRole.UNKNOWN),
    ("parseAuthor", GuardRole.UNKNOWN),
]


@pytest.mark.parametrize(("name", "role"), NAMED)
def test_the_role_of_an_unread_guard_is_guessed_from_its_name(name: str, role: GuardRole) -> None:
    found = program(
        app_ts=f"""
import express from "express";
import {{ {name} }} from "some-library";
const app = express();
app.get("/x", {name}, (req, res) => res.json({{}}));
"""
    )
    guards = found.handlers[0].guards
    assert [guard.role for guard in guards] == ([role] if role else [])
    assert all(guard.known is Known.GUESSED for guard in guards)


def test_a_handler_is_the_decorated_function() -> None:
    found = program(
        app_py="""
from functools import wraps
from fastapi import FastAPI, HTTPException
app = FastAPI()

def closed_on_sunday(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        if is_sunday():
            raise HTTPException(503)
        return function(*args, **kwargs)
    return wrapper

@app.get("/x/{id}")
@closed_on_sunday
def x(id: str):
    return id
"""
    )
    f = found.expand(found.handlers[0].function)
    assert [origin.kind for origin in f.values[f.returns[0]]] == [OriginKind.REQUEST]
    assert any(region.detail == "after-raise" for region in f.regions)


FACTORIES = """
import express, { Router } from "express";
import { who } from "./auth.js";
import { db } from "./db.js";

function orders(store) {
  const router = Router();
  router.use(who);
  router.get("/:id", async (req, res) => { res.json(await store.find(req.params.id)); });
  return router;
}

const notes = makeNotes();
function makeNotes() {
  const router = Router();
  router.post("/", async (req, res) => { res.json({}); });
  return router;
}

export function createApp() {
  const app = express();
  app.use("/orders", orders(db));
  app.use("/notes", notes);
  app.get("/health", (_req, res) => res.json({}));
  return app;
}
"""


def test_routers_created_by_functions() -> None:
    assert routes(program(auth_ts=AUTH, app_ts=FACTORIES, db_ts="export const db = {};")) == {
        "GET /orders/:id": ("GET /{id}", {"AUTHENTICATES"}),
        "POST /notes": ("POST /", set()),
        "GET /health": ("GET /health", set()),
    }


def test_a_fastapi_application_created_by_a_function() -> None:
    found = program(
        security_py=SECURITY,
        app_py="""
from fastapi import APIRouter, Depends, FastAPI
from security import current_user
router = APIRouter()

@router.get("/me")
def me():
    return 1

def create_app() -> FastAPI:
    app = FastAPI()
    app.include_router(router, prefix="/api", dependencies=[Depends(current_user)])

    @app.get("/health")
    def health():
        return "ok"

    return app
""",
    )
    assert routes(found) == {
        "GET /api/me": ("me", {"AUTHENTICATES"}),
        "GET /health": ("health", set()),
    }


def test_jobs_and_messages() -> None:
    found = program(
        app_py="""
from apscheduler.schedulers.background import BackgroundScheduler
from celery import Celery, shared_task
scheduler = BackgroundScheduler()
celery = Celery("x")

def sweep():
    pass

@celery.task
def send(id):
    pass

@shared_task(bind=True)
def resend(self, id):
    pass

def start():
    scheduler.add_job(sweep, "interval", minutes=1)
""",
        jobs_ts="""
import cron from "node-cron";
import { Worker } from "bullmq";
cron.schedule("0 * * * *", async () => { clean(); });
new Worker("mails", async (job) => { mail(job.data); });
""",
    )
    assert {(each.kind.name, each.function.rpartition(":")[2]) for each in found.handlers} == {
        ("JOB", "sweep"),
        ("JOB", "send"),
        ("JOB", "resend"),
        ("JOB", "0 * * * *"),
        ("MESSAGE", "mails"),
    }


WRAPPED = """
import express, { Router } from "express";
import * as controller from "./controller.js";
const wrap = (handler) => (req, res, next) => Promise.resolve(handler(req, res, next)).catch(next);
const requireRole = (role) => (req, res, next) => (req.user.role === role ? next() : res.status(403).end());

export function build() {
  const router = Router();
  router.post("/a", requireRole("admin"), wrap(controller.create));
  router.get("/b", wrap(async (req, res) => { res.json(req.query); }));
  return router;
}
const app = express();
app.use("/v1", build());
app.put("/c", wrap(controller.create));
"""


def test_handlers_that_are_wrapped() -> None:
    found = program(app_ts=WRAPPED, controller_ts="export async function create(req, res) { res.json(req.body); }")
    assert routes(found) == {
        "POST /v1/a": ("create", {"AUTHORIZES"}),
        "GET /v1/b": ("GET /b", set()),
        "PUT /c": ("create", set()),
    }
    assert all(each.function in found.functions for each in found.handlers)


def nested(depth: int) -> str:
    """Routers, each mounted in the one before, with a route on the last, behind a guard of the first."""
    return (
        "from fastapi import APIRouter, Depends, FastAPI\nfrom security import current_user\napp = FastAPI()\n"
        + "".join(f"r{i} = APIRouter(prefix='/p{i}')\n" for i in range(depth))
        + "".join(f"r{i}.include_router(r{i + 1})\n" for i in range(depth - 1))
        + "app.include_router(r0, dependencies=[Depends(current_user)])\n"
        + f"@r{depth - 1}.get('/x')\ndef last(): pass\n"
    )


@pytest.mark.parametrize(("depth", "is_cut"), [(1, False), (4, False), (MOUNTED_DEEP, False), (MOUNTED_DEEP + 4, True)])
def test_routers_in_routers(depth: int, is_cut: bool) -> None:
    """What is not followed is reported, and never a wrong path in silence."""
    found = program(security_py=SECURITY, app_py=nested(depth))
    path = "".join(f"/p{i}" for i in range(depth)) + "/x"
    assert (routes(found) == {f"GET {path}": ("last", {"AUTHENTICATES"})}) is not is_cut
    assert [it.why for it in found.unread] == [CUT_MOUNTS] * is_cut


def test_routers_mounted_in_many_ways() -> None:
    """Twice in each other: the ways double with each."""
    text = nested(9)
    again = [
        line.replace(")", ", prefix='/b')") for line in text.splitlines() if line.startswith("r") and "include" in line
    ]
    found = program(security_py=SECURITY, app_py="\n".join([text, *again]))
    assert len(found.handlers) == MOUNTED_OFTEN
    assert [it.why for it in found.unread] == [CUT_MOUNTS]


ROUTER = """
const express = require('express');
const {{ check }} = require('./check');
const app = express();
const api = express.Router();
{lines}
app.use('/api', api);
module.exports = {{ app }};
"""
CHECK = """
exports.check = (req, res, next) => { if (!req.headers.token) return res.status(401).json({}); next(); };
exports.may = (req, res, next) => { if (!req.headers.key) return res.status(403).json({}); next(); };
"""
ROUTE = "api.get('/a/b', (req, res) => res.json(1));"


@pytest.mark.parametrize(
    ("lines", "roles"),
    [
        (f"api.use(check);\n{ROUTE}", {"AUTHENTICATES"}),
        (f"{ROUTE}\napi.use(check);", set()),
        (f"api.use('/a', check);\n{ROUTE}", {"AUTHENTICATES"}),
        (f"api.use('/a/b', check);\n{ROUTE}", {"AUTHENTICATES"}),
        (f"api.use('/a/*', check);\n{ROUTE}", {"AUTHENTICATES"}),
        (f"api.use('/', check);\n{ROUTE}", {"AUTHENTICATES"}),
        (f"api.use('/a/b/c', check);\n{ROUTE}", set()),
        (f"api.use('/ab', check);\n{ROUTE}", set()),
        (f"app.use(check);\n{ROUTE}", {"AUTHENTICATES"}),
        (f"app.use('/api', check);\n{ROUTE}", {"AUTHENTICATES"}),
        (f"app.use('/web', check);\n{ROUTE}", set()),
        ("api.use((req, res, next) => next());\n" * 5 + f"api.use(check);\n{ROUTE}", {"AUTHENTICATES"}),
        (f"{ROUTE}\napp.use('/web', check, api);", {"AUTHENTICATES", ""}),
    ],
)
def test_guards_before_a_route(lines: str, roles: set[str]) -> None:
    """Those of its router and of all above that come before it and cover its path."""
    found = program(app_js=ROUTER.format(lines=lines), check_js=CHECK)
    given = [names - {"UNKNOWN"} for _, names in routes(found).values()]
    if "" in roles:  # mounted twice, once behind a guard
        assert sorted(map(sorted, given)) == [[], ["AUTHENTICATES"]]
    else:
        assert given == [roles]
