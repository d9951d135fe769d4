"""Where imports lead in repositories of many shapes."""

from __future__ import annotations

import pytest

from looktwice.code.project import open_project
from looktwice.code.syntax.tree import Import

LAYOUTS = {
    "flat": ["main.py", "models.py", "util/__init__.py", "util/json.py"],
    "src": [
        "src/app/__init__.py",
        "src/app/main.py",
        "src/app/db/__init__.py",
        "src/app/db/models.py",
        "tests/test_a.py",
    ],
    "namespace": ["app/main.py", "app/models/user.py"],
    "two": [
        *("a/app/__init__.py", "a/app/main.py", "a/app/models.py"),
        *("b/app/__init__.py", "b/app/main.py", "b/app/models.py"),
    ],
    "run inside": ["backend/__init__.py", "backend/main.py", "backend/database.py", "backend/routers/a.py"],
    "shadow": ["app/main.py", "infra/redis/client.py"],
    "named after": [
        *("shop/__init__.py", "shop/integrations/__init__.py", "shop/integrations/stripe/__init__.py"),
        *("shop/integrations/stripe/client.py", "shop/redis/__init__.py", "shop/redis/client.py"),
        *("shop/models/__init__.py", "shop/models/user.py"),
    ],
}
PYTHON = [
    # layout, from, module, name, level, module's file, submodule's file
    ("flat", "main.py", "models", "User", 0, "models.py", None),
    ("flat", "main.py", "util", "json", 0, "util/__init__.py", "util/json.py"),
    ("flat", "util/json.py", "json", "dumps", 0, None, None),
    ("flat", "main.py", "util.json", "", 0, "util/json.py", None),
    ("src", "src/app/main.py", "app.db.models", "User", 0, "src/app/db/models.py", None),
    ("src", "src/app/main.py", "db", "models", 1, "src/app/db/__init__.py", "src/app/db/models.py"),
    ("src", "src/app/db/models.py", "", "main", 2, "src/app/__init__.py", "src/app/main.py"),
    ("src", "tests/test_a.py", "app.main", "app", 0, "src/app/main.py", None),
    ("src", "src/app/main.py", "x", "y", 4, None, None),
    ("namespace", "app/main.py", "app.models.user", "User", 0, "app/models/user.py", None),
    ("namespace", "app/main.py", "app.models", "user", 0, None, "app/models/user.py"),
    ("two", "a/app/main.py", "app.models", "User", 0, "a/app/models.py", None),
    ("two", "b/app/main.py", "app.models", "User", 0, "b/app/models.py", None),
    ("run inside", "backend/main.py", "database", "get_db", 0, "backend/database.py", None),
    ("run inside", "backend/routers/a.py", "database", "get_db", 0, "backend/database.py", None),
    ("run inside", "backend/routers/a.py", "backend.database", "get_db", 0, "backend/database.py", None),
    ("shadow", "app/main.py", "redis", "Redis", 0, None, None),
    ("flat", "main.py", "fastapi", "FastAPI", 0, None, None),
    # a package of the program that is named after a library: by a manifest, or deeper than programs are run from
    ("named after", "shop/integrations/stripe/client.py", "stripe", "", 0, None, None),
    (
        "named after",
        "shop/integrations/stripe/client.py",
        "shop.integrations.stripe",
        "client",
        0,
        "shop/integrations/stripe/__init__.py",
        "shop/integrations/stripe/client.py",
    ),
    ("named after", "shop/redis/client.py", "redis", "Redis", 0, None, None),
    ("named after", "shop/models/user.py", "models", "Base", 0, "shop/models/__init__.py", None),
]


@pytest.mark.parametrize(("layout", "path", "module", "name", "level", "expected", "inner"), PYTHON)
def test_python(
    layout: str, path: str, module: str, name: str, level: int, expected: str | None, inner: str | None
) -> None:
    project = open_project(LAYOUTS[layout], {"requirements.txt": b"redis>=5.0"} if layout == "named after" else {})
    item = Import(0, 0, module, name, name, level)
    assert project.resolve(path, item) == expected
    assert project.submodule(path, item) == inner


FILES = [
    *(
        "web/src/main.ts",
        "web/src/lib/db.ts",
        "web/src/lib/index.ts",
        "web/src/page.tsx",
        "web/src/old.js",
        "web/esm.mts",
    ),
    *("api/src/main.ts", "api/src/db.ts", "packages/core/src/index.ts", "packages/core/src/money.ts"),
    *(
        "packages/ui/lib/button.tsx",
        "packages/ui/lib/index.ts",
        "plain/src/a.ts",
        "plain/src/b.ts",
        "packages/bare/index.js",
    ),
]
MANIFESTS = {
    "package.json": b'{"workspaces": ["packages/*"]}',
    "web/tsconfig.json": b"""{
      // aliases "here"
      "extends": "../tsconfig.base.json",
      "compilerOptions": { "paths": {
        "@/*": ["./src/*"], "db": ["./src/lib/db"], /* , */ "~lib/*": ["./no/*", "./src/lib/*"], }, },
    }""",
    "tsconfig.base.json": b'{"compilerOptions": {"strict": true}}',
    "tsconfig.url.json": b'{"compilerOptions": {"baseUrl": "."}}',
    "mono/tsconfig.json": b'{"extends": "../tsconfig.url", "compilerOptions": {"paths": {"@api/*": ["api/src/*"]}}}',
    "api/tsconfig.json": b'{"extends": ["../tsconfig.base.json"], "compilerOptions": {"baseUrl": "./src"}}',
    "packages/core/package.json": b"""{"name": "@acme/core", "exports": {
      ".": {"types": "./dist/index.d.ts", "import": "./dist/index.js"}, "./*": "./dist/*.js"}}""",
    "packages/ui/package.json": b'{"name": "ui", "main": "lib/index.js"}',
    "packages/bare/package.json": b'{"name": "bare"}',
    "plain/package.json": b'{"name": "plain", "imports": {"#b": "./src/b.js"}}',
}
TYPESCRIPT = [
    ("web/src/main.ts", "./lib/db", "web/src/lib/db.ts"),
    ("web/src/main.ts", "./lib/db.js", "web/src/lib/db.ts"),
    ("web/src/main.ts", "./lib", "web/src/lib/index.ts"),
    ("web/src/main.ts", "./page.js", "web/src/page.tsx"),
    ("web/src/main.ts", "./old", "web/src/old.js"),
    ("web/src/main.ts", "../esm.mjs", "web/esm.mts"),
    ("web/src/lib/db.ts", "..", None),
    ("web/src/lib/db.ts", ".", "web/src/lib/index.ts"),
    ("web/src/main.ts", "../../../../etc/x", None),
    ("web/src/main.ts", "@/lib/db", "web/src/lib/db.ts"),
    ("web/src/main.ts", "db", "web/src/lib/db.ts"),
    ("web/src/main.ts", "~lib/db", "web/src/lib/db.ts"),
    ("mono/x.ts", "api/src/db", "api/src/db.ts"),
    ("mono/x.ts", "@api/db", "api/src/db.ts"),
    ("api/src/main.ts", "db", "api/src/db.ts"),
    ("api/src/main.ts", "@acme/core", "packages/core/src/index.ts"),
    ("api/src/main.ts", "@acme/core/money", "packages/core/src/money.ts"),
    ("api/src/main.ts", "ui", "packages/ui/lib/index.ts"),
    ("api/src/main.ts", "bare", "packages/bare/index.js"),
    ("plain/src/a.ts", "@/b", "plain/src/b.ts"),
    ("plain/src/a.ts", "#b", "plain/src/b.ts"),
    ("plain/src/a.ts", "express", None),
    ("plain/src/a.ts", "node:fs", None),
]


@pytest.mark.parametrize(("path", "module", "expected"), TYPESCRIPT)
def test_typescript(path: str, module: str, expected: str | None) -> None:
    project = open_project(FILES, MANIFESTS)
    assert project.resolve(path, Import(0, 0, module, "x", "x")) == expected


LIBRARIES = [
    ("a.ts", "@nestjs/common/x", "@nestjs/common"),
    ("a.ts", "lodash/get", "lodash"),
    ("a.ts", "node:fs/promises", "fs"),
    ("a.py", "google.cloud", "google"),
]


@pytest.mark.parametrize(("path", "module", "expected"), LIBRARIES)
def test_libraries(path: str, module: str, expected: str) -> None:
    assert open_project([path], {}).library(path, Import(0, 0, module, "x", "x")) == expected


def test_circular_and_broken_configurations_are_as_if_they_were_not_there() -> None:
    manifests = {
        "tsconfig.json": b'{"extends": "./tsconfig.json", "compilerOptions": {"paths": {"@/*": ["./*"]}}}',
        "a/tsconfig.json": b"{ broken",
        "a/package.json": b'["no object"]',
        "a/pyproject.toml": b"= broken",
        "a/poetry.lock": b"\xff\xfe",
        "a/package-lock.json": b"{}" * 3,
    }
    project = open_project(["a/x.ts", "y.ts"], manifests)
    assert project.resolve("a/x.ts", Import(0, 0, "@/y", "y", "y")) == "y.ts"
    assert project.version("a/x.ts", "express") == ""
