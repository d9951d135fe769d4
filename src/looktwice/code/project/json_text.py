"""JSON as configuration files hold it: with comments and trailing commas."""

from __future__ import annotations

import re

import msgspec

TOKENS = re.compile(rb'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[\]}])', re.DOTALL)


def decoded(data: bytes) -> dict[str, object]:
    """The object that the text holds, {} for anything else and for what cannot be read."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    for text in (data, None):
        try:
            content = msgspec.json.decode(plain(data) if text is None else text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        return content if isinstance(content, dict) else {}
    return {}


def plain(data: bytes) -> bytes:
    """Without comments and trailing commas; text in quotes stays."""
    return TOKENS.sub(lambda token: token[0] if token[0].startswith(b'"') else b" ", data)
