"""Patterns with one star, as tsconfig.json and package.json write them, found without trying each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Target = TypeVar("Target")


class StarPatterns(Generic[Target]):
    """patterns: each with what it stands for; "@app/*" matches "@app/x" with "x" in the middle."""

    def __init__(self, patterns: Iterable[tuple[str, Target]]) -> None:
        self._exact: dict[str, Target] = {}
        self._by_prefix: dict[str, list[tuple[str, Target]]] = {}
        for pattern, target in patterns:
            prefix, star, suffix = pattern.partition("*")
            if star:
                self._by_prefix.setdefault(prefix, []).append((suffix, target))
            else:
                self._exact.setdefault(pattern, target)
        self._lengths = sorted(set(map(len, self._by_prefix)), reverse=True)

    def matching(self, text: str) -> Iterator[tuple[Target, str]]:
        """What the patterns that match stand for, each with what the star is, the most specific pattern first."""
        if text in self._exact:
            yield self._exact[text], ""
        for length in self._lengths:
            if length > len(text):
                continue
            for suffix, target in self._by_prefix.get(text[:length], ()):
                if text.endswith(suffix) and len(text) >= length + len(suffix):
                    yield target, text[length : len(text) - len(suffix)]
