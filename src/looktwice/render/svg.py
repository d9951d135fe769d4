"""The picture of a run as an SVG: for a README or a pull request. It loads no fonts."""

from __future__ import annotations

import re
from io import StringIO

from rich.terminal_theme import TerminalTheme

from looktwice.core.trace import Trace
from looktwice.render.terminal.lanes import text
from looktwice.render.terminal.writer import Writer

PAPER, INK, MUTED = (251, 249, 244), (27, 29, 34), (90, 95, 107)
RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN = (
    (179, 38, 30),
    (0, 103, 125),
    (163, 57, 11),
    (11, 92, 173),
    (91, 63, 168),
    (0, 103, 125),
)
NORMAL = [INK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, MUTED]
THEME = TerminalTheme(PAPER, INK, NORMAL, NORMAL)

_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def draw(trace: Trace, width: int = 96, title: str = "looktwice prove") -> str:
    """The lanes of `trace` as an SVG document, `width` columns wide."""
    console = Writer(StringIO(), width, colour=True, color_system="truecolor", record=True)
    console.print(text(trace, width), soft_wrap=True)
    svg = console.export_svg(title=title, theme=THEME, unique_id="looktwice")
    return _FONTS.sub("", svg).replace("Fira Code", "IBM Plex Mono, ui-monospace, Menlo, Consolas")
