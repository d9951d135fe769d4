"""What reading a program gave, by the places where it stands: the other side of every comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from looktwice.code.coverage.sightings import Understood
from looktwice.code.ir.handlers import Handler, HandlerKind
from looktwice.code.program.decorators import SUFFIX
from looktwice.code.program.world import Workspace
from looktwice.code.project.names import definitions
from looktwice.code.syntax.tree import Class


def understood_of(
    world: Workspace, handlers: Iterable[Handler], functions: Mapping[str, object], entities: Iterable[str]
) -> Understood:
    """What has a meaning: calls with a model, handlers whose function was read, entities.

    functions: what was lowered, by symbol. entities: their keys.
    """
    calls: dict[str, dict[int, tuple[int, str]]] = {}
    for each in world.all_lowered.values():
        if each.answered:
            calls.setdefault(each.summary.path, {}).update(each.answered)
    known = [each for each in handlers if each.function in functions and each.kind is not HandlerKind.STARTUP]
    ends: dict[str, dict[int, str]] = {}
    for handler in known:
        ends.setdefault(handler.place.path, {})[handler.place.end] = handler.framework
    named = frozenset(each.function.removesuffix(SUFFIX) for each in known)
    return Understood(calls, ends, named, frozenset((*entities, *_declared(world))))


def _declared(world: Workspace) -> Iterator[str]:
    """Classes whose base a model says to be an entity's, also where nothing reads their columns."""
    for path, module in world.names.modules.items():
        models = world.models(path)
        for name, node in definitions(module.body):
            if isinstance(node, Class) and node.bases:
                bases = world.names.library_bases(f"{path}:{name}")
                if any((known := models.type(models.canonical(each))) and known.base == "entity" for each in bases):
                    yield f"{path}:{name}"
