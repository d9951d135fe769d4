"""What may stand in a tree where a file should: pipes, sockets, devices, links in circles, names that are no names."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random

PLACES = (
    *(".gitignore", "sub/.gitignore", "package.json", "tsconfig.json", "tsconfig.base.json", "pyproject.toml"),
    *("looktwice.toml", "prisma/schema.prisma", "migrations/1.sql", "requirements.txt", "poetry.lock", "Pipfile.lock"),
    *("package-lock.json", "yarn.lock", "app.py", "src/app.js", "src/x.ts", "public/index.html", ".env", "Procfile"),
    *("docker-compose.yml", "Dockerfile", ".looktwice/cache/result", ".looktwice/proofs/one.json", ".git/info/exclude"),
)
NOT_REPORTED = ("looktwice.toml", "public/", ".env", "Procfile", "docker-compose.yml", "Dockerfile", ".looktwice/")
"""What is refused, is no part of an audit, or only helps to tell browser code."""
ODD_NAMES = (
    "a\nb.py", "a\x1b[31mb.py", "a:b.py", "a\\b.py", " .py", "-rf.py", "é\u202ea.py", "~.py", "%s.py", "{0}.py",
    "a'b\".js", "x" * 200 + ".py", "CON.py", "$(x).ts", "a b/c d.py",
    "a:b/c:d.js", "..a/b.py", "node.js/x.py", "*.py", "[a].ts",
)  # fmt: skip


def strange(root: Path, random: Random) -> dict[str, str]:
    """Put one to three strange things into a tree. Gives the paths that an audit has to report, and why."""
    expected: dict[str, str] = {}
    for _ in range(random.randint(1, 3)):
        kind = random.choice(sorted(KINDS))
        where = random.choice(PLACES)
        path = root / where
        if not path.parent.is_dir() or path.parent.is_symlink():
            continue
        remove(path)
        expected.pop(where, None)
        KINDS[kind](path, random)
        is_inner = kind not in OUTER and path.is_symlink() and where.endswith((".py", ".js", ".ts"))
        if kind in REPORTED and not where.startswith(NOT_REPORTED) and not is_inner and not where.startswith(".git/"):
            expected[where] = kind
    for name in random.sample(ODD_NAMES, random.randint(0, 3)):
        path = root / "odd" / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                b"import sqlalchemy\ndef f(x): return x.y(\n" if name.endswith(".py") else b"export const a = 1;\n"
            )
        except OSError:
            continue  # a name that this file system has not
    if random.random() < 0.2:
        raw = os.fsencode(root) + b"/odd\xff\xfe.py"
        with open(raw, "wb"):
            pass
    return {path: kind for path, kind in expected.items() if os.path.lexists(root / path)}


def _pipe(path: Path, random: Random) -> None:
    os.mkfifo(path)


def _socket(path: Path, random: Random) -> None:
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as it:  # the name of a socket must be short
        os.chdir(path.parent)
        try:
            it.bind(path.name)
        finally:
            os.chdir(here)


def _folder(path: Path, random: Random) -> None:
    path.mkdir()
    if random.random() < 0.5:
        (path / "inside.py").write_text("x = 1\n")


def _link(target: str) -> Callable[[Path, Random], None]:
    return lambda path, random: path.symlink_to(target)


def _circle(path: Path, random: Random) -> None:
    other = path.with_name(path.name + ".other")
    remove(other)
    other.symlink_to(path.name)
    path.symlink_to(other.name)


def _huge(path: Path, random: Random) -> None:
    """Three gigabytes of zeros that take no room."""
    with path.open("wb") as file:
        file.truncate(3_000_000_000)


def _locked(path: Path, random: Random) -> None:
    path.write_text("{}")
    path.chmod(0)  # root reads it all the same


def _empty(path: Path, random: Random) -> None:
    path.write_bytes(b"")


def _deep(path: Path, random: Random) -> None:
    for _ in range(random.choice((10, 10, 10, 300))):
        path = path / "d"
    try:
        path.mkdir(parents=True)
        (path / "a.py").write_text("x = 1\n")
    except OSError:
        pass


KINDS: dict[str, Callable[[Path, Random], None]] = {
    "a pipe": _pipe,
    "a socket": _socket,
    "a folder": _folder,
    "a link to a device without end": _link("/dev/zero"),
    "a link to a terminal": _link("/dev/tty"),
    "a link to itself": _link("."),
    "a link to nowhere": _link("nowhere/at/all"),
    "a link out of the tree": _link("/etc/passwd"),
    "links in a circle": _circle,
    "a huge file": _huge,
    "a locked file": _locked,
    "an empty file": _empty,
    "deep folders": _deep,
}
REPORTED = frozenset(
    {
        "a pipe",
        "a socket",
        "a link to a device without end",
        "a link out of the tree",
        "links in a circle",
        "a huge file",
    }
)
OUTER = frozenset({"a link to a device without end", "a link out of the tree"})
"""Links that are reported in the place of a program, too; one that stays inside is read where it leads to."""


def remove(path: Path) -> None:
    """Whatever stands there, and everything in it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        os.chmod(folder, 0o700)
    shutil.rmtree(path, ignore_errors=True)
