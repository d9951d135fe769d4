"""Whether an answer says that the request was carried out: judged by status, `Location` and body, never by status
alone.

A form is answered with a redirect when all went well (303 after POST, RFC 9110 15.4.4), and so it is, elsewhere, when
it did not: to the login, or back to the form with an error. What a request is answered when it runs alone is the
measure; without it, only what an answer says by itself counts.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from looktwice.prove.network.request import Request, Response

_SENT_ON = (302, 303)  # 301, 307 and 308 say: ask there, nothing was done here
_LOGIN = re.compile(r"(?:^|[/_-])(?:log-?_?in|sign-?_?in|authenticate|sso)(?:$|[/._-])", re.IGNORECASE)
# After these the login is where one goes next.
_LEADS_TO_LOGIN = re.compile(
    r"sign-?_?up|regist|log-?_?out|sign-?_?out|reset|recover|forgot|verif|confirm|activat|password", re.IGNORECASE
)
_ERROR_NAME = re.compile(r"err|fail|invalid|denied|refus|reject", re.IGNORECASE)
_ERROR_WORD = re.compile(r"err|fail|invalid|denied|refus|reject|false|forbidden|unauthor", re.IGNORECASE)
_FLAGS = ("success", "ok", "succeeded", "successful")
_ERRORS = ("error", "errors")
_STATES = ("status", "result", "state", "outcome")
_FAILED = re.compile(r"^(?:err|error|fail|failed|failure|denied|refused)$", re.IGNORECASE)


def is_success(request: Request, response: Response | None, usual: Response | None = None) -> bool:
    """Whether `response` says that `request` was carried out.

    usual: the answer to the same request when it ran alone and succeeded, where that is known: another redirect than
    that, a form shown again in place of a redirect, an error where there was none are refusals.
    """
    if response is None or response.status is None:
        return False
    if 200 <= response.status < 300:
        return not (_says_no(request, response) or (usual is not None and _is_form_again(response, usual)))
    if response.status not in _SENT_ON:
        return False
    place = location(response)
    if _refuses(request, place):
        return False
    return usual is None or usual is response or _is_same_way(request, place, usual)


def location(response: Response) -> str:
    """The path and query that a redirect names; "" without one."""
    value = next((value for name, value in response.headers if name.lower() == "location"), "")
    parts = urlsplit(value)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def describe(response: Response) -> str:
    """The answer in a few words: "200", "302 to /login", "no answer (timeout)"."""
    if response.status is None:
        return f"no answer ({response.error})"
    if 300 <= response.status < 400 and (place := location(response)):
        return f"{response.status} to {place}"
    return str(response.status)


def is_to_login(request: Request, response: Response) -> bool:
    """Whether the answer sends somebody who is not signed in to the login."""
    return response.status in _SENT_ON and _wants_login(request, location(response))


# ---- redirects


def _refuses(request: Request, place: str) -> bool:
    return _wants_login(request, place) or _carries_error(place)


def _wants_login(request: Request, place: str) -> bool:
    return bool(_LOGIN.search(urlsplit(place).path)) and not _LEADS_TO_LOGIN.search(request.path)


def _carries_error(place: str) -> bool:
    for name, value in parse_qsl(urlsplit(place).query, keep_blank_values=True):
        if _ERROR_NAME.search(name) and value.lower() not in ("0", "false", "no", "none"):
            return True
        if name.lower() in (*_FLAGS, *_STATES) and (_ERROR_WORD.search(value) or value in ("0", "no")):
            return True
    return False


def _is_same_way(request: Request, place: str, usual: Response) -> bool:
    """A redirect as the usual one. Back to the form is another way than on; elsewhere may be a slug of its own."""
    if usual.status not in _SENT_ON:
        return False
    return not _is_back(request, place) or _is_back(request, location(usual))


def _is_back(request: Request, place: str) -> bool:
    """Whether a redirect leads to the page of the form: the request's own path, or `new` and `edit` below it."""
    own, there = (urlsplit(text).path.rstrip("/") for text in (request.path, place))
    return there == own or there in (f"{own}/new", f"{own}/edit", f"{own}/create")


def _is_form_again(response: Response, usual: Response) -> bool:
    if usual.status in _SENT_ON:
        return True
    return not _has_error(usual.content, _STATES) and _has_error(response.content, _STATES)


# ---- bodies


def _says_no(request: Request, response: Response) -> bool:
    """A 2xx whose body denies it. Only of requests that change something: what a GET shows may be the error of
    something else."""
    return not request.is_safe and _has_error(response.content)


def _has_error(content: Any, states: tuple[str, ...] = ()) -> bool:
    if not isinstance(content, dict):
        return False
    if any(content.get(name) is False for name in _FLAGS):
        return True
    if any(isinstance(content.get(name), str) and _FAILED.match(content[name]) for name in states):
        return True
    return any(content.get(name) for name in _ERRORS) and not _has_data(content)


def _has_data(content: dict[str, Any]) -> bool:
    """GraphQL answers with both where a part went well."""
    data = content.get("data")
    return any(value is not None for value in data.values()) if isinstance(data, dict) else data is not None
