"""What will be run, and from where each part of it is known."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct


class Origin(Struct, frozen=True):
    """Where something was read: a file relative to the project (or "default"), and its line when there is one."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Command(Struct, frozen=True):
    """Words to execute, never a line for a shell. `{port}` in a word stands for the instance's port."""

    words: tuple[str, ...]
    origin: Origin
    directory: str = "."  # relative to the project

    def __str__(self) -> str:
        return " ".join(map(_quoted, self.words))


def _quoted(word: str) -> str:
    """The word for a shell; the braces around `port` alone are no reason for quotes."""
    plain = word.replace("{port}", "8000")
    return word if shlex.quote(plain) == plain else shlex.quote(word)


class Kind(StrEnum):
    """What a setting holds, which decides what the instance is given."""

    LITERAL = "literal"
    SECRET = "secret"
    PORT = "port"
    DATABASE = "database"  # a URL; the other DATABASE_… kinds are its parts
    DATABASE_HOST = "database host"
    DATABASE_PORT = "database port"
    DATABASE_USER = "database user"
    DATABASE_PASSWORD = "database password"
    DATABASE_NAME = "database name"
    REDIS = "redis"
    REDIS_HOST = "redis host"
    REDIS_PORT = "redis port"
    REDIS_PASSWORD = "redis password"
    UPSTREAM = "upstream"  # the address of an outside service; `value` is the service's name


class Setting(Struct, frozen=True):
    """An environment variable of the application. `value` is the literal, or the example that shows its form."""

    name: str
    kind: Kind
    value: str
    origin: Origin


class Upstream(Struct, frozen=True, kw_only=True):
    """An outside service that gets a stand-in. `status` and `body` are its ordinary answer."""

    name: str
    status: int = 200
    body: Any = None
    origin: Origin = Origin("default")


class Plan(Struct, frozen=True, kw_only=True):
    """Everything needed to start the application; `root` is its directory, absolute."""

    root: Path
    start: Command
    setup: tuple[Command, ...] = ()
    seed: tuple[Command, ...] = ()  # a single word that ends in .sql is executed by us
    settings: tuple[Setting, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    health: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()  # of PostgreSQL, that the project's SQL asks for
    search_path: tuple[str, ...] = ()  # directories that go before PATH: a virtual environment, node_modules/.bin

    def detected(self) -> list[str]:
        """One line for each part, with its origin."""
        lines = [f"start    {self.start}   ({self.start.origin})"]
        lines += [f"setup    {command}   ({command.origin})" for command in self.setup]
        lines += [f"seed     {command}   ({command.origin})" for command in self.seed]
        shown = [setting for setting in self.settings if setting.kind not in (Kind.LITERAL, Kind.SECRET)]
        lines += [f"setting  {setting.name}: {setting.kind}   ({setting.origin})" for setting in shown]
        return lines


class Addresses(Struct, frozen=True, kw_only=True):
    """What one instance reaches, each at a port of its own: URLs. `outside` is a proxy that refuses and remembers,
    `allowed` are hosts that are called without it."""

    database: str = ""
    redis: str = ""
    upstreams: dict[str, str] = {}
    outside: str = ""
    allowed: tuple[str, ...] = ()
