"""Which of the detected set-up is needed beside the seeds that the user gives: all that they do not do themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from looktwice.prove.app.plan import Command
from looktwice.prove.app.sources import migrations
from looktwice.prove.app.sources.text import text_of

_CREATES = re.compile(r'CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:"?\w+"?\.)?"?(\w+)"?', re.IGNORECASE)


def beside(
    root: Path, detected: Iterable[Command], seeds: Iterable[Command]
) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
    """The detected commands to run, and those to leave out as a seed makes the same tables."""
    seeded = frozenset(table for seed in seeds for table in _tables(root, seed))
    migrating = migrations.commands(root)
    kept: list[Command] = []
    left_out: list[Command] = []
    for command in detected:
        made = _tables(root, command)
        is_made = bool(made & seeded) if made else bool(seeded) and command in migrating
        (left_out if is_made else kept).append(command)
    return tuple(kept), tuple(left_out)


def _tables(root: Path, command: Command) -> frozenset[str]:
    if len(command.words) != 1 or not command.words[0].endswith(".sql"):
        return frozenset()
    path = root / command.directory / command.words[0]
    return frozenset(name.lower() for name in _CREATES.findall(text_of(path))) if path.is_file() else frozenset()
