"""All entities of a project: those declared by ORM classes and schemas, combined with its migrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from looktwice.code.ir.entities import Column, Entity, Relation
from looktwice.code.schema.changes import Migration, Table, tables


def entities(declared: Sequence[Entity], migrations: Sequence[Migration] = ()) -> tuple[Entity, ...]:
    """Every entity once, by its key.

    declared: entities of schema files, then of the code. migrations: those in the code and in SQL files.
    For a table mapped by an ORM class or a schema, the keys, indexes, checks and policies that only the migrations have
    are added to that entity; an unmapped table is a separate entity.
    """
    made = tables(migrations)
    joined = [with_table(each, made[each.table.lower()]) if each.table.lower() in made else each for each in declared]
    taken = {each.table.lower() for each in declared}
    found = [*joined, *(table.entity() for key, table in made.items() if key not in taken)]
    by_name = {each.name: each.key for each in reversed(found)}
    return tuple({each.key: with_targets(each, by_name) for each in found}.values())


def with_targets(entity: Entity, by_name: Mapping[str, str]) -> Entity:
    """Resolve relations to a class by its bare name (`"Order"`, not imported in the file) to that entity."""
    relations = tuple(
        Relation(each.name, by_name.get(each.target, each.target), each.many, each.loading, each.columns)
        for each in entity.relations
    )
    return entity if relations == entity.relations else replace(entity, relations=relations)


def with_table(entity: Entity, table: Table) -> Entity:
    """The entity, completed with what only its table's history has."""
    known = {name for each in entity.columns for name in (each.name, each.field)}
    columns = tuple(each for name, each in table.columns.items() if name not in known)
    unique = {(frozenset(each.columns), bool(each.where)) for each in entity.uniques}
    uniques = tuple(
        each for each in table.uniques.values() if (frozenset(each.columns), bool(each.where)) not in unique
    )
    indexed = {(each.columns, bool(each.where)) for each in entity.indexes}
    indexes = tuple(each for each in table.indexes.values() if (each.columns, bool(each.where)) not in indexed)
    return replace(
        entity,
        columns=(*(with_default(each, table) for each in entity.columns), *columns),
        uniques=(*entity.uniques, *uniques),
        indexes=(*entity.indexes, *indexes),
        checks=tuple(dict.fromkeys((*entity.checks, *table.checks.values()))),
        policies=tuple(dict.fromkeys((*entity.policies, *table.policies.values()))),
        complete=entity.complete and table.is_whole,
    )


def with_default(column: Column, table: Table) -> Column:
    made = table.columns.get(column.name)
    if made is None or column.default or not made.default:
        return column
    return replace(column, default=made.default)
