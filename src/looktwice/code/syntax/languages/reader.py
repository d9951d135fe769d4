"""The part that the adapters share: converts a tree-sitter tree to neutral nodes by a table of node kinds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import ClassVar

from tree_sitter import Language
from tree_sitter import Node as Syntax

from looktwice.code.syntax.tree import Block, Class, Function, Import, Literal, Name, Node, Opaque, Operation, Return

# Lowering is recursive, so neutral trees have a maximum depth. Code written by hand or by an assistant stays below 60.
DEEPEST = 140
ERRORS_KEPT = 20
NEGATABLE = (int, float)

ERROR_KIND = 0xFFFF  # tree-sitter's built-in kind, the same in every grammar

Reading = Callable[..., Node]
Listing = Callable[..., Iterable[Node]]


class Grammar:
    """One tree-sitter grammar with the methods of a reader, by node kind.

    A method `read_<kind>` returns the node for a kind; `list_<kind>` yields its statements, where there may be none or
    several. Kinds that have neither become `Opaque`.
    """

    def __init__(self, language: Language, reader: type[Reader]) -> None:
        self.language = language
        self.readings: dict[int, Reading] = {ERROR_KIND: reader.read_error}
        self.listings: dict[int, Listing | None] = {ERROR_KIND: None}
        self.skipped: dict[int, bool] = {ERROR_KIND: False}
        for kind in range(language.node_kind_count):
            name = language.node_kind_for_id(kind) or ""
            is_named = language.node_kind_is_named(kind)
            self.readings[kind] = (
                getattr(reader, f"read_{name}", reader.read_unknown) if is_named else reader.read_unknown
            )
            self.listings[kind] = getattr(reader, f"list_{name}", None) if is_named else None
            self.skipped[kind] = name in reader.skipped_kinds


class Reader:
    """Reads one file. A language adds its `read_…` and `list_…` methods.

    `is_outline` leaves the bodies of functions empty and stores their syntax in `functions`, by span.
    """

    skipped_kinds: ClassVar[frozenset[str]] = frozenset({"comment"})
    generator_mark: ClassVar[bytes] = b"yield"
    function_kinds: ClassVar[frozenset[str]] = frozenset()
    class_kinds: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, grammar: Grammar, data: bytes) -> None:
        self.grammar, self.data = grammar, data
        self.readings, self.listings, self.skipped = grammar.readings, grammar.listings, grammar.skipped
        self.depth = 0
        self.is_outline = True
        self.functions: dict[tuple[int, int], Syntax] = {}
        self.imports: list[Import] = []
        self.exports: dict[str, str] = {}
        self.errors: list[tuple[int, int]] = []

    # ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def read(self, syntax: Syntax) -> Node:
        """The neutral node for a named node; `Opaque("deep")`, recorded as an error, beyond the maximum depth."""
        if self.depth >= DEEPEST:
            self.report(syntax)
            return Opaque(syntax.start_byte, syntax.end_byte, "deep")
        self.depth += 1
        node = self.readings[syntax.kind_id](self, syntax)
        self.depth -= 1
        return node

    def read_optional(self, syntax: Syntax | None) -> Node | None:
        return None if syntax is None else self.read(syntax)

    def read_all(self, syntaxes: Iterable[Syntax]) -> tuple[Node, ...]:
        skipped = self.skipped
        return tuple([self.read(syntax) for syntax in syntaxes if not skipped[syntax.kind_id]])

    def statements(self, syntaxes: list[Syntax]) -> tuple[Node, ...]:
        """The statements in order; kinds with a `list_…` method yield none or several."""
        found: list[Node] = []
        for syntax in syntaxes:
            kind = syntax.kind_id
            if self.skipped[kind]:
                continue
            listing = self.listings[kind]
            if listing is None:
                found.append(self.read(syntax))
            elif self.depth >= DEEPEST:
                self.report(syntax)
            else:
                self.depth += 1
                found.extend(listing(self, syntax))
                self.depth -= 1
        return tuple(found)

    def children(self, syntax: Syntax) -> list[Syntax]:
        """The named children without comments."""
        skipped = self.skipped
        return [child for child in syntax.named_children if not skipped[child.kind_id]]

    field = staticmethod(Syntax.child_by_field_name)

    def required(self, syntax: Syntax, name: str) -> Node:
        """The child in a field that valid source always has; an `Opaque` where the source is invalid."""
        child = syntax.child_by_field_name(name)
        return Opaque(syntax.start_byte, syntax.start_byte, "missing") if child is None else self.read(child)

    def text(self, syntax: Syntax) -> str:
        return self.data[syntax.start_byte : syntax.end_byte].decode("utf-8", "replace")

    def report(self, syntax: Syntax) -> None:
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append((syntax.start_byte, syntax.end_byte))

    # ── nodes that all languages share ───────────────────────────────────────────────────────────────────────────────
    def read_unknown(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, syntax.type, self.statements(syntax.named_children))

    def read_error(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, "error", self.statements(syntax.named_children))

    def read_identifier(self, syntax: Syntax) -> Node:
        start, end = syntax.start_byte, syntax.end_byte
        return Name(start, end, self.data[start:end].decode("utf-8", "replace"))

    def read_true(self, syntax: Syntax) -> Node:
        return Literal(syntax.start_byte, syntax.end_byte, True)

    def read_false(self, syntax: Syntax) -> Node:
        return Literal(syntax.start_byte, syntax.end_byte, False)

    def nothing(self, syntax: Syntax) -> Node:
        return Literal(syntax.start_byte, syntax.end_byte, None)

    def body(self, syntax: Syntax | None) -> tuple[Node, ...]:
        """The statements of a block, or a single statement in place of a block."""
        if syntax is None:
            return ()
        block = self.read(syntax)
        return (
            block.body
            if isinstance(block, Block)
            else ()
            if isinstance(block, Opaque) and block.kind == "empty"
            else (block,)
        )

    def operation(self, syntax: Syntax, spellings: dict[str, str]) -> Node:
        """A binary operator. A chain of the same one (`a + b + c`) is read as one operation, however long it is."""
        operator = self.field(syntax, "operator")
        spelling = operator.type if operator is not None else "?"
        operands: list[Syntax] = []
        left: Syntax | None = syntax
        while left is not None and left.kind_id == syntax.kind_id:
            mark = self.field(left, "operator")
            if mark is None or mark.type != spelling:
                break
            if (right := self.field(left, "right")) is not None:
                operands.append(right)
            left = self.field(left, "left")
        if left is not None:
            operands.append(left)
        neutral = spellings.get(spelling, spelling)
        return Operation(syntax.start_byte, syntax.end_byte, neutral, self.read_all(reversed(operands)))

    def negated(self, start: int, end: int, value: Node) -> Node:
        """`-x`; a negative number is a literal."""
        if isinstance(value, Literal) and isinstance(value.value, NEGATABLE) and not isinstance(value.value, bool):
            return Literal(start, end, -value.value)
        return Operation(start, end, "neg", (value,))

    # ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────
    def function_body(self, syntax: Syntax) -> tuple[Node, ...]:
        """The statements of a function; overridden where a body can be an expression."""
        raise NotImplementedError

    def filled(self, function: Function, syntax: Syntax) -> Function:
        """Add the body to `function`, or store its syntax when only the outline is requested."""
        self.functions[function.start, function.end] = syntax
        if not self.is_outline:
            function.body = self.function_body(syntax)
        return function

    def returned(self, syntax: Syntax) -> Node:
        """The expression that is a function's whole body, as a `Return`."""
        self.depth += 1
        value = self.read(syntax)
        self.depth -= 1
        return Return(value.start, value.end, value)

    def yields(self, syntax: Syntax) -> bool:
        """Whether the function itself yields, not only a nested function."""
        if self.data.find(self.generator_mark, syntax.start_byte, syntax.end_byte) < 0:
            return False
        waiting = list(syntax.named_children)
        while waiting:
            child = waiting.pop()
            if child.type in ("yield", "yield_expression"):
                return True
            if child.type not in self.function_kinds and child.type not in self.class_kinds:
                waiting.extend(child.named_children)
        return False

    def is_harmless(self, error: Syntax) -> bool:
        """Whether an error is a limitation of the grammar and hides nothing."""
        return False

    def record_errors(self, root: Syntax) -> None:
        """Record the ranges that could not be parsed, outermost first, at most `ERRORS_KEPT`."""
        if not root.has_error:
            return
        waiting = [root]
        while waiting and len(self.errors) < ERRORS_KEPT:
            syntax = waiting.pop()
            if syntax.is_error or syntax.is_missing:
                if not self.is_harmless(syntax):
                    self.report(syntax)
                continue
            inner = [child for child in reversed(syntax.children) if child.has_error or child.is_missing]
            if not inner:  # what is wrong has no place of its own: a line end or an indentation
                self.errors.append((syntax.start_byte, syntax.start_byte))
            waiting.extend(inner)


def named(node: Node | None, name: str) -> Node | None:
    """Give an anonymous function or class the name it is bound to."""
    if isinstance(node, Function | Class) and not node.name:
        node.name = name
    return node


def integer(text: str) -> int | float | str:
    """The value of a number as written in Python or JavaScript; the text if it is not a number or is too long."""
    text = text.replace("_", "").rstrip("nlL").lower()
    try:
        if len(text) > 400:
            return text
        if re.fullmatch(r"0[0-7]+", text):
            return int(text, 8)
        return int(text, 0) if re.fullmatch(r"\d+|0[xob][0-9a-f]+", text) else float(text)
    except ValueError:
        return text
