"""The learner's progress, stored in `.looktwice/learning.json` so that it outlives the browser.

Every mark has a timestamp; where two copies differ the later one wins, so two tabs, or a browser and a file, can be
merged in any order.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

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
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return Progress()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        aside = path.with_suffix(".broken")
        os.replace(path, aside)
        return Progress(notice=f"{path} could not be read ({error}). It is now {aside.name}, and progress is reset.")


def update(folder: Path, changes: Progress) -> Progress:
    """Merge `changes` into what `folder` stores; returns the result. Playbooks that share a folder wait for each other.

    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        kept = read(folder)
        merged = merge(kept, changes)
        write(folder, merged)
    return msgspec.structs.replace(merged, notice=kept.notice)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that read, merge and write are one step. Windows has no flock; there the last writer
    wins, and the next change restores the other's marks, because a page always sends all of its own."""
    with (folder / f"{FILE}.lock").open("wb") as lock:
        try:
            import fcntl
        except ImportError:
            yield
            return
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(folder: Path, progress: Progress) -> None:
    """Store `progress` in `folder`, atomically. Raises OSError when it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f"{FILE}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(Progress(patterns=progress.patterns)), indent=1))
        os.replace(name, folder / FILE)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
