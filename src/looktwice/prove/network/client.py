"""Sends one request to the application on a connection of its own. It never retries and follows no redirect.

A client that keeps connections alive or repeats a request would add effects of its own to what is being judged.
"""

from __future__ import annotations

import asyncio
import time

import h11

from looktwice.prove.network.request import NOT_SENT, Request, Response
from looktwice.prove.network.writable import problem

_CHUNK = 64 * 1024
_LONGEST_BODY = 8 << 20  # bytes that are kept
_LONGEST_ANSWER = 256 << 20  # bytes that are read
_LONGEST_HEAD = 256 * 1024
_ERRORS = {ConnectionRefusedError: "refused", ConnectionResetError: "reset", TimeoutError: "timeout"}


class _UnfitAnswerError(Exception):
    """The application's answer is none that HTTP knows, or none that ends."""


async def send(request: Request, port: int, timeout: float, host: str = "127.0.0.1") -> Response:
    """The application's answer, within `timeout` seconds. Never raises: no answer is an answer too, and so is a request
    that cannot be written."""
    if why := problem(request):
        return Response(error=NOT_SENT + why)
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
    try:
        data = _encode(connection, request, host, port)
    except Exception as error:  # something that `problem` does not know of
        return Response(error=f"{NOT_SENT}{error}")
    started = time.perf_counter()
    try:
        async with asyncio.timeout(timeout):
            response = await _exchange(connection, data, host, port)
    except Exception as error:  # whatever it is, somebody waits for an answer
        known = next((word for kind, word in _ERRORS.items() if isinstance(error, kind)), "")
        return Response(error=known or f"broken answer: {error}", seconds=time.perf_counter() - started)
    return Response(
        status=response.status,
        headers=response.headers,
        body=response.body,
        seconds=time.perf_counter() - started,
    )


async def _exchange(connection: h11.Connection, data: bytes, host: str, port: int) -> Response:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(data)
        return await _read(connection, reader)
    finally:
        writer.transport.abort()  # what is not sent by now is not wanted any more


def _encode(connection: h11.Connection, request: Request, host: str, port: int) -> bytes:
    given = {name.lower() for name, _ in request.headers}
    headers = [("Host", f"{host}:{port}"), ("Connection", "close"), ("Accept", "*/*")]
    if request.body and "content-type" not in given:
        headers.append(("Content-Type", "application/json"))
    if (request.body or request.method in ("POST", "PUT", "PATCH")) and "transfer-encoding" not in given:
        headers.append(("Content-Length", str(len(request.body))))
    headers = [h for h in headers if h[0].lower() not in given] + list(request.headers)
    events = (
        h11.Request(
            method=request.method,
            target=request.path,
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
        ),
        h11.Data(data=request.body),
        h11.EndOfMessage(),
    )
    return b"".join(connection.send(event) or b"" for event in events)


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> Response:
    status, length, body = 0, 0, bytearray()
    headers: tuple[tuple[str, str], ...] = ()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(_CHUNK)
            if not data and status == 0 and not connection.trailing_data[0]:
                raise ConnectionResetError("closed without an answer")
            connection.receive_data(data)
        elif isinstance(event, h11.InformationalResponse):
            if event.status_code == 101:
                raise _UnfitAnswerError("it changes to another protocol, which was not requested")
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers)
        elif isinstance(event, h11.Data):
            length += len(event.data)
            if length > _LONGEST_ANSWER:
                raise _UnfitAnswerError(f"it has answered {status}, and after {length:,} bytes its body goes on")
            if len(body) < _LONGEST_BODY:
                body += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return Response(status=status, headers=headers, body=bytes(body))
        else:  # PAUSED: it speaks another protocol from here on, so there is nothing to wait for
            raise _UnfitAnswerError(f"it has answered {status or 101}, and goes on in another protocol")
