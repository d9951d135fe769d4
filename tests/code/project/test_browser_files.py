"""Which files of a repository run in a browser."""

from __future__ import annotations

import pytest

from looktwice.code import build
from looktwice.code.questions.knowledge import Knowledge

VUE = b'{"dependencies": {"vue": "3", "axios": "1"}}'
NEXT = b'{"dependencies": {"next": "15", "react": "19", "react-dom": "19", "@prisma/client": "6"}}'
CASES = {
    "a package with an interface library and no server": (
        {"web/package.json": VUE, "web/src/store.js": b"export const load = () => 1;", "api/main.ts": b"f();"},
        {"web/src/store.js"},
    ),
    "a server that renders": (
        {"package.json": NEXT, "lib/orders.ts": b"export const load = () => 1;"},
        set(),
    ),
    "a file that says so, and what only such files import": (
        {
            "package.json": NEXT,
            "hooks/cart.ts": b'"use client";\nimport { add } from "../lib/cart";\nexport const use = () => add();',
            "lib/cart.ts": b'import { both } from "./both";\nexport const add = () => both();',
            "lib/both.ts": b"export const both = () => 1;",
            "pages/api/cart.ts": b'import { both } from "../../lib/both";\nexport default () => both();',
        },
        {"hooks/cart.ts", "lib/cart.ts"},
    ),
    "hooks are alive in a browser only": (
        {"package.json": NEXT, "pages/a.tsx": b'import { useState } from "react";\nexport default () => useState(1);'},
        {"pages/a.tsx"},
    ),
    "a type leads nowhere": (
        {
            "package.json": NEXT,
            "a.tsx": b'"use client";\nimport type { Order } from "./orders";\nexport const A = (o: Order) => o;',
            "orders.ts": b"export interface Order { id: string }",
        },
        {"a.tsx"},
    ),
    "Node's modules are a server's, whoever imports them": (
        {
            "web/package.json": VUE,
            "web/build.js": b'import { readFile } from "node:fs/promises";\nexport const go = () => readFile("x");',
        },
        set(),
    ),
    "a package whose other half runs on a server": (
        {
            "package.json": NEXT,
            "a.tsx": b'import { signIn } from "next-auth/react";\nimport { useState } from "react";\n'
            b"export const A = () => useState(signIn);",
            "b.ts": b'import NextAuth from "next-auth";\nexport default NextAuth({});',
            "c.ts": b'import { PrismaClient } from "@prisma/client";\nexport const c = new PrismaClient();',
        },
        {"a.tsx"},
    ),
    "a backend of React on the server": (  # a .tsx and no handler that anybody recognises
        {
            "package.json": b'{"dependencies": {"react-dom": "19", "own-server": "1"}}',
            "app.tsx": b'import { serve } from "own-server";\nserve(() => <p>{load()}</p>);',
            "load.ts": b'import { open } from "own-store";\nexport const load = () => open("orders");',
        },
        set(),
    ),
    "a backend beside an interface, on a framework without a model": (
        {
            "package.json": b'{"dependencies": {"vue": "3", "own-server": "1"}}',
            "jobs.ts": b'import { every } from "own-server";\nevery("1h", () => 1);',
            "App.ts": b'import { createApp } from "vue";\ncreateApp({});',
        },
        {"App.ts"},
    ),
    "an address without a host": (
        {"cart.ts": b'export const load = () => fetch("/api/cart");', "api/cart.ts": b"export const cart = () => 1;"},
        {"cart.ts"},
    ),
    "scripts that a server sends": (
        {
            "app.py": b"import flask\n",
            "static/js/shop.js": b'fetch("/buy").then(show);',
            "server/static/a.js": b'const fs = require("fs");',
        },
        {"static/js/shop.js"},
    ),
    "a script in a tag": (
        {"index.html": b'<script src="/shop/a.js"></script>', "shop/a.js": b"start();", "api/a.js": b"start();"},
        {"shop/a.js"},
    ),
    "what both sides bring in": (
        {
            "a.ts": b'"use client";\nimport { both } from "./both";\nboth();',
            "server.ts": b'import { createServer } from "node:http";\nimport { both } from "./both";\nboth();',
            "both.ts": b"export const both = () => 1;",
        },
        {"a.ts"},
    ),
    "code that asks where it runs": ({"a.ts": b"export const at = typeof window === 'undefined' ? 1 : 2;"}, set()),
    "a word in a text or a comment": ({"a.ts": b'// window.location\nexport const a = "document.cookie";'}, set()),
    "a manifest that cannot be read says nothing": ({"package.json": b"{", "a.ts": b"f();"}, set()),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_which_files_run_in_a_browser(files: dict[str, bytes], expected: set[str]) -> None:
    assert build(files).browser == expected


PAGE = b"""
import { useState } from "react";
import { prisma } from "../lib/store";
export async function getServerSideProps(context) {
  return { props: { order: await prisma.order.findFirst({ where: { id: context.params.id } }) } };
}
export default function Order({ order }) {
  const [shown, show] = useState(false);
  return <button onClick={() => fetch("https://api.shop.example/orders")}>{order.id}</button>;
}
"""


def test_a_page_that_loads_its_data_on_the_server_is_both() -> None:
    """The component is a browser's; the function that the framework runs on the server, and what it needs, are not."""
    program = build({"package.json": NEXT, "pages/order.tsx": PAGE, "lib/store.ts": b"export const prisma = make();"})
    assert program.browser == {"pages/order.tsx"}
    knowledge = Knowledge(program)
    served = {name for name, f in program.functions.items() if knowledge.is_served(f)}
    assert "pages/order.tsx:getServerSideProps" in served
    assert "pages/order.tsx:Order" not in served
