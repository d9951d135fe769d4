"""Whose something is, where it stands, and the names that belong to the language itself."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from msgspec import Struct

from looktwice.code.coverage.verbs import listed
from looktwice.code.syntax.tree import Mapping as ObjectLiteral
from looktwice.code.syntax.tree import Name, Node, Parameter

GLOBALS = listed(
    """
    console process document window globalThis global Math JSON Object Array Promise Date Number String Boolean Map Set
    WeakMap WeakSet Symbol Reflect Proxy Intl Buffer URL URLSearchParams Error RegExp BigInt performance crypto
    localStorage sessionStorage navigator history location module exports $ jQuery angular describe it test expect jest
    vi beforeEach afterEach beforeAll afterAll setTimeout setInterval fetch caches Headers Request Response FormData
    chrome browser Ext Backbone d3 io Record Function File Blob Uint8Array ArrayBuffer ReadableStream AbortSignal
    AbortController Iterable AsyncIterable Pick Omit Exclude Extract
    """
)
"""Names that browsers, Node and test runners define."""
RUNTIMES = {"Deno": "deno", "Bun": "bun"}
"""Names that a runtime defines, and the package that stands for it."""
ANYTHING = listed("any unknown object Any")
"""Types that say nothing."""
WRAPPERS = listed(
    """
    Optional Union Annotated Promise Awaited Readonly Partial Required NonNullable Final ClassVar Type type | Depends
    AsyncGenerator Generator AsyncIterator Iterator AsyncIterable Iterable Coroutine Awaitable list List Array Sequence
    tuple Tuple InstanceType ReturnType Mapped
    """
)
"""Generic types that stand for what is in them."""


class Kind(IntEnum):
    PLAIN = 0
    LIBRARY = 1
    PROJECT = 2
    UNKNOWN = 3


class Owner(Struct, frozen=True):
    """Whose an object is. symbol: a library's dotted name, or the project's class, function or value behind it; of what
    is not known, the class that it is an attribute of. name: how the code calls it.
    """

    kind: Kind
    symbol: str = ""
    name: str = ""


PLAIN = Owner(Kind.PLAIN)


class Place(Struct, frozen=True):
    """Where an expression stands: names are looked up from there."""

    path: str
    offset: int


def takes(parameter: Parameter, name: str) -> bool:
    """Whether a parameter binds a name, itself or in its pattern."""
    return name in taken(parameter)


def taken(parameter: Parameter) -> Iterator[str]:
    """The names that a parameter binds, itself or in its pattern."""
    waiting: list[Node | None] = [parameter.pattern]
    if parameter.pattern is None:
        yield parameter.name
    while waiting:
        node = waiting.pop()
        if isinstance(node, Name):
            yield node.id
        elif isinstance(node, ObjectLiteral):
            waiting += [each.value for each in node.entries]
        elif node is not None:
            parts = [*getattr(node, "items", ()), getattr(node, "target", None), getattr(node, "value", None)]
            waiting += [each for each in parts if isinstance(each, Node)]
