"""The interface of a language adapter: bytes in, neutral trees out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol, TypeVar

from tree_sitter import Node as Syntax
from tree_sitter import Parser, Tree

from looktwice.code.syntax.languages.effort import parse_within
from looktwice.code.syntax.languages.reader import Grammar, Reader
from looktwice.code.syntax.tree import Function, Module, Node
from looktwice.core.program_text import as_read
from looktwice.core.source import Source

# A name is looked at from its beginning only: a line of base64 would be looked at from each of its letters.
NAMES = re.compile(rb"\.\s*+([A-Za-z_$][\w$]*+)|(?<![\w$])([A-Za-z_$][\w$]*+)\s*+[(`]")

OneReader = TypeVar("OneReader", bound=Reader)


class Adapter(Protocol):
    """A language. `name` is "python", "typescript" or "javascript"; `suffixes` are the file endings it reads."""

    @property
    def name(self) -> str: ...

    @property
    def suffixes(self) -> tuple[str, ...]: ...

    def parse(self, source: Source) -> Parsed:
        """Parse a file. Never raises because of its content: see `Module.errors`."""
        ...


class Parsed:
    """One parsed file, kept while its tree is needed.

    `source` holds the text in UTF-8 without a byte order mark. All offsets refer to it: take spans from it and not from
    the source that was passed in.
    """

    def __init__(self, source: Source, tree: Tree | None, reader: Reader, outline: Callable[[Syntax], Module]) -> None:
        self.source = source
        self._tree, self._reader, self._read_outline = tree, reader, outline
        self._module: Module | None = None

    @property
    def root(self) -> Syntax | None:
        """The root of the syntax tree; None for a file that is no text."""
        return self._tree.root_node if self._tree is not None else None

    @property
    def reader(self) -> Reader:
        """What turns syntax of this file into neutral nodes."""
        return self._reader

    def outline(self) -> Module:
        """Imports, exports, classes, functions without bodies, and the module-level statements."""
        if self._module is None:
            if self._tree is None:  # binary, or tangled: reported as unreadable from end to end
                end = len(self.source.data)
                self._module = Module(0, end, (), (), {}, ((0, end),))
            else:
                try:
                    self._module = self._read_outline(self._tree.root_node)
                except RecursionError:  # deeper than our stack, whoever called us: as if it could not be parsed
                    self._tree = None
                    return self.outline()
        return self._module

    def body(self, function: Function) -> tuple[Node, ...]:
        """The statements of a function of this file, with the bodies of nested functions.

        `function` may come from an earlier outline of the same bytes. Returns () for a function without a body and for
        one that is not in this file.
        """
        self.outline()
        syntax = self._reader.functions.get((function.start, function.end))
        if syntax is None:
            return ()
        reader = self._reader
        reader.is_outline, reader.depth = False, 0
        try:
            return reader.function_body(syntax)
        except RecursionError:
            reader.report(syntax)
            return ()
        finally:
            reader.is_outline = True

    def names(self, function: Node) -> frozenset[str]:
        """The names called or read as attributes anywhere within a function: a superset, from the text alone."""
        found = NAMES.findall(self.source.data, function.start, function.end)
        return frozenset((attribute or called).decode() for attribute, called in set(found))

    def comments(self) -> tuple[tuple[int, int], ...]:
        """The byte ranges of the comments, in order."""
        found: list[tuple[int, int]] = []
        pending = [self._tree.root_node] if self._tree is not None else []
        while pending:
            node = pending.pop()
            if node.type == "comment":
                found.append((node.start_byte, node.end_byte))
            else:
                pending.extend(node.children)
        return tuple(sorted(found))

    @property
    def errors(self) -> tuple[tuple[int, int], ...]:
        """The byte ranges that could not be parsed, so far."""
        if self._tree is None:
            return ((0, len(self.source.data)),)
        return tuple(self._reader.errors)


def parse_with(
    grammar: Grammar,
    reader: type[OneReader],
    source: Source,
    outline: Callable[[OneReader, Syntax], Module],
    prepare: Callable[[bytes], bytes] = bytes,
) -> Parsed:
    """The common part of every adapter's `parse`, given its grammar, its reader and its outline function.

    `prepare` may rewrite syntax that the grammar does not support, byte for byte: offsets must not change.
    """
    source = as_read(source)
    data = source.data
    is_text = b"\0" not in data
    tree = parse_within(Parser(grammar.language), prepare(data)) if is_text else None
    reading = reader(grammar, data)
    return Parsed(source, tree, reading, lambda root: outline(reading, root))
