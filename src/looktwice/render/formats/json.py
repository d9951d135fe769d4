"""Everything a run reported, as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from looktwice.core.event import Event
from looktwice.render.collected import collect
from looktwice.render.data import encoded
from looktwice.render.renderer import Setting


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    out.write(encoded(collect(events), indent=2))
