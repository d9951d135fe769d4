"""Builds a program from files: parse, outline, select what is worth lowering, lower, link."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from posixpath import basename

from msgspec.structs import replace

from looktwice.code.coverage import Reading, measure, understood_of
from looktwice.code.libraries import readers, with_own
from looktwice.code.lowering.registration import Registered
from looktwice.code.program.decorators import CUT_DECORATORS, decorated, handled
from looktwice.code.program.link import CUT_MOUNTS, link
from looktwice.code.program.program import ERRORS_KEPT, Program
from looktwice.code.program.selection import Selection
from looktwice.code.program.shortfalls import cut_short, shortfalls
from looktwice.code.program.world import Workspace
from looktwice.code.project import open_project
from looktwice.code.project.browser import browser_files
from looktwice.code.project.names import Names
from looktwice.code.schema.changes import Migration
from looktwice.code.schema.entities import entities
from looktwice.code.schema.reader import Schema
from looktwice.code.schema.sql import read_sql
from looktwice.code.syntax.languages import Parsed, adapter_for
from looktwice.code.syntax.tree import Module
from looktwice.core.config import Config
from looktwice.core.coverage import Coverage
from looktwice.core.event import Noted
from looktwice.core.file_kinds import PAGES, SCHEMAS
from looktwice.core.source import Source

CALLEES_DEEP = 3
PASSED: Mapping[str, tuple[str, ...]] = {"express": ("express.Request", "express.Response", "express.Next")}


def build(
    files: Mapping[str, bytes],
    config: Config | None = None,
    missing: Collection[str] = (),
    *,
    measures: bool = False,
) -> Program:
    """The program that these files form. measures: also count how much was understood (`Program.coverage`).

    files: contents by path relative to the audited root, with forward slashes: sources, schemas, SQL, manifests, lock
    files and pages. missing: files that exist and could not be read. Never raises because of a file's content; what
    could not be parsed is in `Program.errors` and `Program.unread`.
    """
    config = config or Config()
    parsed = {path: each for path, data in files.items() if (each := _parse(path, data)) is not None}
    modules = {path: each.outline() for path, each in parsed.items()}
    pages = {path: data for path, data in files.items() if path.endswith(PAGES)}
    manifests = {path: data for path, data in files.items() if path not in parsed and path not in pages}
    project = open_project(modules, manifests)
    names = Names(modules, project.resolve, project.submodule)
    migrations = _migrations(files, parsed, modules)
    schemas = _schemas(files)
    in_code = (entity for reader in readers() if reader.entities for entity in reader.entities(names))
    found = entities([*(entity for each in schemas.values() for entity in each.entities), *in_code], migrations)
    if any(path.endswith(SCHEMAS) for path in missing):
        found = tuple(replace(entity, complete=False) for entity in found)
    own = {"python": config.models.python, "typescript": config.models.typescript}
    models = {language: with_own(language, tables) for language, tables in own.items()}
    world = Workspace(names, lambda path, function: parsed[path].body(function), found, models)
    registered = _lower_all(world, Selection(names, parsed, modules, world.models), modules)
    summaries, too_wrapped = decorated(world, {name: each.summary for name, each in world.all_lowered.items()})
    handlers, authenticating, cut = link(world, summaries, registered)
    handlers = tuple(handled(each, summaries) for each in handlers)
    errors = {path: each.errors[:ERRORS_KEPT] for path, each in parsed.items() if each.errors}
    sources = {path: each.source for path, each in parsed.items()}
    table = {entity.key: entity for entity in found}
    texts = {path: each.source.data for path, each in parsed.items()}
    browser, loading = browser_files(modules, texts, pages, project.manifests, project.resolve)
    coverage = None
    if measures:
        understood = understood_of(world, handlers, summaries, table)
        coverage = _measured(Reading(names, project, parsed, modules, models, understood, browser))
    declared: dict[str, Migration | Schema] = {**{each.path: each for each in migrations}, **schemas}
    unread = (
        *(each for it in declared.values() for each in it.unread),
        *project.manifests.unread,
        *shortfalls(names, world.failed, sources),
        *cut_short(cut, CUT_MOUNTS, sources),
        *cut_short(too_wrapped, CUT_DECORATORS, sources),
    )
    notes = (*(Noted(each.note, path) for path, each in declared.items() if each.note), *project.manifests.notes)
    return Program(
        summaries,
        table,
        handlers,
        sources,
        config.system,
        errors,
        authenticating,
        len(world.failed),
        browser,
        unread,
        notes,
        loading,
        coverage,
    )


def _measured(reading: Reading) -> Coverage:
    """The coverage. A fault in measuring it never stops an audit; with LOOKTWICE_DEBUG set it is raised."""
    try:
        return measure(reading)
    except Exception as error:
        if os.environ.get("LOOKTWICE_DEBUG"):
            raise
        return Coverage(fault=f"{type(error).__name__}: {error}")


def _parse(path: str, data: bytes) -> Parsed | None:
    adapter = adapter_for(path)
    return adapter.parse(Source(path, data)) if adapter is not None else None


def _migrations(
    files: Mapping[str, bytes], parsed: Mapping[str, Parsed], modules: Mapping[str, Module]
) -> list[Migration]:
    found = [read(parsed[path]) for path, module in modules.items() if (read := _migration_reader(module)) is not None]
    found += [read_sql(Source(path, data)) for path, data in files.items() if path.endswith(".sql")]
    return found


def _migration_reader(module: Module) -> Callable[[Parsed], Migration] | None:
    """What reads a module that is a migration; None for any other."""
    for each in readers():
        if each.is_migration is not None and each.is_migration(module):
            return each.read_migration
    return None


def _schemas(files: Mapping[str, bytes]) -> dict[str, Schema]:
    return {
        path: each.read_file(Source(path, data))
        for each in readers()
        if each.read_file is not None
        for path, data in files.items()
        if path.endswith(each.suffix)
    }


def _lower_all(world: Workspace, selection: Selection, modules: Mapping[str, Module]) -> list[Registered]:
    """Lower the module level of files, which registers what frameworks call, then selected functions and callees."""
    skipped = {
        path
        for path, module in modules.items()
        if _migration_reader(module) is not None or basename(path) == "conftest.py"
    }
    for path in sorted(selection.tops - skipped):
        _expecting(world, world.top(path, modules[path]).registered)
    handlers = [
        reference.function
        for lowered in world.all_lowered.values()
        for each in lowered.registered
        for reference in each.registration.references
    ]
    for symbol, function, owner in selection.worth_lowering(filter(None, handlers)):
        if symbol.partition(":")[0] not in skipped:
            _expecting(world, world.lowered(symbol, function, owner).registered)
    world.lower_again()
    registered = [each for lowered in world.all_lowered.values() for each in lowered.registered]
    named = (reference.function for each in registered for reference in each.registration.references)
    for name in dict.fromkeys(named):
        if name and name not in world.all_lowered:
            world.lowered_by_name(name)
    for each in list(registered):
        for symbol, function in each.inline:
            registered += world.inline(symbol, function, each.scope).registered
    _lower_callees(world)
    return registered


def _lower_callees(world: Workspace) -> None:
    """Lower what the lowered functions call, a few calls deep: small functions that values pass through."""
    waiting = list(world.all_lowered.values())
    for _ in range(CALLEES_DEEP):
        found = []
        for lowered in waiting:
            for name in (name for call in lowered.summary.calls for name in call.candidates):
                if name not in world.all_lowered and (callee := world.lowered_by_name(name)) is not None:
                    found.append(callee)
        waiting = found


def _expecting(world: Workspace, registered: list[Registered]) -> None:
    """Record in the workspace what the framework passes to the registered functions."""
    for each in registered:
        types = PASSED.get(each.registration.framework, ())
        for reference in each.registration.references if types else ():
            if reference.function:
                world.expect(reference.function, types)
