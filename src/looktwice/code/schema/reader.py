"""What the `schema.py` of a library offers: how its entities are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from looktwice.code.ir.entities import Entity
from looktwice.code.project.names import Names
from looktwice.code.schema.changes import Migration
from looktwice.code.syntax.languages import Parsed
from looktwice.code.syntax.tree import Module
from looktwice.core.event import Unread
from looktwice.core.source import Source


class Schema(Struct, frozen=True):
    """The entities of a schema file, in order; and what of the file could not be read."""

    entities: tuple[Entity, ...]
    unread: tuple[Unread, ...] = ()
    note: str = ""


class Reader(Struct, frozen=True, kw_only=True):
    """Each way of declaring entities that the library has; None for those that it does not have. None of them raises.

    entities: from classes and calls in the code, in order of files. is_migration, read_migration: a module of the code
    that is a migration, and the changes it makes. suffix: of schema files that are no code; read_file reads one.
    """

    entities: Callable[[Names], Iterable[Entity]] | None = None
    is_migration: Callable[[Module], bool] | None = None
    read_migration: Callable[[Parsed], Migration] | None = None
    suffix: str = ""
    read_file: Callable[[Source], Schema] | None = None
