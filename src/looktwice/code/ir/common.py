"""What all of it refers to: places, how sure a name is, answers of three kinds."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

NONE = -1  # no such value, region or effect


class Maybe(IntEnum):
    """The answer to a question about something that may be absent."""

    NO = 0
    UNKNOWN = 1
    YES = 2


class Known(IntEnum):
    """How a name was resolved, from worst to best."""

    NONE = 0
    GUESSED = 1  # by its name only; never carries effects
    IMPLEMENTS = 2  # one of the classes that implement an interface
    TYPED = 3  # through an annotation
    EXACT = 4  # through imports and definitions


class Place(Struct, frozen=True, array_like=True, gc=False):
    """A range of a file: path relative to the audited root, byte offsets (end exclusive)."""

    path: str
    start: int
    end: int
