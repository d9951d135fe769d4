"""The regression test that a proof leaves in the project: it fails as long as the defect is there.

One file for each proof, where the project's own runner looks, and over nothing that is not ours.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from looktwice.core.errors import LooktwiceError
from looktwice.core.proof import DIRECTORY, Proof
from looktwice.core.writing import write_inside
from looktwice.prove.app.sources.text import text_of
from looktwice.prove.evidence import regression_node, regression_python
from looktwice.prove.evidence.node_runner import is_node

_LONGEST = 100  # letters of a file's name
_MOST = 20


class Written(msgspec.Struct, frozen=True):
    """`path` is relative to the project, `text` what goes there."""

    path: str
    text: str


def test_for(proof: Proof, root: Path) -> Written:
    """The regression test for a proof: for pytest, or for the runner of a Node project.

    The file is named after the endpoint, the pair and the experiment. Where another proof has that name already, or a
    file that is not ours, the proof's own mark is added.
    """
    write = regression_node.write if is_node(root) else regression_python.write
    mark = f"looktwice proof {proof.fingerprint}"
    short = proof.fingerprint.removeprefix("v1:")[:8]
    name = _slug(proof)
    tries = [f"{name}_{short}", name, *(f"{name}_{short}_{number}" for number in range(2, _MOST))]
    written = [Written(*write(proof, root, one, mark)) for one in tries]
    present = [one for one in written if mark in _text(root / one.path)]
    free = [one for one in (written[1], written[0], *written[2:]) if not os.path.lexists(root / one.path)]
    found = next(iter([*present, *free]), None)
    if found is None:
        raise LooktwiceError(
            f"cannot write {written[1].path}",
            "files of that name exist that looktwice did not write",
            "Move one of them.",
        )
    return found


def write(written: Written, root: Path) -> Path:
    """Put it into the project, over what was written there before. Raises LooktwiceError."""
    return write_inside(root, written.path, written.text)


def _text(path: Path) -> str:
    return "" if path.is_symlink() else text_of(path)


def _slug(proof: Proof) -> str:
    """The endpoint, the other endpoint of the pair when it is another one, and the experiment."""
    lanes = sorted(proof.requests)
    other = proof.requests[lanes[-1]]
    there = f"{other.method} {other.path.partition('?')[0]}"
    parts = [proof.endpoint]
    if not proof.is_found and len(lanes) > 1 and there != proof.endpoint:
        parts.append(f"with {there}")
    words = re.sub(r"[^a-z0-9]+", "_", " ".join(parts).lower()).strip("_")[:_LONGEST].rstrip("_")
    return f"{words}_{re.sub(r'[^a-z0-9]+', '_', proof.experiment)}"


__all__ = ["DIRECTORY", "Written", "test_for", "write"]
