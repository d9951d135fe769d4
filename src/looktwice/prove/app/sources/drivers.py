"""Which PostgreSQL driver a project has, for one whose settings show another database."""

from __future__ import annotations

import re
from pathlib import Path

from looktwice.core.files import UnreadableError, read_start

_MANIFESTS = (
    "pyproject.toml",
    "requirements*.txt",
    "requirements/*.txt",
    "Pipfile",
    "setup.py",
    "setup.cfg",
    "uv.lock",
)
_LARGEST = 1 << 20  # bytes
# The first whose pattern is found decides. An address that is asked without waiting needs a driver that does so.
_WAITING = ((r"\bpsycopg2\b", "postgresql"), (r"\bpsycopg\b(?!2)", "postgresql+psycopg"))
_NOT_WAITING = ((r"\basyncpg\b", "postgresql+asyncpg"), (r"\bpsycopg\b(?!2)", "postgresql+psycopg"))
_NODE = r'"(?:pg|postgres|@prisma/adapter-pg|@neondatabase/serverless)"\s*:'


def scheme(root: Path, example: str) -> str:
    """The scheme of an address of PostgreSQL that the project can use in place of the example's; "" when nothing says
    that it can. example: an address of SQLite."""
    if example.startswith(("file:", "libsql:")):
        return ""  # Prisma's: the kind of database is written in the schema
    text = "\n".join(_text(path) for pattern in _MANIFESTS for path in sorted(root.glob(pattern)))
    drivers = _NOT_WAITING if "+aio" in example else _WAITING
    found = next((scheme for pattern, scheme in drivers if re.search(pattern, text)), "")
    return found or ("postgresql" if re.search(_NODE, _text(root / "package.json")) else "")


def _text(path: Path) -> str:
    try:
        return read_start(path, _LARGEST).decode("utf-8", "replace")
    except UnreadableError:
        return ""
