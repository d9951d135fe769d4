"""What an audit remembers under `.looktwice/cache`: the result for a tree that has not changed.

Everything is keyed by content and by the version of looktwice, so there is nothing to invalidate. Files are written
beside their place and moved into it, so that a reader never sees half of one, whatever interrupts the writer; a check
sum turns any other damage into "not there". Nothing here ever fails an audit: without a cache it only takes longer.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path

from looktwice.core.files import UnreadableError, read_bytes

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
    """A digest of looktwice itself as it is installed: names, sizes and times of its modules, models and pages."""
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
    """The cache of one audited root. `enabled` False reads and writes nothing."""

    def __init__(self, root: Path, enabled: bool = True) -> None:
        self.directory = root / DIRECTORY
        self.enabled = enabled

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
        with contextlib.suppress(OSError):
            self._prepare()
            write_whole(self.directory / name, _MAGIC + key + digest(payload) + payload)

    def _prepare(self) -> None:
        """The directory, which git and backups leave alone."""
        if self.directory.is_dir():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        write_whole(self.directory / ".gitignore", b"*\n")
        write_whole(self.directory / "CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55\n")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is either there whole or not changed at all. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
