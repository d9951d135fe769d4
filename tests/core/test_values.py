"""Every value in core survives a round trip through JSON and msgpack."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looktwice import core
from looktwice.core.event import Event
from looktwice.core.evidence import Evidence


def structs() -> list[type[msgspec.Struct]]:
    found = []
    for module in pkgutil.iter_modules(core.__path__):
        loaded = importlib.import_module(f"looktwice.core.{module.name}")
        found += [
            it
            for _, it in inspect.getmembers(loaded, inspect.isclass)
            if issubclass(it, msgspec.Struct) and it.__module__ == loaded.__name__
        ]
    return found


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


def strategy(kind: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return JSON
    if origin is Annotated:  # whole numbers within bounds
        (bounds,) = (it for it in arguments[1:] if isinstance(it, msgspec.Meta))
        return st.integers(bounds.ge, bounds.le)
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        return st.lists(strategy(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(strategy, arguments))
    if origin is dict:
        return st.dictionaries(strategy(arguments[0]), strategy(arguments[1]), max_size=2)
    if arguments:  # a union
        return st.one_of(*map(strategy, arguments))
    if inspect.isclass(kind) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        return st.deferred(lambda: st.builds(kind, **{name: strategy(hints[name]) for name in kind.__struct_fields__}))
    simple = {str: TEXT, int: st.integers(-(2**53), 2**53), bool: st.booleans(), type(None): st.none()}
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    return simple[kind] if kind in simple else st.sampled_from(list(kind))


@pytest.mark.parametrize("kind", structs(), ids=lambda kind: kind.__name__)
def test_round_trip(kind: type[msgspec.Struct]) -> None:
    @settings(max_examples=15, deadline=None)
    @given(strategy(kind))
    def holds(value: msgspec.Struct) -> None:
        assert msgspec.json.decode(msgspec.json.encode(value), type=kind) == value
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind) == value

    holds()


@pytest.mark.parametrize("union", [Event, Evidence], ids=["Event", "Evidence"])
def test_members_of_a_union_are_distinguished(union: Any) -> None:
    for kind in get_args(union):
        value = strategy(kind)

        @settings(max_examples=5, deadline=None)
        @given(value)
        def holds(value: msgspec.Struct) -> None:
            assert msgspec.json.decode(msgspec.json.encode(value), type=union) == value

        holds()


@pytest.mark.parametrize("kind", structs(), ids=lambda kind: kind.__name__)
def test_values_are_frozen_and_documented(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__doc__ or len(kind.__struct_fields__) <= 12  # small structs need no docstring
    for field in msgspec.structs.fields(kind):
        assert not isinstance(field.default, list | dict)
