"""Lines and columns of byte offsets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core.finding import fingerprint
from looktwice.core.source import Source

TEXT = "a = 1\nß = 'ü😀'; b\n\nlast"


@pytest.mark.parametrize(
    ("piece", "line", "column"),
    [("a", 1, 1), ("1", 1, 5), ("ß", 2, 1), ("; b", 2, 9), ("last", 4, 1)],
)
def test_positions(piece: str, line: int, column: int) -> None:
    source = Source("x.py", TEXT.encode())
    assert source.position(TEXT.encode().index(piece.encode())) == (line, column)


def test_lines() -> None:
    source = Source("x.py", b"one\r\ntwo\n")
    assert [source.line(number) for number in range(4)] == ["", "one", "two", ""]
    assert source.line_count == 2


@given(st.text(st.sampled_from("ab\n\r\tß😀"), max_size=40))
def test_a_span_holds_its_text(text: str) -> None:
    """Every offset between two characters is recovered from its line and column."""
    source = Source("x.py", text.encode())
    for at in range(len(text) + 1):
        line, column = source.position(len(text[:at].encode()))
        rows = text.split("\n")
        assert "\n".join([*rows[: line - 1], rows[line - 1][: column - 1]]) == text[:at]


def test_fingerprints_ignore_white_space_and_position() -> None:
    assert fingerprint("LT301", "f", "a  =\n 1") == fingerprint("LT301", "f", "a = 1")
    different = {
        fingerprint("LT301", "f", "a = 1"),
        fingerprint("LT302", "f", "a = 1"),
        fingerprint("LT301", "g", "a = 1"),
        fingerprint("LT301", "f", "a = 2"),
        fingerprint("LT301", "f", "a = 1", 1),
    }
    assert len(different) == 5
    assert all(it.startswith("v1:") and len(it) == 19 for it in different)
