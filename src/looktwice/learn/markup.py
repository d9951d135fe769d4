"""Prose and code for the browser: Markdown as HTML without scripts, code as highlighted pieces, line by line."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

Piece = tuple[str, str]
"""A class ("" for plain text) and the text it covers."""

_CLASSES = (  # the first match counts; Pygments' token types form a tree, and `in` tests for a descendant
    ("Comment", "comment"),
    ("Keyword.Type", ""),  # the TypeScript lexer takes any value after a colon for a type
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Name.Function", "name"),
    ("Name.Class", "name"),
    ("Name.Decorator", "name"),
)


def prose(markdown: str) -> str:
    """Blocks of Markdown as HTML. Raw HTML in the source is escaped, and links go to http(s) only."""
    return str(_markdown().render(markdown))


def phrase(markdown: str) -> str:
    """The same for a single line, without a paragraph around it."""
    return str(_markdown().renderInline(markdown))


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False, "typographer": False})


def highlighted(code: str, language: str) -> list[list[Piece]]:
    """The lines of `code`, each as pieces with the class of their token. An unknown language gives plain text."""
    from pygments.lexers import get_lexer_by_name
    from pygments.token import string_to_tokentype
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return [[("", line)] if line else [] for line in code.removesuffix("\n").split("\n")]
    classes = [(string_to_tokentype(f"Token.{name}"), css) for name, css in _CLASSES]
    lines: list[list[Piece]] = [[]]
    for kind, text in lexer.get_tokens(code.removesuffix("\n")):
        css = next((css for parent, css in classes if kind in parent), "")
        for number, part in enumerate(text.split("\n")):
            if number:
                lines.append([])
            if part:
                _append(lines[-1], css, part)
    return lines


def _append(line: list[Piece], css: str, text: str) -> None:
    if line and line[-1][0] == css:
        line[-1] = (css, line[-1][1] + text)
    else:
        line.append((css, text))
