"""No walk takes the square of what it reads: the lines that Python executes are counted, at three sizes of a program.

A count is the same on every machine, which a time is not. Parsers written in C execute no lines: they are bounded by
counts of their own (`languages/effort.py`), and the last test sees that large texts come to an end at all.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import scaling
from shapes import SHAPES, Files

SIZE = 50
BOUNDED = {
    "classes, each the base of the next": 80,
    "classes that extend, TypeScript": 80,
    "decorators, each with its wrapper": 80,
    "decorators, each with a parameter": 80,
    "routers in routers, Express": 20,
}
"""Shapes of which only so many parts are followed: the sizes begin where that is reached."""
MOST = 3.0
"""How much more the second doubling may cost than the first: 2 times in a linear walk, 4 where it takes the square."""
DOUBLE = 2.1
"""Growth for twice the size that is none of a square, whatever the first doubling cost: some answers are kept."""
COMMON = (
    "tries and early exits, JavaScript",
    "tries and early exits, Python",
    "many names, Python",
    "methods of an interface",
    "comments before a suppression",
    "or, Python",
    "and, JavaScript",
    "classes, each the base of the next",
    "classes that extend, TypeScript",
    "attributes of a new row",
    "star imports in a chain",
    "imports by name in a chain",
    "barrels in a chain",
    "Prisma, blocks that stay open",
    "migration, a comment before everything",
    "tsconfig, a chain of extends",
    "calls, each of the next",
    "guards between routes, Express",
    "routers in routers, FastAPI",
    "decorators, each with a parameter",
    "classes that hold each other, Nest",
)
"""One of each kind; the others are part of `make thorough`."""
IN_C = {
    "comments that stay open": 20_000,
    "slashes and stars": 20_000,
    "texts that stay open": 20_000,
    "blanks": 100_000,
    "migration, comments that stay open": 20_000,
    "migration, dollar tags": 20_000,
    "lock file, pnpm, one line": 200_000,
    "lock file, yarn, one line": 100_000,
    "requirements, one line": 100_000,
    "tsconfig, comments that stay open": 20_000,
    "tsconfig, commas": 20_000,
    "head of a generated file": 20_000,
    "Prisma, one long line": 20_000,
}
"""Texts on which an expression or a grammar took the square: at these sizes that is minutes, and linear is a second."""
SECONDS = 40


def steps(files: Files) -> int:
    """Lines that are executed in an audit of these files."""
    count = 0

    def local(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return local

    sys.settrace(local)
    try:
        fault = scaling.audited(files)
    finally:
        sys.settrace(None)
    assert not fault
    return count


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    scaling.warm_up()


@pytest.mark.parametrize(
    "shape", [pytest.param(it, marks=() if it in COMMON else pytest.mark.thorough) for it in SHAPES]
)
def test_steps_grow_with_the_size(shape: str) -> None:
    size = BOUNDED.get(shape, SIZE)
    small, middle, large = (steps(SHAPES[shape](size * factor)) for factor in (1, 2, 4))
    assert large - middle <= MOST * (middle - small) or large <= DOUBLE * middle


@pytest.mark.parametrize("shape", [pytest.param(it, marks=pytest.mark.thorough) for it in IN_C])
def test_large_texts_come_to_an_end(shape: str) -> None:
    assert scaling.run(shape, IN_C[shape], SECONDS).seconds is not None


def test_the_table_is_whole() -> None:
    assert set(COMMON) | set(IN_C) | set(BOUNDED) <= set(SHAPES)
