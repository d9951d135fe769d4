"""The client that asks the application: whatever is asked, and whatever comes back, there is an answer in time."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.request import NOT_SENT, Request, Response

IN_TIME = 20.0  # seconds: far more than the limit that is given, far less than for ever
LIMIT = 0.5

Script = Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(script: Script) -> Iterator[int]:
    """A server that does with each connection what the script says; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    script(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def says(*pieces: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        for piece in pieces:
            connection.sendall(piece)

    return script


def nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def drips(connection: socket.socket) -> None:
    connection.recv(65536)
    for letter in itertools.cycle(b"HTTP/1.1 200 OK\r\nX: " + 1000 * b"x"):
        connection.sendall(bytes([letter]))
        time.sleep(0.05)


def repeats(head: bytes, piece: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return script


def resets(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


OK = b"HTTP/1.1 200 OK\r\n"

ANSWERS: dict[str, tuple[Script, int | None, str]] = {
    # what is fine
    "whole": (says(OK + b"Content-Length: 2\r\n\r\nhi"), 200, ""),
    "in pieces": (says(OK, b"Content-Le", b"ngth: 2\r\n\r\nh", b"i"), 200, ""),
    "without a length, until it closes": (says(b"HTTP/1.0 200 OK\r\n\r\n", b"hi"), 200, ""),
    "chunked": (says(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"), 200, ""),
    "nothing but a status": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), 204, ""),
    "after 100": (says(b"HTTP/1.1 100 Continue\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nhi"), 200, ""),
    "after 103": (says(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nhi"), 200, ""),
    "large headers": (says(OK + b"X: " + 100_000 * b"x" + b"\r\nContent-Length: 2\r\n\r\nhi"), 200, ""),
    "more than it announced": (says(OK + b"Content-Length: 2\r\n\r\nhi, and more"), 200, ""),
    # what is not
    "none at all": (nothing, None, "timeout"),
    "a byte at a time": (drips, None, "timeout"),
    "closed at once": (says(), None, "reset"),
    "reset": (resets, None, "reset"),
    "a body without end": (repeats(OK + b"\r\n", 65536 * b"x"), None, ""),
    "a body of chunks without end": (
        repeats(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + 32768 * b"x" + b"\r\n"),
        None,
        "",
    ),
    "headers without end": (repeats(OK, b"X: y\r\n"), None, "broken answer"),
    "a header without end": (repeats(OK + b"X: ", 4096 * b"y"), None, "broken answer"),
    "100 without end": (repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), None, "timeout"),
    "half a body": (says(OK + b"Content-Length: 20\r\n\r\nhalf"), None, "broken answer"),
    "half a chunk": (says(OK + b"Transfer-Encoding: chunked\r\n\r\n20\r\nhalf"), None, "broken answer"),
    "half a head": (says(OK + b"Content-Le"), None, "broken answer"),
    "no HTTP": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), None, "broken answer"),
    "not even text": (says(bytes(range(256)) * 4), None, "broken answer"),
    "another protocol": (
        says(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"),
        None,
        "broken answer",
    ),
}


def answer_to(boundary: Boundary, request: Request, script: Script, limit: float = LIMIT) -> Response:
    with serving(script) as port:
        return boundary.send("A", request, port, limit).result(IN_TIME)


@pytest.mark.parametrize("case", ANSWERS)
def test_whatever_comes_back_is_an_answer(boundary: Boundary, case: str) -> None:
    script, status, error = ANSWERS[case]
    response = answer_to(boundary, Request(method="GET", path="/"), script, IN_TIME / 2 if status else LIMIT)
    assert response.status == status, response.error
    assert response.error.startswith(error)
    assert bool(response.error) == (status is None)
    # And the next one is asked as if nothing had been.
    assert answer_to(boundary, Request(method="GET", path="/"), says(OK + b"Content-Length: 0\r\n\r\n")).status == 200


def test_a_change_of_protocol_that_was_asked_for(boundary: Boundary) -> None:
    headers = (("Connection", "upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="))
    response = answer_to(boundary, Request(method="GET", path="/", headers=headers), ANSWERS["another protocol"][0])
    assert "another protocol" in response.error


WRITTEN = {
    "an ordinary one": Request(method="POST", path="/a?b=c%20d", headers=(("X-A", "b c"),), body=b"{}"),
    "latin-1 in a header": Request(method="GET", path="/", headers=(("X-Name", "Jos\u00e9"),)),
    "a method of its own": Request(method="PURGE", path="/"),
    "every letter that a path may hold": Request(method="GET", path="/-._~!$&'()*+,;=:@%7E/?a[]={}|^`\"<>\\"),
    "a large body": Request(method="PUT", path="/", body=b"x" * (8 << 20)),
    "a length of its own": Request(method="POST", path="/", headers=(("Content-Length", "2"),), body=b"{}"),
    "chunks": Request(method="POST", path="/", headers=(("Transfer-Encoding", "chunked"),), body=b"{}"),
    "an empty header": Request(method="GET", path="/", headers=(("X-A", ""),)),
}

UNWRITABLE: dict[str, tuple[Request, str]] = {
    "a space": (
        Request(method="GET", path="/a b"),
        "this path is not a URL path: '/a b' holds a space, which is written %20",
    ),
    "a newline": (Request(method="GET", path="/a\nb"), "this path is not a URL path: '/a\\nb' holds a newline"),
    "a header in the path": (Request(method="GET", path="/ HTTP/1.1\r\nX: y"), "this path is not a URL path"),
    "a letter that is not ASCII": (Request(method="GET", path="/caf\u00e9"), "holds `é`, which is written %C3%A9"),
    "half a letter": (Request(method="GET", path="/\ud83d"), "this path is not a URL path"),
    "a zero byte": (Request(method="GET", path="/a\0"), "holds a zero byte"),
    "no path": (Request(method="GET", path=""), "does not begin with a slash"),
    "a whole address": (Request(method="GET", path="http://example.com/"), "does not begin with a slash"),
    "a newline in a header": (Request(method="GET", path="/", headers=(("X-A", "b\nc"),)), "the header X-A cannot"),
    "a zero byte in a header": (Request(method="GET", path="/", headers=(("X-A", "b\0"),)), "holds a zero byte"),
    "a control in a header": (Request(method="GET", path="/", headers=(("X-A", "b\x07"),)), "the character U+0007"),
    "letters beyond latin-1": (Request(method="GET", path="/", headers=(("X-A", "日本"),)), "its value holds `日`"),
    "a header that ends with a space": (Request(method="GET", path="/", headers=(("X-A", "b "),)), "ends with a space"),
    "a name with a space": (
        Request(method="GET", path="/", headers=(("X A", "b"),)),
        "not the name of a header: 'X A'",
    ),
    "a name that is empty": (Request(method="GET", path="/", headers=(("", "b"),)), "not the name of a header"),
    "a name beyond ASCII": (Request(method="GET", path="/", headers=(("Ü", "b"),)), "not the name of a header"),
    "a method with a space": (Request(method="GE T", path="/"), "this is not a method: 'GE T'"),
    "a method beyond ASCII": (Request(method="GÉT", path="/"), "this is not a method"),
    "no method": (Request(method="", path="/"), "this is not a method"),
    "a length that is wrong": (
        Request(method="POST", path="/", headers=(("Content-Length", "5"),), body=b"{}"),
        "states '5', and the body has 2 bytes",
    ),
    "two lengths": (
        Request(method="POST", path="/", headers=(("Content-Length", "2"), ("content-length", "3")), body=b"{}"),
        "both state the length of the body",
    ),
    "an encoding that is not known": (
        Request(method="POST", path="/", headers=(("Transfer-Encoding", "gzip"),), body=b"{}"),
        "nothing but chunked",
    ),
    "a body that is too large": (Request(method="POST", path="/", body=b"x" * ((64 << 20) + 1)), "67,108,865 bytes"),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_a_request_that_is_fine_is_sent(boundary: Boundary, case: str) -> None:
    seen = bytearray()

    def script(connection: socket.socket) -> None:
        body = WRITTEN[case].body
        while b"\r\n\r\n" not in seen or len(seen) < len(body):
            seen.extend(connection.recv(1 << 20))
        connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    response = answer_to(boundary, WRITTEN[case], script, IN_TIME / 2)
    assert (response.status, response.error) == (200, "")
    assert seen.startswith(f"{WRITTEN[case].method} {WRITTEN[case].path} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("case", UNWRITABLE)
def test_a_request_that_cannot_be_written_is_an_answer(boundary: Boundary, case: str) -> None:
    """It was a hang for ever: the error was raised in a thread where nobody waited for it."""
    request, why = UNWRITABLE[case]
    seen: list[bytes] = []
    response = answer_to(boundary, request, lambda connection: seen.append(connection.recv(1)))
    assert response.status is None and response.error.startswith(NOT_SENT)
    assert why in response.error
    assert "\n" not in response.error and "\r" not in response.error
    assert not seen, "the application never saw it"
