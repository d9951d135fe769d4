"""Locks on another row: a parent row that both requests lock before they read."""

from __future__ import annotations

from looktwice.code.ir.effects import Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.questions.control import is_before
from looktwice.code.questions.transactions import share_transaction


def has_parent_lock(f: FunctionSummary, read: int, write: int) -> bool:
    """Whether a row of another table is locked before `read`, in the transaction of `write`.

    Rows that do not exist yet cannot be locked; the row that they belong to can.
    """
    r, w = f.effects[read], f.effects[write]
    return any(
        each.traits & Trait.LOCKS_ROW
        and each.target.name != w.target.name
        and is_before(f, each, r)
        and share_transaction(f, each, w)
        for each in f.effects
    )
