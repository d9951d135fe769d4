"""The patterns, and what they find in a program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

from doubletake.code import Program
from doubletake.core.event import Noted
from doubletake.core.finding import Finding
from doubletake.patterns.catalogue import Catalogue, catalogue


@cache
def patterns() -> Catalogue:
    """The catalogue, read once in a process: pages do not change while it runs."""
    return catalogue()


def match(program: Program) -> Iterator[Finding | Noted]:
    """Everything that every detector finds, in no particular order.

    A detector that fails is reported and the others go on: nobody should lose an audit to one strange function. With
    DOUBLETAKE_DEBUG set its exception is raised.
    """
    for pattern in patterns().patterns:
        detector = pattern.detector()
        if detector is None:
            continue
        try:
            yield from detector.detect(program)
        except Exception as error:
            if os.environ.get("DOUBLETAKE_DEBUG"):
                raise
            yield Noted(
                f"{pattern.code} {pattern.name} could not be checked: {type(error).__name__}: {error}. "
                "This is a fault of doubletake; please report it."
            )


def codes_named(word: str) -> frozenset[str]:
    """The code that a suppression's word stands for: a code or a name; empty when there is no such pattern."""
    pattern = patterns().find(word)
    return frozenset((pattern.code,)) if pattern else frozenset()


def wins_over() -> dict[str, tuple[str, ...]]:
    """Code of a pattern → codes that stay silent where it speaks."""
    return {it.code: it.page.header.wins_over for it in patterns().patterns if it.page.header.wins_over}
