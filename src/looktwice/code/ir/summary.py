"""One lowered function: its tables of values, regions, facts, effects and calls."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import Any

from msgspec import Struct

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import Fact, Region
from looktwice.code.ir.effects import Effect
from looktwice.code.ir.values import Value
from looktwice.code.syntax.nesting import Nesting


class Times(IntEnum):
    ONCE = 0
    EACH = 1
    RETRIED = 2
    LATER = 3


class Invoke(Struct, frozen=True, array_like=True, gc=False):
    """The function calls its parameter `param` with `args`, in `region`."""

    param: int
    args: tuple[int, ...]
    region: int
    order: int = 0
    times: Times = Times.ONCE
    result: int = NONE


class CallSite(Struct, frozen=True, array_like=True, gc=False):
    """A call of a project function. `candidates` are names of functions; several for an interface.

    args: (position or keyword, value); "self" is the receiver. `callbacks`: (argument, CALLBACK region lowered here).
    """

    start: int
    end: int
    region: int
    order: int
    candidates: tuple[str, ...]
    known: Known
    args: tuple[tuple[str, int], ...]
    result: int
    is_awaited: bool = True  # False: not awaited, so it may still be running when the next line starts
    callbacks: tuple[tuple[str, int], ...] = ()
    is_injected: bool = False  # made by the framework for a parameter; each function is called once per request


class Membership(IntEnum):
    """A function's use of transactions, as its caller sees it."""

    NONE = 0
    JOINS_HANDLE = 1
    JOINS_AMBIENT = 2
    OWNS = 3
    COMMITS_CALLERS = 4


class FunctionSummary(Struct, frozen=True, array_like=True, dict=True):
    """One function, lowered. Effects are its own; those of callees are inlined on demand by `Program.expand`.

    What is computed from it is kept beside the fields (`nesting`, `answers`) and is no part of the value.
    """

    name: str  # "app/wallet.py:Wallets.credit"
    path: str
    start: int
    end: int
    parameters: tuple[str, ...]
    values: tuple[Value, ...]
    constants: tuple[str | int | float | bool | None, ...]
    regions: tuple[Region, ...]
    facts: tuple[Fact, ...]
    effects: tuple[Effect, ...]
    calls: tuple[CallSite, ...]
    invokes: tuple[Invoke, ...] = ()
    returns: tuple[int, ...] = ()  # value of each return (of each yield, for a generator)
    fields: tuple[tuple[str, int], ...] = ()  # the attributes that a constructor sets
    raises: tuple[str, ...] = ()
    transaction: Membership = Membership.NONE
    never_returns: bool = False
    is_async: bool = False
    is_generator: bool = False
    complete: bool = True  # False: cut at a limit, or an unresolved call that could matter
    unresolved: tuple[int, ...] = ()  # facts: calls of unknown effect that are awaited or look like database calls
    truncated: int = 0

    @cached_property
    def nesting(self) -> Nesting:
        """What lies in what among the regions."""
        return Nesting([region.parent for region in self.regions])

    @cached_property
    def answers(self) -> dict[Any, Any]:
        """Answers of questions that were asked of this function, each computed once: see `questions.once`."""
        return {}
