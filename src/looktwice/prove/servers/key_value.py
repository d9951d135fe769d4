"""What a key of Redis holds."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class KeyValue(Struct, frozen=True, kw_only=True):
    """A Redis key that differs from the snapshot; `value` is None when the key is gone. Values are JSON-like: text,
    list (list and, sorted, set), dict (hash), dict of member → score (sorted set)."""

    key: str
    type: str
    value: Any
    expires: bool = False
