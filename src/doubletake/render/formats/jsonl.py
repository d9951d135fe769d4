"""One finding a line, as JSON: for scripts, and for `prove --from-audit`. Accepted findings are left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import msgspec

from doubletake.core.event import Event, Found
from doubletake.render.renderer import Setting


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    for event in events:
        if isinstance(event, Found) and not event.finding.suppressed:
            out.write(msgspec.json.encode(event.finding).decode() + "\n")
