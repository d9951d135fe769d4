"""Files into memory: what is worth reading, what could not be read, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from looktwice.audit.discover import Discovery, is_page
from looktwice.audit.endings import suffix
from looktwice.audit.gate import TooLargeError, skip_reason
from looktwice.core.event import Unread
from looktwice.core.file_kinds import PYTHON, SCHEMAS, SCRIPTS, consequence
from looktwice.core.files import LARGEST, UnreadableError, read_bytes
from looktwice.core.program_text import as_read
from looktwice.core.source import Source

MOST = (
    ((*SCHEMAS, "-lock.json", "-lock.yaml", ".lock"), 20_000_000),
    ((*PYTHON, *SCRIPTS), 10_000_000),
)
"""Bytes that are read of a file, by its ending; what of it is looked at is decided afterwards."""

WHY_SKIPPED = {
    "minified": "it is minified, and was not read",
    "generated": "it is marked as generated, and neither answers requests nor uses a store; it was not read",
}


class Files(Struct, frozen=True):
    """The contents of a tree, by path in order: `code` are programs, `context` schemas, manifests, locks and pages.

    `others` counts code that nothing here reads, by kind.
    """

    code: Mapping[str, bytes]
    context: Mapping[str, bytes]
    unread: tuple[Unread, ...]
    skipped: Mapping[str, int]
    others: Mapping[str, int] = {}

    @property
    def everything(self) -> dict[str, bytes]:
        return {**self.code, **self.context}

    @property
    def lines(self) -> int:
        return sum(as_read(Source(path, data)).line_count for path, data in self.code.items())


def read(root: Path, discovery: Discovery) -> Files:
    """Read what was discovered under the directory `root`. What cannot be read is in the result, with the reason."""
    code: dict[str, bytes] = {}
    context: dict[str, bytes] = {}
    unread = list(discovery.unread)
    skipped = Counter(discovery.skipped)
    programs = frozenset(discovery.code)
    has_scripts = any(suffix(path) not in PYTHON for path in programs)
    for path in (*discovery.code, *discovery.context):
        if is_page(path) and not has_scripts:
            continue
        try:
            data = read_bytes(root / path, most(path), root=root)
            reason = skip_reason(path, data) if path in programs else ""
        except (UnreadableError, TooLargeError) as error:
            unread.append(Unread(path, f"{error}{consequence(path)}", is_code=path in programs))
            continue
        if reason:
            skipped[f"files {reason}"] += 1
            unread.append(Unread(path, WHY_SKIPPED[reason]))
        else:
            (code if path in programs else context)[path] = data
    return Files(code, context, tuple(unread), dict(skipped), discovery.others)


def most(path: str) -> int:
    return next((size for endings, size in MOST if path.lower().endswith(endings)), LARGEST)
