"""Python's expressions, patterns and types in the neutral syntax."""

from __future__ import annotations

from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.python_literals import type_of_text, unescaped
from looktwice.code.syntax.languages.reader import DEEPEST, Reader, integer, named
from looktwice.code.syntax.tree import (
    Argument,
    Assignment,
    Attribute,
    Await,
    Call,
    Clause,
    Comprehension,
    Conditional,
    Entry,
    Function,
    Literal,
    Mapping,
    Name,
    Node,
    Opaque,
    Operation,
    Parameter,
    Sequence,
    Slice,
    Spread,
    Subscript,
    Template,
    Type,
    Yield,
)

COMPARISONS = {"not in": "not-in", "is not": "is-not", "<>": "!="}


class PythonExpressions(Reader):
    # ── names, access, calls ─────────────────────────────────────────────────────────────────────────────────────────
    def read_attribute(self, syntax: Syntax) -> Node:
        name = self.field(syntax, "attribute")
        return Attribute(
            syntax.start_byte, syntax.end_byte, self.required(syntax, "object"), self.text(name) if name else ""
        )

    def read_dotted_name(self, syntax: Syntax) -> Node:
        parts = self.children(syntax)
        node: Node = self.read_identifier(parts[0])
        for part in parts[1:]:
            node = Attribute(node.start, part.end_byte, node, self.text(part))
        return node

    def read_subscript(self, syntax: Syntax) -> Node:
        value, *keys = self.children(syntax)
        read = self.read_all(keys)
        key = read[0] if len(read) == 1 else Sequence(keys[0].start_byte, keys[-1].end_byte, read) if read else None
        key = key or Opaque(syntax.end_byte, syntax.end_byte, "missing")
        return Subscript(syntax.start_byte, syntax.end_byte, self.read(value), key)

    def read_slice(self, syntax: Syntax) -> Node:
        bounds: list[Node | None] = [None]
        for child in syntax.children:
            if child.type == ":":
                bounds.append(None)
            elif child.is_named and not self.skipped[child.kind_id]:
                bounds[-1] = self.read(child)
        return Slice(syntax.start_byte, syntax.end_byte, *bounds[:3])

    def read_call(self, syntax: Syntax) -> Node:
        arguments = self.field(syntax, "arguments")
        return Call(
            syntax.start_byte,
            syntax.end_byte,
            self.required(syntax, "function"),
            () if arguments is None else self.arguments(arguments),
        )

    def arguments(self, syntax: Syntax) -> tuple[Argument, ...]:
        if syntax.type != "argument_list":  # f(x for x in xs)
            return (Argument(self.read(syntax)),)
        return tuple([self.argument(child) for child in syntax.named_children if not self.skipped[child.kind_id]])

    def argument(self, syntax: Syntax) -> Argument:
        match syntax.type:
            case "keyword_argument":
                name = self.field(syntax, "name")
                return Argument(self.required(syntax, "value"), self.text(name) if name else "")
            case "list_splat" | "dictionary_splat":
                inner = self.children(syntax)
                spread = "*" if syntax.type == "list_splat" else "**"
                return Argument(self.read(inner[0]) if inner else self.read_unknown(syntax), "", spread)
        return Argument(self.read(syntax))

    def read_await(self, syntax: Syntax) -> Node:
        return Await(syntax.start_byte, syntax.end_byte, self.inner(syntax))

    def inner(self, syntax: Syntax) -> Node:
        """The only child, of parentheses, `await` or `*xs`."""
        children = self.children(syntax)
        if len(children) != 1:
            return self.read_unknown(syntax)
        return self.read(children[0])

    read_parenthesized_expression = inner

    def read_yield(self, syntax: Syntax) -> Node:
        delegates = any(child.type == "from" for child in syntax.children)
        children = self.children(syntax)
        return Yield(syntax.start_byte, syntax.end_byte, self.read(children[0]) if children else None, delegates)

    # ── operators ────────────────────────────────────────────────────────────────────────────────────────────────────
    def read_binary_operator(self, syntax: Syntax) -> Node:
        return self.operation(syntax, {})

    read_boolean_operator = read_binary_operator

    def read_not_operator(self, syntax: Syntax) -> Node:
        return Operation(syntax.start_byte, syntax.end_byte, "not", (self.required(syntax, "argument"),))

    def read_unary_operator(self, syntax: Syntax) -> Node:
        value = self.required(syntax, "argument")
        match syntax.children[0].type:
            case "-":
                return self.negated(syntax.start_byte, syntax.end_byte, value)
            case "+":
                return Operation(syntax.start_byte, syntax.end_byte, "pos", (value,))
        return Operation(syntax.start_byte, syntax.end_byte, "~", (value,))

    def read_comparison_operator(self, syntax: Syntax) -> Node:
        operands: list[Node] = []
        operators: list[str] = []
        for child in syntax.children:
            if not child.is_named:
                operators.append(COMPARISONS.get(child.type, child.type))
            elif not self.skipped[child.kind_id]:
                operands.append(self.read(child))
        pairs = [
            Operation(left.start, right.end, operator, (left, right))
            for operator, left, right in zip(operators, operands, operands[1:], strict=False)
        ]
        if len(pairs) == 1:
            pairs[0].start, pairs[0].end = syntax.start_byte, syntax.end_byte
            return pairs[0]
        return Operation(syntax.start_byte, syntax.end_byte, "and", tuple(pairs))

    def read_conditional_expression(self, syntax: Syntax) -> Node:
        parts = self.read_all(syntax.named_children)
        if len(parts) != 3:
            return Opaque(syntax.start_byte, syntax.end_byte, "error", parts)
        return Conditional(syntax.start_byte, syntax.end_byte, parts[1], parts[0], parts[2])

    def read_named_expression(self, syntax: Syntax) -> Node:
        target, value = self.required(syntax, "name"), self.required(syntax, "value")
        return Assignment(syntax.start_byte, syntax.end_byte, (target,), value, declares="walrus")

    def read_assignment(self, syntax: Syntax) -> Node:
        targets = [self.required(syntax, "left")]
        annotation, right = self.field(syntax, "type"), self.field(syntax, "right")
        while right is not None and right.type == "assignment":
            targets.append(self.required(right, "left"))
            right = self.field(right, "right")
        value = self.read_optional(right)
        if len(targets) == 1 and isinstance(targets[0], Name):
            named(value, targets[0].id)
        return Assignment(
            syntax.start_byte,
            syntax.end_byte,
            tuple(targets),
            value,
            annotation=None if annotation is None else self.read_type(annotation),
        )

    def read_augmented_assignment(self, syntax: Syntax) -> Node:
        operator = self.field(syntax, "operator")
        spelling = operator.type.removesuffix("=") if operator else ""
        target, value = self.required(syntax, "left"), self.required(syntax, "right")
        return Assignment(syntax.start_byte, syntax.end_byte, (target,), value, spelling)

    # ── collections ──────────────────────────────────────────────────────────────────────────────────────────────────
    def sequence(self, syntax: Syntax) -> Node:
        return Sequence(syntax.start_byte, syntax.end_byte, self.read_all(syntax.named_children))

    read_list = read_tuple = read_set = read_expression_list = read_pattern_list = sequence
    read_list_pattern = read_tuple_pattern = sequence

    def read_list_splat(self, syntax: Syntax) -> Node:
        return Spread(syntax.start_byte, syntax.end_byte, self.inner(syntax))

    read_list_splat_pattern = read_dictionary_splat = read_dictionary_splat_pattern = read_list_splat

    def read_dictionary(self, syntax: Syntax) -> Node:
        entries = [self.entry(child) for child in self.children(syntax)]
        return Mapping(syntax.start_byte, syntax.end_byte, tuple(entries))

    def entry(self, syntax: Syntax) -> Entry:
        if syntax.type != "pair":
            return Entry(None, self.inner(syntax) if syntax.type == "dictionary_splat" else self.read(syntax))
        key, value = self.required(syntax, "key"), self.required(syntax, "value")
        if isinstance(key, Literal):
            named(value, str(key.value))
        return Entry(key, value)

    def comprehension(self, syntax: Syntax) -> Node:
        clauses: list[Clause] = []
        element: Node | None = None
        key: Node | None = None
        for child in self.children(syntax):
            if child.type == "for_in_clause":
                is_async = child.children[0].type == "async"
                target, iterable = self.required(child, "left"), self.required(child, "right")
                clauses.append(Clause(target, iterable, is_async=is_async))
            elif child.type == "if_clause":
                if clauses:
                    clauses[-1].conditions += (self.inner(child),)
            elif child.type == "pair":
                key, element = self.required(child, "key"), self.required(child, "value")
            elif element is None:
                element = self.read(child)
        element = element or Opaque(syntax.start_byte, syntax.start_byte, "missing")
        is_generator = syntax.type == "generator_expression"
        return Comprehension(syntax.start_byte, syntax.end_byte, element, tuple(clauses), key, is_generator)

    read_list_comprehension = read_set_comprehension = comprehension
    read_dictionary_comprehension = read_generator_expression = comprehension

    # ── constants ────────────────────────────────────────────────────────────────────────────────────────────────────
    def read_none(self, syntax: Syntax) -> Node:
        return Literal(syntax.start_byte, syntax.end_byte, None)

    def read_integer(self, syntax: Syntax) -> Node:
        return Literal(syntax.start_byte, syntax.end_byte, integer(self.text(syntax)))

    read_float = read_integer

    def read_string(self, syntax: Syntax) -> Node:
        parts = self.string_parts(syntax)
        if not any(child.type == "interpolation" for child in syntax.named_children):
            value = "".join(str(part.value) for part in parts if isinstance(part, Literal))
            return Literal(syntax.start_byte, syntax.end_byte, value)
        return Template(syntax.start_byte, syntax.end_byte, tuple(parts))

    def string_parts(self, syntax: Syntax) -> list[Node]:
        parts: list[Node] = []
        is_raw = False
        for child in syntax.named_children:
            match child.type:
                case "string_start":
                    is_raw = "r" in self.text(child).lower()
                case "string_content":
                    text = self.text(child)
                    parts.append(Literal(child.start_byte, child.end_byte, text if is_raw else unescaped(text)))
                case "interpolation":
                    parts.append(self.required(child, "expression"))
                    specifier = self.field(child, "format_specifier")
                    for nested in specifier.named_children if specifier else ():
                        parts.append(self.required(nested, "expression"))
        return parts

    def read_concatenated_string(self, syntax: Syntax) -> Node:
        parts: list[Node] = []
        for string in self.children(syntax):
            parts.extend(self.string_parts(string))
        if all(isinstance(part, Literal) for part in parts):
            value = "".join(str(part.value) for part in parts if isinstance(part, Literal))
            return Literal(syntax.start_byte, syntax.end_byte, value)
        return Template(syntax.start_byte, syntax.end_byte, tuple(parts))

    # ── functions as values ──────────────────────────────────────────────────────────────────────────────────────────
    def read_lambda(self, syntax: Syntax) -> Node:
        parameters = self.field(syntax, "parameters")
        function = Function(
            syntax.start_byte, syntax.end_byte, "", () if parameters is None else self.parameters(parameters)
        )
        return self.filled(function, syntax)

    def parameters(self, syntax: Syntax) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        only_keyword = ""
        for child in self.children(syntax):
            if child.type == "positional_separator":
                for parameter in found:
                    parameter.kind = "/"
            elif child.type == "keyword_separator":
                only_keyword = "="
            else:
                parameter = self.parameter(child)
                parameter.kind = parameter.kind or only_keyword
                only_keyword = "=" if parameter.kind == "*" else only_keyword
                found.append(parameter)
        return tuple(found)

    def parameter(self, syntax: Syntax) -> Parameter:
        annotation, default = self.field(syntax, "type"), self.field(syntax, "value")
        target: Syntax | None = syntax
        if syntax.type in ("default_parameter", "typed_default_parameter"):
            target = self.field(syntax, "name")
        elif syntax.type == "typed_parameter":
            target = next(iter(self.children(syntax)), None)
        kind = ""
        if target is not None and target.type in ("list_splat_pattern", "dictionary_splat_pattern"):
            kind = "*" if target.type == "list_splat_pattern" else "**"
            target = next(iter(self.children(target)), None)
        is_name = target is not None and target.type == "identifier"
        return Parameter(
            self.text(target) if target is not None and is_name else "",
            None if annotation is None else self.read_type(annotation),
            self.read_optional(default),
            kind,
            None if target is None or is_name else self.read(target),
        )

    def lambda_body(self, syntax: Syntax) -> tuple[Node, ...]:
        body = self.field(syntax, "body")
        return () if body is None else (self.returned(body),)

    # ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def read_type(self, syntax: Syntax) -> Node:
        """A type annotation; parts that are not types (a call in `Annotated`) are read as expressions."""
        children = self.children(syntax)
        if syntax.type == "type" and len(children) == 1:
            return self.read_type(children[0])
        self.depth += 1
        node = self.type_by_kind(syntax, children) if self.depth < DEEPEST else self.read(syntax)
        self.depth -= 1
        return node

    def type_by_kind(self, syntax: Syntax, children: list[Syntax]) -> Node:
        start, end = syntax.start_byte, syntax.end_byte
        match syntax.type:
            case "identifier" | "none" | "attribute" | "member_type" | "dotted_name":
                return Type(start, end, "".join(self.text(syntax).split()))
            case "generic_type" | "subscript":
                arguments = [part for child in children[1:] for part in self.type_arguments(child)]
                return Type(start, end, "".join(self.text(children[0]).split()), tuple(map(self.read_type, arguments)))
            case "binary_operator" | "union_type":
                return Type(start, end, "|", self.union_members(syntax))
            case "list":
                return Sequence(start, end, tuple(map(self.read_type, children)))
            case "string":
                text = self.read_string(syntax)
                return type_of_text(str(text.value), start, end) if isinstance(text, Literal) else text
        return self.read(syntax)

    def type_arguments(self, syntax: Syntax) -> list[Syntax]:
        return self.children(syntax) if syntax.type == "type_parameter" else [syntax]

    def union_members(self, syntax: Syntax) -> tuple[Node, ...]:
        members: list[Node] = []
        while syntax.type in ("binary_operator", "union_type") and len(children := self.children(syntax)) == 2:
            members.append(self.read_type(children[1]))
            syntax = children[0]
            while syntax.type == "type" and len(inside := self.children(syntax)) == 1:
                syntax = inside[0]
        members.append(
            self.read_type(syntax)
            if syntax.type not in ("binary_operator", "union_type")
            else self.read_unknown(syntax)
        )
        return tuple(reversed(members))
