"""What an audit remembers under `.looktwice/cache`: the result for a tree that has not changed.

Everything is keyed by content and by the version of looktwice, so there is nothing to invalidate. A check sum turns
damage into "not there". Nothing here ever fails an audit: without a cache it only takes longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path

from looktwice.core.beneath import OutsideError
from looktwice.core.errors import LooktwiceError
from looktwice.core.files import UnreadableError, read_bytes
from looktwice.core.writing import write_inside

DIRECTORY = Path(".looktwice") / "cache"
_MAGIC = b"looktwice cache 1\n"
_DIGEST = 16
LARGEST = 500_000_000
"""Bytes of a stored result that are read; the largest tree that was seen has a hundredth of it."""


def digest(*parts: bytes) -> bytes:
    """blake2b over the parts, each with its length, so that no two lists of parts collide."""
    hasher = blake2b(digest_size=_DIGEST)
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)
    return hasher.digest()


@cache
def our_version() -> bytes:
    """A digest of the installed looktwice itself: names, sizes and times of its modules, models and pages."""
    package = Path(__file__).parent.parent
    stats = []
    for directory in ("core", "code", "patterns", "audit"):
        for folder, _, names in os.walk(package / directory):
            for name in names:
                if name.endswith((".py", ".toml", ".md")):
                    status = os.stat(os.path.join(folder, name))
                    stats.append(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}")
    return digest(*(line.encode() for line in sorted(stats)))


def tree_key(files: Iterable[tuple[str, bytes]], settings: bytes) -> bytes:
    """The key of a whole audit: every path with its content, the settings, and our version."""
    return digest(our_version(), settings, *(part for path, data in files for part in (path.encode(), digest(data))))


class Cache:
    """The cache of one audited root. `enabled` False reads and writes nothing; `refused` says why nothing was stored,
    where that is a danger and not only a nuisance."""

    def __init__(self, root: Path, enabled: bool = True) -> None:
        self.root = root
        self.directory = root / DIRECTORY
        self.enabled = enabled
        self.refused = ""

    def result(self, key: bytes) -> bytes | None:
        """The stored result of the audit with this key."""
        return self._read("result", key)

    def store_result(self, key: bytes, payload: bytes) -> None:
        self._write("result", key, payload)

    def _read(self, name: str, key: bytes) -> bytes | None:
        if not self.enabled:
            return None
        try:
            data = read_bytes(self.directory / name, LARGEST)
        except UnreadableError:
            return None
        head = len(_MAGIC) + 2 * _DIGEST
        payload = data[head:]
        expected = _MAGIC + key + digest(payload)
        return payload if data[:head] == expected else None

    def _write(self, name: str, key: bytes, payload: bytes) -> None:
        if not self.enabled:
            return
        files = {name: _MAGIC + key + digest(payload) + payload}
        if not self.directory.is_dir():  # a new directory, which git and backups leave alone
            files |= {".gitignore": b"*\n", "CACHEDIR.TAG": b"Signature: 8a477f597d28d172789f06886806bc55\n"}
        try:
            for file, data in files.items():
                write_inside(self.root, DIRECTORY / file, data)
        except OutsideError as error:
            self.refused = str(error)
        except LooktwiceError:
            pass
