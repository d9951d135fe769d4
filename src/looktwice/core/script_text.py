"""JavaScript and TypeScript as plain text: what is code in it, without reading it as a program."""

from __future__ import annotations

import re

# What is never closed goes on to the end of its line or of the file: looking for its end once more at every place where
# it may begin would take the square of the length.
TEXTS = re.compile(
    rb"'(?:[^'\\\n]|\\[^\n])*+(?:'|(?=\n)|\\|\Z)|\"(?:[^\"\\\n]|\\[^\n])*+(?:\"|(?=\n)|\\|\Z)"
    rb"|`(?:[^`\\]|\\.)*+(?:`|\Z)|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)",
    re.DOTALL,
)


def without_texts(data: bytes) -> bytes:
    """The bytes of a script without its strings, templates and comments."""
    return TEXTS.sub(b"", data)
