"""Which files of a repository run in a browser."""

from __future__ import annotations

import pytest

from looktwice.code import build

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
    "a manifest that cannot be read says nothing": ({"package.json": b"{", "a.ts": b"f();"}, set()),
}


@pytest.mark.parametrize(("files", "expected"), CASES.values(), ids=CASES)
def test_which_files_run_in_a_browser(files: dict[str, bytes], expected: set[str]) -> None:
    assert build(files).browser == expected
