"""Who may talk to the playbook's server. A server on the loopback interface can be reached by every web page that its
user has open, so being local is not enough: see the rules in `refusal`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from msgspec import Struct
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READING = ("GET", "HEAD")
HEADERS = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Door(Struct, frozen=True):
    """Where the server listens and the secret of this run."""

    port: int
    token: str

    @property
    def hosts(self) -> tuple[str, ...]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """Cookies know no ports: the name keeps two playbooks apart."""
        return f"looktwice-{self.port}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"


class Refusal(Struct, frozen=True):
    status: int
    why: str


def refusal(door: Door, method: str, headers: Mapping[str, str]) -> Refusal | None:
    """Why a request is refused, or None. Header names are lower case.

    * The Host must be one of ours: a name that an attacker's DNS points to 127.0.0.1 is not.
    * A request that changes something must come from our own page, to the letter of its origin, and be JSON:
      a form of another site is neither. Browsers that say where any request comes from must say the same.
    * It must know this run's token, which no other site can read.
    """
    host = headers.get("host", "")
    if host not in door.hosts:
        return Refusal(421, "This server answers to 127.0.0.1 and localhost only.")
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return Refusal(403, "The request comes from another site.")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return Refusal(403, "The request comes from another site.")
    if method not in READING:
        if origin is None:
            return Refusal(403, "A request that changes something must name its origin.")
        if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return Refusal(415, "Send JSON.")
    if not secrets.compare_digest(_token(door, headers).encode(), door.token.encode()):
        return Refusal(401, "Open the link that `looktwice learn` printed: it carries this run's token.")
    return None


def _token(door: Door, headers: Mapping[str, str]) -> str:
    try:
        held = SimpleCookie(headers.get("cookie", "")).get(door.cookie)
    except CookieError:
        return ""
    return held.value if held else ""


class Gatekeeper:
    """ASGI middleware: refuses by `refusal`, trades the token of the first link for a cookie, sets headers."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = dict(Headers(scope=scope))
        wrong = refusal(self.door, scope["method"], headers)
        if wrong and wrong.status == 401 and (token := _offered(scope)):
            await self._trade(token)(scope, receive, send)
        elif wrong:
            await _spoken(wrong, scope["path"])(scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send))

    def _trade(self, token: str) -> Response:
        if not secrets.compare_digest(token.encode(), self.door.token.encode()):
            return _spoken(Refusal(401, "This link is of an earlier run. Open the one that was printed last."), "/")
        response = RedirectResponse("/", status_code=303, headers=HEADERS)
        response.set_cookie(self.door.cookie, token, httponly=True, samesite="strict", path="/")
        return response


def _offered(scope: Scope) -> str:
    if scope["method"] not in READING or scope["path"] != "/":
        return ""
    query = scope["query_string"].decode("latin-1")
    return next((part[6:] for part in query.split("&") if part.startswith("token=")), "")


def _spoken(wrong: Refusal, path: str) -> Response:
    if path.startswith("/api/"):
        return JSONResponse({"error": wrong.why}, wrong.status, headers=HEADERS)
    return Response(f"{wrong.why}\n", wrong.status, media_type="text/plain", headers=HEADERS)


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers.setdefault(
                "cache-control", "no-cache"
            )  # after an upgrade no old script may answer on the same port
        await send(message)

    return wrapped
