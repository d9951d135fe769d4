"""Pieces of a run: the balance of a wallet, and what a request does to it."""

from __future__ import annotations

from looktwice.core.trace import Row, StepKind, TraceStep


def balance(value: str | None) -> tuple[Row, ...]:
    return (Row("wallets", {"id": "1"}, {"balance": value}),)


def step(lane: str, kind: StepKind, before: str | None = None, after: str | None = None, **more) -> TraceStep:
    return TraceStep(
        lane=lane, kind=kind, words=f"{kind}s the balance", statement=f"SQL {kind}",
        before=balance(before) if before else (), after=balance(after) if after else (), **more,
    )  # fmt: skip
