"""The parts of the supervisor by themselves: addresses, names, files, and whatever bytes they are given."""

from __future__ import annotations

import errno
import os
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.prove.sandbox import names, seccomp
from looktwice.prove.sandbox.files import Files, is_settings, is_shown
from looktwice.prove.sandbox.network import Network, Peer, divided, is_local, parse

INET, INET6 = socket.AF_INET, socket.AF_INET6


def inet(host: str, port: int) -> bytes:
    return struct.pack("=H", INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)


def inet6(host: str, port: int) -> bytes:
    return struct.pack("=H", INET6) + struct.pack("!HI", port, 0) + socket.inet_pton(INET6, host) + bytes(4)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (inet("10.0.0.1", 5432), "10.0.0.1:5432"),
        (inet6("::1", 80), "[::1]:80"),
        (inet6("::ffff:127.0.0.1", 80), "127.0.0.1:80"),
        (struct.pack("=H", socket.AF_UNIX) + b"/run/x.sock\0rest", "/run/x.sock"),
        (struct.pack("=H", socket.AF_UNIX) + b"\0name", "@name"),
    ],
)
def test_addresses(data, shown):
    assert str(parse(data)) == shown


@given(st.binary(max_size=130))
def test_any_bytes_are_some_address(data):
    assert isinstance(str(parse(data)), str)


@pytest.mark.parametrize(
    ("peer", "error"),
    [
        (Peer(INET, "127.0.0.1", 1), None),
        (Peer(INET, "127.0.0.1", 2), None),  # its own
        (Peer(INET, "127.0.0.1", 3), errno.ECONNREFUSED),
        (Peer(INET6, "::1", 1), None),
        (Peer(INET6, "::1", 3), errno.ECONNREFUSED),
        (Peer(INET, "0.0.0.0", 3), errno.ECONNREFUSED),
        (Peer(INET, "10.0.0.1", 1), errno.ENETUNREACH),  # the number of a port of ours, on another machine
        (Peer(INET, "10.0.0.2", 443), None),
        (Peer(INET, "10.0.0.2", 444), errno.ENETUNREACH),
        (Peer(INET, "10.0.0.3", 9), None),
        (Peer(INET, "10.0.0.1", 0), None),
        (Peer(socket.AF_UNIX, path="/own.sock"), None),
        (Peer(socket.AF_UNIX, path="/allowed.sock"), None),
        (Peer(socket.AF_UNIX, path="/var/run/docker.sock"), errno.ECONNREFUSED),
        (Peer(socket.AF_UNIX, path=""), None),
        (Peer(socket.AF_UNSPEC), None),
        (Peer(socket.AF_NETLINK), None),
        (Peer(40), errno.EAFNOSUPPORT),  # to the machine that this one runs on
    ],
)
def test_what_may_be_reached(peer, error):
    network = Network(
        ports=[1],
        allowed=["10.0.0.2:443", "host.example", "/allowed.sock"],
        listens=lambda port: port == 2,
        holds=lambda path: path == "/own.sock",
        name_of=lambda address: "host.example" if address == "10.0.0.3" else "",
    )
    refusal = network.refusal(peer)
    assert (refusal.error if refusal else None) == error


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a.example", ("a.example", 0)),
        ("A.example:80", ("a.example", 80)),
        ("[::1]:80", ("::1", 80)),
        ("::1", ("::1", 0)),
        ("[::1]", ("::1", 0)),
        ("127.0.0.1:x", ("127.0.0.1:x", 0)),
        ("", ("", 0)),
    ],
)
def test_hosts_with_and_without_ports(text, parts):
    assert divided(text) == parts


@given(st.text(max_size=60))
def test_any_text_is_a_host_or_none(text):
    divided(text)
    is_local(text)


QUERY = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + b"\x02db\x04shop\x07example\0" + struct.pack("!2H", 1, 1)


def test_a_question_and_its_answer():
    assert names.question(QUERY) == ("db.shop.example", 1)
    answer = names.reply(QUERY, [b"\xc6\x12\0\1"])
    assert answer[:2] == QUERY[:2] and answer.endswith(b"\0\4\xc6\x12\0\1")
    assert struct.unpack_from("!H", names.reply(QUERY, [], exists=False), 2)[0] & 0xF == 3  # there is no such name


@given(st.binary(max_size=80))
def test_noise_is_no_question_or_one_that_can_be_answered(data):
    if names.question(data) is not None:
        assert names.reply(data, [])


@pytest.mark.parametrize(
    ("name", "settings", "shown"),
    [
        (".env", True, False),
        (".env.local", True, False),
        (".ENV", True, False),
        (".envrc", True, False),
        ("prod.env", True, False),
        (".env.example", True, True),
        ("env.example", False, True),
        ("env.py", False, False),
        (".environment", False, False),
        ("environment.ts", False, False),
        ("README.env.md", False, False),
    ],
)
def test_names_of_files_of_settings(name, settings, shown):
    assert (is_settings(name), is_shown(name)) == (settings, shown)


def test_a_file_is_known_by_itself_not_by_its_name(tmp_path):
    for name in (".env", "made-up", "secret", "kept.db", "other"):
        (tmp_path / name).write_text(name)
    os.link(tmp_path / ".env", tmp_path / "another name")
    files = Files(
        {str(tmp_path / ".env"): str(tmp_path / "made-up")},
        hidden=[str(tmp_path / "secret"), str(tmp_path / "never there")],
        kept=[str(tmp_path / "kept.db")],
    )
    opened = {name: files.opening(str(tmp_path / name), os.O_RDONLY) for name in os.listdir(tmp_path)}
    assert opened[".env"] == opened["another name"] and opened[".env"].instead == str(tmp_path / "made-up")
    assert (opened["secret"].error, opened["secret"].worth) == (errno.ENOENT, "read")
    assert not any((opened[name].instead, opened[name].error) != ("", 0) for name in ("kept.db", "other", "made-up"))
    assert files.opening(str(tmp_path / "kept.db"), os.O_RDWR).error == errno.EROFS
    assert files.changing(str(tmp_path / "another name")).error == errno.EROFS
    assert not files.changing(str(tmp_path / "other")).error


@given(st.text(max_size=40), st.integers(0, 1 << 22))
def test_any_path_is_decided(path, flags):
    files = Files({})
    files.opening(path, flags)
    files.changing(path)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_whole(machine):
    """Every jump stays inside, and the last instruction returns."""
    code = seccomp.program(machine)
    lines = [struct.unpack_from("HBBI", code, at) for at in range(0, len(code), 8)]
    for number, (kind, yes, no, _) in enumerate(lines):
        if kind in (0x15, 0x35):
            assert number + 1 + max(yes, no) < len(lines)
    assert lines[-1][0] == 0x06


def test_another_machine_has_no_filter():
    with pytest.raises(KeyError):
        seccomp.program("pdp11")
