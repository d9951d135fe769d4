"""Languages: each adapter converts the bytes of a file to the neutral syntax."""

from __future__ import annotations

from functools import cache

from looktwice.code.syntax.languages.adapter import Adapter, Parsed

__all__ = ["Adapter", "Parsed", "adapter_for", "adapters"]


@cache
def adapters() -> tuple[Adapter, ...]:
    """All languages, imported on first use: loading a grammar takes a moment."""
    from looktwice.code.syntax.languages.python import Python
    from looktwice.code.syntax.languages.typescript import JavaScript, TypeScript

    return (Python(), TypeScript(), JavaScript())


@cache
def _by_suffix() -> dict[str, Adapter]:
    return {suffix: adapter for adapter in adapters() for suffix in adapter.suffixes}


def adapter_for(path: str) -> Adapter | None:
    """The adapter for a file of this name, or None."""
    return _by_suffix().get(f".{path.rpartition('.')[2].lower()}")  # splitext gives ".py" no ending
