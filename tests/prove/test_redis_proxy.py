"""Redis through the proxy: commands named, transactions whole, faults in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from looktwice.prove.network.boundary import Boundary
from looktwice.prove.network.gate import FORWARD, Action, Answered, Arrived, Cut, CutPoint, Fail
from looktwice.prove.network.relay import Address
from looktwice.prove.network.wire.operation import Operation
from looktwice.prove.servers import redis as own


@pytest.fixture(scope="module")
def server() -> Iterator[own.RedisServer]:
    with own.start() as started:
        yield started


@pytest.fixture(params=[2, 3], ids=["RESP 2", "RESP 3"])
def client(server: own.RedisServer, boundary: Boundary, request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    port = boundary.listen_redis("A", Address(server.host, server.port))
    with redis.Redis(port=port, protocol=request.param, decode_responses=True) as connected:
        connected.flushall()
        yield connected
        boundary.release_all()


def seen(boundary: Boundary) -> list[str]:
    return [m.operation.fingerprint for m in boundary.gate.journal if isinstance(m, Arrived)][1:]


def at(word: str, action: Action) -> Callable[[Operation], Action]:
    return lambda operation: action if operation.fingerprint.startswith(word) else FORWARD


def test_commands_are_named_without_their_values(boundary, client):
    client.set("user:17", "x" * 100_000)
    assert len(client.get("user:17")) == 100_000
    assert client.get("absent") is None
    client.hset("basket", mapping={"a": 1})
    client.zadd("board", {"anna": 2.5})
    assert client.zrange("board", 0, -1, withscores=True)
    assert seen(boundary) == ["SET user:?", "GET user:?", "GET absent", "HSET basket", "ZADD board", "ZRANGE board"]
    rows = [m.result.rows for m in boundary.gate.journal if isinstance(m, Answered)]
    assert rows[1:4] == [1, 1, 0]
    (connection,) = boundary.gate.connections.values()
    assert connection.outstanding == ()


def test_a_transaction_is_one_operation(boundary, client):
    with client.pipeline(transaction=True) as pipeline:
        pipeline.incr("counter").expire("counter", 60)
        assert pipeline.execute() == [1, True]
    assert seen(boundary) == ["MULTI; INCRBY counter; EXPIRE counter; EXEC"]


def test_a_pipeline_keeps_its_order_around_an_error(boundary, client):
    boundary.gate.policy = at("INCR", Fail("READONLY", "You can't write against a read only replica."))
    with client.pipeline(transaction=False) as pipeline:
        pipeline.set("a", 1).incr("a").get("a")
        first, second, third = pipeline.execute(raise_on_error=False)
    assert (first, third) == (True, "1")
    assert isinstance(second, redis.exceptions.ReadOnlyError)


@pytest.mark.parametrize(("point", "left"), [(CutPoint.BEFORE, None), (CutPoint.AFTER, "1"), (CutPoint.MIDWAY, "1")])
def test_a_cut(boundary, client, server, point, left):
    boundary.gate.policy = at("INCR", Cut(point))
    port = client.connection_pool.connection_kwargs["port"]
    with redis.Redis(port=port, retry=None) as impatient, pytest.raises(redis.exceptions.ConnectionError):
        impatient.incr("hits")
    with redis.Redis(port=server.port, decode_responses=True) as direct:
        assert direct.get("hits") == left


def test_a_lua_script_is_one_operation(boundary, client):
    assert client.eval("return redis.call('INCR', KEYS[1])", 1, "n") == 1
    assert len(seen(boundary)) == 1


# What the bundled server and clients of today say to each other beyond the commands of old.
REPORTED = {
    "who it is": [["HELLO", "3"]],
    "a name for the connection": [["CLIENT", "SETINFO", "LIB-NAME", "mine"], ["CLIENT", "SETNAME", "one"]],
    "fields that expire": [
        ["HSET", "h", "a", "1", "b", "2"],
        ["HEXPIRE", "h", "100", "FIELDS", "1", "a"],
        ["HTTL", "h", "FIELDS", "2", "a", "b"],
        ["HGETALL", "h"],
    ],
    "set if equal": [["SET", "k", "1"], ["SET", "k", "2", "GET"], ["GETEX", "k", "EX", "100"], ["GETDEL", "k"]],
    "doubles, sets, maps, nothing": [
        ["ZADD", "z", "1.5", "a"],
        ["ZSCORE", "z", "a"],
        ["SADD", "s", "a", "b"],
        ["SMEMBERS", "s"],
        ["CONFIG", "GET", "maxmemory"],
        ["GET", "absent"],
        ["LMPOP", "1", "absent", "LEFT"],
    ],
    "a stream": [["XADD", "x", "*", "a", "1"], ["XRANGE", "x", "-", "+"], ["XREAD", "COUNT", "1", "STREAMS", "x", "0"]],
    "pushes between answers": [
        ["CLIENT", "TRACKING", "ON", "BCAST"],
        ["SET", "t", "1"],
        ["GET", "t"],
        ["SET", "t", "2"],
    ],
    "verbatim text": [["LOLWUT"], ["INFO", "server"]],
    "an error": [["NOSUCHCOMMAND"], ["LPUSH", "l", "1"], ["GET", "l"]],
}


@pytest.mark.parametrize("case", REPORTED)
def test_what_a_server_of_today_says_is_understood(boundary: Boundary, client: redis.Redis, case: str) -> None:
    for words in REPORTED[case]:
        if words == ["HELLO", "3"] and client.connection_pool.connection_kwargs["protocol"] == 2:
            continue  # the client would not understand what it asked for
        try:
            client.execute_command(*words)
        except redis.ResponseError as error:
            assert case == "an error" or "unknown command" in str(error).lower()
    assert client.ping()
    (connection,) = boundary.gate.connections.values()
    assert not connection.is_strange
    assert connection.outstanding == ()
