"""Rows that only note what happened: logs, audits, attempts. One too many, or one too few, breaks nothing."""

from __future__ import annotations

import re

NOTES = re.compile(
    r"(log|logs|audit|history|activity|activities|attempt|attempts|metric|metrics|statistic|analytics|visit)$", re.I
)


def is_bookkeeping(target: str) -> bool:
    """Whether an entity, by its key or table, holds notes about what happened and no state of its own."""
    name = target.rpartition(":")[2]
    return bool(NOTES.search(name.removesuffix("Entry").removesuffix("Record")))


def counts_attempts(target: str) -> bool:
    """Whether an entity holds tries, of which there may be many on purpose."""
    return target.rpartition(":")[2].lower().endswith(("attempt", "attempts"))
