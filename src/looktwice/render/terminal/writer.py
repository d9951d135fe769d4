"""What writes to a terminal: rich, with everything switched off that would interpret text or let it act."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from looktwice.core.visible import block, is_plain


class Writer(Console):
    """Prints text literally: no markup, no emoji names; what could act on a terminal is escaped at the last moment,
    whatever was printed. Colours come from styles only."""

    def __init__(self, out: TextIO, width: int, colour: bool = False, wraps: bool = False, **more: Any) -> None:
        """out: where it goes; width: columns; colour: whether styles show; wraps: whether long lines are broken."""
        settings = {
            "color_system": "standard" if colour else None,
            "force_terminal": colour,
            "no_color": not colour,
            "soft_wrap": not wraps,
            **more,
        }
        super().__init__(
            file=out, width=width, highlight=False, markup=False, emoji=False, legacy_windows=False, **settings
        )

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for it in super().render(renderable, options):
            yield it if it.control or is_plain(it.text) else Segment(block(it.text), it.style)
