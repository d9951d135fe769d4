"""HTTP/1.1 from the side of a server, over h11: bytes in, whole requests out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from http import HTTPStatus

import h11
from msgspec import Struct

_IDENTIFIER = re.compile(r"(?<=/)(?:\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[A-Za-z]*_?[A-Za-z]*\d[\w-]{5,})(?=/|$)")
_FORM = re.compile(r"^[a-z][a-z0-9+.-]*://[^/?]*", re.IGNORECASE)  # the whole address, the form that is sent to proxies
_LONGEST_BODY = 8 << 20
_NO_CONTENT = (204, 304)


class Call(Struct, frozen=True, kw_only=True):
    """A request that an application sent."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def is_safe(self) -> bool:
        return self.method in ("GET", "HEAD", "OPTIONS", "TRACE")


def path_without_identifiers(target: str) -> str:
    """`/charges/17/refund?x=1` → `/charges/?/refund`."""
    return _IDENTIFIER.sub("?", target.partition("?")[0])


class ServerSession:
    """One connection. After each call exactly one answer is due before the next call is given out."""

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._method, self._version = b"", b"1.1"
        self._body, self._rest = bytearray(), hashlib.sha256()
        self._is_cut = False

    def receive(self, data: bytes) -> None:
        """Bytes from the application; empty at its end."""
        self._h11.receive_data(data)

    def calls(self) -> Iterator[Call | bytes]:
        """Whole requests, and bytes to send at once (`100 Continue`). Raises h11.RemoteProtocolError; what to send then
        is for `refusal` to say."""
        while True:
            event = self._h11.next_event()
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._keep(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                request, self._request = self._request, None
                yield self._call(request)
                continue
            elif self._h11.they_are_waiting_for_100_continue:
                yield self._h11.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
            else:  # more data needed, paused for our answer, or the connection is over
                return

    def _begin(self, request: h11.Request) -> None:
        if request.http_version not in (b"1.0", b"1.1"):
            raise h11.RemoteProtocolError("only HTTP/1.0 and HTTP/1.1 are supported here", error_status_hint=505)
        self._request = request
        self._method, self._version = request.method, request.http_version
        self._body.clear()
        self._rest, self._is_cut = hashlib.sha256(), False

    def _keep(self, data: bytes) -> None:
        """A body of any size is taken; of a long one the beginning is kept, and the rest identified by its hash."""
        room = max(0, _LONGEST_BODY - len(self._body))
        self._body += data[:room]
        if len(data) > room:
            self._rest.update(data[room:])
            self._is_cut = True

    def _call(self, request: h11.Request) -> Call:
        rest = f" … sha256:{self._rest.hexdigest()}".encode() if self._is_cut else b""
        return Call(
            method=request.method.decode("ascii"),
            target=_FORM.sub("", request.target.decode("latin-1")) or "/",
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers},
            body=bytes(self._body) + rest,
        )

    def answer(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...]) -> bytes:
        """The bytes of a well-formed answer to the last call; the session is then ready for the next one.

        A status that is no final one is sent, and 200 after it. Where the status or the method allows no body (HEAD,
        204, 304), there is none; what a HEAD gets as its description is what a GET would get.
        """
        sent = b""
        if status < 200:
            sent = self._h11.send(h11.InformationalResponse(status_code=status, headers=[])) or b""
            status = 200
        body = b"" if status == 205 else body
        response = h11.Response(
            status_code=status, reason=_reason(status).encode(), headers=self._fields(status, body, headers)
        )
        sent += self._h11.send(response) or b""
        if body and has_body(self._method.decode("ascii"), status):
            sent += self._h11.send(h11.Data(data=body)) or b""
        sent += self._h11.send(h11.EndOfMessage()) or b""
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
        return sent

    def _fields(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
        """The header of an answer; its length is ours to say, unless it comes in chunks to one who understands them."""
        is_chunked = self._version >= b"1.1" and any(_is_chunking(it) for it in headers)
        kept = [it for it in headers if it[0].lower() not in ("content-length", "transfer-encoding")]
        if status in _NO_CONTENT:
            return [it for it in kept if not it[0].lower().startswith("content-")]
        length = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(len(body)))
        return [length, *kept]

    def refusal(self, error: h11.RemoteProtocolError) -> bytes:
        """The answer to something that is no request, after which the connection is over; empty when none can be sent
        any more."""
        if self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return b""
        status, body = error.error_status_hint or 400, f"{error}\n".encode()
        fields = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        sent = self._h11.send(h11.Response(status_code=status, reason=_reason(status).encode(), headers=fields)) or b""
        sent += self._h11.send(h11.Data(data=body)) or b""
        return sent + (self._h11.send(h11.EndOfMessage()) or b"")

    @property
    def is_owed(self) -> bool:
        """Whether an answer is due."""
        return self._h11.our_state is h11.SEND_RESPONSE

    @property
    def must_close(self) -> bool:
        return self._h11.our_state in (h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)


def has_body(method: str, status: int) -> bool:
    """Whether an answer may have one (RFC 9110, 6.4.1)."""
    return method != "HEAD" and status >= 200 and status not in _NO_CONTENT


def _is_chunking(field: tuple[str, str]) -> bool:
    return field[0].lower() == "transfer-encoding" and "chunked" in field[1].lower()


def malformed(
    status: int, body: bytes, headers: tuple[tuple[str, str], ...], declared: int, method: str = "GET"
) -> bytes:
    """An answer whose declared length is not that of its body, which h11 rightly refuses to write. method: of the
    request; one to HEAD has no body that could be cut short."""
    body = body if has_body(method, status) else b""
    lines = [f"HTTP/1.1 {status} {_reason(status)}", f"Content-Length: {declared}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
