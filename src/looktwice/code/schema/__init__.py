"""Entities: the tables and models of a project, from ORM classes, schema files, migrations and SQL."""

from __future__ import annotations

from looktwice.code.libraries.alembic.schema import is_migration, read_migration
from looktwice.code.libraries.prisma.schema import Schema, read_prisma, read_schema
from looktwice.code.schema.changes import Change, Migration
from looktwice.code.schema.entities import entities
from looktwice.code.schema.sql import read_sql

__all__ = [
    "Change",
    "Migration",
    "Schema",
    "entities",
    "is_migration",
    "read_migration",
    "read_prisma",
    "read_schema",
    "read_sql",
]
