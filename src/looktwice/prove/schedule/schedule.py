"""A schedule: whose turn it is, and how far they go. It is data, so that a proof can be repeated."""

from __future__ import annotations

from msgspec import Struct

from looktwice.prove.network.wire.sql_text import summary


class Point(Struct, frozen=True):
    """The moment before the `occurrence`-th operation (from 1) of a lane with this fingerprint."""

    fingerprint: str
    occurrence: int = 1


class Turn(Struct, frozen=True, tag="turn"):
    """`lane` runs until just before `until`, or to its end: answered, and nothing left open."""

    lane: str
    until: Point | None = None


class Pause(Struct, frozen=True, tag="pause"):
    """No lane moves for so many seconds: what holding alone does, without the other request."""

    seconds: float


Schedule = tuple[Turn | Pause, ...]


def serial(*lanes: str) -> Schedule:
    """One after the other."""
    return tuple(Turn(lane) for lane in lanes)


def preempted(first: str, at: Point, second: str) -> Schedule:
    """`second` runs whole inside `first`, just before `at`."""
    return (Turn(first, at), Turn(second), Turn(first))


def explain(schedule: Schedule) -> str:
    """The schedule in words: "A until before `update wallet`, B to the end, A to the end"."""
    words = []
    for step in schedule:
        if isinstance(step, Pause):
            words.append(f"{step.seconds * 1000:.0f} ms of pause")
        elif step.until is None:
            words.append(f"{step.lane} to the end")
        else:
            nth = "" if step.until.occurrence == 1 else f" (time {step.until.occurrence})"
            words.append(f"{step.lane} until before `{summary(step.until.fingerprint)}`{nth}")
    return ", ".join(words)
