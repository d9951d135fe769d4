"""What must hold for any run: other names and another order of rows change nothing, another number does."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import SCHEMA, START, delete, insert, moment, run, update

from looktwice.prove.oracle import Observation, Reading
from looktwice.prove.oracle.scalar import number, parse_moment
from looktwice.prove.servers.postgres.change import RowChange

MANY = settings(max_examples=60, deadline=None)
SHAPES = st.lists(
    st.tuples(
        st.integers(0, 2),  # how many lines
        st.sampled_from([5, 7, 7.5]),  # total
        st.booleans(),  # shares the token of the one before
        st.sampled_from(["x", "y"]),
    ),
    min_size=1,
    max_size=4,
)


class Names:
    """Where made-up values come from: one seed, one set of names, never two alike."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._used: set[int] = set()

    def number(self) -> int:
        while (made := self._random.randrange(10_000, 10_000_000)) in self._used:
            pass
        self._used.add(made)
        return made

    def token(self) -> str:
        return "".join(self._random.choice("ghjkmnpqrstvwxyz") for _ in range(20))


def build(shape: list[tuple[int, float, bool, str]], seed: int, balance: int = 70) -> Observation:
    """A run of a fixed shape under the names of `seed`."""
    names, at = Names(seed), START + seed * 1.7
    changes: list[RowChange] = [update("wallet", {"id": 1, "balance": 100, "version": 1}, balance=balance)]
    answers: list[dict[str, Any]] = []
    token = names.token()
    for lines, total, shares, item in shape:
        token = token if shares else names.token()
        order = names.number()
        changes.append(
            insert("purchase", id=order, wallet_id=1, token=token, total=total, made=moment(at), note=f'"/o/{order}"')
        )
        changes += [insert("line", id=names.number(), purchase_id=order, item=item) for _ in range(lines)]
        answers.append({"id": order, "token": token, "href": f"/orders/{order}", "total": total})
    changes.append(delete("wallet", id=2, balance=1, version=1))
    return run({"A": (201, answers), "B": (200, None)}, changes, at=at)


def reading(shape: list[tuple[int, float, bool, str]]) -> Reading:
    return Reading({("A", "B"): tuple(build(shape, seed) for seed in range(3)), (): (run({}),)}, SCHEMA)


@MANY
@given(shape=SHAPES, seed=st.integers(10, 10_000))
def test_other_names_are_the_same_run(shape: list[Any], seed: int) -> None:
    known = reading(shape)
    baseline, renamed = build(shape, 1), build(shape, seed)
    assert known.state(renamed) == known.state(baseline)
    assert known.whole(renamed) == known.whole(baseline)


@MANY
@given(shape=SHAPES, seed=st.integers(0, 10_000))
def test_the_order_of_rows_means_nothing(shape: list[Any], seed: int) -> None:
    known, baseline = reading(shape), build(shape, 1)
    changes = list(baseline.changes)
    random.Random(seed).shuffle(changes)
    assert known.whole(msgspec.structs.replace(baseline, changes=tuple(changes))) == known.whole(baseline)


@MANY
@given(shape=SHAPES, seed=st.integers(10, 10_000), balance=st.integers(-200, 200))
def test_a_number_is_never_hidden(shape: list[Any], seed: int, balance: int) -> None:
    """Whatever else differs: two runs with unlike balances are unlike, also where the balance looks like an id."""
    known = reading(shape)
    same = known.state(build(shape, seed, balance)) == known.state(build(shape, 1))
    assert same == (balance == 70)


@MANY
@given(one=SHAPES, other=SHAPES)
def test_runs_of_unlike_shape_are_unlike(one: list[Any], other: list[Any]) -> None:
    def form(shape: list[tuple[int, float, bool, str]]) -> list[Any]:
        """What a reader would compare: purchases in groups that share a token, each with its lines."""
        groups: list[list[Any]] = []
        for index, (lines, total, shares, item) in enumerate(shape):
            if not shares or index == 0:
                groups.append([])
            groups[-1].append((total, lines, item if lines else ""))
        return sorted(sorted(group) for group in groups)

    known = reading(one)
    assert (known.state(build(other, 77)) == known.state(build(one, 1))) == (form(one) == form(other))


@MANY
@given(shape=SHAPES, seed=st.integers(10, 10_000))
def test_one_id_in_the_wrong_place_is_seen(shape: list[Any], seed: int) -> None:
    """A line is hung at another purchase than the one it was made for."""
    known, seen = reading(shape), build(shape, seed)
    orders = [change.after for change in seen.changes if change.table == "public.purchase" and change.after]
    moved = [change for change in seen.changes if change.table == "public.line"][:1]
    others = [
        order["id"]
        for order in orders
        for change in moved
        if change.after and order["id"] != change.after["purchase_id"] and order["total"] != _total(orders, change)
    ]
    if not others:
        return
    wrong = [
        msgspec.structs.replace(change, after={**(change.after or {}), "purchase_id": others[0]})
        if change in moved
        else change
        for change in seen.changes
    ]
    changed = msgspec.structs.replace(seen, changes=tuple(wrong))
    lines = sorted(shape_line(order, changed.changes) for order in orders)
    if lines != sorted(shape_line(order, seen.changes) for order in orders):
        assert known.state(changed) != known.state(seen)


def shape_line(order: dict[str, str | None], changes: tuple[RowChange, ...]) -> tuple[str, list[str]]:
    """What a purchase is to a reader: its total, its lines' items."""
    mine = [c.after["item"] or "" for c in changes if c.after and c.after.get("purchase_id") == order["id"]]
    return order["total"] or "", sorted(mine)


def _total(orders: list[dict[str, str | None]], line: RowChange) -> str | None:
    assert line.after is not None
    return next(order["total"] for order in orders if order["id"] == line.after["purchase_id"])


@MANY
@given(st.text(max_size=40))
def test_any_text_is_read_as_something(text: str) -> None:
    assert parse_moment(text) is None or isinstance(parse_moment(text), float)
    assert number(text).kind in ("number", "text")
