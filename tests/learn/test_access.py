"""Access control: a table of requests, against the rules and against a running server."""

from __future__ import annotations

import http.client
import json

import pytest

from looktwice.learn.access import HEADERS, Access, refusal

ACCESS = Access(7301, "secret")
GOOD = {
    "host": "127.0.0.1:7301",
    "origin": "http://127.0.0.1:7301",
    "content-type": "application/json",
    "cookie": "looktwice-7301=secret",
}

CASES = [  # changes to a valid request, method, status or None
    ({}, "POST", None),
    ({"origin": None}, "GET", None),
    ({"host": "localhost:7301", "origin": "http://localhost:7301"}, "POST", None),
    ({"content-type": "application/json; charset=utf-8"}, "PUT", None),
    ({"sec-fetch-site": "same-origin"}, "POST", None),
    ({"sec-fetch-site": "none"}, "GET", None),
    ({"host": "evil.example"}, "GET", 421),
    ({"host": "127.0.0.1:7301.evil.example"}, "GET", 421),
    ({"host": "127.0.0.1"}, "GET", 421),
    ({"host": "localhost.evil.example:7301"}, "GET", 421),
    ({"host": None}, "GET", 421),
    ({"origin": "http://localhost:7301.evil.example"}, "POST", 403),
    ({"origin": "http://127.0.0.1:7302"}, "POST", 403),
    ({"origin": "http://127.0.0.1:73010"}, "POST", 403),
    ({"origin": "http://127.0.0.1:7301.evil.example"}, "POST", 403),
    ({"origin": "http://127.0.0.1:7301@evil.example"}, "POST", 403),
    ({"origin": "https://127.0.0.1:7301"}, "POST", 403),
    ({"origin": "http://localhost:7301"}, "POST", 403),  # not the name that the request was sent to
    ({"origin": "null"}, "POST", 403),
    ({"origin": None}, "POST", 403),
    ({"origin": "http://evil.example"}, "GET", 403),
    ({"sec-fetch-site": "cross-site", "origin": None}, "GET", 403),
    ({"sec-fetch-site": "same-site", "origin": None}, "GET", 403),  # another port on this machine
    ({"content-type": "text/plain"}, "POST", 415),
    ({"content-type": "application/x-www-form-urlencoded"}, "POST", 415),
    ({"content-type": None}, "PUT", 415),
    ({"cookie": None}, "GET", 401),
    ({"cookie": "looktwice-7301=guess"}, "POST", 401),
    ({"cookie": "looktwice-7301="}, "GET", 401),
    ({"cookie": "looktwice-7302=secret"}, "GET", 401),
    ({"cookie": "looktwice-7301=gehe\u00efm"}, "GET", 401),
]


@pytest.mark.parametrize(("change", "method", "status"), CASES)
def test_rules(change: dict[str, str | None], method: str, status: int | None) -> None:
    headers = {name: value for name, value in (GOOD | change).items() if value is not None}
    refused = refusal(ACCESS, method, headers)
    assert (refused.status if refused else None) == status
    assert refused is None or refused.why.endswith(".")


def send(access: Access, method: str, path: str, headers: dict[str, str], body: str = "") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", access.port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body:
        connection.putheader("content-length", str(len(body)))
    connection.endheaders(body.encode())
    return connection.getresponse()


def test_the_server_applies_the_rules(access: Access) -> None:
    own = f"127.0.0.1:{access.port}"
    cookie = {"cookie": f"{access.cookie}={access.token}"}
    cases = [
        ("GET", "/api/pages", {"host": own} | cookie, 200),
        ("GET", "/api/pages", {"host": own}, 401),
        ("GET", "/", {"host": own}, 401),
        ("GET", "/?token=guess", {"host": own}, 401),
        ("GET", f"/?token={access.token}", {"host": own}, 303),
        ("GET", f"/api/pages?token={access.token}", {"host": own}, 401),  # only the first link may carry it
        ("GET", "/assets/page.js", {"host": own}, 401),
        ("GET", "/assets/page.js", {"host": own} | cookie, 200),
        ("GET", "/assets/../../server.py", {"host": own} | cookie, 404),
        ("GET", "/assets/%2e%2e/server.py", {"host": own} | cookie, 404),
        ("GET", "/api/pages", {"host": "evil.example"} | cookie, 421),
        ("POST", "/api/verdict", {"host": own, "origin": "http://evil.example"} | cookie, 403),
        ("OPTIONS", "/api/verdict", {"host": own, "origin": "http://evil.example"} | cookie, 403),
        ("GET", "/api/verdict", {"host": own} | cookie, 405),
    ]
    for method, path, headers, status in cases:
        answer = send(access, method, path, headers)
        assert answer.status == status, (method, path, headers)
        assert answer.getheader("access-control-allow-origin") is None
        assert status != 200 or "no-" in (answer.getheader("cache-control") or "")
        for name, value in HEADERS.items():
            assert answer.getheader(name) == value, (method, path, name)


def test_the_content_security_policy_allows_no_other_origin() -> None:
    policy = dict(rule.split(" ", 1) for rule in HEADERS["content-security-policy"].split("; "))
    assert policy.pop("default-src") == "'self'"
    assert set(policy.values()) == {"'none'"}
    assert {"base-uri", "form-action", "frame-ancestors", "object-src"} == set(policy)


def test_the_first_link_exchanges_its_token_for_an_http_only_cookie(access: Access) -> None:
    answer = send(access, "GET", f"/?token={access.token}", {"host": f"127.0.0.1:{access.port}"})
    given = answer.getheader("set-cookie") or ""
    assert answer.getheader("location") == "/"
    assert f"{access.cookie}={access.token}" in given
    assert "HttpOnly" in given
    assert "samesite=strict" in given.lower()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 422),
        ("{", 422),
        ("[]", 422),
        ('{"pattern": 1, "language": "python", "code": ""}', 422),
        ('{"pattern": "lost-update", "language": "python", "code": "x", "more": 1}', 422),
        ('{"pattern": "nothing-of-the-kind", "language": "python", "code": ""}', 404),
        ('{"pattern": "lost-update", "language": "cobol", "code": ""}', 404),
        (json.dumps({"pattern": "lost-update", "language": "python", "code": "x" * 200_001}), 413),
    ],
)
def test_an_invalid_request_gets_an_error_message(access: Access, body: str, status: int) -> None:
    own = f"127.0.0.1:{access.port}"
    headers = {
        "host": own,
        "origin": f"http://{own}",
        "content-type": "application/json",
        "cookie": f"{access.cookie}={access.token}",
    }
    answer = send(access, "POST", "/api/verdict", headers, body)
    assert answer.status == status
    assert json.loads(answer.read())["error"]
