"""Text of a project or an application, made safe to show to a person.

A file name, a source line or an error message may hold anything: sequences that move the cursor, change colours or the
window's title, marks that reverse the order of letters, letters that take no room, line breaks that make one line look
like two. All of it is shown as the escapes that Python writes (`\\x1b`, `\\u202e`); letters of any script, and emoji,
are shown unchanged.
"""

from __future__ import annotations

import unicodedata
from enum import Enum
from typing import Any, TypeVar

import msgspec

from looktwice.core.trace import TraceStep

TAB = "    "

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_HIDDEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters by their category, blank by their look."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_JOINER, _EMOJI_STYLE = "\u200d", "\ufe0f"

T = TypeVar("T")


def line(text: str) -> str:
    """The text on one line: line breaks and tabs are escaped too."""
    if is_plain(text):
        return text
    return "".join(
        it if is_shown(it) or joins_emoji(text, at) else _SHORT.get(it) or escape(it) for at, it in enumerate(text)
    )


def block(text: str) -> str:
    """The text with its lines kept and its tabs as spaces; everything else is escaped."""
    return "\n".join(source_line(it) for it in text.split("\n"))


def source_line(text: str) -> str:
    """A line of source code: tabs are spaces, everything else is escaped."""
    return line(text.replace("\t", TAB))


def visible(value: T) -> T:
    """A copy of a value in which every text, wherever it stands, is on one line and safe to show.

    Takes anything that events are made of: texts, structs, tuples, lists, dicts; all else is given back unchanged.
    """
    return _visible(value)  # type: ignore[no-any-return]


def _visible(value: Any) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return line(value)
        case TraceStep() if "\n" in value.statement:
            statement = " ".join(value.statement.split())  # SQL means the same on one line
            return _visible(msgspec.structs.replace(value, statement=statement))
        case msgspec.Struct():
            return msgspec.structs.replace(
                value, **{name: _visible(getattr(value, name)) for name in value.__struct_fields__}
            )
        case tuple() | list():
            return type(value)(map(_visible, value))
        case dict():
            return {_visible(name): _visible(it) for name, it in value.items()}
    return value


def is_plain(text: str) -> bool:
    """Whether all of a text can be shown unchanged; quick, and False for some that can."""
    return text.isprintable() and _HIDDEN_LETTERS.isdisjoint(text)


def is_shown(character: str) -> bool:
    """Whether a character can be shown: it is not a control character, and takes room."""
    if character.isprintable():
        return character not in _HIDDEN_LETTERS
    return unicodedata.category(character) not in _HIDDEN_CATEGORIES


def joins_emoji(text: str, at: int) -> bool:
    """Whether the character is the joiner within an emoji of several, like that of a family."""
    if text[at] != _JOINER or not 0 < at < len(text) - 1:
        return False
    before, after = unicodedata.category(text[at - 1]), unicodedata.category(text[at + 1])
    return (before in ("So", "Sk") or text[at - 1] == _EMOJI_STYLE) and after == "So"


def escape(character: str) -> str:
    """The escape that Python writes for a character."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
