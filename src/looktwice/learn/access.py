"""Access control for the playbook's server. Every web page that the user has open can reach a server on the loopback
interface, so being local is not enough: `refusal` has the rules."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from msgspec import Struct
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = ("GET", "HEAD")
HEADERS = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Access(Struct, frozen=True):
    """The server's port, and the access token of this run."""

    port: int
    token: str

    @property
    def hosts(self) -> tuple[str, ...]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies ignore the port, so the name carries it."""
        return f"looktwice-{self.port}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"


class Refusal(Struct, frozen=True):
    status: int
    why: str


def refusal(access: Access, method: str, headers: Mapping[str, str]) -> Refusal | None:
    """Why a request is refused, or None. Header names are lower case.

    * The Host must be one of ours; a name that an attacker's DNS resolves to 127.0.0.1 is not.
    * A request that changes something must have exactly our own page's origin and be JSON, which a form on another
      site cannot do. Where the browser sends Sec-Fetch-Site, it must agree.
    * The request must carry this run's token, which no other site can read.
    """
    host = headers.get("host", "")
    if host not in access.hosts:
        return Refusal(421, "This server accepts requests for 127.0.0.1 and localhost only.")
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return Refusal(403, "The request comes from another site.")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return Refusal(403, "The request comes from another site.")
    if method not in SAFE_METHODS:
        if origin is None:
            return Refusal(403, "A request that changes something must have an Origin header.")
        if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return Refusal(415, "The content type must be application/json.")
    if not secrets.compare_digest(_token(access, headers).encode(), access.token.encode()):
        return Refusal(401, "Open the link that `looktwice learn` printed: it has this run's token.")
    return None


def _token(access: Access, headers: Mapping[str, str]) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(access.cookie)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


class AccessControl:
    """ASGI middleware: applies `refusal`, exchanges the token of the first link for a cookie, sets security headers."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = dict(Headers(scope=scope))
        refused = refusal(self.access, scope["method"], headers)
        if refused and refused.status == 401 and (token := _token_in_query(scope)):
            await self._exchange(token)(scope, receive, send)
        elif refused:
            await _refused(refused, scope["path"])(scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send))

    def _exchange(self, token: str) -> Response:
        if not secrets.compare_digest(token.encode(), self.access.token.encode()):
            return _refused(Refusal(401, "This link is from an earlier run. Open the one printed last."), "/")
        response = RedirectResponse("/", status_code=303, headers=HEADERS)
        response.set_cookie(self.access.cookie, token, httponly=True, samesite="strict", path="/")
        return response


def _token_in_query(scope: Scope) -> str:
    if scope["method"] not in SAFE_METHODS or scope["path"] != "/":
        return ""
    query = scope["query_string"].decode("latin-1")
    return next((part[6:] for part in query.split("&") if part.startswith("token=")), "")


def _refused(refused: Refusal, path: str) -> Response:
    if path.startswith("/api/"):
        return JSONResponse({"error": refused.why}, refused.status, headers=HEADERS)
    return Response(f"{refused.why}\n", refused.status, media_type="text/plain", headers=HEADERS)


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            headers.setdefault(
                "cache-control", "no-cache"
            )  # after an upgrade, no old script may be served from the cache
        await send(message)

    return wrapped
