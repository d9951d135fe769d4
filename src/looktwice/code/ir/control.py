"""Control as a tree of regions, and the facts in it: calls, reads, writes, tests."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from looktwice.code.ir.common import NONE, Known, Maybe


class RegionKind(IntEnum):
    BODY = 0
    BRANCH = 1
    LOOP = 2
    TRY = 3
    HANDLER = 4
    FINALLY = 5
    SCOPE = 6  # with-block, transaction callback
    CALLBACK = 7
    PARALLEL = 8  # gather, Promise.all
    DEFERRED = 9  # runs later: background task, timer, task that is not awaited
    CALL = 10  # the body of a callee, after inlining


class Region(Struct, frozen=True, array_like=True, gc=False):
    """One node of the control tree; `if bad: return` opens a BRANCH that extends to the end of its block.

    value: what is tested (BRANCH), iterated (LOOP) or entered (SCOPE); the fact of the test is `fact`.
    choice: siblings of one choice share it and exclude each other. `holds`: the test is true (YES) or false (NO) here.
    detail: "transaction", "lock:…", "retry", "pages"; "after-return", "after-raise", "after-continue", "after-break"
    (the rest of a block after an early exit, named after that exit); the caught types of a HANDLER, separated by "|";
    "swallows" for a TRY with a handler after which the function continues. A CALLBACK's value is what it returns.
    order, last: of the first and the last item inside.
    """

    kind: RegionKind
    parent: int
    start: int
    end: int
    value: int = NONE
    fact: int = NONE
    choice: int = NONE
    holds: Maybe = Maybe.UNKNOWN
    detail: str = ""
    order: int = 0
    last: int = 0
    path: str = ""  # the file, after inlining across files


class FactKind(IntEnum):
    CALL = 0
    GET = 1
    SET = 2
    TEST = 3
    RETURN = 4
    RAISE = 5
    YIELD = 6
    EXIT = 7  # break, continue
    DECLARE = 8


class Op(IntEnum):
    EQ = 0
    NE = 1
    IN = 2
    LESS = 3  # < <=
    MORE = 4  # > >=
    NULL = 5  # is absent / falsy
    TRUE = 6  # is present / truthy
    MAYBE = 7  # a condition added on some paths only
    OPAQUE = 8  # a condition not understood
    LIKE = 9
    NOT_IN = 10


class Comparison(Struct, frozen=True, array_like=True, gc=False):
    """A comparison in a test: `left op right`. `right` is NONE for NULL and TRUE. `negated`: true if the test fails."""

    left: int
    op: Op
    right: int = NONE
    negated: bool = False


class Fact(Struct, frozen=True, array_like=True, gc=False):
    """One item in the source.

    name: the resolved callee or attribute, otherwise as written. `tests`: comparisons of a TEST. `result`: the value
    returned, raised, tested or produced by the call.
    """

    kind: FactKind
    start: int
    end: int
    region: int
    order: int
    name: str = ""
    known: Known = Known.NONE
    receiver: int = NONE
    args: tuple[tuple[str, int], ...] = ()
    result: int = NONE
    tests: tuple[Comparison, ...] = ()
    is_awaited: bool = False
    conjunctive: bool = True  # the comparisons of a TEST are joined by `and` (otherwise by `or`)
    path: str = ""  # the file, after inlining
