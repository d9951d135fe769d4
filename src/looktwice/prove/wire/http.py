"""HTTP/1.1 from the side of a server, over h11: bytes in, whole requests out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

import h11
from msgspec import Struct

_IDENTIFIER = re.compile(r"(?<=/)(?:\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[A-Za-z]*_?[A-Za-z]*\d[\w-]{5,})(?=/|$)")
_LONGEST_BODY = 8 << 20


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
        self._body = bytearray()

    def receive(self, data: bytes) -> None:
        """Bytes from the application; empty at its end."""
        self._h11.receive_data(data)

    def calls(self) -> Iterator[Call | bytes]:
        """Whole requests, and bytes to send at once (`100 Continue`). Raises h11.RemoteProtocolError."""
        while True:
            event = self._h11.next_event()
            if isinstance(event, h11.Request):
                self._request = event
                self._body.clear()
                if self._h11.they_are_waiting_for_100_continue:
                    yield self._h11.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
            elif isinstance(event, h11.Data):
                if len(self._body) < _LONGEST_BODY:
                    self._body += event.data
            elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                request, self._request = self._request, None
                yield Call(
                    method=request.method.decode("ascii"),
                    target=request.target.decode("latin-1"),
                    headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers},
                    body=bytes(self._body),
                )
            else:  # more data needed, paused for our answer, or the connection is over
                return

    def answer(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...]) -> bytes:
        """The bytes of a well-formed answer; the session is then ready for the next call."""
        response = h11.Response(
            status_code=status,
            reason=_reason(status).encode(),
            headers=[("Content-Length", str(len(body))), *headers],
        )
        sent = self._h11.send(response) or b""
        if body and self._h11.our_state is h11.SEND_BODY:
            sent += self._h11.send(h11.Data(data=body)) or b""
        sent += self._h11.send(h11.EndOfMessage()) or b""
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
        return sent

    @property
    def must_close(self) -> bool:
        return self._h11.our_state in (h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)


def malformed(status: int, body: bytes, headers: tuple[tuple[str, str], ...], declared: int) -> bytes:
    """An answer whose declared length is not that of its body, which h11 rightly refuses to write."""
    lines = [f"HTTP/1.1 {status} {_reason(status)}", f"Content-Length: {declared}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
