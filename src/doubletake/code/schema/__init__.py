"""Entities: the tables and models of a project, from ORM classes, schema files, migrations and SQL."""

from __future__ import annotations

from doubletake.code.schema.alembic import is_migration, read_migration
from doubletake.code.schema.changes import Change, Migration
from doubletake.code.schema.entities import entities
from doubletake.code.schema.prisma import read_prisma
from doubletake.code.schema.sql import read_sql

__all__ = ["Change", "Migration", "entities", "is_migration", "read_migration", "read_prisma", "read_sql"]
