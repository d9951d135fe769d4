"""Rows that only record what happened: logs, audits, attempts. One too many or too few breaks nothing."""

from __future__ import annotations

import re

_WORDS = ("log", "audit", "history", "activity", "activitie", "attempt", "metric", "statistic", "analytic", "visit")
NOTES = re.compile(rf"((?:^|_)({'|'.join(_WORDS)})|(?<=[a-z0-9])({'|'.join(map(str.capitalize, _WORDS))}))s?$")
"""The last word of a name in snake or camel case: AuditLog and login_attempts, and not Catalog or Blog."""


def is_bookkeeping(target: str) -> bool:
    """Whether an entity, by its key or table, only records what happened and has no state of its own."""
    name = target.rpartition(":")[2]
    name = name.removesuffix("Entry").removesuffix("Record")
    return bool(NOTES.search(name) or NOTES.search(name[:1].lower() + name[1:]))


def counts_attempts(target: str) -> bool:
    """Whether an entity records attempts, of which there may be many on purpose."""
    return target.rpartition(":")[2].lower().endswith(("attempt", "attempts"))
