"""The environment of one instance: made from scratch, never inherited."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from looktwice.core.isolation import program_path
from looktwice.core.quoting import toml_key
from looktwice.prove.app import made_up
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Addresses, Command, Kind, Plan, Setting
from looktwice.prove.app.recognition import live
from looktwice.prove.sandbox.network import divided
from looktwice.prove.servers.postgres.server import free_port

_NOWHERE = f"http://{made_up.NOWHERE}"
_EVERYWHERE = ("0.0.0.0", "::", "[::]")  # an instance listens to this machine only
_NO_REDIS = f"redis://{made_up.NOWHERE}/0"
_HOME = "{home}"  # in a made-up value: the directory of the instance
# Services of the machine that would be asked for rights, and tools that call their makers.
_QUIET = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_GCE_CHECK": "true",
    "NO_UPDATE_NOTIFIER": "1",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "CHECKPOINT_DISABLE": "1",
    "NEXT_TELEMETRY_DISABLED": "1",
    "DO_NOT_TRACK": "1",
}
# Not for a file of the project to say: they decide what is executed, and where it writes.
_OURS = re.compile(r"PATH|HOME|TMPDIR|TMP|TEMP|SHELL|BASH_ENV|IFS|(?:LD|DYLD)_\w+|(?:NO|HTTPS?|ALL)_PROXY", re.I)

# Options of an address that say how to connect. All others are left out: they lead elsewhere, or say who asks.
_OPTIONS = re.compile(
    r"(?:schema|currentschema|search_path|options|connection_limit|pool_timeout|pgbouncer|statement_cache_size|"
    r"prepared_statement_cache_size|(?:connect|socket|command)_timeout|charset|client_encoding|async_fallback|db|"
    r"decode_responses|health_check_interval|family|protocol|(?:min|max)[\w-]*)=[\w.,%=-]*",
    re.IGNORECASE,
)


class Secrets:
    """Made-up values: random, and the same for all instances of a run, so that tokens hold."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, name: str, example: str = "") -> str:
        """A secret of the shape of the example."""
        return self._kept(name, lambda: made_up.secret(example))

    def like(self, name: str, example: str) -> str:
        """Any other value; in it {home} stands for the directory of the instance."""
        return self._kept(name, lambda: made_up.like(name, example, _HOME))

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        if name not in self._known:
            self._known[name] = make()
        return self._known[name]


def environment(plan: Plan, addresses: Addresses, secret: Secrets, home: Path, port: int = 0) -> dict[str, str]:
    """Every variable that the instance sees.

    home: a directory that is thrown away afterwards. port: where it shall listen, 0 for a command that is no server.
    Raises StartError when a value belongs to a living system.
    """
    result = {
        "PATH": os.pathsep.join((*plan.search_path, program_path())),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **_QUIET,
        **_by_default(addresses.database),
        **_outside(addresses.outside, addresses.allowed),
    }
    if port:
        result["PORT"] = str(port)
    for setting in plan.settings:
        if _OURS.fullmatch(setting.name) and not setting.origin.is_users:
            continue
        value = _value(setting, addresses, secret, port).replace(_HOME, str(home))
        if setting.kind is Kind.LITERAL:  # every other value is ours
            _refuse_living(setting, value)
        result[setting.name] = value
    for command in (plan.start, *plan.setup, *plan.seed):
        _refuse_living_words(command)
    return result


def _by_default(database: str) -> dict[str, str]:
    """What libpq, and with it psql and others, takes by default: ours, not the socket in /var/run. The
    connection services of this machine are none of ours."""
    if not database:
        return {}
    ours = urlsplit(database)
    parts = {
        "PGHOST": ours.hostname,
        "PGPORT": _port(ours),
        "PGUSER": unquote(ours.username or ""),
        "PGPASSWORD": unquote(ours.password or ""),
        "PGDATABASE": unquote(ours.path.lstrip("/")),
        "PGPASSFILE": os.devnull,
        "PGSERVICEFILE": os.devnull,
    }
    return {name: value for name, value in parts.items() if value}


def _refuse_living(setting: Setting, value: str) -> None:
    if words := live(value):
        raise StartError(
            "start",
            f"the setting {setting.name} ({setting.origin}) holds {words}; it is not started with that",
            add=f'[prove]\nenvironment = {{ {toml_key(setting.name)} = "a harmless value" }}',
        )


def _refuse_living_words(command: Command) -> None:
    if words := live(" ".join(command.words)):
        raise StartError("start", f"a command ({command.origin}) holds {words}; it is not run with that")


def _outside(proxy: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Calls to anywhere but this machine go to a proxy that refuses them. NODE_USE_ENV_PROXY makes Node listen."""
    if not proxy:
        return {}
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    hosts = (divided(it)[0] for it in allowed if not it.startswith(("/", "@")))
    local = ",".join(dict.fromkeys(("127.0.0.1", "localhost", "::1", *hosts)))
    return {**dict.fromkeys(names, proxy), "NO_PROXY": local, "no_proxy": local, "NODE_USE_ENV_PROXY": "1"}


def _value(setting: Setting, addresses: Addresses, secret: Secrets, port: int) -> str:
    name, example = setting.name, setting.value
    database, redis = urlsplit(addresses.database), urlsplit(addresses.redis or _NO_REDIS)
    by_kind: Mapping[Kind, Callable[[], str]] = {
        Kind.LITERAL: lambda: "127.0.0.1" if example in _EVERYWHERE else example,
        Kind.SECRET: lambda: secret.of(name, example),
        Kind.MADE_UP: lambda: secret.like(name, example),
        Kind.FOREIGN: lambda: made_up.elsewhere(name, example),
        Kind.FILE: lambda: _file(example, addresses.folder or _HOME),
        Kind.FREE_PORT: lambda: str(free_port()),
        Kind.UPSTREAM: lambda: _upstream(addresses.upstreams.get(example, _NOWHERE), setting.example),
        Kind.PORT: lambda: str(port or example or ""),
        Kind.DATABASE: lambda: _in_the_form_of(example, addresses.database),
        Kind.DATABASE_HOST: lambda: database.hostname or "",
        Kind.DATABASE_PORT: lambda: _port(database),
        Kind.DATABASE_USER: lambda: unquote(database.username or ""),
        Kind.DATABASE_PASSWORD: lambda: unquote(database.password or ""),
        Kind.DATABASE_NAME: lambda: unquote(database.path.lstrip("/")),
        Kind.REDIS: lambda: _in_the_form_of(example, addresses.redis or _NO_REDIS),
        Kind.REDIS_HOST: lambda: redis.hostname or "",
        Kind.REDIS_PORT: lambda: _port(redis),
        Kind.REDIS_PASSWORD: lambda: unquote(redis.password or ""),
    }
    return by_kind[setting.kind]()


def _port(address: SplitResult) -> str:
    return str(address.port) if address.port else ""


def _upstream(address: str, example: str) -> str:
    """The stand-in's address. One with a name before the host (a DSN of an error tracker) keeps that form."""
    shown = urlsplit(example)
    if not shown.username:
        return address
    ours = urlsplit(address)
    return ours._replace(netloc=f"somebody@{ours.netloc}", path="/1" if len(shown.path) > 1 else "").geturl()


def _file(example: str, folder: str) -> str:
    """A database in a file: the same kind of address, for a file that is thrown away."""
    scheme, _, rest = example.partition(":")
    name = re.sub(r"[?#].*", "", rest).rstrip("/").rpartition("/")[2] or "app.db"
    if ":memory:" in example or rest.strip("/") == "":
        return example
    return f"{scheme}:{folder}/{name}" if scheme in ("file", "libsql") else f"{scheme}:///{folder}/{name}"


def _in_the_form_of(example: str, url: str) -> str:
    """Our address with the scheme (`postgresql+asyncpg`), the database number and the options of the example."""
    if url and "://" not in example and re.search(r"\bhost\s*=", example):
        return _in_words(url)
    if not url or "://" not in example:
        return url
    shown, ours = urlsplit(example), urlsplit(url)
    query = "&".join(option for option in shown.query.split("&") if _OPTIONS.fullmatch(option))
    is_redis = ours.scheme.startswith("redis")
    path = shown.path if is_redis and re.fullmatch(r"/\d+", shown.path) else ours.path
    scheme = shown.scheme if shown.scheme.startswith("postgres") else ours.scheme
    return ours._replace(scheme=scheme, path=path, query=query).geturl()


def _in_words(url: str) -> str:
    """Our address as libpq's words."""
    ours = urlsplit(url)
    parts = {
        "host": ours.hostname,
        "port": ours.port,
        "dbname": ours.path.lstrip("/"),
        "user": ours.username,
        "password": ours.password,
    }
    return " ".join(f"{name}={unquote(str(value))}" for name, value in parts.items() if value)
