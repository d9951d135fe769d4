"""A real Redis: compared with its snapshot, brought back, gone when closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from looktwice.prove.oracle import KeyValue
from looktwice.prove.servers import redis as embedded
from looktwice.prove.servers import redis_program
from looktwice.prove.servers.redis import RedisServer


@pytest.fixture(scope="module")
def running() -> Iterator[RedisServer]:
    with embedded.start() as server:
        yield server


@pytest.fixture
def client(running: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(running.url) as connection:
        connection.flushall()
        connection.set("stock:1", "5")
        connection.set("session", "abc", ex=100)
        connection.hset("cart", mapping={"x": "1"})
        connection.rpush("queue", "a", "b")
        connection.sadd("seen", "b", "a")
        connection.zadd("rank", {"ann": 1.5})
        connection.set("json", '{"n": [1]}')
        running.snapshot()
        yield connection


def item(key: str, kind: str, value: object, expires: bool = False) -> KeyValue:
    return KeyValue(key=key, type=kind, value=value, expires=expires)


CHANGES = {
    "counter": (["DECR", "stock:1"], item("stock:1", "string", "4")),
    "deleted": (["DEL", "cart"], item("cart", "none", None)),
    "hash": (["HINCRBY", "cart", "x", "1"], item("cart", "hash", {"x": "2"})),
    "list": (["RPUSH", "queue", "c"], item("queue", "list", ["a", "b", "c"])),
    "set": (["SADD", "seen", "c"], item("seen", "set", ["a", "b", "c"])),
    "sorted set": (["ZINCRBY", "rank", "1", "ann"], item("rank", "zset", {"ann": 2.5})),
    "stream": (["XADD", "log", "*", "a", "1"], item("log", "stream", [{"a": "1"}])),
    "json": (["SET", "json", '{"n": [2]}'], item("json", "string", {"n": [2]})),
    "lives on": (["PERSIST", "session"], item("session", "string", "abc")),
    "will die": (["EXPIRE", "stock:1", "50"], item("stock:1", "string", "5", True)),
    "not text": (["SET", "raw", b"\xff\x00"], item("raw", "string", "\\xff\x00")),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_differs_and_the_way_back(running: RedisServer, client: redis.Redis, case: str) -> None:
    command, expected = CHANGES[case]
    assert running.differences() == ()
    client.execute_command(*command)
    assert running.differences() == (expected,)
    running.restore()
    assert running.differences() == ()
    assert 90 < client.ttl("session") <= 100


def test_the_order_of_a_set_is_no_difference(running: RedisServer, client: redis.Redis) -> None:
    client.sadd("seen", *(f"member {number}" for number in range(600)))
    running.snapshot()
    for _ in range(5):
        running.restore()
        assert running.differences() == ()
    client.srem("seen", "member 7")
    assert [each.key for each in running.differences()] == ["seen"]


def test_other_databases_are_seen(running: RedisServer, client: redis.Redis) -> None:
    with redis.Redis(running.host, running.port, db=3) as other:
        other.set("a", "1")
        assert running.differences() == (item("3:a", "string", "1"),)
        running.restore()
        assert other.get("a") is None


def test_it_is_gone_when_closed() -> None:
    with embedded.start() as server:
        assert redis.Redis.from_url(server.url).ping()
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(server.url).ping()


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Valkey server v=9.1.2 sha=00000000:0 malloc=libc bits=64 build=1", (9, 1)),
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1", (7, 0)),
        ("something else", None),
        ("", None),
    ],
)
def test_the_version_of_a_program(tmp_path: Path, output: str, expected: tuple[int, int] | None) -> None:
    program = tmp_path / "redis-server"
    program.write_text(f"#!/bin/sh\necho '{output}'\n")
    program.chmod(0o755)
    assert redis_program.version(program) == expected


@pytest.mark.parametrize(
    ("programs", "chosen"),
    [
        ({}, "bundled"),
        ({"redis-server": "5.0.14"}, "bundled"),  # too old for what applications expect today
        ({"redis-server": "6.2.0"}, "redis-server"),
        ({"redis-server": "7.0.15", "valkey-server": "8.0.1"}, "valkey-server"),
        ({"redis-server": "7.0.15", "valkey-server": "none"}, "redis-server"),
    ],
)
def test_which_server_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: dict[str, str], chosen: str
) -> None:
    for name, number in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho 'server v={number}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = redis_program.find()
    assert found.origin == ("bundled" if chosen == "bundled" else "system")
    if chosen == "bundled":
        assert found.path.name == "valkey-server" and (redis_program.version(found.path) or (0, 0)) >= (9, 0)
    else:
        assert found.path == tmp_path / chosen


def test_the_version_is_that_of_the_server(running: RedisServer) -> None:
    assert int(running.version.partition(".")[0]) >= 6
