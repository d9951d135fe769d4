"""What packages are for: the table in packages.toml, looked up by the name that code imports."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from looktwice.code.coverage.verbs import listed

PLAIN = "plain"
OUTER_ROLES = frozenset(("payment", "mail", "client"))
"""Roles of services: whatever is called there is a call to the outside."""
GIVES: Mapping[str, tuple[str, ...]] = {
    "framework": ("handlers",),
    "store": ("entities", "calls"),
    "queue": ("handlers", "calls"),
    "payment": ("calls",),
    "mail": ("calls",),
    "client": ("calls",),
    PLAIN: (),
}
"""What there is to understand of a package, by its role."""


class Known(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One package of the table; packages.toml says what each field means."""

    role: str
    gives: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    handlers: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    silent: bool = False
    anywhere: bool = False  # its conventions hold without an import of it
    hooks: dict[str, tuple[str, ...]] = {}
    keyword: str = ""
    files: tuple[str, ...] = ()
    exports: frozenset[str] = frozenset()
    directive: str = ""
    inline_only: bool = False  # a handler is written where it is handed over
    methods_only: bool = False  # only decorators of methods are handlers

    @property
    def kinds(self) -> tuple[str, ...]:
        """What there is to understand: "handlers", "entities", "calls"."""
        return self.gives or GIVES[self.role]


PLAIN_PACKAGE = Known(role=PLAIN)


class Packages:
    """The packages of one language. Names are looked up as imports write them, longest first."""

    def __init__(self, table: Mapping[str, Known], plain: tuple[str, ...], standard: frozenset[str]) -> None:
        self.table = table
        self._named: dict[str, tuple[str, Known]] = {}
        self._families: list[tuple[str, str, Known]] = []
        self._standard = standard
        self._found: dict[str, tuple[str, Known] | None] = {}
        for name, known in table.items():
            self._add(name, name, known)
            for other in known.also:
                self._add(other, name if other.endswith("*") else other, known)
        for name in plain:
            self._add(name, name, PLAIN_PACKAGE)

    def _add(self, written: str, name: str, known: Known) -> None:
        if written.endswith("*"):
            self._families.append((written[:-1], name, known))
        else:
            self._named.setdefault(written, (name, known))

    def find(self, module: str) -> tuple[str, Known] | None:
        """The package that a module belongs to, by the name it goes by here; None for one that is not in the table.

        module: "flask.views", "@nestjs/common", "drizzle-orm/pg-core".
        """
        if module not in self._found:
            self._found[module] = self._find(module)
        return self._found[module]

    def _find(self, module: str) -> tuple[str, Known] | None:
        head = module
        while head:
            if (found := self._named.get(head)) is not None:
                return found
            head = head[: max(head.rfind("."), head.rfind("/"), 0)]
        family = next(((name, known) for start, name, known in self._families if module.startswith(start)), None)
        if family is not None:
            return family
        root = re.split(r"[./]", module, maxsplit=1)[0]
        return (root, PLAIN_PACKAGE) if root in self._standard else None

    def names(self, name: str) -> frozenset[str]:
        """Every spelling under which a user may speak of a package."""
        known = self.table.get(name)
        return frozenset((name, *(known.also if known is not None else ())))


@cache
def packages(language: str) -> Packages:
    """The table for "python" or "typescript" (JavaScript uses the same), read once in a process."""
    content = tomllib.loads((Path(__file__).parent / "packages.toml").read_text("utf-8"))
    table = msgspec.convert(content[language], dict[str, Known])
    standard = frozenset(sys.stdlib_module_names) if language == "python" else NODE
    return Packages(table, tuple(content[PLAIN][language].split()), standard)


NODE = listed(
    """
    assert async_hooks buffer child_process cluster console constants crypto dgram dns domain events fs http http2 https
    inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys timers
    tls tty url util v8 vm worker_threads zlib test
    """
)
"""Node's own modules."""
