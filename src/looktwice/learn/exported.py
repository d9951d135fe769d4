"""Which files of a folder an earlier export has written: a list beside them holds their names and check sums."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from looktwice.core.files import UnreadableError, read_bytes

LIST = "assets/looktwice-export.json"
"""The list's place in an export. A folder without it was not written by us."""

LARGEST = 20_000_000
"""Bytes that are read of a file to see whether it is one of ours."""


class Written(Struct, frozen=True):
    """What an export wrote: SHA-256 in hexadecimal, by path relative to its folder."""

    files: dict[str, str]


def list_of(contents: Mapping[str, bytes], earlier: Mapping[str, str]) -> bytes:
    """The list for these files; those of an earlier export that are not among them stay ours."""
    sums = {name: sha256(data).hexdigest() for name, data in contents.items()}
    return msgspec.json.format(msgspec.json.encode(Written({**earlier, **sums})))


def written_before(folder: Path) -> dict[str, str] | None:
    """The check sums of an earlier export into the folder; None when there was none."""
    try:
        return msgspec.json.decode(read_bytes(folder / LIST, root=folder), type=Written).files
    except (UnreadableError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def foreign(folder: Path, ours: Mapping[str, str]) -> Iterator[str]:
    """The paths of what is in the folder and was not written by us, or was changed since, in order."""
    for name in files_in(folder):
        if name != LIST and (name not in ours or check_sum(folder, name) != ours[name]):
            yield name


def files_in(folder: Path) -> Iterable[str]:
    """Everything in the folder but folders that hold something. Raises OSError."""
    found = []
    for place, folders, files in os.walk(folder, onerror=_raise):
        at = Path(place)
        links = [name for name in folders if (at / name).is_symlink()]
        is_empty = not (folders or files) and at != folder
        found += [(at / name).relative_to(folder).as_posix() for name in (*files, *links)]
        found += [at.relative_to(folder).as_posix()] if is_empty else []
    return sorted(found, key=lambda name: (name.count("/"), name))


def check_sum(folder: Path, name: str) -> str:
    """SHA-256 of a file below the folder, in hexadecimal; "" for what cannot be read."""
    try:
        return sha256(read_bytes(folder / name, LARGEST, root=folder)).hexdigest()
    except UnreadableError:
        return ""


def _raise(error: OSError) -> None:
    raise error
