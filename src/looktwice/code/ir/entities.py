"""Entities: what is stored, with its columns, keys and relations."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from looktwice.code.ir.common import Maybe


class ColumnKind(IntEnum):
    FREE = 0
    MONEY = 1
    SECRET = 2
    STATUS = 3
    COUNTER = 4
    OWNER = 5
    TIME = 6
    KEY = 7


class Column(Struct, frozen=True, array_like=True, gc=False):
    """references: the entity or table (and ".column") of a foreign key. `field`: its name in the code, if different."""

    name: str
    type: str = ""
    nullable: Maybe = Maybe.UNKNOWN
    kind: ColumnKind = ColumnKind.FREE
    default: str = ""
    references: str = ""
    field: str = ""
    start: int = 0
    end: int = 0


class Unique(Struct, frozen=True, array_like=True, gc=False):
    """A unique or primary key over `columns`; `where` is the predicate of a partial index."""

    columns: tuple[str, ...]
    where: str = ""
    primary: bool = False


class Index(Struct, frozen=True, array_like=True, gc=False):
    columns: tuple[str, ...]
    where: str = ""


class Relation(Struct, frozen=True, array_like=True, gc=False):
    """An attribute that refers to another entity. `loading`: "" lazy (the default), "joined", "selectin", "none"."""

    name: str
    target: str
    many: bool = False
    loading: str = ""
    columns: tuple[str, ...] = ()  # the foreign key's columns on this side


class Entity(Struct, frozen=True, array_like=True, gc=False):
    """A table, model or collection.

    key: unique in the program: "app/models.py:Wallet" for a class, "prisma/schema.prisma:User" for a Prisma model,
    "table:wallets" when only SQL is known. name: as in the code. complete: every column and constraint was read.
    """

    key: str
    name: str
    table: str
    path: str
    start: int
    end: int
    columns: tuple[Column, ...] = ()
    uniques: tuple[Unique, ...] = ()
    indexes: tuple[Index, ...] = ()
    relations: tuple[Relation, ...] = ()
    checks: tuple[str, ...] = ()  # CHECK constraints, as text
    version: str = ""  # the version column the ORM maintains
    policies: tuple[str, ...] = ()
    grows: Maybe = Maybe.UNKNOWN
    complete: bool = True

    def column(self, name: str) -> Column | None:
        """The column with that name in the store or in the code."""
        return next((each for each in self.columns if name in (each.name, each.field)), None)

    def relation(self, name: str) -> Relation | None:
        return next((each for each in self.relations if each.name == name), None)
