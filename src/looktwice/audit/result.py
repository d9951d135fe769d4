"""What a tree's contents alone decide."""

from __future__ import annotations

from msgspec import Struct

from looktwice.audit.suppress import InlineSuppression
from looktwice.core.coverage import Coverage
from looktwice.core.event import Noted, Unread
from looktwice.core.finding import Finding


class Result(Struct, frozen=True, array_like=True):
    """Findings before selection and suppression, and what else the contents say; this is what the cache keeps."""

    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    notes: tuple[Noted, ...]
    suppressions: tuple[InlineSuppression, ...]
    statistics: dict[str, float]
    coverage: Coverage = Coverage()  # without what the user accepts
