"""Reads of the environment in Python, JavaScript and TypeScript, found without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from looktwice.prove.app.plan import Kind
from looktwice.prove.app.sources.declared import example_of

_NAME = r"[A-Z][A-Z0-9_]+"
_DEFAULT = r"""(?:["'`]([^"'`\n]*)["'`]|(-?\d+(?:\.\d+)?|True|False|true|false)\b)"""
_PYTHON = re.compile(
    rf"""(?:environ(?:\.get|\.setdefault|\.pop)?|getenv|\benv(?:\.\w+)?|\bconfig)\s*[\[(]\s*["']({_NAME})["']"""
    rf"""\s*(?:,\s*(?:default\s*=\s*)?{_DEFAULT})?"""
)
_JAVASCRIPT = re.compile(
    rf"""(?:(?:process|import\.meta|Bun)\.env(?:\??\.({_NAME})|\[["']({_NAME})["']\])|Deno\.env\.get\(["']({_NAME})["']\))"""
    rf"""(?:\s*(?:\|\||\?\?)\s*{_DEFAULT})?"""
)
_DESTRUCTURED = re.compile(r"\{([^{}]*)\}\s*=\s*process\.env\b")
_TAKEN = re.compile(rf"({_NAME})\b(?:\s*:\s*\w+)?(?:\s*=\s*{_DEFAULT})?")
_CALLED = re.compile(
    rf"""\b(?:required?\w*|getEnv\w*|env|\w*[cC]onfig\w*\.get\w*|\w*[eE]nv\w*\.get\w*)(?:<[\w\s|\[\]]+>)?"""
    rf"""\(\s*["']([A-Z][A-Z0-9]*_[A-Z0-9_]+)["']\s*(?:,\s*{_DEFAULT})?"""
)
# Functions of the project that read the variable whose name they are given.
_WRAPPERS = (
    re.compile(r"def\s+(\w+)\(\s*(?:self\s*,\s*|cls\s*,\s*)?(\w+)[^)]*\)[^:]*:(?:(?!\ndef\s)[\s\S]){0,400}?"
               r"(?:environ(?:\.get)?|getenv)\s*[\[(]\s*\2\b"),
    re.compile(r"(?:function\s+(\w+)|(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:function\s*\w*)?|(\w+))\s*"
               r"(?:<[^>]*>)?\(\s*(\w+)[^)]*\)(?:\s*:\s*[\w<>|\s]+)?\s*(?:=>|\{)[\s\S]{0,300}?process\.env\[\s*\4\b"),
)  # fmt: skip
_BY_VARIABLE = re.compile(
    r"(?:process\.env\[\s*[a-zA-Z_]\w*\s*\]|environ(?:\.get\(|\[)\s*[a-z_]\w*\b|getenv\(\s*[a-z_]\w*\b)"
)
_LISTED = re.compile(r"""["']([A-Z][A-Z0-9]*_[A-Z0-9_]+)["']""")
_ELSE_NONE = re.compile(r"\s*,\s*(?:default\s*=\s*)?(?:None|null|undefined)\b")
_ELSE_SOMETHING = re.compile(r"\s*,\s*(?!(?:cast|parse|subcast|type)\b)\S|\s*(?:\|\||\?\?)")
_NUMBER_BEFORE = re.compile(r"(?:\bint|\bfloat|\bNumber|\bparseInt|\bparseFloat|\bDecimal)\(\s*(?:os\.)?$|[=:(,]\s*\+$")
_KEY_BEFORE = re.compile(r"""["']?(\w+)["']?\s*[:=]\s*(?:\w+\(\s*|\+)*(?:os\.|this\.|process\.)?(?:\w+\.)*$""")
_PARTS: dict[str, tuple[Kind, Kind | None]] = {
    "host": (Kind.DATABASE_HOST, Kind.REDIS_HOST),
    "hostname": (Kind.DATABASE_HOST, Kind.REDIS_HOST),
    "server": (Kind.DATABASE_HOST, None),
    "port": (Kind.DATABASE_PORT, Kind.REDIS_PORT),
    "user": (Kind.DATABASE_USER, None),
    "username": (Kind.DATABASE_USER, None),
    "password": (Kind.DATABASE_PASSWORD, Kind.REDIS_PASSWORD),
    "database": (Kind.DATABASE_NAME, None),
    "dbname": (Kind.DATABASE_NAME, None),
    "name": (Kind.DATABASE_NAME, None),
    "url": (Kind.DATABASE, Kind.REDIS),
    "uri": (Kind.DATABASE, None),
    "dsn": (Kind.DATABASE, None),
    "connectionstring": (Kind.DATABASE, None),
    "conninfo": (Kind.DATABASE, None),
}
_POSTGRES = re.compile(
    r"psycopg|asyncpg|backends\.postgresql|postgis|\bnew (?:pg\.)?(?:Pool|Client)\(|\bpostgres\(|"
    r"(?:type|dialect|client|drivername|provider)[\"']?\s*[:=]\s*[\"'](?:postgres|pg)"
)
_REDIS = re.compile(r"\bnew Redis\(|ioredis|redis\.(?:asyncio\.)?(?:Strict)?Redis\(|BullModule|BullMQ|\bnew Queue\(")
_NEAR = 400  # characters in which a driver's name stands beside its parts


class Read(Struct, frozen=True):
    """One place. `default` is what the code takes otherwise, `example` one that its types accept, `hint` what the
    place says that it is."""

    name: str
    line: int
    default: str = ""
    example: str = ""
    is_required: bool = False
    is_off: bool = False  # the code says None: off unless somebody turns it on
    is_made: bool = False  # the code makes a value of its own
    hint: Kind | None = None


def wrappers(text: str) -> set[str]:
    """Names of functions in this text that read the variable they are asked for."""
    found = set()
    for pattern in _WRAPPERS:
        for match in pattern.finditer(text):
            *names, _ = match.groups()
            found |= {name for name in names if name and len(name) > 1}
    return found - {"if", "for", "while", "function", "return", "switch", "catch", "get", "map", "forEach", "filter"}


def in_python(text: str, known: Iterable[str] = ()) -> Iterator[Read]:
    """known: functions that read the environment, see `wrappers`."""
    for match in _PYTHON.finditer(text):
        is_read_whole = "[" in match[0] or not re.search(r"\.get|getenv|setdefault|pop", match[0])
        yield _read(text, match, match[1], match[2] or match[3] or "", is_read_whole)
    yield from _by_functions(text, known)


def in_javascript(text: str, known: Iterable[str] = ()) -> Iterator[Read]:
    """known: functions that read the environment, see `wrappers`."""
    for match in _JAVASCRIPT.finditer(text):
        name = match[1] or match[2] or match[3]
        is_required = text[match.end() : match.end() + 1] == "!"
        yield _read(text, match, name, match[4] or match[5] or "", is_required)
    for group in _DESTRUCTURED.finditer(text):
        for match in _TAKEN.finditer(text, group.start(1), group.end(1)):
            yield _read(text, match, match[1], match[2] or match[3] or "", False)
    for match in _CALLED.finditer(text):
        is_required = bool(re.match(r"require|getEnvOrThrow|env\b|.*OrThrow", match[0]))
        yield _read(text, match, match[1], match[2] or match[3] or "", is_required)
    yield from _by_functions(text, known)


def _by_functions(text: str, known: Iterable[str]) -> Iterator[Read]:
    """Through functions of the project, and by names in a list that is gone through."""
    if names := "|".join(map(re.escape, sorted(known))):
        pattern = rf"""\b(?:{names})(?:<[\w\s|]+>)?\(\s*["']({_NAME})["']\s*(?:,\s*(?:default\s*=\s*)?{_DEFAULT})?"""
        for match in re.finditer(pattern, text):
            yield _read(text, match, match[1], match[2] or match[3] or "", True)
    if _BY_VARIABLE.search(text):
        for match in _LISTED.finditer(text):
            yield _read(text, match, match[1], "", False)


def _read(text: str, match: re.Match[str], name: str, default: str, is_read_whole: bool) -> Read:
    before, after = text[max(0, match.start() - 80) : match.start()], text[match.end() : match.end() + 120]
    rest = after.split("\n")[0]
    is_off = bool(_ELSE_NONE.match(after))
    number = "10" if _NUMBER_BEFORE.search(before) or re.search(r"\.(?:int|float)\b", match[0]) else ""
    words = f"{match[0]} {rest}" if re.search(r"\b(?:cast|as[A-Z])|env\.\w+\(|\.\w+\(", f"{match[0]}{rest}") else ""
    return Read(
        name=name,
        line=text.count("\n", 0, match.start()) + 1,
        default=default,
        example=number or example_of(re.sub(r"[\"'][^\"']*[\"']", "", words)),
        is_required=is_read_whole and not default and not _ELSE_SOMETHING.match(after),
        is_off=is_off,
        hint=_hint(text, match.start(), before),
    )


def _hint(text: str, at: int, before: str) -> Kind | None:
    """What the key says to which the value is given, where a driver stands beside it."""
    key = _KEY_BEFORE.search(before)
    parts = _PARTS.get(key[1].lower()) if key else None
    if parts is None:
        return None
    near = text[max(0, at - _NEAR) : at + _NEAR]
    if _POSTGRES.search(near):
        return parts[0]
    return parts[1] if _REDIS.search(near) else None
