"""Settings that belong together: host, port, user, password and name of one service say what it is by one another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from msgspec.structs import replace

from looktwice.prove.app.plan import Kind, Setting

# Part → what it is, where the service is PostgreSQL, and where it is Redis.
_PARTS: tuple[tuple[str, Kind, Kind | None], ...] = (
    ("HOST|HOSTNAME|SERVER|ADDR|ADDRESS", Kind.DATABASE_HOST, Kind.REDIS_HOST),
    ("PORT", Kind.DATABASE_PORT, Kind.REDIS_PORT),
    ("USER|USERNAME|LOGIN", Kind.DATABASE_USER, None),
    ("PASSWORD|PASSWD|PASS|PWD", Kind.DATABASE_PASSWORD, Kind.REDIS_PASSWORD),
    ("NAME|DB|DBNAME|DB_NAME|DATABASE|DATABASE_NAME", Kind.DATABASE_NAME, None),
)
_PART = re.compile(rf"(?P<prefix>\w*?)_*(?P<part>{'|'.join(words for words, _, _ in _PARTS)})")
_KIND_WORDS = re.compile(r"\w*?_*(?:ENGINE|DIALECT|DRIVER|CLIENT|TYPE|CONNECTION|ADAPTER|PROVIDER)")
_OURS_BY_PORT = {"5432": Kind.DATABASE, "6379": Kind.REDIS}
_FOREIGN_PORTS = ("3306", "27017", "5672", "1433", "1521", "9092", "9042", "11211", "25", "465", "587", "1025", "1883")
_DATABASES = {kind for _, kind, _ in _PARTS}


def completed(settings: Iterable[Setting]) -> list[Setting]:
    """The settings, with parts of one address taken for what the address is."""
    given = list(settings)
    families: dict[str, list[Setting]] = defaultdict(list)
    for it in given:
        if match := _PART.fullmatch(it.name.upper()):
            families[match["prefix"]].append(it)
    changed: dict[str, Setting] = {}
    for prefix, members in families.items():
        kind = _service(prefix, members, given)
        changed |= {it.name: _as_part(it, kind, members) for it in members if not it.origin.is_users}
    return [changed.get(it.name, it) for it in given]


def _service(prefix: str, members: list[Setting], every: list[Setting]) -> Kind | None:
    """Kind.DATABASE, Kind.REDIS or Kind.FOREIGN when something says so."""
    ports = {it.value for it in members if it.name.upper().endswith("PORT")}
    words = {
        it.value.lower()
        for it in every
        if it.name.upper().startswith(prefix) and prefix and _KIND_WORDS.fullmatch(it.name.upper())
    }
    if any(re.search(r"postgres|\bpg\b|psycopg|asyncpg", word) for word in words):
        return Kind.DATABASE
    if any(re.search(r"mysql|mariadb|mongo|mssql|oracle|sqlite", word) for word in words):
        return Kind.FOREIGN
    if ports & set(_FOREIGN_PORTS):
        return Kind.FOREIGN
    if any(it.kind in _DATABASES for it in members):
        return Kind.DATABASE
    return next((kind for port, kind in _OURS_BY_PORT.items() if port in ports), None)


def _as_part(it: Setting, service: Kind | None, members: list[Setting]) -> Setting:
    match = _PART.fullmatch(it.name.upper())
    assert match is not None
    row = next((database, redis) for words, database, redis in _PARTS if re.fullmatch(words, match["part"]))
    is_part_of_ours = it.kind in _DATABASES or it.kind in (Kind.REDIS_HOST, Kind.REDIS_PORT, Kind.REDIS_PASSWORD)
    hosts = [one for one in members if one.kind is not Kind.PORT and _is_host(one)]
    if service is Kind.DATABASE and hosts:
        return replace(it, kind=row[0])
    if service is Kind.REDIS and hosts and row[1] is not None:
        return replace(it, kind=row[1])
    if service is Kind.FOREIGN and hosts:
        if row[0] in (Kind.DATABASE_HOST, Kind.DATABASE_PORT):
            return replace(it, kind=Kind.FOREIGN)
        if is_part_of_ours:
            return replace(it, kind=Kind.SECRET if row[0] is Kind.DATABASE_PASSWORD else Kind.MADE_UP)
    if it.kind in (Kind.LITERAL, Kind.MADE_UP) and row[0] is Kind.DATABASE_PORT:
        return replace(it, kind=Kind.FOREIGN if hosts else Kind.FREE_PORT)
    if it.kind in (Kind.LITERAL, Kind.MADE_UP) and row[0] is Kind.DATABASE_HOST and len(members) > 1:
        return replace(it, kind=Kind.FOREIGN)
    return it


def _is_host(it: Setting) -> bool:
    return re.search(r"(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS)$", it.name.upper()) is not None
