"""Entry points: functions that a framework calls, and the guards before them."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from looktwice.code.ir.common import Known, Maybe, Place


class GuardRole(IntEnum):
    UNKNOWN = 0
    AUTHENTICATES = 1  # who the caller is
    AUTHORIZES = 2  # what the caller may do: role, permission
    VERIFIES = 3  # signature, shared secret
    VALIDATES = 4
    LIMITS = 5


class Scope(IntEnum):
    ROUTE = 0
    ROUTER = 1
    MOUNT = 2
    APP = 3
    INLINE = 4


class Guard(Struct, frozen=True, array_like=True, gc=False):
    """Code that runs before a handler and may refuse the request. `function` is set when it is project code."""

    name: str
    role: GuardRole
    scope: Scope
    place: Place
    known: Known
    function: str = ""


class HandlerKind(IntEnum):
    HTTP = 0
    ACTION = 1
    RPC = 2
    JOB = 3
    MESSAGE = 4
    WEBHOOK = 5
    SIGNAL = 6
    CLI = 7
    STARTUP = 8


class Handler(Struct, frozen=True, array_like=True, gc=False):
    """A function that the framework calls. `sources`: parameters that hold the caller's input."""

    function: str
    kind: HandlerKind
    method: str
    path: str
    place: Place
    sources: tuple[int, ...] = ()
    guards: tuple[Guard, ...] = ()
    redelivered: Maybe = Maybe.UNKNOWN
    public: Maybe = Maybe.UNKNOWN
    framework: str = ""

    @property
    def route(self) -> str:
        """ "POST /orders/{id}", or kind and name for handlers that are not HTTP routes."""
        return f"{self.method} {self.path}".strip() if self.path else self.function.rpartition(":")[2]
