"""The board's traces: what is shipped holds together, and a fresh recording on a real PostgreSQL says the same."""

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


def test_orders_are_all_there_are() -> None:
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
    told = [trace for trace in sets["version"].traces if any(lane.status == 409 for lane in trace.lanes)]
    assert [trace.order for trace in told] == ["ABAB", "ABBA", "BAAB", "BABA"]
    for one in sets.values():
        for trace in one.traces:
            whole = all(lane.outcome is Outcome.OK for lane in trace.lanes)
            wrong = whole and trace.final not in [rows for _, rows in trace.serial]
            assert wrong == (trace.verdict is Verdict.DATA_WRONG), (one.variant, trace.order)
            assert trace.explanation


def test_what_is_shipped_agrees_with_the_page(shipped: dict[str, TraceSet]) -> None:
    agrees_with_the_page(shipped)
    assert all(one.recorded and one.traces[0].environment["PostgreSQL"] for one in shipped.values())


def test_orders_that_begin_alike_are_alike_as_far_as_they_go(shipped: dict[str, TraceSet]) -> None:
    """The board shows a position from any run that begins with it."""
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
    press = 0

    def key(step: object) -> int:
        nonlocal press
        press += step.held  # type: ignore[attr-defined]
        return press

    return key


@pytest.mark.thorough
def test_a_fresh_recording_says_the_same() -> None:
    agrees_with_the_page({one.variant: one for one in record(SHOP)})


def test_a_fresh_recording_of_the_code_as_written_loses_the_same(shipped: dict[str, TraceSet]) -> None:
    (fresh,) = record(SHOP, VARIANTS[:1])
    assert told(fresh) == told(shipped["written"])


def told(one: TraceSet) -> dict[str, object]:
    return {trace.order: (balance(trace), trace.verdict, [step.words for step in trace.steps]) for trace in one.traces}


def test_a_variant_that_no_longer_fits_the_application_says_so() -> None:
    stale = Variant("stale", "", {}, (Edit("shop/models.py", "class Purse", ""),))
    with pytest.raises(LooktwiceError, match=r"cannot change shop/models\.py"):
        record(SHOP, (stale,))
