"""Sixty runs of `prove`, each killed in another way: nothing is left of any. bench/ROBUSTNESS.md has three hundred."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[3] / "bench"))

from killed_run import Case, killed
from kills import cases, undisturbed

RUNS = 60

pytestmark = [
    pytest.mark.usefixtures("adopting"),
    pytest.mark.thorough,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not run: processes are counted in /proc"),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not below pytest's, which is closed to those whom servers run as."""
    made = Path(tempfile.mkdtemp(prefix="kills-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def length(folder: Path) -> float:
    return undisturbed(folder / "first")


@pytest.mark.parametrize("number", range(RUNS))
def test_nothing_is_left(folder: Path, length: float, number: int) -> None:
    case: Case = cases(RUNS)[number]
    left = killed(case, folder / str(number), length, random.Random(number))
    assert left.count == 0, (case, left)
