"""Helpers for the entity tests: a project as text, and its entities."""

from __future__ import annotations

from looktwice.code import build
from looktwice.code.ir.entities import Entity


def entities_of(files: dict[str, str]) -> dict[str, Entity]:
    """All entities of these files, by name."""
    program = build({path: text.encode() for path, text in files.items()})
    assert program.errors == {}
    return {each.name: each for each in program.entities.values()}


def uniques(entity: Entity) -> list[tuple[tuple[str, ...], str, bool]]:
    return [(each.columns, each.where, each.primary) for each in entity.uniques]
