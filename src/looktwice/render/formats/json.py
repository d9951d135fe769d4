"""Everything a run said, as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import msgspec

from looktwice.core.event import Event
from looktwice.render.collected import collect
from looktwice.render.renderer import Setting


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    out.write(msgspec.json.format(msgspec.json.encode(collect(events)), indent=2).decode() + "\n")
