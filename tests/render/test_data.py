"""JSON for programs: the same values again, and nothing that acts on a terminal."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looktwice.core.event import Event, Noted
from looktwice.core.visible import is_shown
from looktwice.render.data import decoded, encoded

TEXT = st.text(st.characters() | st.characters(categories=["Cc", "Cf", "Cs"]))


@given(TEXT, TEXT, st.sampled_from([0, 2]))
def test_a_reader_gets_the_same_texts(text: str, path: str, indent: int) -> None:
    event = Noted(text, path, 3)
    said = encoded(event, indent)
    assert json.loads(said) == {"event": "noted", "text": text, "path": path, "line": 3}
    assert decoded(said.encode(), Event) == event
    assert all(it == "\n" or is_shown(it) for it in said)
    assert said.count("\n") == (1 if not indent else 6)


@pytest.mark.parametrize("text", [b"", b"{", b'{"event": "other"}', b'"\\udcff"', b"\xff", b'{"event": "noted"}'])
def test_what_is_no_event(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decoded(text, Event)


def test_letters_stay_letters() -> None:
    assert encoded("größe 漢字 🎉") == '"größe 漢字 🎉"\n'
