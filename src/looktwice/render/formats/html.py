"""One self-contained page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from looktwice.core.event import Event
from looktwice.render.collected import collect
from looktwice.render.html.report import Chapter, whole
from looktwice.render.renderer import Setting


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    name = setting.root.resolve().name or "this folder"
    out.write(whole(f"looktwice: {name}", [Chapter(name, collect(events), setting)]))
