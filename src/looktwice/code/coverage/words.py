"""Where a look is worth it, by text alone: methods of certain names, decorators, paths and SQL as arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from msgspec import Struct

from looktwice.code.coverage.packages import Known
from looktwice.code.coverage.verbs import COMMON, HTTP_METHODS, TELLING, spellings

METHOD = re.compile(rb"\.\s*(\w+)\s*[(`<]")
DECORATOR = re.compile(rb"@[ \t]*([A-Za-z_]\w*)")
_QUOTE = rb"[rfbuRFBU]{0,2}[\"'`]{1,3}"
_SQL = rb"\s*(?i:select|insert|update|delete|with)\s"
ARGUMENT = re.compile(rb"\(\s*" + _QUOTE + rb"(?:\^?/|[A-Z]{3,7}[\"']\s*,\s*" + _QUOTE + rb"/|" + _SQL + rb")|`" + _SQL)
CALLBACK = re.compile(rb"\(\s*(?:async\b\s*)?(?:\(|function\b|[\w$]+\s*=>|lambda\b)")
OF_LISTS = frozenset(b"filter find first all from values exists findIndex every some".split())
"""Methods that lists have as well, when they are given a function."""


class Words(Struct, frozen=True):
    """Names that matter in a file.

    methods: behind a dot; is_open: any name does. functions: what is called by its bare name, as a pattern. used:
    packages of the table that the file imports.
    """

    methods: frozenset[bytes]
    used: frozenset[str] = frozenset()
    functions: re.Pattern[bytes] | None = None
    is_open: bool = False


def places(data: bytes, words: Words) -> Iterator[int]:
    """Offsets of the names of calls and decorators that are worth a look; some stand in comments and texts."""
    methods = words.methods
    for match in METHOD.finditer(data):
        name = match[1]
        if (words.is_open or name in methods) and not (
            name in OF_LISTS and CALLBACK.match(data, match.end(1)) is not None
        ):
            yield match.start(1)
    for match in DECORATOR.finditer(data):
        yield match.start(1)
    for match in ARGUMENT.finditer(data):
        yield match.start() - 1  # the last letter of the name before the bracket
    if words.functions is not None:
        for match in words.functions.finditer(data):
            yield match.start()


@cache
def common_methods() -> frozenset[bytes]:
    """Methods that stores and frameworks have in common, as code of both languages writes them."""
    return frozenset(each.encode() for each in (*spellings(TELLING), *spellings(COMMON), *HTTP_METHODS))


def methods_of(used: Iterable[Known]) -> frozenset[bytes]:
    """The common methods, and those that packages go by beside them."""
    named = (name for each in used for name in (*each.handlers, *each.entities, *each.calls))
    return common_methods() | {each.encode() for each in named}


@cache
def called(names: frozenset[str]) -> re.Pattern[bytes] | None:
    """Where functions of these names are called, None for no names."""
    spelled = "|".join(sorted(map(re.escape, names)))
    return re.compile(rf"(?<![\w.$])(?:{spelled})\s*\(".encode()) if names else None
