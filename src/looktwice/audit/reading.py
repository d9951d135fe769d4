"""Files into memory: what is worth reading, what could not be read, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from looktwice.audit.discover import Discovery, is_code, plain
from looktwice.audit.gate import TooLargeError, skip_reason
from looktwice.core.event import Unread


class Files(Struct, frozen=True):
    """The contents of a tree, by path in order: `code` are programs, `context` schemas, manifests and lock files."""

    code: Mapping[str, bytes]
    context: Mapping[str, bytes]
    unread: tuple[Unread, ...]
    skipped: Mapping[str, int]

    @property
    def everything(self) -> dict[str, bytes]:
        return {**self.code, **self.context}

    @property
    def lines(self) -> int:
        return sum(data.count(b"\n") + (not data.endswith(b"\n") and data != b"") for data in self.code.values())


def read(root: Path, discovery: Discovery) -> Files:
    """Read what was discovered under the directory `root`. What cannot be read is in the result, with the reason."""
    code: dict[str, bytes] = {}
    context: dict[str, bytes] = {}
    unread = list(discovery.unread)
    skipped = Counter(discovery.skipped)
    for path in (*discovery.code, *discovery.context):
        try:
            data = (root / path).read_bytes()
            reason = skip_reason(path, data)
        except OSError as error:
            unread.append(Unread(path, plain(error)))
            continue
        except TooLargeError as error:
            unread.append(Unread(path, str(error)))
            continue
        if reason and is_code(path):
            skipped[f"files {reason}"] += 1
        else:
            (code if is_code(path) else context)[path] = data
    return Files(code, context, tuple(unread), dict(skipped))
