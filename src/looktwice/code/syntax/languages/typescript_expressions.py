"""Expressions and destructuring of TypeScript and JavaScript in the neutral syntax."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.javascript_text import unescaped
from looktwice.code.syntax.languages.reader import Reader, integer, named
from looktwice.code.syntax.languages.typescript_types import TypeScriptTypes
from looktwice.code.syntax.tree import (
    Argument,
    Assignment,
    Attribute,
    Await,
    Call,
    Cast,
    Conditional,
    DefaultTarget,
    Entry,
    Literal,
    Mapping,
    Name,
    Node,
    Opaque,
    Operation,
    Sequence,
    Spread,
    Subscript,
    Template,
    Yield,
)

OPERATORS = {"===": "==", "!==": "!=", "&&": "and", "||": "or", ">>>": ">>"}
CHAINED = frozenset(("non_null_expression", "member_expression", "subscript_expression", "call_expression"))
UNARY = {"!": "not", "+": "pos"}


class TypeScriptExpressions(TypeScriptTypes, Reader):
    read_this = read_super = read_import = read_meta_property = Reader.read_identifier
    read_statement_identifier = read_shorthand_property_identifier = Reader.read_identifier
    read_shorthand_property_identifier_pattern = read_private_property_identifier = Reader.read_identifier
    read_parenthesized_expression = TypeScriptTypes.inside
    read_null = read_undefined = Reader.nothing

    # ── access and calls ─────────────────────────────────────────────────────────────────────────────────────────────
    def read_member_expression(self, syntax: Syntax) -> Node:
        name = self.field(syntax, "property")
        spelling = self.text(name) if name else ""
        return self.after_assertion(
            syntax,
            self.required(syntax, "object"),
            lambda value, start: Attribute(start, syntax.end_byte, value, spelling),
        )

    read_nested_identifier = read_member_expression

    def read_subscript_expression(self, syntax: Syntax) -> Node:
        value, key = self.required(syntax, "object"), self.required(syntax, "index")
        return self.after_assertion(syntax, value, lambda value, start: Subscript(start, syntax.end_byte, value, key))

    def read_call_expression(self, syntax: Syntax) -> Node:
        callee, arguments = self.required(syntax, "function"), self.field(syntax, "arguments")
        if arguments is not None and arguments.type == "template_string":
            return Template(syntax.start_byte, syntax.end_byte, tuple(self.template_parts(arguments)), callee)
        given = self.arguments(arguments)
        return self.after_assertion(syntax, callee, lambda value, start: Call(start, syntax.end_byte, value, given))

    def after_assertion(self, syntax: Syntax, value: Node, make: Callable[[Node, int], Node]) -> Node:
        """Apply `make` to the value, or to its last operand where it belongs there.

        The grammar lets a postfix `!` bind less tightly than operators: it reads `a === b!.c` as `(a === b)!.c`. What
        follows the `!` belongs to the last operand alone. A parenthesized operand ends before the operation around it.
        """
        child = syntax.named_child(0)
        if child is None or child.type not in CHAINED or not isinstance(value, Operation):
            return make(value, syntax.start_byte)
        return self.on_last_operand(value, make)

    def on_last_operand(self, value: Operation, make: Callable[[Node, int], Node]) -> Node:
        last = value.operands[-1]
        if isinstance(last, Operation) and last.end == value.end:
            made = self.on_last_operand(last, make)
        else:
            made = make(last, last.start)
        return Operation(value.start, made.end, value.operator, (*value.operands[:-1], made))

    def read_non_null_expression(self, syntax: Syntax) -> Node:
        child = syntax.named_child(0)
        if child is None:
            return self.read_unknown(syntax)
        value = self.read(child)
        if isinstance(value, Operation) and child.type != "parenthesized_expression":
            return self.on_last_operand(value, lambda value, start: Cast(start, syntax.end_byte, value, None))
        return Cast(syntax.start_byte, syntax.end_byte, value, None)

    def read_new_expression(self, syntax: Syntax) -> Node:
        callee, arguments = self.required(syntax, "constructor"), self.field(syntax, "arguments")
        return Call(syntax.start_byte, syntax.end_byte, callee, self.arguments(arguments), True)

    def arguments(self, syntax: Syntax | None) -> tuple[Argument, ...]:
        if syntax is None:
            return ()
        return tuple([self.argument(child) for child in syntax.named_children if not self.skipped[child.kind_id]])

    def argument(self, syntax: Syntax) -> Argument:
        if syntax.type == "spread_element":
            return Argument(self.inside(syntax), "", "*")
        return Argument(self.read(syntax))

    def read_instantiation_expression(self, syntax: Syntax) -> Node:
        return self.read(self.children(syntax)[0])  # f<T>: the type arguments do not affect the value

    def read_await_expression(self, syntax: Syntax) -> Node:
        return Await(syntax.start_byte, syntax.end_byte, self.inside(syntax))

    def read_yield_expression(self, syntax: Syntax) -> Node:
        children = self.children(syntax)
        delegates = any(child.type == "*" for child in syntax.children)
        return Yield(syntax.start_byte, syntax.end_byte, self.read(children[0]) if children else None, delegates)

    # ── operators ────────────────────────────────────────────────────────────────────────────────────────────────────
    def read_binary_expression(self, syntax: Syntax) -> Node:
        return self.operation(syntax, OPERATORS)

    def read_unary_expression(self, syntax: Syntax) -> Node:
        operator = self.field(syntax, "operator")
        value, spelling = self.required(syntax, "argument"), operator.type if operator else ""
        if spelling == "-":
            return self.negated(syntax.start_byte, syntax.end_byte, value)
        return Operation(syntax.start_byte, syntax.end_byte, UNARY.get(spelling, spelling), (value,))

    def read_update_expression(self, syntax: Syntax) -> Node:
        operator, target = self.field(syntax, "operator"), self.required(syntax, "argument")
        one = Literal(operator.start_byte, operator.end_byte, 1) if operator else self.nothing(syntax)
        spelling = operator.type[0] if operator else ""
        return Assignment(syntax.start_byte, syntax.end_byte, (target,), one, spelling)

    def read_ternary_expression(self, syntax: Syntax) -> Node:
        test, then = self.required(syntax, "condition"), self.required(syntax, "consequence")
        return Conditional(syntax.start_byte, syntax.end_byte, test, then, self.required(syntax, "alternative"))

    def read_sequence_expression(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, "comma", self.read_all(syntax.named_children))

    def read_assignment_expression(self, syntax: Syntax) -> Node:
        targets = [self.required(syntax, "left")]
        right = self.field(syntax, "right")
        while right is not None and right.type == "assignment_expression":
            targets.append(self.required(right, "left"))
            right = self.field(right, "right")
        value = self.read_optional(right)
        if isinstance(targets[-1], Name | Attribute):
            named(value, targets[-1].id if isinstance(targets[-1], Name) else targets[-1].name)
        return Assignment(syntax.start_byte, syntax.end_byte, tuple(targets), value)

    def read_augmented_assignment_expression(self, syntax: Syntax) -> Node:
        operator = self.field(syntax, "operator")
        spelling = operator.type.removesuffix("=") if operator else ""
        target, value = self.required(syntax, "left"), self.required(syntax, "right")
        return Assignment(syntax.start_byte, syntax.end_byte, (target,), value, OPERATORS.get(spelling, spelling))

    def read_as_expression(self, syntax: Syntax) -> Node:
        children = self.children(syntax)
        if not children:
            return self.read_unknown(syntax)
        of_type = self.read(children[1]) if len(children) > 1 else None
        return Cast(syntax.start_byte, syntax.end_byte, self.read(children[0]), of_type)

    read_satisfies_expression = read_as_expression

    def read_type_assertion(self, syntax: Syntax) -> Node:
        children = self.children(syntax)
        if len(children) != 2:
            return self.read_unknown(syntax)
        types = self.read_all(children[0].named_children)
        return Cast(syntax.start_byte, syntax.end_byte, self.read(children[1]), types[0] if types else None)

    # ── collections and patterns ─────────────────────────────────────────────────────────────────────────────────────
    def read_array(self, syntax: Syntax) -> Node:
        return Sequence(syntax.start_byte, syntax.end_byte, self.read_all(syntax.named_children))

    def read_array_pattern(self, syntax: Syntax) -> Node:
        items: list[Node] = []
        awaits_item = True
        for child in syntax.children:
            if child.is_named:
                if not self.skipped[child.kind_id]:
                    items.append(self.read(child))
                    awaits_item = False
            elif child.type == ",":
                if awaits_item:
                    items.append(Opaque(child.start_byte, child.start_byte, "hole"))
                awaits_item = True
        return Sequence(syntax.start_byte, syntax.end_byte, tuple(items))

    def read_object(self, syntax: Syntax) -> Node:
        entries = [self.entry(child) for child in self.children(syntax)]
        return Mapping(syntax.start_byte, syntax.end_byte, tuple(entries))

    read_object_pattern = read_object

    def entry(self, syntax: Syntax) -> Entry:
        start, end = syntax.start_byte, syntax.end_byte
        match syntax.type:
            case "shorthand_property_identifier" | "shorthand_property_identifier_pattern":
                text = self.text(syntax)
                return Entry(Literal(start, end, text), Name(start, end, text))
            case "pair" | "pair_pattern":
                key, value = self.key(self.field(syntax, "key")), self.required(syntax, "value")
                if isinstance(key, Literal):
                    named(value, str(key.value))
                return Entry(key, value)
            case "spread_element" | "rest_pattern":
                return Entry(None, self.inside(syntax))
            case "object_assignment_pattern":
                target = self.read(syntax)
                name = self.field(syntax, "left")
                key = Literal(name.start_byte, name.end_byte, self.text(name)) if name else self.nothing(syntax)
                return Entry(key, target)
            case "method_definition":
                return Entry(self.key(self.field(syntax, "name")), self.read(syntax))
        return Entry(None, self.read(syntax))

    def key(self, syntax: Syntax | None) -> Node | None:
        if syntax is None:
            return None
        if syntax.type == "computed_property_name":
            return self.inside(syntax)
        if syntax.type == "number":
            return self.read(syntax)
        return Literal(syntax.start_byte, syntax.end_byte, self.member_name(syntax))

    def read_assignment_pattern(self, syntax: Syntax) -> Node:
        target, default = self.required(syntax, "left"), self.required(syntax, "right")
        return DefaultTarget(syntax.start_byte, syntax.end_byte, target, default)

    read_object_assignment_pattern = read_assignment_pattern

    def read_spread_element(self, syntax: Syntax) -> Node:
        return Spread(syntax.start_byte, syntax.end_byte, self.inside(syntax))

    read_rest_pattern = read_spread_element

    # ── constants ────────────────────────────────────────────────────────────────────────────────────────────────────
    def read_number(self, syntax: Syntax) -> Node:
        return Literal(syntax.start_byte, syntax.end_byte, integer(self.text(syntax)))

    def read_string(self, syntax: Syntax) -> Node:
        start, end = syntax.start_byte, syntax.end_byte
        text = self.data[start + 1 : end - 1].decode("utf-8", "replace")
        return Literal(start, end, unescaped(text))

    def read_template_string(self, syntax: Syntax) -> Node:
        parts = self.template_parts(syntax)
        if all(child.type != "template_substitution" for child in syntax.named_children):
            text = parts[0].value if parts and isinstance(parts[0], Literal) else ""
            return Literal(syntax.start_byte, syntax.end_byte, text)
        return Template(syntax.start_byte, syntax.end_byte, tuple(parts))

    def template_parts(self, syntax: Syntax) -> list[Node]:
        """The text and expressions in order; the text between two expressions is one part."""
        parts: list[Node] = []
        position = syntax.start_byte + 1
        holes = [child for child in syntax.named_children if child.type == "template_substitution"]
        for hole in holes:
            self.text_part(position, hole.start_byte, parts)
            parts.append(self.inside(hole))
            position = hole.end_byte
        self.text_part(position, syntax.end_byte - 1, parts)
        return parts

    def text_part(self, start: int, end: int, parts: list[Node]) -> None:
        if start < end:
            parts.append(Literal(start, end, unescaped(self.data[start:end].decode("utf-8", "replace"))))

    def read_regex(self, syntax: Syntax) -> Node:
        text = Literal(syntax.start_byte, syntax.end_byte, self.text(syntax))
        return Opaque(syntax.start_byte, syntax.end_byte, "regex", (text,))

    # ── JSX: Opaque("jsx") of the component, its attributes as a mapping, and its children ───────────────────────────
    def read_jsx_element(self, syntax: Syntax) -> Node:
        opening = self.field(syntax, "open_tag")
        inner = [
            child
            for child in self.children(syntax)
            if child.type not in ("jsx_opening_element", "jsx_closing_element", "jsx_text", "html_character_reference")
        ]
        tag = self.jsx_tag(opening or syntax)
        return Opaque(syntax.start_byte, syntax.end_byte, "jsx", (*tag, *self.read_all(inner)))

    def read_jsx_self_closing_element(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, "jsx", self.jsx_tag(syntax))

    def jsx_tag(self, syntax: Syntax) -> tuple[Node, Node]:
        name = self.field(syntax, "name")
        if name is None:
            component: Node = Literal(syntax.start_byte, syntax.start_byte, "")
        elif name.type == "identifier" and self.text(name)[:1].islower():
            component = Literal(name.start_byte, name.end_byte, self.text(name))
        else:
            component = self.read(name)
        attributes = [self.jsx_attribute(child) for child in syntax.children_by_field_name("attribute")]
        return component, Mapping(syntax.start_byte, syntax.end_byte, tuple(attributes))

    def jsx_attribute(self, syntax: Syntax) -> Entry:
        if syntax.type != "jsx_attribute":  # {...props}
            return Entry(None, self.read(syntax))
        name, *value = self.children(syntax)
        key = Literal(name.start_byte, name.end_byte, self.text(name))
        return Entry(key, self.read(value[0]) if value else Literal(name.end_byte, name.end_byte, True))

    def read_jsx_expression(self, syntax: Syntax) -> Node:
        children = self.children(syntax)
        if not children:  # {/* a comment */}
            return Opaque(syntax.start_byte, syntax.end_byte, "empty")
        if children[0].type == "spread_element":
            return self.inside(children[0])
        return self.read(children[0])
