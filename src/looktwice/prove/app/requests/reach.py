"""The reach table: how each endpoint answers a request that runs alone. Nothing is proven where that is no success."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from looktwice.prove.app.requests.cases import Case
from looktwice.prove.network.request import NOT_SENT, Request, Response
from looktwice.prove.network.success import is_success, is_to_login, location

_ANY = Request(method="GET", path="/")
_WHY = {
    400: "it refuses the request: {detail}",
    401: "it requires a login: add [prove.users] with the headers of one",
    403: "this user is not permitted: name another one in [prove.users]",
    404: "there is no such row or route: {detail}",
    405: "the route does not take this method",
    409: "it refuses this request: {detail}; send one that can succeed, or add what it needs with a seed",
    413: "the body is too large",
    415: "it expects another content type",
    422: "the body is not what it expects: {detail}",
    429: "it limits the rate of requests; switch the limiter off for this",
}


_LONGEST = 200  # letters of a line
_ERROR = re.compile(r"(?:[\w.]+(?:Error|Exception|Exit|Warning)\b|Error\b|error:)")


class Row(Struct, frozen=True, kw_only=True):
    """One endpoint. `status` is None when there was no answer; `why` is empty when it was a success."""

    endpoint: str
    status: int | None
    why: str = ""
    case: Case | None = None

    @property
    def is_reached(self) -> bool:
        return self.status is not None and not self.why


def why(response: Response, output: Callable[[], str] = lambda: "", request: Request = _ANY) -> str:
    """Why an answer is no success, with what to do about it; "" when it is one. output: what the application printed.
    request: what was asked."""
    if is_success(request, response):
        return ""
    if response.status is None:
        return response.error if response.error.startswith(NOT_SENT) else f"no answer: {response.error}"
    if response.status >= 500:
        return f"it fails on its own: {complaint(output()) or _detail(response.content)}"[:200]
    if response.status < 400:
        return _redirected(request, response)
    template, detail = _WHY.get(response.status, "{detail}"), _detail(response.content)
    filled = template.replace("{detail}", detail) if detail else template.replace(": {detail}", "")
    return filled.replace("{detail}", "")[:_LONGEST]


def _redirected(request: Request, response: Response) -> str:
    """Of an answer that no status tells to be a refusal."""
    if response.status < 300:  # type: ignore[operator]
        return f"its answer states that it was refused: {_detail(response.content)}"[:200].rstrip(": ")
    place = location(response)
    if is_to_login(request, response):
        return f"it redirects to the login ({place}): add [prove.users] with the headers of one who is signed in"
    if response.status in (302, 303):
        return f"it redirects back with an error ({place})"
    return f"it redirects elsewhere: {place}" if place else "it answers with a redirect and does nothing"


def complaint(output: str, only_errors: bool = False) -> str:
    """The last line that names an error, else the last line: an access log may follow. only_errors: "" then."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = (line for line in reversed(lines) if _ERROR.match(line))
    return next(named, lines[-1] if lines and not only_errors else "")[:_LONGEST]


def _detail(content: Any) -> str:
    """The sentence in an error's body, in the shapes that frameworks give it."""
    if isinstance(content, str):
        return " ".join(content.split())[:120]
    if isinstance(content, list) and content:
        return _detail(content[0])
    if not isinstance(content, dict):
        return ""
    if isinstance(content.get("msg"), str):
        place = content.get("loc") or content.get("path") or []
        return f"{'.'.join(map(str, place))}: {content['msg']}".lstrip(": ")
    for key in ("detail", "message", "error", "errors", "issues", "title"):
        if content.get(key):
            return _detail(content[key])
    return ""
