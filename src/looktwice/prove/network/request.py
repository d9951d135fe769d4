"""A request to the application under test, ready to be sent, and what came back."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

NOT_SENT = "not sent: "
"""How the reason begins why a request cannot be written: the application never saw it."""


class Request(Struct, frozen=True, kw_only=True):
    """`path` carries its query; `body` is what goes out, JSON unless the headers say otherwise."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    name: str = ""

    @property
    def label(self) -> str:
        return self.name or f"{self.method} {self.path}"

    @property
    def is_safe(self) -> bool:
        """Whether the method promises to change nothing (RFC 9110, 9.2.1)."""
        return self.method in ("GET", "HEAD", "OPTIONS", "TRACE")

    @property
    def content(self) -> Any:
        return decode(self.body)


class Response(Struct, frozen=True, kw_only=True):
    """`status` is None when no whole answer came; `error` then says why ("reset", "timeout", "refused", or NOT_SENT and
    a sentence)."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float = 0.0
    error: str = ""

    @property
    def content(self) -> Any:
        return decode(self.body)


def decode(body: bytes) -> Any:
    """The JSON value of a body, its text when it is not JSON, None when it is empty."""
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return body.decode("utf-8", "replace")
