"""Damaged sources, damaged files beside them, and strange trees: a tenth of what `bench/ROBUSTNESS.md` records."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import fuzz

SEED = 2  # the recorded run has another one


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("sources", "trees"),
    [
        (300, 30),
        pytest.param(10_000, 0, marks=pytest.mark.thorough),
        pytest.param(0, 1_000, marks=pytest.mark.thorough),
    ],
)
def test_nothing_breaks_and_nothing_is_silent(sources: int, trees: int) -> None:
    runs: Counter[str] = Counter()
    assert not list(fuzz.fuzz(sources, trees, SEED, runs=runs))
    assert runs["sources"] == sources
    assert runs["trees"] == trees
    assert runs["reported"]


def test_a_seed_gives_the_same_damage() -> None:
    from random import Random

    import mutations

    corpus = mutations.sources()

    def damage(seed: str) -> list[bytes]:
        random = Random(seed)
        return [mutations.damaged(random.choice(corpus)[1], random, corpus) for _ in range(50)]

    assert damage("1:sources:0") == damage("1:sources:0")
    assert damage("1:sources:0") != damage("1:sources:1")


@pytest.mark.parametrize(
    ("path", "data", "is_broken"),
    [
        ("a.py", b"def f(:\n", True),
        ("a.ts", b"const = {", True),
        ("a.py", b"x = 1\0", True),
        ("a.py", b"x = 1\n", False),
        ("a.tsx", b"const a = <b>1</b>;", False),
    ],
)
def test_the_judge_knows_what_no_grammar_understands(path: str, data: bytes, is_broken: bool) -> None:
    """Otherwise "nothing unreported" could not fail."""
    assert bool(fuzz.cannot_be_whole(path, data)) == is_broken


def test_what_is_not_reported_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "audited", lambda root, random, runs: {"other"})
    assert any("was not reported" in failure for failure in fuzz.fuzz(100, 0, SEED))
