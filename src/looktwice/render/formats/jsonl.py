"""One finding a line, as JSON: for scripts, and for `prove --from-audit`. Accepted findings are left out.

What `prove` has to say stands on lines of its own, each with the name of its event; so does, before any finding, a note
on what an audit did not understand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

import msgspec

from looktwice.core.event import Covered, Event, Found, Noted, NotProven, Proven, Reached
from looktwice.render.coverage import headline
from looktwice.render.renderer import Setting


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    for event in events:
        match event:
            case Covered(coverage):
                if lines := headline(coverage, setting.guides):
                    out.write(msgspec.json.encode(Noted(" · ".join(lines))).decode() + "\n")
            case Found(finding) if not finding.suppressed:
                out.write(msgspec.json.encode(finding).decode() + "\n")
            case Proven() | NotProven() | Reached():
                out.write(msgspec.json.encode(event).decode() + "\n")
