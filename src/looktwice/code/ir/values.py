"""Values by origin: where each comes from, and what it went through on the way."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from msgspec import Struct

from looktwice.code.ir.common import NONE


class OriginKind(IntEnum):
    UNKNOWN = 0
    REQUEST = 1  # chosen by the caller of a handler: path, query, body, headers, message
    PRINCIPAL = 2  # the caller, as established by authentication
    ROW = 3  # read from the store; ref: the effect
    COUNT = 4  # a number of rows (COUNT, EXISTS, affected rows); ref: the effect
    RESPONSE = 5  # returned by an external service; ref: the effect
    ERROR = 6  # a caught error; ref: the HANDLER region
    PARAM = 7  # ref: position of the parameter
    SELF = 8  # an attribute of the object; path says which
    CONST = 9  # ref: position in FunctionSummary.constants
    CONFIG = 10  # environment, settings
    FRESH = 11  # generated here, unguessable or unique: uuid, random
    CLOCK = 12
    RESULT = 13  # of a call that is not bound yet; ref: the call site
    FUNCTION = 14  # a function; ref: position of its name in FunctionSummary.constants
    ARGUMENT = 15  # of a callback; ref: the callback's region * 8 + position
    MODULE = 16  # a module-level object; ref: position of its name in FunctionSummary.constants
    HANDLE = 17  # a session, transaction or client opened here; ref: the effect (BEGIN, OPEN)
    INSTANCE = 18  # a new object, not stored yet; ref: position of its class in FunctionSummary.constants
    CALLBACK = 19  # an inline function; ref: its CALLBACK region


class Via(IntFlag):
    """The transformations that a value went through."""

    # Combinations are plain integers: IntFlag would look each one up, in Python, a million times in a large audit.
    __or__ = __ror__ = int.__or__  # type: ignore[assignment]
    __and__ = __rand__ = int.__and__  # type: ignore[assignment]
    __invert__ = int.__invert__  # type: ignore[assignment]

    ARITH = 1
    CONCAT = 2
    EXTREME = 4  # min, max, sorted first
    SPREAD = 8
    CAST = 16
    SCHEMA = 32  # validated
    ALLOWED = 64  # checked against, or looked up in, a closed set
    COMPARE = 128
    PARSE = 256  # became a number, UUID, date
    ELEMENT = 512  # one of many
    OPAQUE = 1024  # passed through a call of unknown effect
    QUOTED = 2048  # escaped for the language it is embedded in
    COUNTED = 4096  # its length, or its presence


class Origin(Struct, frozen=True, array_like=True, gc=False):
    """One origin of a value: serves taint, derivation, identity and authority alike."""

    kind: OriginKind
    ref: int = NONE
    path: tuple[str, ...] = ()  # at most 3: ("items", "*", "price")
    via: int = 0


Value = tuple[Origin, ...]  # at most 8
