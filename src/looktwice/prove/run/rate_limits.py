"""What the headers of an answer say of a rate limit: how much is left, and for how long to wait.

`Retry-After` (RFC 9110 10.2.3), `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and the many
spellings of `X-RateLimit-Remaining` and `X-RateLimit-Reset` before them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

Headers = Iterable[tuple[str, str]]

_REMAINING = re.compile(r"^(?:x-)?rate-?limit-?(?:[\w-]*-)?remaining", re.IGNORECASE)
_RESET = re.compile(r"^(?:x-)?rate-?limit-?(?:[\w-]*-)?reset", re.IGNORECASE)
_ONE_FOR_ALL = re.compile(r"^(?:x-)?rate-?limit$", re.IGNORECASE)
_LEFT = re.compile(r"(?:\br|\bremaining)\s*=\s*(\d+)")
_THEN = re.compile(r"(?:\bt|\breset)\s*=\s*(\d+)")
_AN_EPOCH = 1e9  # a reset above that is a moment, not a stretch of time; above 1e12 in milliseconds


def remaining(headers: Headers) -> int | None:
    """How many requests are left, the least of all limits that are named; None when none is."""
    found = []
    for name, value in headers:
        if _REMAINING.match(name):
            found += [int(match[0]) for match in [re.match(r"\s*\d+", value)] if match]
        elif _ONE_FOR_ALL.match(name):
            found += [int(number) for number in _LEFT.findall(value)]
    return min(found, default=None)


def seconds_to_wait(headers: Headers, now: float | None = None) -> float:
    """Until when to come back, in seconds from now; 0 when nothing is stated. `Retry-After` counts before the
    others."""
    now = time.time() if now is None else now
    listed = [(name.lower(), value.strip()) for name, value in headers]
    for name, value in listed:
        if name == "retry-after" and (found := _until(value, now)):
            return found
    resets = [_until(value, now) for name, value in listed if _RESET.match(name)]
    resets += [float(number) for name, value in listed if _ONE_FOR_ALL.match(name) for number in _THEN.findall(value)]
    return max(resets, default=0.0)


def _until(value: str, now: float) -> float:
    if re.fullmatch(r"\d+(?:\.\d+)?", value):
        number = float(value)
        if number >= _AN_EPOCH * 1000:
            return max(0.0, number / 1000 - now)
        return max(0.0, number - now) if number >= _AN_EPOCH else number
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError):
        return 0.0
