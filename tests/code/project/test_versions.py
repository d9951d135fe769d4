"""Versions of libraries from lock files and manifests."""

from __future__ import annotations

import pytest

from looktwice.code.project import open_project

CASES = [
    (
        "requirements.txt",
        "fastapi[all]==0.110.1\nSQLAlchemy >= 2.0 ; python_version > '3'\n# x==1\n",
        "fastapi",
        "0.110.1",
    ),
    ("requirements-dev.txt", "psycopg2_binary==2.9.9", "psycopg2-binary", "2.9.9"),
    ("pyproject.toml", "[project]\ndependencies = ['SQLAlchemy[asyncio]>=2.0.25,<3']", "sqlalchemy", "2.0.25"),
    (
        "pyproject.toml",
        "[tool.poetry.dependencies]\npython = '^3.11'\nfastapi = {version = '^0.100', extras = []}",
        "fastapi",
        "0.100",
    ),
    ("poetry.lock", "[[package]]\nname = 'fastapi'\nversion = '0.111.0'\n", "fastapi", "0.111.0"),
    (
        "uv.lock",
        "[[package]]\nname = 'fastapi'\nversion = '0.112.0'\nsource = { registry = 'x' }\n",
        "fastapi",
        "0.112.0",
    ),
    ("Pipfile.lock", '{"default": {"fastapi": {"version": "==0.99.0"}}}', "fastapi", "0.99.0"),
    ("package.json", '{"dependencies": {"express": "^4.18.2"}}', "express", "4.18.2"),
    (
        "package-lock.json",
        '{"packages": {"": {}, "node_modules/@prisma/client": {"version": "5.1.0"}}}',
        "@prisma/client",
        "5.1.0",
    ),
    ("pnpm-lock.yaml", "packages:\n  '@prisma/client@5.9.1':\n    x: 1\n  express@4.19.2:\n", "express", "4.19.2"),
    (
        "yarn.lock",
        '"@prisma/client@^5.0.0":\n  version "5.2.0"\n\nexpress@^4.0.0, express@^4.1.0:\n  version "4.17.3"\n',
        "express",
        "4.17.3",
    ),
]


@pytest.mark.parametrize(("manifest", "text", "library", "version"), CASES)
def test_versions(manifest: str, text: str, library: str, version: str) -> None:
    is_python = not manifest.startswith(("package", "pnpm", "yarn"))
    path = "backend/app/main.py" if is_python else "backend/src/main.ts"
    project = open_project([path], {f"backend/{manifest}": text.encode()})
    assert project.version(path, library) == version


def test_a_lock_file_overrules_the_manifest_and_the_nearest_one_counts() -> None:
    manifests = {
        "package-lock.json": b'{"packages": {"node_modules/express": {"version": "4.0.0"}}}',
        "package.json": b'{"dependencies": {"express": "^3.0.0"}}',
        "api/package.json": b'{"dependencies": {"express": "5.0.0"}}',
    }
    project = open_project(["main.ts", "api/main.ts"], manifests)
    assert project.version("main.ts", "express") == "4.0.0"
    assert project.version("api/main.ts", "express") == "5.0.0"
    assert project.version("main.py", "express") == ""
