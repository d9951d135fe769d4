"""The environment of one instance: made from scratch, never inherited."""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from looktwice.core.isolation import program_path
from looktwice.core.quoting import toml_key
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import Addresses, Kind, Plan, Setting
from looktwice.prove.app.recognition import live

_LETTERS = string.ascii_letters + string.digits
_NOWHERE = "http://127.0.0.1:9"  # the discard port: refused at once
_EVERYWHERE = ("0.0.0.0", "::", "[::]")  # an instance listens to this machine only
_NO_REDIS = "redis://127.0.0.1:9/0"


class Secrets:
    """Random values for settings that want a secret: the same for all instances of a run, so that tokens hold."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, name: str) -> str:
        return self._known.setdefault(name, "".join(secrets.choice(_LETTERS) for _ in range(64)))


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
        **_outside(addresses.outside, addresses.allowed),
    }
    if port:
        result["PORT"] = str(port)
    for setting in plan.settings:
        value = _value(setting, addresses, secret, port)
        if words := live(value):
            raise StartError(
                "start",
                f"the setting {setting.name} ({setting.origin}) holds {words}; it is not started with that",
                add=f'[prove]\nenvironment = {{ {toml_key(setting.name)} = "a harmless value" }}',
            )
        result[setting.name] = value
    return result


def _outside(proxy: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Calls to anywhere but this machine go to a proxy that refuses them. NODE_USE_ENV_PROXY makes Node listen."""
    if not proxy:
        return {}
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    local = ",".join(("127.0.0.1", "localhost", "::1", *allowed))
    return {**dict.fromkeys(names, proxy), "NO_PROXY": local, "no_proxy": local, "NODE_USE_ENV_PROXY": "1"}


def _value(setting: Setting, addresses: Addresses, secret: Secrets, port: int) -> str:
    database, redis = urlsplit(addresses.database), urlsplit(addresses.redis or _NO_REDIS)
    by_kind: Mapping[Kind, str] = {
        Kind.LITERAL: "127.0.0.1" if setting.value in _EVERYWHERE else setting.value,
        Kind.PORT: str(port or setting.value or ""),
        Kind.DATABASE: _in_the_form_of(setting.value, addresses.database),
        Kind.DATABASE_HOST: database.hostname or "",
        Kind.DATABASE_PORT: _port(database),
        Kind.DATABASE_USER: unquote(database.username or ""),
        Kind.DATABASE_PASSWORD: unquote(database.password or ""),
        Kind.DATABASE_NAME: unquote(database.path.lstrip("/")),
        Kind.REDIS: _in_the_form_of(setting.value, addresses.redis or _NO_REDIS),
        Kind.REDIS_HOST: redis.hostname or "",
        Kind.REDIS_PORT: _port(redis),
        Kind.REDIS_PASSWORD: unquote(redis.password or ""),
    }
    if setting.kind is Kind.SECRET:
        return secret.of(setting.name)
    if setting.kind is Kind.UPSTREAM:
        return addresses.upstreams.get(setting.value, _NOWHERE)
    return by_kind[setting.kind]


def _port(address: SplitResult) -> str:
    return str(address.port) if address.port else ""


def _in_the_form_of(example: str, url: str) -> str:
    """Our address with the scheme (`postgresql+asyncpg`), the database number and the options of the example."""
    if not url or "://" not in example:
        return url
    shown, ours = urlsplit(example), urlsplit(url)
    query = "&".join(
        option
        for option in shown.query.split("&")
        if option and not option.lower().startswith(("ssl", "host", "channel_binding", "sslmode"))
    )
    is_redis = ours.scheme.startswith("redis")
    path = shown.path if is_redis and len(shown.path) > 1 else ours.path
    scheme = ours.scheme if is_redis else shown.scheme
    return ours._replace(scheme=scheme, path=path, query=query).geturl()
