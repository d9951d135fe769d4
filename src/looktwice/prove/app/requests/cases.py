"""What is sent to the application: pairs of requests for one endpoint, made from `[prove]`."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from looktwice.core import config
from looktwice.core.errors import ConfigurationError
from looktwice.prove.app.plan import Origin
from looktwice.prove.network.request import Request


class Case(Struct, frozen=True, kw_only=True):
    """Two requests that may meet.

    `endpoint` is "POST /wallet/deposit". `second` differs from `first` in the fields that may vary, if any may.
    `once`: `first` carries an identity (an event, an idempotency key), so sending it twice must have one effect.
    """

    endpoint: str
    first: Request
    second: Request
    once: bool = False
    is_found: bool = False  # made from the application's own description
    user: str = ""
    origin: Origin = Origin("looktwice.toml")

    @property
    def is_safe(self) -> bool:
        return self.first.is_safe

    def asked_by(self, user: str, marks: dict[str, str]) -> Case:
        """The same, sent by another user. marks: the headers that say who that is."""
        first, second = (_marked(request, marks) for request in (self.first, self.second))
        return msgspec.structs.replace(self, first=first, second=second, user=user)


def cases(prove: config.Prove) -> list[Case]:
    """One case for each of the user's requests. Raises ConfigurationError when one names what is not there."""
    named = {request.name: request for request in prove.requests if request.name}
    result = []
    for number, asked in enumerate(prove.requests, 1):
        first = _request(asked, prove, number)
        if asked.pair:
            if asked.pair not in named:
                raise _unknown(number, "pair", asked.pair, list(named))
            second = _request(named[asked.pair], prove, number)
        else:
            second = varied(first, asked.vary)
        origin = Origin(f"looktwice.toml [prove].requests, number {number}")
        user = asked.user or next(iter(prove.users), "")
        result.append(
            Case(endpoint=endpoint(first), first=first, second=second, once=asked.once, user=user, origin=origin)
        )
    return result


def _marked(request: Request, marks: dict[str, str]) -> Request:
    kept = [(name, value) for name, value in request.headers if name not in marks]
    return msgspec.structs.replace(request, headers=(*kept, *marks.items()))


def endpoint(request: Request) -> str:
    """Method and path without the query."""
    return f"{request.method} {request.path.partition('?')[0]}"


def varied(request: Request, changes: dict[str, Any]) -> Request:
    """The request with fields of its JSON body replaced; a dotted name goes inside ("items.0.quantity")."""
    if not changes:
        return request
    body = copy.deepcopy(request.content)
    for name, value in changes.items():
        body = _replaced(body, name.split("."), value)
    return msgspec.structs.replace(request, body=msgspec.json.encode(body))


def _replaced(body: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(body, list) and head.isdigit() and int(head) < len(body):
        return [_replaced(item, rest, value) if at == int(head) else item for at, item in enumerate(body)]
    known = body if isinstance(body, dict) else {}
    return {**known, head: _replaced(known.get(head), rest, value)}


def _request(asked: config.Request, prove: config.Prove, number: int) -> Request:
    user = asked.user or next(iter(prove.users), "")
    if user and user not in prove.users:
        raise _unknown(number, "user", user, list(prove.users))
    if not asked.path.startswith("/"):
        raise ConfigurationError(
            "cannot use looktwice.toml",
            f"path {asked.path!r} of request {number} does not begin with /",
            "Write the path only: looktwice chooses the application's address.",
        )
    headers = {**prove.users.get(user, {}), **asked.headers}
    query = ("&" if "?" in asked.path else "?") + urlencode(asked.query) if asked.query else ""
    return Request(
        method=asked.method.upper(),
        path=asked.path + query,
        headers=tuple(headers.items()),
        body=b"" if asked.body is None else _encoded(asked.body),
        name=asked.name,
    )


def _encoded(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else msgspec.json.encode(body)


def _unknown(number: int, key: str, name: str, known: list[str]) -> ConfigurationError:
    listed = ", ".join(known) or "none"
    return ConfigurationError(
        "cannot use looktwice.toml",
        f'`{key} = "{name}"` of request {number} names nothing; available: {listed}',
        f"Name one of them, or add `{name}`.",
    )
