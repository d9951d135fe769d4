"""JSON for programs: the same values again, and nothing that acts on a terminal."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from looktwice.core.event import Event, Noted
from looktwice.core.visible import is_shown
from looktwice.render.data import decoded, encoded

TEXT = st.text(st.characters() | st.characters(categories=["Cc", "Cf", "Cs"]))


@given(TEXT, TEXT, st.sampled_from([0, 2]))
@example("a\u034fb", "", 0)
def test_a_reader_gets_the_same_texts(text: str, path: str, indent: int) -> None:
    event = Noted(text, path, 3)
    written = encoded(event, indent)
    assert json.loads(written) == {"event": "noted", **msgspec.structs.asdict(event)}
    assert decoded(written.encode(), Event) == event
    assert all(it == "\n" or is_shown(it) for it in written)
    assert written.count("\n") == (1 if not indent else 2 + len(json.loads(written)))


@pytest.mark.parametrize("text", [b"", b"{", b'{"event": "other"}', b'"\\udcff"', b"\xff", b'{"event": "noted"}'])
def test_what_is_no_event(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decoded(text, Event)


def test_letters_stay_letters() -> None:
    assert encoded("größe 漢字 🎉") == '"größe 漢字 🎉"\n'
