"""Libraries: each folder holds all that is known of one, and nothing of it stands elsewhere.

`calls.toml` is its table: types, calls, registrations, guards (the format is `lowering.models`). `schema.py` has a
`READER` of the entities that it declares (`schema.reader`), `shapes.py` has `SHAPES`: how the arguments of those calls
are read that a table cannot describe (`lowering.shapes`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from looktwice.code.libraries.words import wrong_word
from looktwice.code.lowering.models import Library, Models, package_of
from looktwice.code.lowering.shapes import SHAPES, Shape
from looktwice.code.schema.reader import Reader
from looktwice.core.errors import ConfigurationError
from looktwice.core.parsing import NotParsedError, attempt

FOLDER = Path(__file__).parent


@cache
def shipped(language: str) -> Models:
    """The models shipped with looktwice, for "python" or "typescript" (also used for JavaScript)."""
    return Models(_tables(language), _shapes())


def with_own(language: str, own: Mapping[str, Mapping[str, Any]]) -> Models:
    """The shipped models and the user's `own` by name: `[models.python.NAME]` has the format of a model file.

    Raises ConfigurationError for a table that is not a valid model.
    """
    if not own:
        return shipped(language)
    found = [*_tables(language)]
    for name, table in own.items():
        where, remedy = f"cannot use [models.{language}.{name}]", "Change the table and run again."
        try:
            library = attempt("as a model", lambda: msgspec.convert({"library": name, **table}, Library))  # noqa: B023
        except NotParsedError as error:
            raise ConfigurationError(where, error.why, remedy) from None
        if why := wrong_word(library, {*SHAPES, *_shapes()}):
            raise ConfigurationError(where, why, remedy)
        found.append(replace(library, marks=library.marks or marks_of(library)))
    return Models(tuple(found), _shapes())


@cache
def readers() -> tuple[Reader, ...]:
    """How the libraries' entities are read, in the order of the folders' names."""
    return tuple(module.READER for module in _modules("schema"))


@cache
def _shapes() -> dict[str, Shape]:
    return {name: shape for module in _modules("shapes") for name, shape in module.SHAPES.items()}


def _modules(name: str) -> Iterator[Any]:
    """The module of that name of each folder that has it."""
    for path in sorted(FOLDER.glob(f"*/{name}.py")):
        yield import_module(f"{__name__}.{path.parent.name}.{name}")


@cache
def _tables(language: str) -> tuple[Library, ...]:
    """The tables of the folders, in the order of their names."""
    read = (_read(path) for path in sorted(FOLDER.glob("*/calls.toml")))
    return tuple(each for each in read if each.language == language)


def _read(path: Path) -> Library:
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Library)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"cannot use the library model {path.parent.name}/{path.name}", str(error), "Correct the file."
        ) from None


def marks_of(library: Library) -> tuple[str, ...]:
    """What shows that a file uses a library whose table does not name it: the packages that its names begin with, and
    calls of the methods that it names for any receiver."""
    names = [each for written in (*library.types, *library.calls) for each in written.split(" ")]
    packages = (found for each in names if (found := package_of(each)) not in ("any", "builtins", "*", "**"))
    methods = (each.rpartition(".")[2] for each in names if each.startswith(("*", "any.")) or "." not in each)
    return tuple(dict.fromkeys((*packages, *(f"{it}(" for it in methods if it.strip("*()")))))
