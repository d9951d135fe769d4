"""The plain words of a trace: what a statement did, in the present tense, with the values that count."""

from __future__ import annotations

from collections.abc import Sequence

from looktwice.core.trace import Row
from looktwice.prove.network.gate import Action, Answer, Away, Cut, Fail, Forward, Hang, Slow, Stale
from looktwice.prove.network.wire.operation import Operation, Result

_LONGEST_VALUE = 40


def short(table: str) -> str:
    """`public.wallets` → `wallets`; another schema stays."""
    return table.removeprefix("public.")


_ATTEMPTS = {
    "reads": "tries to read",
    "locks and reads": "tries to lock and read",
    "insert": "tries to add a row to",
    "delete": "tries to delete from",
    "commits": "tries to commit",
}


def attempt_words(verb: str, subject: str = "") -> str:
    """For what was requested and did not happen: "tries to write wallets"."""
    return f"{_ATTEMPTS.get(verb, 'tries to write')} {subject}".rstrip()


def read_words(tables: Sequence[str], result: Result | None, rows: Sequence[Row], verb: str) -> str:
    """For example "reads wallets: balance 100", "finds nothing in coupons"."""
    subject = rows[0].table if rows else ", ".join(dict.fromkeys(map(short, tables))) or "the database"
    if result is None or result.failure is not None:  # what it would have found is unknown
        return attempt_words(verb, subject)
    if result.rows == 0:
        return f"finds nothing in {subject}"
    if rows and len(rows) == 1 and rows[0].values:
        return f"{verb} {subject}: {values_words(rows[0])}"
    if result.rows == 1 and len(result.columns) == 1 and result.sample:
        return f"{verb} {subject}: {result.columns[0]} {value_word(result.sample[0][0])}"
    return f"{verb} {result.rows} row{'s' * (result.rows != 1)} of {subject}"


def write_words(
    operation: Operation, result: Result | None, table: str, before: Sequence[Row], after: Sequence[Row]
) -> str:
    """For example "writes wallets: balance 100 → 150", "adds a row to orders: status pending"."""
    subject = short(table) or "the database"
    verb = operation.fingerprint.split(" ", 1)[0]
    if operation.atomic:
        return f"sends {operation.fingerprint.count(';') + 1} statements in one message"
    if not before and not after and (result is None or result.failure is not None):
        return attempt_words(verb, subject)
    if result is not None and result.affected == 0:
        return f"adds nothing to {subject}" if verb == "insert" else f"changes nothing in {subject}: no row matches"
    if verb == "insert":
        return f"adds a row to {subject}" + (f": {values_words(after[0])}" if len(after) == 1 else "")
    if verb == "delete":
        return f"deletes from {subject}" + (f": {values_words(before[0])}" if len(before) == 1 else "")
    if len(before) == 1 and len(after) == 1:
        return f"writes {subject}: {change_words(before[0], after[0])}"
    count = len(after) or (result.affected if result is not None and result.affected else 0)
    return f"writes {count} rows of {subject}" if count else f"writes {subject}"


def values_words(row: Row) -> str:
    return ", ".join(f"{name} {value_word(value)}" for name, value in row.values.items())


def change_words(before: Row, after: Row) -> str:
    """For example "balance 100 → 150", or what stands there when nothing changed."""
    changed = [
        f"{name} {value_word(before.values.get(name))} → {value_word(value)}"
        for name, value in after.values.items()
        if before.values.get(name) != value
    ]
    return ", ".join(changed) or f"{values_words(after)}, as before"


def value_word(value: str | None) -> str:
    if value is None:
        return "null"
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"


def fault_words(action: Action) -> str:
    """What was done to an operation, for the step that shows it."""
    if isinstance(action, Cut):
        return f"the connection breaks {action.point.value}"
    if isinstance(action, Fail):
        return f"the other side answers with the error {action.code}"
    if isinstance(action, Hang):
        return "no reply ever comes" + (", though it is carried out" if action.has_effect else "")
    if isinstance(action, Slow):
        return f"the reply comes after {action.seconds:g} s"
    if isinstance(action, Answer):
        start = action.body[:60].decode("utf-8", "replace")
        return f"the other side answers {action.status} with {start or 'nothing'}"
    if isinstance(action, Stale):
        return "the connections that the pool kept are broken"
    if isinstance(action, Away):
        return "the database is unreachable"
    assert isinstance(action, Forward)
    return ""
