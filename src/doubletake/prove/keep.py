"""Keeps a proof in the project: its file under `.doubletake/`, and the regression test among the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from doubletake.prove import proof, written
from doubletake.prove.app.requests.cases import Case
from doubletake.prove.experiment import Shown

# Given a defect, its pair of requests and the users by name: the paths of the proof file and of the test, relative to
# the project; "" for what was not written.
Keep = Callable[[Shown, Case, Mapping[str, Mapping[str, str]]], tuple[str, str]]


def keep_nothing(shown: Shown, case: Case, users: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    """Neither a file nor a test."""
    return "", ""


def keeper(root: Path, writes_tests: bool = True) -> Keep:
    """Writes under `root`. What it does raises DoubletakeError when a file cannot be written."""

    def keep(shown: Shown, case: Case, users: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
        made = proof.of(shown, case, users)
        file = proof.save(made, root).relative_to(root).as_posix()
        if not writes_tests:
            return file, ""
        return file, written.write(written.regression(made, root), root).relative_to(root).as_posix()

    return keep
