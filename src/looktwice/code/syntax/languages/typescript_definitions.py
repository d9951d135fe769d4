"""Functions, classes, enums and namespaces of TypeScript and JavaScript in the neutral syntax."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.reader import named
from looktwice.code.syntax.languages.typescript_modules import TypeScriptModules, has_token
from looktwice.code.syntax.tree import (
    Assignment,
    Block,
    Class,
    Function,
    Name,
    Node,
    Opaque,
    Parameter,
    Sequence,
    Subscript,
    Type,
)

FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function", "function"})
PROPERTY_MODIFIERS = frozenset({"accessibility_modifier", "readonly", "override_modifier"})


class TypeScriptDefinitions(TypeScriptModules):
    break_leaves: str
    function_kinds: ClassVar[frozenset[str]] = FUNCTIONS | {"function_declaration", "method_definition"}

    # ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────
    def read_function_declaration(self, syntax: Syntax) -> Node:
        return self.function(syntax, syntax)

    read_generator_function_declaration = read_function_expression = read_generator_function = read_function_declaration
    read_arrow_function = read_method_definition = read_function = read_function_declaration
    read_method_signature = read_abstract_method_signature = read_function_declaration

    def list_function_signature(self, syntax: Syntax) -> Iterator[Node]:
        yield from ()  # an overload: the implementation follows

    def function(self, outer: Syntax, syntax: Syntax, name: str = "", decorators: tuple[Node, ...] = ()) -> Function:
        written, parameters = self.field(syntax, "name"), self.field(syntax, "parameters")
        single, returns = self.field(syntax, "parameter"), self.field(syntax, "return_type")
        tokens = {child.type for child in syntax.children if not child.is_named}
        if parameters is not None:
            read = self.parameters(parameters)
        else:
            read = () if single is None else (Parameter(self.text(single)),)
        function = Function(
            outer.start_byte,
            outer.end_byte,
            name or (self.member_name(written) if written else ""),
            read,
            (),
            decorators,
            self.read_optional(returns),
            is_async="async" in tokens,
            is_generator="*" in tokens,
            is_static="static" in tokens,
            accessor="get" if "get" in tokens else "set" if "set" in tokens else "",
        )
        if decorators:
            function.start = min(function.start, decorators[0].start - 1)
        return self.filled(function, syntax)

    def function_body(self, syntax: Syntax) -> tuple[Node, ...]:
        body = self.field(syntax, "body")
        if body is None:
            return ()
        outside, self.break_leaves = self.break_leaves, "break"
        statements = self.statements(body.named_children) if body.type == "statement_block" else (self.returned(body),)
        self.break_leaves = outside
        return statements

    def parameters(self, syntax: Syntax) -> tuple[Parameter, ...]:
        found = [self.parameter(child) for child in self.children(syntax)]
        return tuple([parameter for parameter in found if parameter.name != "this"])

    def parameter(self, syntax: Syntax) -> Parameter:
        if syntax.type not in ("required_parameter", "optional_parameter"):  # JavaScript
            return self.bound_parameter(syntax, Parameter(""))
        parameter = Parameter(
            "",
            self.annotation(syntax),
            self.read_optional(self.field(syntax, "value")),
            decorators=tuple([self.decorator(child) for child in syntax.children_by_field_name("decorator")]),
            is_property=any(child.type in PROPERTY_MODIFIERS for child in syntax.children),
        )
        pattern = self.field(syntax, "pattern")
        return parameter if pattern is None else self.bound_parameter(pattern, parameter)

    def bound_parameter(self, syntax: Syntax, parameter: Parameter) -> Parameter:
        """Set a parameter's name or pattern."""
        target: Syntax | None = syntax
        if target is not None and target.type == "assignment_pattern":
            parameter.default = self.required(target, "right")
            target = self.field(target, "left")
        if target is not None and target.type == "rest_pattern":
            parameter.kind = "*"
            target = next(iter(self.children(target)), None)
        if target is not None and target.type in ("identifier", "this"):
            parameter.name = self.text(target)
        elif target is not None:
            parameter.pattern = self.read(target)
        return parameter

    # ── classes ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def read_class_declaration(self, syntax: Syntax) -> Node:
        name = self.field(syntax, "name")
        bases, implements = self.heritage(syntax)
        decorators = tuple([self.decorator(item) for item in self.children(syntax) if item.type == "decorator"])
        body = self.field(syntax, "body")
        return Class(
            syntax.start_byte,
            syntax.end_byte,
            self.text(name) if name else "",
            bases,
            self.members(body) if body else (),
            decorators,
            implements,
        )

    read_abstract_class_declaration = read_class = read_class_declaration

    def heritage(self, syntax: Syntax) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        bases: list[Node] = []
        implements: list[Node] = []
        clause = next((child for child in syntax.named_children if child.type == "class_heritage"), None)
        for child in self.children(clause) if clause is not None else ():
            if child.type == "extends_clause":
                bases.append(self.generic_base(child))
            elif child.type == "implements_clause":
                implements.extend(self.read_all(child.named_children))
            else:  # JavaScript
                bases.append(self.read(child))
        return tuple(bases), tuple(implements)

    def generic_base(self, syntax: Syntax) -> Node:
        """`extends Base<T>` as `Base[T]`, as in Python."""
        value, arguments = self.required(syntax, "value"), self.field(syntax, "type_arguments")
        if arguments is None:
            return value
        types = [
            Name(node.start, node.end, node.name) if isinstance(node, Type) and not node.arguments else node
            for node in self.read_all(arguments.named_children)
        ]
        key = types[0] if len(types) == 1 else Sequence(arguments.start_byte, arguments.end_byte, tuple(types))
        return Subscript(value.start, arguments.end_byte, value, key)

    def members(self, body: Syntax) -> tuple[Node, ...]:
        """Fields, methods and blocks; decorators precede the method they belong to."""
        found: list[Node] = []
        decorators: list[Node] = []
        for child in self.children(body):
            match child.type:
                case "decorator":
                    decorators.append(self.decorator(child))
                    continue
                case "method_definition" | "abstract_method_signature":
                    found.append(self.function(child, child, "", tuple(decorators)))
                case "public_field_definition" | "field_definition":
                    found.append(self.class_field(child, tuple(decorators)))
                case "method_signature" | "index_signature":
                    pass  # overloads and types of undeclared members
                case "class_static_block":
                    found.append(Block(child.start_byte, child.end_byte, self.body(self.field(child, "body"))))
                case _:
                    found.extend(self.statements([child]))
            decorators.clear()
        return tuple(found)

    def class_field(self, syntax: Syntax, before: tuple[Node, ...]) -> Node:
        name = self.field(syntax, "name") or self.field(syntax, "property")
        value = self.field(syntax, "value")
        own = tuple([self.decorator(child) for child in self.children(syntax) if child.type == "decorator"])
        decorators = (*before, *own)
        label = self.member_name(name) if name else ""
        start = min(syntax.start_byte, decorators[0].start - 1) if decorators else syntax.start_byte
        if value is not None and value.type in FUNCTIONS:
            function = self.function(syntax, value, label, decorators)
            function.is_static = has_token(syntax, "static")
            return function
        target = Name(name.start_byte, name.end_byte, label) if name else Name(start, start, "")
        return Assignment(
            start,
            syntax.end_byte,
            (target,),
            named(self.read_optional(value), label),
            annotation=self.annotation(syntax),
            decorators=decorators,
        )

    # ── interfaces, enums, namespaces ────────────────────────────────────────────────────────────────────────────────
    def read_interface_declaration(self, syntax: Syntax) -> Node:
        name, body = self.field(syntax, "name"), self.field(syntax, "body")
        bases = [
            base
            for clause in self.children(syntax)
            if clause.type == "extends_type_clause"
            for base in self.read_all(clause.named_children)
        ]
        members = self.statements(body.named_children) if body is not None else ()
        label = self.text(name) if name else ""
        return Class(syntax.start_byte, syntax.end_byte, label, tuple(bases), members, is_interface=True)

    def read_type_alias_declaration(self, syntax: Syntax) -> Node:
        name, value = self.field(syntax, "name"), self.field(syntax, "value")
        start, end, label = syntax.start_byte, syntax.end_byte, self.text(name) if name else ""
        if value is not None and value.type == "object_type":
            members = self.statements(value.named_children)
            return Class(start, end, label, (), members, is_interface=True)
        target = Name(name.start_byte, name.end_byte, label) if name else Name(start, start, "")
        annotation = self.read_optional(value)
        return Assignment(start, end, (target,), None, annotation=annotation, declares="type")

    def read_enum_declaration(self, syntax: Syntax) -> Node:
        """As in Python: a class with the base `Enum` and one field per member."""
        name, body = self.field(syntax, "name"), self.field(syntax, "body")
        members: list[Node] = []
        for child in self.children(body) if body is not None else ():
            key = self.field(child, "name") if child.type == "enum_assignment" else child
            value = self.field(child, "value") if child.type == "enum_assignment" else None
            if key is not None:
                target = Name(key.start_byte, key.end_byte, self.member_name(key))
                members.append(Assignment(child.start_byte, child.end_byte, (target,), self.read_optional(value)))
        start = syntax.start_byte
        base = Name(start, start, "Enum")
        return Class(start, syntax.end_byte, self.text(name) if name else "", (base,), tuple(members))

    def read_internal_module(self, syntax: Syntax) -> Node:
        """A namespace, as a class with static members."""
        name, exported = self.field(syntax, "name"), dict(self.exports)
        members = self.body(self.field(syntax, "body"))
        self.exports = exported  # a namespace's exports are its own, not the file's
        for member in members:
            if isinstance(member, Function):
                member.is_static = True
        return Class(syntax.start_byte, syntax.end_byte, self.member_name(name) if name else "", (), members)

    read_module = read_internal_module

    def list_ambient_declaration(self, syntax: Syntax) -> Iterator[Node]:
        """`declare …`: types only, but a declared constant defines a name."""
        for child in self.children(syntax):
            if child.type == "function_signature":
                yield self.function(child, child)
            elif child.type != "module":
                yield from self.statements([child])

    def list_import_alias(self, syntax: Syntax) -> Iterator[Node]:
        children = self.children(syntax)
        if len(children) == 2:
            target = self.read(children[0])
            yield Assignment(syntax.start_byte, syntax.end_byte, (target,), self.read(children[1]), declares="const")

    def read_decorator(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, "decorator", (self.inside(syntax),))
