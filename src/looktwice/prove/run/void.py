"""Runs that say nothing: an answer was given for a reason outside the schedule.

A rate limiter that refuses everything, a lock-out, an expired login make every run end alike, and what always ends
alike looks as if it held. Such a run is void: never held, never the effect of a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.success import describe
from looktwice.prove.run.rate_limits import remaining, seconds_to_wait


class Cause(StrEnum):
    """Why a run is void; the word stands in the result."""

    RATE_LIMITED = "rate limited"
    LOCKED_OUT = "locked out"
    LOGGED_OUT = "logged out"
    CHANGED = "not as before"


class Void(Struct, frozen=True, kw_only=True):
    """`why` is half a sentence that begins with the request. `cause` is what is tried first against it; whether it is
    the cause is only known where the answer itself says so. `wait`: for how many seconds the answer asks, 0 when it
    says nothing."""

    cause: Cause
    why: str
    wait: float = 0.0
    status: int | None = None  # of the answer that says so
    is_stated: bool = False  # the answer itself names the cause

    @property
    def name(self) -> str:
        """The cause where it was stated, else what was seen."""
        return str(self.cause if self.is_stated else Cause.CHANGED)


class VoidRunError(Exception):
    """Nothing that was tried makes the application answer as before. Ends the experiment, never the whole run."""

    def __init__(self, void: Void) -> None:
        super().__init__(f"{void.cause}: {void.why}")
        self.void = void


# Statuses that say by themselves that too much was asked: 429 (RFC 6585), and what some send in its place.
_TOO_MUCH = frozenset({420, 429, 509, 529})
_BUSY = 503  # with Retry-After
# With Retry-After or nothing left these are a limiter's too; 409 and 423 with it are a request that is in progress.
_REFUSING = frozenset({400, 401, 403})
# Words of limiters. Not "limit exceeded", not "try again": an account, a stock and a conflict say that too.
_WORDS = re.compile(
    r"too[\s_-]?many[\s_-]?(?:\w+[\s_-])?(?:requests|attempts|tries|logins|calls|hits)|rate.?limit|request.limit"
    r"|\bthrottl(?:ed|ing)\b",
    re.IGNORECASE,
)
_SAYING = ("error", "errors", "message", "detail", "details", "msg", "reason", "code", "title", "type", "description")
_LONGEST = 2000  # bytes of a body: an error is short
_STATING = frozenset({401, 419, 429, 440, 498})  # a 403, 423 or 503 may have any reason
_BY_STATUS: Mapping[int | None, Cause] = {
    **dict.fromkeys((401, 419, 440, 498), Cause.LOGGED_OUT),  # the last three are others' words for it
    403: Cause.LOCKED_OUT,
    423: Cause.LOCKED_OUT,
    429: Cause.RATE_LIMITED,
    503: Cause.RATE_LIMITED,
}


def limited(request: Request, response: Response, usual: Response | None = None) -> Void | None:
    """The void that an answer proves by itself: it says that too much was asked.

    usual: the answer to the same request when it ran alone; words that stand there too are its content.
    """
    if not _is_limited(request, response, usual):
        return None
    return Void(
        cause=Cause.RATE_LIMITED,
        why=f"{request.method} {request.path} was answered {_with_words(response)}",
        wait=seconds_to_wait(response.headers),
        status=response.status,
        is_stated=True,
    )


def changed(request: Request, response: Response, before: Response) -> Void:
    """The void of an unexpected answer: the same request from the same rows was answered otherwise before."""
    return Void(
        cause=_BY_STATUS.get(response.status, Cause.CHANGED),
        why=f"{request.method} {request.path} is answered {_with_words(response)}, and was answered {describe(before)} "
        "before, when the same request met the same rows",
        wait=seconds_to_wait(response.headers),
        status=response.status,
        is_stated=response.status in _STATING,
    )


def _is_limited(request: Request, response: Response, usual: Response | None) -> bool:
    status = response.status
    if status is None:
        return False
    if status in _TOO_MUCH or (status == _BUSY and _has(response, "retry-after")):
        return True
    if status in _REFUSING and (remaining(response.headers) == 0 or _has(response, "retry-after")):
        return True
    if status < 400 and (request.is_safe or len(response.body) > _LONGEST):
        return False  # what a page shows may be about anything
    return bool(words_of(response)) and not (usual is not None and words_of(usual))


def words_of(response: Response) -> str:
    """The words of a limiter in an answer, "" when it has none."""
    for text in _sayings(response.content, response.status is not None and response.status >= 400):
        if match := _WORDS.search(text[:_LONGEST]):
            return match[0]
    return ""


def _sayings(content: Any, anywhere: bool, depth: int = 0) -> Iterator[str]:
    """The texts in which an answer explains itself; all of them when it is an error."""
    if isinstance(content, str):
        if anywhere or depth or len(content) < 200:
            yield content
    elif isinstance(content, dict) and depth < 4:
        for name, value in content.items():
            if anywhere or str(name).lower() in _SAYING:
                yield from _sayings(value, anywhere, depth + 1)
    elif isinstance(content, list) and depth < 4:
        for value in content[:5]:
            yield from _sayings(value, anywhere, depth + 1)


def _has(response: Response, header: str) -> bool:
    return any(name.lower() == header for name, _ in response.headers)


def _with_words(response: Response) -> str:
    answer = describe(response)
    after = next((value for name, value in response.headers if name.lower() == "retry-after"), "")
    words = words_of(response)
    more = [f"Retry-After {after}"] if after else []
    more += [f"“{words}”"] if words else []
    return f"{answer} ({', '.join(more)})" if more else answer
