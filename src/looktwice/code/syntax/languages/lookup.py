"""What stands at a place of a parsed file: a chain of calls, the functions around it, what gives a name its value.

For questions about few places of many files, where reading every body would cost too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct
from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.adapter import Parsed
from looktwice.code.syntax.tree import Function, Import, Node

CHAINED = frozenset(
    (
        *("attribute", "call", "subscript"),
        *("member_expression", "call_expression", "new_expression", "subscript_expression", "non_null_expression"),
    )
)
CALLS = frozenset(("call", "call_expression", "new_expression"))
FUNCTIONS = frozenset(
    (
        *("function_definition", "lambda", "arrow_function", "function_expression", "function_declaration"),
        *("method_definition", "generator_function", "generator_function_declaration"),
    )
)
CLASSES = frozenset(("class_definition", "class_declaration", "abstract_class_declaration", "class"))
ARGUMENTS = frozenset(("argument_list", "arguments"))
WITHIN_ARGUMENTS = frozenset(("keyword_argument", "object", "pair", "parenthesized_expression", "array", "list"))
BINDERS = {
    "assignment": ("left", "right"),
    "named_expression": ("name", "value"),
    "for_statement": ("left", "right"),
    "for_in_clause": ("left", "right"),
    "variable_declarator": ("name", "value"),
    "assignment_expression": ("left", "right"),
    "for_in_statement": ("left", "right"),
    "as_pattern": ("alias", ""),
}
"""Kinds of syntax that give a name its value: the fields of the name and of the value ("" the first child)."""
IMPORTS = frozenset(("import_statement", "import_from_statement"))
IN_PATTERNS = frozenset(
    (
        *("pattern_list", "tuple_pattern", "list_pattern", "as_pattern_target", "with_item", "dotted_name"),
        *("object_pattern", "array_pattern", "pair_pattern", "object_assignment_pattern", "assignment_pattern"),
        *("rest_pattern", "aliased_import", "expression_list", "attribute", "member_expression"),
    )
)
OCCURRENCES = 60
DEEPEST = 60


class Chain(Struct, frozen=True):
    """An expression of calls and attributes, `a.b(c).d()`, as far as it reaches. `decorates`: what follows it."""

    node: Node
    start: int
    end: int
    decorates: str = ""  # "function", "class", "field" or "parameter" for a decorator


class Around(Struct, frozen=True):
    """A function or class around a place. callee: of the call that the function is an argument of."""

    start: int
    end: int
    function: Function | None = None
    name: str = ""  # of a class
    callee: Node | None = None


class Lookup:
    """One file. Everything is read when it is asked for, and functions in it are read without their bodies."""

    def __init__(self, parsed: Parsed) -> None:
        self._data = parsed.source.data
        self._root = parsed.root
        self._reader = parsed.reader
        self._functions: dict[tuple[int, int], Around] = {}

    # ── chains ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def chains(self, places: Iterable[int]) -> Iterator[Chain]:
        """Every chain that has a name at one of these offsets, once. What is no name in code (in a text) gives none."""
        seen: set[tuple[int, int]] = set()
        for place in places:
            syntax = self._at(place, place + 1)
            chain = self._whole(syntax) if syntax is not None else None
            if chain is None or (chain.start_byte, chain.end_byte) in seen:
                continue
            seen.add((chain.start_byte, chain.end_byte))
            yield Chain(self._read(chain), chain.start_byte, chain.end_byte, decorated(chain))

    def _at(self, start: int, end: int) -> Syntax | None:
        return self._root.named_descendant_for_byte_range(start, end) if self._root is not None else None

    def _whole(self, syntax: Syntax) -> Syntax | None:
        """The outermost expression of the chain that a name is part of; None for what is no name but a text."""
        if "identifier" not in syntax.type:
            return None
        current = syntax
        for _ in range(DEEPEST * 8):
            parent = current.parent
            if parent is None:
                break
            if not goes_on(parent, current):
                break
            current = parent
        return current

    def _read(self, syntax: Syntax) -> Node:
        self._reader.depth = 0
        return self._reader.read(syntax)

    # ── around ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def around(self, offset: int) -> tuple[Around, ...]:
        """Functions and classes around a place, innermost first."""
        found = []
        syntax = self._at(offset, offset + 1)
        while syntax is not None:
            if syntax.type in FUNCTIONS or syntax.type in CLASSES:
                found.append(self._around(syntax))
            syntax = syntax.parent
        return tuple(found)

    def _around(self, syntax: Syntax) -> Around:
        key = (syntax.start_byte, syntax.end_byte)
        if (found := self._functions.get(key)) is None:
            if syntax.type in CLASSES:
                name = syntax.child_by_field_name("name")
                found = Around(*key, name=self._reader.text(name) if name is not None else "")
            else:
                function = self._read(syntax)
                call = taking(syntax)
                callee = self._reader.required(call, "function") if call is not None else None
                found = Around(*key, function=function if isinstance(function, Function) else None, callee=callee)
            self._functions[key] = found
        return found

    # ── what names mean ──────────────────────────────────────────────────────────────────────────────────────────────
    def bound(self, name: str, start: int, end: int) -> list[tuple[int, Node]]:
        """(place, value) wherever a name, or an attribute of one (`self.x`), is given a value between two offsets."""
        found: list[tuple[int, Node]] = []
        for count, offset in enumerate(self._occurrences(name.encode(), start, end)):
            if count >= OCCURRENCES:
                break
            syntax = self._at(offset, offset + len(name.encode()))
            if syntax is not None and (value := self._binding(syntax)) is not None:
                found.append((offset, value))
        return found

    def _occurrences(self, name: bytes, start: int, end: int) -> Iterator[int]:
        data = self._data
        position = data.find(name, start, end)
        while name and position >= 0:
            after = position + len(name)
            if not is_letter(data[after : after + 1]) and not is_inside(data[position - 1 : position]):
                yield position
            position = data.find(name, after, end)

    def _binding(self, syntax: Syntax) -> Node | None:
        """The value that a binding occurrence of a name gets; an `Import` where it is imported there."""
        current = syntax
        for _ in range(DEEPEST):
            parent = current.parent
            if parent is None:
                return None
            if parent.type in IMPORTS:
                return self._imported(parent, self._reader.text(syntax))
            if (fields := BINDERS.get(parent.type)) is not None:
                target, value = fields
                if parent.child_by_field_name(target) != current:
                    return None
                given = parent.child_by_field_name(value) if value else first(parent)
                return self._read(given) if given is not None else self._declared(parent)
            if parent.type not in IN_PATTERNS or (parent.type in CHAINED and not leads(parent, current)):
                return None
            if parent.type in CHAINED and parent.end_byte != current.end_byte:
                return None  # `name.x = …` says nothing of the name
            current = parent
        return None

    def _declared(self, syntax: Syntax) -> Node | None:
        """The type that a name is declared with where it gets no value: `let client: Client`, `client: Client`."""
        written = syntax.child_by_field_name("type")
        return self._read(written) if written is not None else None

    def _imported(self, syntax: Syntax, name: str) -> Node | None:
        listing = self._reader.listings[syntax.kind_id]
        outline, self._reader.is_outline = self._reader.is_outline, False
        try:
            items = list(listing(self._reader, syntax)) if listing is not None else []
        finally:
            self._reader.is_outline = outline
        return next((each for each in items if isinstance(each, Import) and each.alias == name), None)

    def returned(self, function: Node) -> list[tuple[int, Node]]:
        """(place, value) of everything that a function returns or yields itself."""
        found: list[tuple[int, Node]] = []
        for match in _RETURNED.finditer(self._data, function.start, function.end):
            syntax = self._root.descendant_for_byte_range(match.start(), match.end()) if self._root else None
            parent = syntax.parent if syntax is not None else None
            if parent is None or parent.type not in ("return_statement", "yield", "yield_expression"):
                continue
            value = first(parent)
            if value is not None and self._is_of(parent, function):
                found.append((value.start_byte, self._read(value)))
        if not found and (value := self._expression_body(function)) is not None:
            found.append((value.start_byte, self._read(value)))
        return found

    def _expression_body(self, function: Node) -> Syntax | None:
        """What `x => value` gives."""
        syntax = self._reader.functions.get((function.start, function.end))
        body = syntax.child_by_field_name("body") if syntax is not None else None
        return body if body is not None and body.type not in ("statement_block", "block") else None

    def _is_of(self, syntax: Syntax, function: Node) -> bool:
        """Whether the innermost function around a statement is this one, whose span begins at its first decorator."""
        current = syntax.parent
        while current is not None and current.type not in FUNCTIONS:
            current = current.parent
        return current is not None and current.end_byte == function.end


def first(syntax: Syntax) -> Syntax | None:
    return syntax.named_child(0) if syntax.named_child_count else None


def goes_on(parent: Syntax, child: Syntax) -> bool:
    """Whether a chain goes on from `child` to `parent`."""
    if parent.type == "await_expression":  # the grammar's way with `await f<T>()`: it calls what was awaited
        return is_called(parent)
    return parent.type in CHAINED and leads(parent, child)


def leads(parent: Syntax, child: Syntax) -> bool:
    """Whether a chain goes on from `child` to `parent`: as its receiver or callee, or as the name after the dot."""
    if parent.start_byte == child.start_byte:
        return True
    if parent.type == "new_expression":
        return parent.child_by_field_name("constructor") == child
    return child.end_byte == parent.end_byte and parent.type in ("attribute", "member_expression")


def is_called(syntax: Syntax) -> bool:
    parent = syntax.parent
    return parent is not None and parent.type == "call_expression" and parent.start_byte == syntax.start_byte


def taking(function: Syntax) -> Syntax | None:
    """The call that a function is written as an argument of."""
    current = function.parent
    while current is not None and current.type in WITHIN_ARGUMENTS:
        current = current.parent
    if current is None or current.type not in ARGUMENTS:
        return None
    call = current.parent
    return call if call is not None and call.type in CALLS and call.type != "new_expression" else None


def decorated(syntax: Syntax) -> str:
    """What an expression decorates: "function", "class", "field", "parameter" or ""."""
    parent = syntax.parent
    if parent is None or parent.type != "decorator":
        return ""
    holder = parent.parent
    if holder is None or holder.type.endswith("_parameter"):
        return "parameter"
    if holder.type.endswith("field_definition"):
        return "field"
    definition = holder.child_by_field_name("definition") or holder.child_by_field_name("declaration") or holder
    return "class" if definition.type in CLASSES else "function"


def is_letter(character: bytes) -> bool:
    return character.isalnum() or character in (b"_", b"$")


def is_inside(character: bytes) -> bool:
    """Whether a name that follows the character is part of another, or an attribute."""
    return is_letter(character) or character == b"."


_RETURNED = re.compile(rb"\b(?:return|yield)\b")
