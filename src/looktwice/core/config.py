"""The schema of `looktwice.toml` (or `[tool.looktwice]` in pyproject.toml)."""

from __future__ import annotations

import codecs
import difflib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from looktwice.core.errors import ConfigurationError
from looktwice.core.files import UnreadableError, is_present, read_bytes, read_named
from looktwice.core.parsing import NotParsedError, attempt

FILE_NAME = "looktwice.toml"
MOST_SECONDS, MOST_SCHEDULES = 3_600_000.0, 1_000_000_000
"""The longest time (a thousand hours), and the largest budget."""

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
"""How many there are of something that is deployed."""

OUR_TABLE = re.compile(rb"\btool\s{0,9}\.\s{0,9}[\"']?looktwice\b")


class System(Struct, frozen=True, kw_only=True):
    """How the code is deployed: a defect with four workers may be harmless with one."""

    regions: Count = 1
    instances: Count = 2
    workers: Count = 1


class Gap(Struct, frozen=True, kw_only=True):
    """A framework or store that is not understood, and why that is accepted. `package`: as `audit` names it."""

    package: str
    reason: str


class Audit(Struct, frozen=True, kw_only=True):
    """What is audited. `select` and `ignore` take codes, names and sections; `exclude` takes gitignore patterns.

    `known_gaps` are packages that need not be understood for an audit to count as complete.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: str = "medium"  # the lowest confidence that gives exit code 1
    known_gaps: tuple[Gap, ...] = ()


class Suppression(Struct, frozen=True, kw_only=True):
    """Findings of `code` under `path` (a gitignore pattern) are accepted, for `reason`."""

    code: str
    path: str
    reason: str


class Request(Struct, frozen=True, kw_only=True):
    """One request that `prove` may send.

    `pair` names the request that runs concurrently with it; when empty, this one is sent again with the fields of
    `vary` changed in its body. `user` names an entry of `[prove.users]`; when empty, the first one.
    """

    name: str = ""
    method: str = "GET"
    path: str = "/"
    body: Any = None
    vary: dict[str, Any] = {}
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    user: str = ""
    pair: str = ""
    once: bool = False  # sent twice, the same request must take effect once


class Upstream(Struct, frozen=True, kw_only=True):
    """An external API: the environment variable that holds its address, and the response of its stub."""

    variable: str = ""
    status: Annotated[int, Meta(ge=100, le=599)] = 200
    body: Any = None


class Prove(Struct, frozen=True, kw_only=True):
    """How the application is started and called. Settings left out are detected from the project."""

    start: str = ""  # "uvicorn app:app --port {port}"
    directory: str = "."
    setup: tuple[str, ...] = ()  # commands run once, when the database is ready
    health: str = ""
    database: tuple[str, ...] = ()  # environment variables that hold the database's address
    redis: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    seed: tuple[str, ...] = ()  # SQL files or commands
    users: dict[str, dict[str, str]] = {}  # name → headers that authenticate the user
    requests: tuple[Request, ...] = ()
    upstreams: dict[str, Upstream] = {}
    invariants: dict[str, str] = {}  # name → SQL that returns the rows that violate it
    ignore_tables: tuple[str, ...] = ()  # never judged; `*` stands for any letters
    require_reach: str = ""  # "50%": fewer endpoints reached make exit code 2
    allow_hosts: tuple[str, ...] = ()  # "host", "host:port", or the path of a local socket
    isolation: bool = True  # keep the application from the user's files and services
    budget: str = "200"
    deadline: str = "30m"  # for the whole run
    start_timeout: str = "30s"  # until the application answers
    setup_timeout: str = "2m"  # for each command and SQL file of setup and seed


class Models(Struct, frozen=True, kw_only=True):
    """The user's own library models by language, each table in the format of a file in code/libraries."""

    python: dict[str, dict[str, Any]] = {}
    typescript: dict[str, dict[str, Any]] = {}


class Config(Struct, frozen=True, kw_only=True):
    system: System = System()
    audit: Audit = Audit()
    prove: Prove = Prove()
    suppress: tuple[Suppression, ...] = ()
    models: Models = Models()


def load(root: Path, explicit: Path | None = None) -> Config:
    """The configuration of the project at `root`; the defaults when it has none.

    explicit: a file named by the user, which must exist.
    Raises ConfigurationError, which names the file, the position and the closest known key.
    """
    path, table = _find(root, explicit)
    if path is None:
        return Config()
    _refuse_unknown_keys(table, Config, str(path), "")
    remedy = "Change the value and run again."
    try:
        config = msgspec.convert(table, Config)
        msgspec.msgpack.encode(config)  # what cannot be stored cannot be meant: a number beyond 64 bits
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"cannot use {path}", _plain(str(error)), remedy) from None
    except (OverflowError, RecursionError) as error:
        why = "a number in it is too large" if isinstance(error, OverflowError) else "it is nested too deeply"
        raise ConfigurationError(f"cannot use {path}", why, remedy) from None
    _refuse_gaps_without_reason(config, str(path))
    return config


def _refuse_gaps_without_reason(config: Config, path: str) -> None:
    for number, gap in enumerate(config.audit.known_gaps):
        empty = next((name for name in ("package", "reason") if not getattr(gap, name).strip()), "")
        if empty:
            where = f"`audit.known_gaps[{number}].{empty}`"
            hint = "Write which package it is, and why it is accepted that it is not understood."
            raise ConfigurationError(f"cannot use {path}", f"{where} is empty", hint)


def budget(text: str) -> tuple[float | None, int | None]:
    """Parse a budget: "30s" or "2m" gives seconds, "200" a count, and None for the other. Raises ConfigurationError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|)\s*", text)
    if not match or float(match[1]) <= 0:
        raise ConfigurationError(
            f"cannot use the budget {text!r}", "it is neither a duration nor a count", "Write 30s, 2m or 200."
        )
    scale = {"ms": 0.001, "s": 1.0, "m": 60.0}.get(match[2])
    if float(match[1]) * (scale or 1.0) > (MOST_SECONDS if scale else MOST_SCHEDULES):
        most = f"{MOST_SECONDS / 60:.0f}m" if scale else str(MOST_SCHEDULES)
        raise ConfigurationError(f"cannot use the budget {text[:40]!r}", "it is too large", f"Write at most {most}.")
    return (float(match[1]) * scale, None) if scale else (None, int(float(match[1])))


def duration(text: str, name: str) -> float:
    """The seconds of "90s", "10m" or "1h". name: of the setting that says it. Raises ConfigurationError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)\s*", text)
    if not match or float(match[1]) <= 0:
        raise ConfigurationError(f"cannot use {name} = {text!r}", "it is not a duration", "Write 90s, 10m or 1h.")
    seconds = float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}[match[2]]
    if seconds > MOST_SECONDS:
        most = f"{MOST_SECONDS / 3600:.0f}h"
        raise ConfigurationError(f"cannot use {name} = {text[:40]!r}", "it is too long", f"Write at most {most}.")
    return seconds


def share(text: str) -> float:
    """A share of the whole: "50%" gives 0.5, "" gives 0. Raises ConfigurationError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if text and (not match or float(match[1]) > 100):
        raise ConfigurationError(
            f"cannot use require_reach {text!r}", "it is not a share of the endpoints", "Write a percentage: 50%."
        )
    return float(match[1]) / 100 if match else 0.0


def _find(root: Path, explicit: Path | None) -> tuple[Path | None, Any]:
    if explicit is not None:
        return explicit, _table(explicit, read_named)
    if is_present(path := root / FILE_NAME):
        return path, _table(path, read_bytes)
    if is_present(path := root / "pyproject.toml") and (table := _own_table(path)) is not None:
        return path, table
    return None, {}


def _own_table(path: Path) -> Any:
    """`[tool.looktwice]` of a pyproject.toml; None without one, and for a file that cannot be read.

    That file belongs to the project, and whoever reads the project reports it. Where it speaks of looktwice, somebody
    means us: then what is wrong with it is an error. Raises ConfigurationError.
    """
    try:
        data = read_bytes(path)
    except UnreadableError:
        return None
    try:
        tools = attempt("TOML", lambda: tomllib.loads(data.decode())).get("tool")
    except NotParsedError:
        if not OUR_TABLE.search(data):
            return None
        return _table(path, read_bytes)
    return tools.get("looktwice") if isinstance(tools, dict) else None


def _table(path: Path, read: Callable[[Path], bytes]) -> dict[str, Any]:
    try:
        data = read(path)
        return attempt("TOML", lambda: tomllib.loads(data.removeprefix(codecs.BOM_UTF8).decode()))
    except UnreadableError as error:
        raise ConfigurationError(f"cannot read {path}", error.why, "Name another file with --config.") from None
    except NotParsedError as error:
        remedy = "Save it as UTF-8." if error.why.endswith("UTF-8") else "Change that and run again."
        raise ConfigurationError(f"cannot read {path}", error.why, remedy) from None


def _refuse_unknown_keys(table: Any, kind: Any, path: str, where: str) -> None:
    if get_origin(kind) is tuple and isinstance(table, list):
        for item in table:
            _refuse_unknown_keys(item, get_args(kind)[0], path, where)
    elif get_origin(kind) is dict and isinstance(table, dict):
        for name, item in table.items():
            _refuse_unknown_keys(item, get_args(kind)[1], path, f"{where}.{name}")
    elif isinstance(kind, type) and issubclass(kind, Struct) and isinstance(table, dict):
        known = get_type_hints(kind)
        for name, item in table.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"Did you mean `{near[0]}`?" if near else f"Known keys: {', '.join(sorted(known))}."
                raise ConfigurationError(f"cannot use {path}", f"unknown key `{f'{where}.{name}'.lstrip('.')}`", hint)
            _refuse_unknown_keys(item, known[name], path, f"{where}.{name}")


def _plain(message: str) -> str:
    """msgspec's message, with the path written as in TOML."""
    return re.sub(r" - at `\$\.?([^`]*)`", r" at `\1`", message)
