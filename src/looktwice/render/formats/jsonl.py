"""One finding a line, as JSON: for scripts, and for `prove --from-audit`. Accepted findings are left out.

What `prove` reports stands on lines of its own, each with the name of its event. So does, before any finding, a note on
what an audit did not understand; it has the keys by which scripts select findings, and is selected by none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from msgspec import Struct

from looktwice.core.event import Covered, Event, Executing, Found, NotProven, Proven, Reach, Reached
from looktwice.core.finding import Confidence
from looktwice.render.coverage import headline
from looktwice.render.data import encoded
from looktwice.render.renderer import Setting


class _Note(Struct, frozen=True, tag="noted", tag_field="event"):
    """A note among findings: of no pattern, and of the confidence that every selection leaves out first."""

    text: str
    code: str = ""
    confidence: Confidence = Confidence.LOW


def render(events: Iterable[Event], out: TextIO, setting: Setting) -> None:
    for event in events:
        match event:
            case Covered(coverage):
                if lines := headline(coverage, setting.guides):
                    out.write(encoded(_Note(" · ".join(lines))))
            case Found(finding) if not finding.suppressed:
                out.write(encoded(finding))
            case Executing() | Reach() | Reached() | Proven() | NotProven():
                out.write(encoded(event))
                out.flush()  # a command is executed right after this
