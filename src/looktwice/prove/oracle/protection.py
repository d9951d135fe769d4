"""What kept two requests apart that really overlapped."""

from __future__ import annotations

from looktwice.core.trace import Outcome
from looktwice.prove.network.wire.sql_text import fingerprint, summary
from looktwice.prove.oracle.observation import Mechanism, Observation
from looktwice.prove.oracle.reading import Reading

# The first that fired is named: what the database enforced comes before what the application decided.
_RANK = ("lock", "constraint", "condition", "isolation", "refusal", "application lock")


def protecting(run: Observation, reading: Reading) -> Mechanism | None:
    """What kept the requests apart; an answer of 409 or 423 counts when nothing below it was seen to fire. A statement
    that finds no row when its request runs alone as well has protected nothing."""
    alone = {
        fired.statement
        for order, runs in reading.serial.items()
        if len(order) == 1
        for serial in runs
        for fired in serial.mechanisms
        if fired.kind == "condition"
    }
    fired = [one for one in run.mechanisms if one.kind != "condition" or one.statement not in alone]
    fired += [
        Mechanism(kind="refusal", subject=str(answer.status), lane=answer.lane)
        for answer in run.answers
        if answer.status in (409, 412, 423)
    ]
    return min(fired, key=lambda one: _RANK.index(one.kind), default=None)


def explain(mechanism: Mechanism, run: Observation) -> str:
    """The mechanism in words, with the statement at which it fired, and how the request that met it was answered."""
    statement = f" at `{summary(fingerprint(mechanism.statement))}`" if mechanism.statement else ""
    subject = f" {mechanism.subject}" if mechanism.subject else ""
    words = {
        "lock": f"one request waited for the other's lock on{subject or ' a row'}",
        "constraint": f"the constraint{subject} refused the row of one{_and_then(mechanism, run)}",
        "condition": f"the write of one to{subject or ' the row'} {_effect(mechanism)}",
        "isolation": f"the database refused one ({mechanism.detail or '40001'}){_and_then(mechanism, run)}",
        "refusal": f"the application refused one with{subject}",
        "application lock": "something inside the application kept one waiting",
    }
    detail = f" ({mechanism.detail})" if mechanism.detail and mechanism.kind == "lock" else ""
    return words[mechanism.kind] + detail + statement


def _effect(mechanism: Mechanism) -> str:
    if mechanism.detail.startswith("INSERT"):
        return "added nothing"
    return "changed nothing: its condition did not hold"


def _and_then(mechanism: Mechanism, run: Observation) -> str:
    answer = next((one for one in run.answers if one.lane == mechanism.lane), None)
    if answer is None or answer.status is None:
        return ""
    return ", which succeeded at last" if answer.outcome is Outcome.OK else f", which was answered {answer.status}"
