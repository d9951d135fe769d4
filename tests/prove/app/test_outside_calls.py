"""The proxy that refuses: a client is answered in full, and where it wanted to go is known."""

from __future__ import annotations

import http.client
import socket

import httpx
import pytest

from looktwice.prove.app.outside import Outside


@pytest.fixture
def proxy(boundary):
    outside = Outside()
    return outside, boundary.listen(outside.protocol)


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("GET", None, 50), ("HEAD", None, 0), ("POST", b"x" * (4 << 20), 50), ("PUT", b"{}", 50)],
)
def test_the_refusal_arrives_whole(proxy, method, body, length):
    """One that sends a long body is answered too, not cut off."""
    outside, port = proxy
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request(method, "http://api.pay.example/charges", body)
    answer = client.getresponse()
    assert (answer.status, len(answer.read())) == (403, length)
    assert outside.hosts == ["api.pay.example"]
    client.close()


def test_a_tunnel_is_refused(proxy):
    outside, port = proxy
    with pytest.raises(httpx.ProxyError), httpx.Client(proxy=f"http://127.0.0.1:{port}") as client:
        client.get("https://api.pay.example/charges")
    assert outside.hosts == ["api.pay.example:443"]


@pytest.mark.parametrize("data", [b"hello\r\n\r\n", b"\x16\x03\x01\r\n", b"x" * 10_000])
def test_noise_is_refused_too(proxy, data):
    outside, port = proxy
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(data)
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")
    assert outside.hosts == []
