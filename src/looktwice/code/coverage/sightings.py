"""What a sighting is: something in the code that has to be understood."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from looktwice.code.coverage.owner import Owner
from looktwice.code.coverage.statements import SURELY

HANDLER, ENTITY, CALL = "handlers", "entities", "calls"


class Sighting(Struct, frozen=True):
    """Something that has to be understood, seen by its shape.

    kind: "handlers", "entities" or "calls". name: of the method, class or table. ends: offsets at which calls of it
    end, and symbol: of its function or class; by them it is found again among what was understood. strength: how
    surely a call is a store's. receiver: how the code names the object.
    """

    kind: str
    owner: Owner
    path: str
    start: int
    name: str
    ends: tuple[int, ...] = ()
    symbol: str = ""
    strength: int = SURELY
    receiver: str = ""


class Understood(Struct, frozen=True):
    """What reading a program gave, by which sightings are judged.

    calls: by path, calls that have a model: where each ends, where it starts, and its name. handlers: by path, where
    registrations end, and the framework. functions: symbols of handlers. entities: symbols of entities.
    """

    calls: Mapping[str, Mapping[int, tuple[int, str]]]
    handlers: Mapping[str, Mapping[int, str]]
    functions: frozenset[str]
    entities: frozenset[str]

    def has(self, sighting: Sighting) -> bool:
        if sighting.kind == ENTITY:
            return sighting.symbol in self.entities
        if sighting.kind == HANDLER and sighting.symbol in self.functions:
            return True
        places = self.handlers if sighting.kind == HANDLER else self.calls
        known = places.get(sighting.path, {})
        return any(each in known for each in sighting.ends)
