"""Signs up and logs in as a person would, to have a user to send requests as."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import msgspec

from looktwice.prove.app.requests.operation import Operation, Send
from looktwice.prove.app.requests.sample import Sampler
from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.success import is_success

_PASSWORD = "Long-enough-password-1"
_SIGN_UP = re.compile(r"sign[_-]?up|regist|users?/?(?:open|create)?/?$|accounts?/?$|customers?/?$", re.IGNORECASE)
_LOGIN = re.compile(r"log[_-]?in|sign[_-]?in|sessions?/?$|token|authenticate|auth/?$", re.IGNORECASE)
_NOT_LOGIN = re.compile(r"refresh|reset|recover|forgot|verify|logout|test-token|revoke|change", re.IGNORECASE)
_TOKENS = ("access_token", "accessToken", "token", "jwt", "id_token", "idToken", "auth_token", "authToken", "key")


def sign_in(send: Send, operations: list[Operation], word: str) -> dict[str, str]:
    """Headers that identify the caller, after signing up and logging in as `word`; empty when neither was found."""
    person = _person(word)
    sampler = Sampler(word, lambda name: None)
    headers: dict[str, str] = {}
    for operation in _candidates(operations, _SIGN_UP):
        request = _request(operation, _filled(operation, person, sampler))
        response = send(request)
        if is_success(request, response):
            headers = proof_of(response)
            break
    for operation in _candidates(operations, _LOGIN):
        for request in logins(operation, word):
            response = send(request)
            if is_success(request, response) and (found := proof_of(response)):
                return _as_accepted(send, operations, found)
    return headers


def proof_of(response: Response) -> dict[str, str]:
    """What an answer to a login gives to show afterwards: a bearer token, else its cookies."""
    if token := _token(response.content):
        return {"Authorization": f"Bearer {token}"}
    cookies = [value.split(";")[0] for name, value in response.headers if name.lower() == "set-cookie"]
    return {"Cookie": "; ".join(cookies)} if cookies else {}


def _as_accepted(send: Send, operations: list[Operation], found: dict[str, str]) -> dict[str, str]:
    """The token behind the word that the application wants before it: tried on a page that needs a login."""
    token = found.get("Authorization", "").removeprefix("Bearer ")
    page = next((o for o in operations if o.method == "GET" and o.needs_login and not o.path_parameters), None)
    if not token or page is None:
        return found
    for mark in (found, *({"Authorization": word + token} for word in ("Token ", "JWT ", ""))):
        response = send(Request(method="GET", path=page.path, headers=tuple(mark.items())))
        if response.status not in (401, 403):
            return mark
    return found


def _candidates(operations: list[Operation], pattern: re.Pattern[str]) -> list[Operation]:
    """Operations that take a password and are named like this; those that need no login first."""
    found = [
        o for o in operations
        if o.method == "POST" and pattern.search(o.path) and not _NOT_LOGIN.search(o.path)
        and any("password" in field.lower() for field in o.fields)
    ]  # fmt: skip
    return sorted(found, key=lambda o: (o.needs_login, bool(o.path_parameters)))


def _filled(operation: Operation, person: dict[str, str], sampler: Sampler) -> dict[str, Any]:
    body = sampler.value(operation.body)
    if operation.envelope and isinstance(body, dict):
        body = body.get(operation.envelope)
    content = dict(body) if isinstance(body, dict) else {}
    for field in operation.fields:
        lower = field.lower()
        known = next((value for key, value in person.items() if lower == key or lower.endswith(f"_{key}")), None)
        if "password" in lower:
            content[field] = _PASSWORD
        elif known is not None:
            content[field] = known
    return content


def logins(operation: Operation, word: str) -> list[Request]:
    """Requests to log in as `word`. A form's `username` may want the e-mail address, which OAuth 2 has no field for."""
    person = _person(word)
    content = _filled(operation, person, Sampler(word, lambda name: None))
    if "username" not in content:
        return [_request(operation, content)]
    return [_request(operation, {**content, "username": person[name]}) for name in ("email", "username")]


def is_login(operation: Operation) -> bool:
    return bool(_candidates([operation], _LOGIN))


def address_of(word: str) -> str:
    """The e-mail address of the person that is signed up as `word`."""
    return f"{word}@example.com"


def _person(word: str) -> dict[str, str]:
    return {"email": address_of(word), "username": word, "password": _PASSWORD, "name": word.title()}


def _request(operation: Operation, content: dict[str, Any]) -> Request:
    if operation.is_form:
        form = {name: value for name, value in content.items() if value is not None}
        kind = (("Content-Type", "application/x-www-form-urlencoded"),)
        return Request(method="POST", path=operation.path, headers=kind, body=urlencode(form).encode())
    whole = {operation.envelope: content} if operation.envelope else content
    return Request(method="POST", path=operation.path, body=msgspec.json.encode(whole))


def _token(content: Any, depth: int = 0) -> str:
    if not isinstance(content, dict) or depth > 2:
        return ""
    for name in _TOKENS:
        if isinstance(content.get(name), str) and len(content[name]) >= 8:
            return str(content[name])
    return next((found for value in content.values() if (found := _token(value, depth + 1))), "")
