"""What will be run, and from where each part of it is known."""

from __future__ import annotations

import shlex
import time
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from looktwice.prove.app.sources.own_files import OwnFiles

USERS_FILE = "looktwice.toml"


class Origin(Struct, frozen=True):
    """Where something was read: a file relative to the project (or "default"), and its line when there is one."""

    path: str
    line: int = 0

    @property
    def is_users(self) -> bool:
        """Whether the user wrote it for us, and means it."""
        return self.path.startswith(USERS_FILE)

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
    FOREIGN = "elsewhere"  # the address, or part of it, of a store or service that has no stand-in
    FILE = "file"  # a database in a file
    FREE_PORT = "free port"  # a further port at which the application itself listens
    MADE_UP = "made up"  # anything else that is not for us to know: a value of the same shape


class Setting(Struct, frozen=True):
    """An environment variable of the application. `value` is the literal, or the example that shows its form; it is
    `own` when it stands in a file of the user's own (`.env`), from which no value is passed on."""

    name: str
    kind: Kind
    value: str
    origin: Origin
    own: bool = False
    example: str = ""  # for an upstream, whose `value` is a name: the address that the project shows


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
    left_out: tuple[Command, ...] = ()  # set-up that was detected and is not run, as a seed makes its tables
    seed: tuple[Command, ...] = ()  # a single word that ends in .sql is executed by us
    settings: tuple[Setting, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    health: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()  # of PostgreSQL, that the project's SQL asks for
    search_path: tuple[str, ...] = ()  # directories that go before PATH: a virtual environment, node_modules/.bin
    unread: tuple[str, ...] = ()  # files of the project that should say how it is started and set, and why they do not
    own: OwnFiles = OwnFiles()  # what it must not get as it lies on the disk
    is_isolated: bool = True  # whether it is kept from files and services that are not of this run
    began: int = msgspec.field(default_factory=time.time_ns)  # nanoseconds since the epoch: newer files are of the run

    def detected(self) -> list[str]:
        """One line for each part, with its origin."""
        lines = [f"start    {self.start}   ({self.start.origin})"]
        lines += [f"setup    {command}   ({command.origin})" for command in self.setup]
        lines += [f"not run  {command}   ({command.origin}): a seed makes its tables" for command in self.left_out]
        lines += [f"seed     {command}   ({command.origin})" for command in self.seed]
        shown = [setting for setting in self.settings if setting.kind not in (Kind.LITERAL, Kind.SECRET)]
        lines += [f"setting  {setting.name}: {setting.kind}   ({setting.origin})" for setting in shown]
        return lines


class Addresses(Struct, frozen=True, kw_only=True):
    """What one instance reaches, each at a port of its own: URLs. `outside` is a proxy that refuses and remembers,
    `allowed` are hosts that are called without it. `folder` is shared by all commands and instances of the run."""

    database: str = ""
    redis: str = ""
    upstreams: dict[str, str] = {}
    outside: str = ""
    allowed: tuple[str, ...] = ()
    folder: str = ""

    def ports(self) -> tuple[int, ...]:
        """The ports of all of them, on this machine."""
        urls = (self.database, self.redis, self.outside, *self.upstreams.values())
        return tuple(sorted({port for url in urls if url and (port := urlsplit(url).port)}))
