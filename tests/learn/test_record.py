"""The board's traces: the shipped ones are consistent, and a new recording on a real PostgreSQL agrees with them."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from looktwice.core.errors import LooktwiceError
from looktwice.core.trace import Outcome, Trace, TraceSet, Verdict
from looktwice.learn.content import traces
from looktwice.learn.record import VARIANTS, Edit, Variant, orders, record

SHOP = Path(__file__).parents[2] / "examples" / "shop"
WRONG = {"ABAB": "130", "ABBA": "150", "BAAB": "130", "BABA": "150"}


@pytest.fixture(scope="module")
def shipped() -> dict[str, TraceSet]:
    return {one.variant: one for one in traces("lost_update.json")}


def balance(trace: Trace) -> str | None:
    return trace.final[0].values["balance"]


def test_orders_are_complete() -> None:
    assert orders(1) == ["AB", "BA"]
    assert orders(2) == ["AABB", "ABAB", "ABBA", "BAAB", "BABA", "BBAA"]
    assert len(orders(3)) == 20


def agrees_with_the_page(sets: dict[str, TraceSet]) -> None:
    assert list(sets) == ["written", "fixed", "atomic", "version"]
    written = {trace.order: trace for trace in sets["written"].traces}
    assert list(written) == orders(2)
    assert {order: balance(trace) for order, trace in written.items() if trace.verdict == Verdict.DATA_WRONG} == WRONG
    for variant in ("fixed", "atomic"):
        assert {balance(trace) for trace in sets[variant].traces} == {"180"}
        assert all(lane.outcome is Outcome.OK for trace in sets[variant].traces for lane in trace.lanes)
    locked = [trace for trace in sets["fixed"].traces if any(step.waits_for for step in trace.steps)]
    assert [trace.order for trace in locked] == ["ABAB", "ABBA", "BAAB", "BABA"]
    refused = [trace for trace in sets["version"].traces if any(lane.status == 409 for lane in trace.lanes)]
    assert [trace.order for trace in refused] == ["ABAB", "ABBA", "BAAB", "BABA"]
    for one in sets.values():
        for trace in one.traces:
            whole = all(lane.outcome is Outcome.OK for lane in trace.lanes)
            wrong = whole and trace.final not in [rows for _, rows in trace.serial]
            assert wrong == (trace.verdict is Verdict.DATA_WRONG), (one.variant, trace.order)
            assert trace.explanation


def test_the_shipped_traces_agree_with_the_page(shipped: dict[str, TraceSet]) -> None:
    agrees_with_the_page(shipped)
    assert all(one.recorded and one.traces[0].environment["PostgreSQL"] for one in shipped.values())


def test_orders_with_a_common_prefix_agree_on_it(shipped: dict[str, TraceSet]) -> None:
    """The board may show a position from any run that starts with it."""
    for one in shipped.values():
        begun: dict[str, bytes] = {}
        for trace in one.traces:
            presses = [list(steps) for _, steps in groupby(trace.steps, key=counter())]
            for length, _ in enumerate(trace.order, 1):
                steps = [msgspec.structs.replace(step, at=0) for group in presses[:length] for step in group]
                seen = begun.setdefault(trace.order[:length], msgspec.json.encode(steps))
                assert seen == msgspec.json.encode(steps), (one.variant, trace.order, length)
            assert len(presses) == len(trace.order)


def counter() -> object:
    move = 0

    def key(step: object) -> int:
        nonlocal move
        move += step.held  # type: ignore[attr-defined]
        return move

    return key


@pytest.mark.thorough
def test_a_new_recording_agrees() -> None:
    agrees_with_the_page({one.variant: one for one in record(SHOP)})


def test_a_new_recording_of_the_code_as_written_agrees(shipped: dict[str, TraceSet]) -> None:
    (fresh,) = record(SHOP, VARIANTS[:1])
    assert outcomes(fresh) == outcomes(shipped["written"])


def outcomes(one: TraceSet) -> dict[str, object]:
    return {trace.order: (balance(trace), trace.verdict, [step.words for step in trace.steps]) for trace in one.traces}


def test_a_variant_that_no_longer_applies_is_reported() -> None:
    stale = Variant("stale", "", {}, (Edit("shop/models.py", "class Purse", ""),))
    with pytest.raises(LooktwiceError, match=r"cannot change shop/models\.py"):
        record(SHOP, (stale,))
