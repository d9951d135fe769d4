"""Makes cases from what the application says of itself, when the user named no requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from looktwice.core import config
from looktwice.prove.app.plan import Origin
from looktwice.prove.app.requests.cases import Case
from looktwice.prove.app.requests.identifiers import Identifiers, table_keys
from looktwice.prove.app.requests.login import address_of, is_login, logins, sign_in
from looktwice.prove.app.requests.operation import Operation, Send, described
from looktwice.prove.app.requests.promotion import promote
from looktwice.prove.app.requests.sample import Sampler
from looktwice.prove.network.request import Request
from looktwice.prove.network.success import is_success

if TYPE_CHECKING:
    import psycopg

_FIRST, _SECOND, ADMIN = "annadt", "bendt", "admindt"  # names that no seed has
_ORIGIN = Origin("the application's OpenAPI description")


class Discovered(msgspec.Struct, frozen=True):
    """`users` are headers by name; `without_request` are operations for which no request could be made, with the
    reason."""

    cases: list[Case]
    users: dict[str, dict[str, str]]
    without_request: list[tuple[str, str]]
    operations: list[Operation] = []


def discover(
    send: Send,
    prove: config.Prove,
    connection: psycopg.Connection[Any] | None = None,
    operations: list[Operation] | None = None,
) -> Discovered:
    """Sign people in, make one of everything that can be made, and build a case for each operation.

    send: to an instance whose rows may be changed: what is made here is part of the rows that every later run
    begins with. connection: to its database, in autocommit, to look up keys and to make one person an administrator.
    operations: where they are known from elsewhere.
    """
    known = described(send) if operations is None else operations
    users = dict(prove.users) or _sign_in(send, known, connection)
    name = next(iter(users), "")
    headers = tuple(users.get(name, {}).items())
    identifiers = Identifiers(table_keys(connection)) if connection is not None else Identifiers()
    for mark in dict.fromkeys((tuple(users.get(ADMIN, {}).items()), headers)):
        _populate(send, known, mark, identifiers)
    cases, without_request = [], []
    for operation in known:
        made = _case(operation, headers, identifiers, name)
        if isinstance(made, str):
            without_request.append((operation.endpoint, made))
        else:
            cases.append(made)
    return Discovered(cases, users, without_request, known)


def sign_in_again(send: Send, operations: list[Operation], users: Iterable[str]) -> dict[str, dict[str, str]]:
    """Fresh headers for those of the users whom `discover` had signed in; for a user of the configuration there are
    none, as nobody knows how they were made."""
    known = [word for word in users if word in (_FIRST, _SECOND, ADMIN)]
    return {word: headers for word in known if (headers := sign_in(send, operations, word))}


def _sign_in(
    send: Send, operations: list[Operation], connection: psycopg.Connection[Any] | None
) -> dict[str, dict[str, str]]:
    users = {word: sign_in(send, operations, word) for word in (_FIRST, _SECOND)}
    if connection is not None and users[_FIRST]:
        sign_in(send, operations, ADMIN)
        if promote(connection, address_of(ADMIN)):
            users[ADMIN] = sign_in(send, operations, ADMIN)
    return {word: headers for word, headers in users.items() if headers}


def _populate(
    send: Send, operations: list[Operation], headers: tuple[tuple[str, str], ...], identifiers: Identifiers
) -> None:
    """Read every list and create one of everything, twice round: what is created first may be named by the rest."""
    made: set[str] = set()
    for _ in range(2):
        lists = [o for o in operations if o.method == "GET" and not o.path_parameters]
        creations = [o for o in operations if _creates(o) and o.endpoint not in made]
        for operation in [*lists, *creations]:
            request = build(operation, headers, identifiers, "seed")
            if isinstance(request, str):
                continue
            response = send(request)
            if is_success(request, response):
                made.add(operation.endpoint)
                identifiers.learn(operation.path, response.content)


def _creates(operation: Operation) -> bool:
    """POST /orders and POST /orders/{id}/notes make something; POST /orders/{id}/pay would use up what is there."""
    is_collection = not operation.path_parameters or operation.path.rstrip("/").endswith("s")
    return operation.method == "POST" and operation.body is not None and is_collection


def _case(
    operation: Operation, headers: tuple[tuple[str, str], ...], identifiers: Identifiers, user: str
) -> Case | str:
    if is_login(operation):
        known = logins(operation, _FIRST)[0]
        return Case(endpoint=operation.endpoint, first=known, second=known, is_found=True, origin=_ORIGIN)
    first = build(operation, headers, identifiers, "first")
    if isinstance(first, str):
        return first
    # What creates or acts is pressed twice: the same request again. What changes a row is sent by two people, who
    # change it differently.
    second = build(operation, headers, identifiers, "second") if operation.method in ("PUT", "PATCH") else first
    assert not isinstance(second, str)
    return Case(endpoint=operation.endpoint, first=first, second=second, is_found=True, user=user, origin=_ORIGIN)


def build(
    operation: Operation, headers: tuple[tuple[str, str], ...], identifiers: Identifiers, word: str
) -> Request | str:
    """A request for the operation; the reason when it names a row that nothing tells of."""
    sampler = Sampler(word, identifiers.for_field)
    path = operation.path
    for parameter in operation.path_parameters:
        value = identifiers.for_parameter(operation.path, parameter)
        if value is None:
            return f"no row is known for {{{parameter}}}: seed one, or write the request into looktwice.toml"
        path = path.replace("{" + parameter + "}", quote(str(value), safe=""))
    query = [
        (p["name"], sampler.value(p.get("schema"), p["name"]))
        for p in operation.parameters
        if p.get("in") == "query" and p.get("required")
    ]
    body, kind = b"", headers
    if operation.body is not None:
        content = sampler.value(operation.body)
        if operation.is_form and isinstance(content, dict):
            body = urlencode({name: value for name, value in content.items() if value is not None}).encode()
            kind = (*headers, ("Content-Type", "application/x-www-form-urlencoded"))
        else:
            body = msgspec.json.encode(content)
    return Request(
        method=operation.method, path=path + ("?" + urlencode(query) if query else ""), headers=kind, body=body
    )
