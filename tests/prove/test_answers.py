"""What an answer says: that it was carried out, that too much was asked, how long to wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from looktwice.prove.app.requests.reach import why
from looktwice.prove.network.request import Request, Response
from looktwice.prove.network.success import is_success
from looktwice.prove.run.rate_limits import remaining, seconds_to_wait
from looktwice.prove.run.void import limited

NOW = 1_800_000_000.0


def post(path: str = "/transfer") -> Request:
    return Request(method="POST", path=path)


def answer(status: int | None, body: object = None, **headers: str) -> Response:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    text = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Response(status=status, body=text, headers=named)


def sent_to(place: str, status: int = 303) -> Response:
    return answer(status, Location=place)


PLACED = sent_to("/orders/17")
SUCCESS = [
    ("2xx", post(), answer(201), None, True),
    ("a redirect after a form", post(), PLACED, None, True),
    ("by 302 as well", post(), sent_to("/orders", 302), None, True),
    ("to a whole address", post(), sent_to("http://127.0.0.1:8000/orders/1"), None, True),
    ("to the login", post(), sent_to("/login?next=/transfer"), None, False),
    ("to the login of another name", post(), sent_to("/accounts/sign_in"), None, False),
    ("to the login after signing up", post("/register"), sent_to("/login"), None, True),
    ("to the login after logging out", post("/logout"), sent_to("/login"), None, True),
    ("to a page whose name only sounds like it", post(), sent_to("/blog/logins-explained"), None, True),
    ("back with an error", post(), sent_to("/transfer?error=funds"), None, False),
    ("back with a state", post(), sent_to("/transfer?status=failed"), None, False),
    ("back without an error", post(), sent_to("/transfer?error="), None, False),
    ("on with no error", post(), sent_to("/transfer?errors=0"), None, True),
    ("back to the form, and usually on", post(), sent_to("/transfer"), PLACED, False),
    ("back to the form of a new one", post("/orders"), sent_to("/orders/new"), PLACED, False),
    ("back to the form, as always", post(), sent_to("/transfer"), sent_to("/transfer"), True),
    ("on to another row", post(), sent_to("/orders/18"), PLACED, True),
    ("the form again in place of a redirect", post(), answer(200, "<form>"), PLACED, False),
    ("a redirect where there was none", post(), sent_to("/transfer"), answer(200, {}), False),
    ("to be asked elsewhere", post(), sent_to("/transfer/", 307), None, False),
    ("moved", post(), sent_to("/transfer/", 301), None, False),
    ("2xx that denies it", post(), answer(200, {"success": False}), None, False),
    ("2xx with an error", post(), answer(200, {"error": "no funds"}), None, False),
    ("2xx with an empty error", post(), answer(200, {"error": None, "id": 1}), None, True),
    ("GraphQL with a part", post(), answer(200, {"data": {"a": 1}, "errors": ["x"]}), None, True),
    ("GraphQL without", post(), answer(200, {"data": {"a": None}, "errors": ["x"]}), None, False),
    ("a state that it never had", post(), answer(200, {"status": "failed"}), answer(200, {"status": "paid"}), False),
    ("a state as always", post(), answer(200, {"status": "failed"}), answer(200, {"status": "failed"}), True),
    ("a page about errors", Request(method="GET", path="/"), answer(200, {"error": "E1 explained"}), None, True),
    ("4xx", post(), answer(409), None, False),
    ("none", post(), Response(error="timeout"), None, False),
]


@pytest.mark.parametrize(
    ("request_", "response", "usual", "expected"), [it[1:] for it in SUCCESS], ids=[it[0] for it in SUCCESS]
)
def test_success(request_, response, usual, expected):
    assert is_success(request_, response, usual) is expected
    if usual is None:
        assert bool(why(response, request=request_)) is not expected  # what is no success says why


LIMITED = [
    ("429", answer(429), None, True),
    ("503 that asks to come back", answer(503, Retry_After="3"), None, True),
    ("503 alone", answer(503), None, False),
    ("403 that asks to come back", answer(403, Retry_After="3"), None, True),
    ("403 with nothing left", answer(403, X_RateLimit_Remaining="0"), None, True),
    ("403 alone", answer(403, {"detail": "not yours"}), None, False),
    ("409 that asks to come back: the key is in progress", answer(409, Retry_After="1"), None, False),
    ("423 that asks to come back: the row is", answer(423, Retry_After="1"), None, False),
    ("400 in words", answer(400, {"errors": [{"message": "Too many requests"}]}), None, True),
    ("400 in a code", answer(400, {"error": {"code": "RATE_LIMIT_EXCEEDED"}}), None, True),
    ("200 in words", answer(200, {"ok": True, "message": "Too many login attempts, wait"}), None, True),
    ("200 in plain words", answer(200, "rate limited"), None, True),
    ("200, in what it holds", answer(200, {"title": "x", "text": "Too many requests are answered 429"}), None, False),
    ("200, as always", answer(200, {"message": "rate limit: 100"}), answer(200, {"message": "rate limit: 100"}), False),
    ("a limit of business", answer(400, {"error": "credit limit exceeded, try again later"}), None, False),
    ("too many of something else", answer(422, {"error": "too many items"}), None, False),
    ("success", answer(200, {"ok": True}), None, False),
    ("no answer", Response(error="timeout"), None, False),
]


@pytest.mark.parametrize(("response", "usual", "expected"), [it[1:] for it in LIMITED], ids=[it[0] for it in LIMITED])
def test_too_much_was_asked(response, usual, expected):
    assert (limited(post(), response, usual) is not None) is expected


def test_a_page_about_limits_is_none():
    assert limited(Request(method="GET", path="/help"), answer(200, {"message": "rate limit"})) is None


@pytest.mark.parametrize(
    ("headers", "left", "seconds"),
    [
        ({"Retry-After": "30"}, None, 30),
        ({"Retry-After": format_datetime(datetime.fromtimestamp(NOW + 30, UTC), usegmt=True)}, None, 30),
        ({"Retry-After": "soon"}, None, 0),
        ({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": str(int(NOW) + 20)}, 3, 20),
        ({"X-RateLimit-Reset": str((int(NOW) + 20) * 1000)}, None, 20),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "7"}, 0, 7),
        ({"RateLimit": "limit=100, remaining=5, reset=50"}, 5, 50),
        ({"RateLimit": '"default";r=50;t=30'}, 50, 30),
        ({"X-RateLimit-Remaining-Minute": "9", "X-RateLimit-Remaining-Hour": "2"}, 2, 0),
        ({"x-rate-limit-remaining": "4", "x-rate-limit-reset": "2027-01-01"}, 4, 0),
        ({"Retry-After": "2", "RateLimit-Reset": "50"}, None, 2),
        ({"X-RateLimit-Limit": "100", "Content-Length": "3"}, None, 0),
        ({"X-RateLimit-Remaining": "many"}, None, 0),
    ],
)
def test_what_headers_say_of_a_limit(headers, left, seconds):
    assert remaining(headers.items()) == left
    assert round(seconds_to_wait(headers.items(), NOW)) == seconds
