"""One self-contained page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from doubletake.core.event import Event
from doubletake.render.collected import collect
from doubletake.render.html.report import Chapter, whole
from doubletake.render.renderer import Setting


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    name = setting.root.resolve().name or "this folder"
    out.write(whole(f"doubletake: {name}", [Chapter(name, collect(events), setting)]))
