"""The learner's progress, stored in `.looktwice/learning.json` so that it outlives the browser.

Every mark has a timestamp; where two copies differ the later one wins, so two tabs, or a browser and a file, can be
merged in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from looktwice.core.errors import LooktwiceError
from looktwice.core.files import UnreadableError, read_bytes
from looktwice.core.writing import alone_inside, rename_inside, write_inside

FILE = "learning.json"

Key = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,80}/[a-z]{1,20}$")]
"""Pattern and language, or pattern and `any`: `lost-update/python`."""


class Marked(Struct, frozen=True):
    """One mark: when it was set or cleared, in milliseconds since 1970, and which of the two."""

    at: Annotated[int, Meta(ge=0, le=10**14)]
    on: bool = True


class Record(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The marks of one pattern in one language. `shown`: the remedies were revealed before the exercise was solved."""

    seen: Marked | None = None
    predicted: Marked | None = None
    broken: Marked | None = None
    fixed: Marked | None = None
    shown: Marked | None = None
    kept: Marked | None = None


class Progress(Struct, frozen=True, forbid_unknown_fields=True):
    schema: int = 1
    patterns: Annotated[dict[Key, Record], Meta(max_length=2000)] = {}
    notice: str = ""  # a message shown to the learner once


def merge(left: Progress, right: Progress) -> Progress:
    """Both copies merged: of each mark, the later one."""
    keys = left.patterns.keys() | right.patterns.keys()
    return Progress(patterns={key: _merged(left.patterns, right.patterns, key) for key in sorted(keys)})


def _merged(left: Mapping[Key, Record], right: Mapping[Key, Record], key: Key) -> Record:
    pairs = ((name, getattr(left.get(key), name, None), getattr(right.get(key), name, None)) for name in _MARKS)
    return Record(**{name: later(one, other) for name, one, other in pairs})


_MARKS = tuple(field.name for field in msgspec.structs.fields(Record))


def later(one: Marked | None, other: Marked | None) -> Marked | None:
    """The later of two marks; of two with the same time, the one that is set, so that the order does not matter."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda mark: (mark.at, mark.on))


def read(folder: Path) -> Progress:
    """The progress stored in `folder`. A file that cannot be read is renamed to `.broken` and reported once."""
    path = folder / FILE
    try:
        return msgspec.json.decode(read_bytes(path, root=folder.parent), type=Progress)
    except UnreadableError as error:
        return Progress(notice="" if error.is_missing else f"{path} could not be read: {error.why}.")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        aside = path.with_suffix(".broken").name
        try:
            rename_inside(*_place(folder), aside)
        except LooktwiceError as refused:
            return Progress(notice=f"{path} could not be read ({error}). {refused}")
        return Progress(notice=f"{path} could not be read ({error}). It is now {aside}, and progress is reset.")


def update(folder: Path, changes: Progress) -> Progress:
    """Merge `changes` into what `folder` stores; returns the result. Playbooks that share a folder wait for each other.

    Raises LooktwiceError when the folder cannot be written.
    """
    with alone_inside(*_place(folder)):
        kept = read(folder)
        merged = merge(kept, changes)
        write(folder, merged)
    return msgspec.structs.replace(merged, notice=kept.notice)


def write(folder: Path, progress: Progress) -> None:
    """Store `progress` in `folder`, atomically. Raises LooktwiceError when it cannot be written."""
    data = msgspec.json.format(msgspec.json.encode(Progress(patterns=progress.patterns)), indent=1)
    write_inside(*_place(folder), data)


def _place(folder: Path) -> tuple[Path, str]:
    """The project that the folder lies in, and the file within it: no link may lead out of the project."""
    return folder.parent, f"{folder.name}/{FILE}"
