"""One finding a line, as JSON: for scripts, and for `prove --from-audit`. Accepted findings are left out.

What `prove` has to say stands on lines of its own, each with the name of its event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from looktwice.core.event import Event, Found, NotProven, Proven, Reached
from looktwice.render.data import encoded
from looktwice.render.renderer import Setting


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    for event in events:
        match event:
            case Found(finding) if not finding.suppressed:
                out.write(encoded(finding))
            case Proven() | NotProven() | Reached():
                out.write(encoded(event))
