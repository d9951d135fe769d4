"""What `replay` answers: one sentence that says whether it is correct now, with its label once."""

from __future__ import annotations

import pytest

from looktwice.cli.replaying import answer
from looktwice.prove.evidence.replay import Outcome


@pytest.mark.parametrize(
    ("verdict", "is_wrong", "begins"),
    [
        ("response only", False, "It is correct now: the data is right in every schedule"),
        ("serial", False, "It is correct as far as it was tried"),
        ("protected", False, "It holds (protected): the reason."),
        ("commutes", False, "It holds (commutes): the reason."),
        ("data wrong", True, "Still wrong (data wrong): the reason."),
    ],
)
def test_the_label_stands_once(verdict: str, is_wrong: bool, begins: str) -> None:
    text = answer(Outcome(is_wrong=is_wrong, holds=not is_wrong, verdict=verdict, why=f"{verdict}: the reason."))
    assert text.startswith(begins) and text.count(verdict) == 1 and text.endswith("the reason.")
