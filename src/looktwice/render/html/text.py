"""Text that goes into a page: escaped, and the little Markdown that pattern pages use within a sentence."""

from __future__ import annotations

import html
import re

from looktwice.core.visible import block

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_ITALIC = re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])")
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")


def escape(text: object) -> str:
    """Text for an element or a quoted attribute, without anything that could move letters about."""
    return html.escape(block(str(text)))


def inline(markdown: str) -> str:
    """A sentence with its code, bold and italic words; links keep their words only."""
    pieces = _CODE.split(markdown)
    return "".join(f"<code>{escape(it)}</code>" if number % 2 else words(it) for number, it in enumerate(pieces))


def words(text: str) -> str:
    text = _LINK.sub(r"\1", escape(text))
    return _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", text))
