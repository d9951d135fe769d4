"""Helpers for the entity tests: a project as text, and its entities."""

from __future__ import annotations

from looktwice.code import schema
from looktwice.code.ir.effects import Entity
from looktwice.code.project import open_project
from looktwice.code.project.names import Names
from looktwice.code.syntax.languages import adapter_for
from looktwice.core.source import Source


def entities_of(files: dict[str, str]) -> dict[str, Entity]:
    """All entities of these files, by name."""
    modules, migrations, declared = {}, [], []
    for path, text in files.items():
        source = Source(path, text.encode())
        adapter = adapter_for(path)
        if adapter is not None:
            parsed = adapter.parse(source)
            modules[path] = parsed.outline()
            assert modules[path].errors == (), path
            if schema.is_migration(modules[path]):
                migrations.append(schema.read_migration(parsed))
        elif path.endswith(".prisma"):
            declared.extend(schema.read_prisma(source))
        elif path.endswith(".sql"):
            migrations.append(schema.read_sql(source))
    project = open_project(modules, {})
    return {each.name: each for each in schema.entities(Names(modules, project.resolve), migrations, declared)}


def uniques(entity: Entity) -> list[tuple[tuple[str, ...], str, bool]]:
    return [(each.columns, each.where, each.primary) for each in entity.uniques]
