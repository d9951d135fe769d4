"""Helpers for the adapters' tests: reading a whole text, and comparing trees without positions."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.syntax.languages import Parsed, adapter_for
from looktwice.code.syntax.tree import Argument, Case, Catch, Clause, Entry, Function, Module, Node, Parameter, Scoped
from looktwice.core.source import Source

PARTS = (Node, Argument, Case, Catch, Clause, Entry, Parameter, Scoped)
PLACES = ("start", "end", "returns", "annotation", "exported")


def parsed(text: str | bytes, path: str) -> Parsed:
    adapter = adapter_for(path)
    assert adapter is not None
    return adapter.parse(Source(path, text if isinstance(text, bytes) else text.encode()))


def whole(text: str | bytes, path: str) -> Module:
    """The outline with the bodies of all its functions."""
    file = parsed(text, path)
    module = file.outline()
    for node in inside(module):
        if isinstance(node, Function) and not node.body:
            node.body = file.body(node)
    return module


def fields(part: object) -> Iterator[tuple[str, object]]:
    yield from ((name, getattr(part, name)) for name in part.__struct_fields__)  # type: ignore[attr-defined]


def inside(part: object) -> Iterator[object]:
    """A node and its descendants, outermost first."""
    waiting = [part]
    while waiting:
        current = waiting.pop()
        if isinstance(current, PARTS):
            yield current
            waiting.extend(value for _, value in reversed(list(fields(current))))
        elif isinstance(current, tuple):
            waiting.extend(reversed(current))


def shape(part: object) -> object:
    """A node as plain tuples, without positions and types: what two languages must agree on."""
    if isinstance(part, PARTS):
        kept = {name: shape(value) for name, value in fields(part) if name not in PLACES}
        return (
            type(part).__name__,
            *((name, value) for name, value in kept.items() if value not in ("", (), False, None)),
        )
    return tuple(map(shape, part)) if isinstance(part, tuple) else part
