"""Every event a line, as JSON, the moment it happens: for programs that follow a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from looktwice.core.event import Event
from looktwice.render.data import encoded
from looktwice.render.renderer import Setting


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    for event in events:
        out.write(encoded(event))
        out.flush()
