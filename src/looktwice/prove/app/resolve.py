"""Finds out what to run: what the user wrote in looktwice.toml, then what the project says about itself."""

from __future__ import annotations

import shlex
from pathlib import Path

from msgspec.structs import replace

from looktwice.core.config import Prove
from looktwice.prove.app import families, made_up
from looktwice.prove.app.failure import StartError
from looktwice.prove.app.plan import USERS_FILE, Command, Kind, Origin, Plan, Setting, Upstream
from looktwice.prove.app.sources import commands, dotenv, drivers, own_files, programs, seeding, settings_in_code
from looktwice.prove.app.sources.unread import unread
from looktwice.prove.network.request import Request
from looktwice.prove.network.writable import problem


def resolve(root: Path, prove: Prove) -> Plan:
    """The plan for the project at `root`.

    prove: the `[prove]` table; what it leaves out is looked for. Raises StartError when nothing says how to start.
    """
    base = (root / prove.directory).resolve()
    if not base.is_dir():
        raise StartError(
            "start", f"directory = {prove.directory!r} is not a folder here", add='[prove]\ndirectory = "…"'
        )
    closed = tuple(f"could not read {it}" for it in unread(base))
    start = _words(prove.start, "start") if prove.start else commands.start(base)
    if start is None:
        raise StartError(
            "start",
            "nothing in the project shows how: " + ", ".join(commands.LOOKED_AT) + "".join(f"; {it}" for it in closed),
            add='[prove]\nstart = "the command that starts it, with {port} where the port goes"',
        )
    if prove.health and (why := problem(Request(method="GET", path=prove.health))):
        raise StartError("start", f"health = {prove.health!r}: {why}", add='[prove]\nhealth = "/a/path/that/answers"')
    settings = _settings(base, prove)
    setup = tuple(_words(text, "setup") for text in prove.setup)
    seed = tuple(_words(text, "seed") for text in prove.seed)
    detected, left_out = ((), ()) if setup else seeding.beside(base, commands.setup(base), seed)
    return Plan(
        root=base,
        start=start,
        setup=setup or detected,
        left_out=left_out,
        seed=seed,
        settings=settings,
        upstreams=_upstreams(prove, settings),
        health=(prove.health,) if prove.health else (),
        extensions=tuple(commands.extensions(base)),
        search_path=tuple(programs.search_path(base)),
        unread=closed,
        own=own_files.find(base),
        is_isolated=prove.isolation,
    )


def _words(text: str, key: str) -> Command:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise StartError("start", f"cannot read {key} = {text!r}: {error}", add=f'[prove]\n{key} = "…"') from None
    if not words:
        raise StartError("start", f"{key} = {text!r} names no program", add=f'[prove]\n{key} = "…"')
    return Command(words, Origin(f"{USERS_FILE} [prove].{key}"))


def _settings(base: Path, prove: Prove) -> tuple[Setting, ...]:
    """One setting for each name. The user's word counts most, then examples, then the code."""
    found = {setting.name: setting for setting in settings_in_code.settings(base)}
    in_code = {name: setting.value for name, setting in found.items()}
    for setting in dotenv.settings(base):
        known = found.get(setting.name)
        found[setting.name] = setting if known is None else _joined(known, setting)
    found = {setting.name: setting for setting in _without_private_values(base, list(found.values()), in_code)}
    origin = Origin(f"{USERS_FILE} [prove]")
    for name in prove.database:
        found[name] = Setting(name, Kind.DATABASE, found[name].value if name in found else "", origin)
    for name in prove.redis:
        found[name] = Setting(name, Kind.REDIS, found[name].value if name in found else "", origin)
    for service, upstream in prove.upstreams.items():
        if upstream.variable:
            found[upstream.variable] = Setting(upstream.variable, Kind.UPSTREAM, service, origin)
    for name, value in prove.environment.items():
        found[name] = Setting(name, Kind.LITERAL, value, origin)
    found = {setting.name: setting for setting in families.completed(found.values())}
    if not any(setting.kind in (Kind.DATABASE, Kind.DATABASE_HOST) for setting in found.values()):
        found |= _database(base, found)
    # A literal that no file gives a value is left unset: the code's own default, or its complaint, is the truth.
    return tuple(s for s in found.values() if s.kind is not Kind.LITERAL or s.value or s.name in prove.environment)


def _database(base: Path, found: dict[str, Setting]) -> dict[str, Setting]:
    """The setting that holds our database's address, where none is known: one that shows a file, when the project has a
    driver for PostgreSQL too, else the usual name."""
    shown = [it for it in found.values() if it.kind is Kind.FILE]
    for it in shown:
        if scheme := drivers.scheme(base, it.value):
            return {it.name: replace(it, kind=Kind.DATABASE, value=f"{scheme}://database/app")}
    name = "DATABASE_URL"
    return {} if name in found else {name: Setting(name, Kind.DATABASE, "", Origin("default"))}


def _joined(in_code: Setting, in_file: Setting) -> Setting:
    """The file's example shows the form; what the code says it is counts where the example does not tell."""
    if in_code.value and not in_file.value:
        return in_code
    if in_file.kind is Kind.LITERAL and in_code.kind not in (Kind.LITERAL, Kind.MADE_UP, Kind.UPSTREAM, Kind.SECRET):
        return replace(in_file, kind=in_code.kind)
    if in_file.kind is Kind.LITERAL and not in_file.value and in_code.kind is Kind.MADE_UP:
        return in_code
    return in_file


def _without_private_values(base: Path, settings: list[Setting], in_code: dict[str, str]) -> list[Setting]:
    """No value from a file of the user's own is passed on, unless it is plainly no secret: by its looks, or because the
    project's code or its examples show it to everybody. Others are made up, of the same shape."""
    private = [it for it in settings if it.own and it.kind is Kind.LITERAL and it.value]
    doubtful = {it.value for it in private if not made_up.is_obvious(it.name, it.value)}
    public = dotenv.shown_values(base) | settings_in_code.occurring(base, doubtful) if doubtful else set()

    def hidden(it: Setting) -> Setting:
        if it not in private or it.value not in doubtful or it.value in public:
            return it
        default = in_code.get(it.name, "")  # of the code, or one that its validation accepts
        return replace(it, value=default) if default else replace(it, kind=Kind.MADE_UP)

    return [hidden(it) for it in settings]


def _upstreams(prove: Prove, settings: tuple[Setting, ...]) -> tuple[Upstream, ...]:
    result = {
        setting.value: Upstream(name=setting.value, origin=setting.origin)
        for setting in settings
        if setting.kind is Kind.UPSTREAM
    }
    for service, upstream in prove.upstreams.items():
        origin = Origin(f"{USERS_FILE} [prove.upstreams.{service}]")
        if not 100 <= upstream.status <= 599 or upstream.status == 101:
            why = f"status = {upstream.status} ({origin}) is not a status with which a service can answer a request"
            raise StartError("start", why, add=f"[prove.upstreams]\n{service} = {{ status = 200 }}")
        result[service] = Upstream(name=service, status=upstream.status, body=upstream.body, origin=origin)
    return tuple(result.values())
