"""How much of a file could be parsed: a file of which nearly nothing could be is not read, and not read in part."""

from __future__ import annotations

from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages import Parsed

NEARLY_NOTHING = 0.1
"""Share of a file's code below which nothing of it counts as read."""


def is_read(parsed: Parsed) -> bool:
    """Whether more than nearly nothing of a file could be parsed; a file without any code is read."""
    if parsed.root is None:
        return False
    read, lost = amounts(parsed, parsed.root)
    return not lost or read >= NEARLY_NOTHING * (read + lost)


def amounts(parsed: Parsed, root: Syntax) -> tuple[int, int]:
    """Bytes of code that could be parsed and that could not, without comments. A function or class within a part that
    could not is read like any other."""
    reader = parsed.reader
    definitions = reader.function_kinds | reader.class_kinds
    read = lost = 0
    waiting = [(root, False)]  # a part of the tree, and whether it is within an error
    while waiting:
        syntax, is_within = waiting.pop()
        size = syntax.end_byte - syntax.start_byte
        if syntax.type == "comment":
            continue
        if syntax.is_error and not reader.is_harmless(syntax):
            is_within = True
        elif not syntax.has_error and (not is_within or (syntax.is_named and syntax.type in definitions)):
            read += size
            continue
        waiting.extend((child, is_within) for child in syntax.children)
        own = without(syntax, parsed.source.data)
        read, lost = (read, lost + own) if is_within else (read + own, lost)
    return read, lost


def without(syntax: Syntax, data: bytes) -> int:
    """Bytes of a part, without blanks, that none of its children covers: where it is an error, text of no form."""
    bounds = [syntax.start_byte, *(it for child in syntax.children for it in (child.start_byte, child.end_byte))]
    bounds.append(syntax.end_byte)
    pairs = zip(bounds[::2], bounds[1::2], strict=True)
    return sum(len(b"".join(data[start:end].split())) for start, end in pairs)
