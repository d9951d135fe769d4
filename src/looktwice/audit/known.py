"""The patterns by the words that people use for them; no detector is imported for that."""

from __future__ import annotations

from functools import cache

from looktwice.patterns.catalogue import Catalogue, catalogue


@cache
def patterns() -> Catalogue:
    """The catalogue, read once in a process: pages do not change while it runs."""
    return catalogue()


def codes_named(word: str) -> frozenset[str]:
    """The code that a suppression's word stands for: a code or a name; empty when there is no such pattern."""
    pattern = patterns().find(word)
    return frozenset((pattern.code,)) if pattern else frozenset()


def wins_over() -> dict[str, tuple[str, ...]]:
    """Code of a pattern → codes that stay silent where it speaks."""
    return {it.code: it.page.header.wins_over for it in patterns().patterns if it.page.header.wins_over}
