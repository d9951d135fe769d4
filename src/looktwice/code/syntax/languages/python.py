"""Python: statements, definitions and the outline of a module."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import ClassVar

import tree_sitter_python
from tree_sitter import Language
from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.adapter import Parsed, parse_with
from looktwice.code.syntax.languages.python_expressions import PythonExpressions
from looktwice.code.syntax.languages.python_patterns import PythonPatterns
from looktwice.code.syntax.languages.reader import DEEPEST, Grammar
from looktwice.code.syntax.tree import (
    Assert,
    Assignment,
    Attribute,
    Block,
    Call,
    Catch,
    Class,
    Exit,
    Expression,
    Function,
    If,
    Import,
    Literal,
    Loop,
    Module,
    Name,
    Node,
    Opaque,
    Operation,
    Raise,
    Return,
    Scoped,
    Sequence,
    Try,
    With,
)
from looktwice.core.source import Source


class Python:
    """The adapter for Python."""

    name = "python"
    suffixes = (".py", ".pyi")

    def parse(self, source: Source) -> Parsed:
        return parse_with(grammar(), PythonReader, source, outline)


@cache
def grammar() -> Grammar:
    return Grammar(Language(tree_sitter_python.language()), PythonReader)


def outline(reader: PythonReader, root: Syntax) -> Module:
    reader.record_errors(root)
    body = tuple([node for node in reader.statements(root.named_children) if not isinstance(node, Import)])
    return Module(0, len(reader.data), tuple(reader.imports), body, {}, tuple(reader.errors))


class PythonReader(PythonPatterns, PythonExpressions):
    skipped_kinds: ClassVar[frozenset[str]] = frozenset({"comment", "line_continuation"})
    function_kinds: ClassVar[frozenset[str]] = frozenset({"function_definition", "lambda"})
    class_kinds: ClassVar[frozenset[str]] = frozenset({"class_definition"})
    for_types_only = False  # inside `if TYPE_CHECKING:`

    # ── imports ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def imported(self, syntax: Syntax, module: str, name: str, alias: str, level: int = 0) -> Import:
        found = Import(syntax.start_byte, syntax.end_byte, module, name, alias, level, is_type=self.for_types_only)
        if self.is_outline:
            self.imports.append(found)
        return found

    def list_import_statement(self, syntax: Syntax) -> Iterator[Node]:
        for child in self.children(syntax):
            module, alias = self.renamed(child)
            root = module.partition(".")[0]  # `import a.b` binds a
            yield self.imported(child, module if alias else root, "", alias or root)

    def list_import_from_statement(self, syntax: Syntax) -> Iterator[Node]:
        source, *names = self.children(syntax)
        written = "".join(self.text(source).split())
        module = written.lstrip(".")
        level = len(written) - len(module)
        for child in names:
            if child.type == "wildcard_import":
                yield self.imported(child, module, "*", "*", level)
            else:
                name, alias = self.renamed(child)
                yield self.imported(child, module, name, alias or name, level)

    def list_future_import_statement(self, syntax: Syntax) -> Iterator[Node]:
        yield from ()

    def renamed(self, syntax: Syntax) -> tuple[str, str]:
        """A name and its alias, "" when it has none."""
        if syntax.type != "aliased_import":
            return "".join(self.text(syntax).split()), ""
        name, alias = self.field(syntax, "name"), self.field(syntax, "alias")
        return "".join(self.text(name).split()) if name else "", self.text(alias) if alias else ""

    # ── definitions ──────────────────────────────────────────────────────────────────────────────────────────────────
    def read_function_definition(self, syntax: Syntax) -> Node:
        return self.function(syntax, syntax, ())

    def read_class_definition(self, syntax: Syntax) -> Node:
        return self.class_(syntax, syntax, ())

    def read_decorated_definition(self, syntax: Syntax) -> Node:
        decorators = tuple([self.inner(child) for child in self.children(syntax) if child.type == "decorator"])
        definition = self.field(syntax, "definition")
        if definition is None:
            return Opaque(syntax.start_byte, syntax.end_byte, "error", decorators)
        if definition.type == "class_definition":
            return self.class_(syntax, definition, decorators)
        if any(map(declares, decorators)) and (attribute := self.declared(syntax, definition)) is not None:
            return attribute
        return self.function(syntax, definition, decorators)

    def declared(self, outer: Syntax, syntax: Syntax) -> Assignment | None:
        """SQLAlchemy's `@declared_attr def x(cls) -> T: return value` as the equivalent `x: T = value`."""
        name, returns, block = (self.field(syntax, each) for each in ("name", "return_type", "body"))
        statements = self.children(block) if block is not None else []
        if name is None or not statements or self.text(name) == "__tablename__":  # it depends on the class's name
            return None
        last = statements[-1]
        if last.type != "return_statement" or any(each.type != "expression_statement" for each in statements[:-1]):
            return None
        return Assignment(
            outer.start_byte,
            outer.end_byte,
            (Name(name.start_byte, name.end_byte, self.text(name)),),
            self.first(last),
            annotation=None if returns is None else self.read_type(returns),
        )

    def function(self, outer: Syntax, syntax: Syntax, decorators: tuple[Node, ...]) -> Function:
        name, parameters = self.field(syntax, "name"), self.field(syntax, "parameters")
        returns = self.field(syntax, "return_type")
        function = Function(
            outer.start_byte,
            outer.end_byte,
            self.text(name) if name else "",
            () if parameters is None else self.parameters(parameters),
            (),
            decorators,
            None if returns is None else self.read_type(returns),
            is_async=syntax.children[0].type == "async",
            is_generator=self.yields(syntax),
            is_static=any(isinstance(item, Name) and item.id == "staticmethod" for item in decorators),
            accessor=next(filter(None, map(accessor, decorators)), ""),
        )
        return self.filled(function, syntax)

    def function_body(self, syntax: Syntax) -> tuple[Node, ...]:
        return self.lambda_body(syntax) if syntax.type == "lambda" else self.body(self.field(syntax, "body"))

    def class_(self, outer: Syntax, syntax: Syntax, decorators: tuple[Node, ...]) -> Class:
        name, bases = self.field(syntax, "name"), self.field(syntax, "superclasses")
        arguments = () if bases is None else self.arguments(bases)
        return Class(
            outer.start_byte,
            outer.end_byte,
            self.text(name) if name else "",
            tuple([argument.value for argument in arguments if not argument.name and not argument.spread]),
            self.body(self.field(syntax, "body")),
            decorators,
            keywords=tuple([argument for argument in arguments if argument.name or argument.spread]),
        )

    def list_type_alias_statement(self, syntax: Syntax) -> Iterator[Node]:
        left, right = self.field(syntax, "left"), self.field(syntax, "right")
        if left is not None and right is not None:
            name = Name(left.start_byte, left.end_byte, self.text(left).partition("[")[0].strip())
            target = Name(name.start, name.start + len(name.id.encode()), name.id)
            alias = self.read_type(right)
            yield Assignment(syntax.start_byte, syntax.end_byte, (target,), None, annotation=alias, declares="type")

    # ── simple statements ────────────────────────────────────────────────────────────────────────────────────────────
    def list_pass_statement(self, syntax: Syntax) -> Iterator[Node]:
        yield from ()

    def read_block(self, syntax: Syntax) -> Node:
        return Block(syntax.start_byte, syntax.end_byte, self.statements(syntax.named_children))

    def read_expression_statement(self, syntax: Syntax) -> Node:
        children = self.children(syntax)
        if len(children) == 1:
            value = self.read(children[0])
            if isinstance(value, Assignment) and value.declares != "walrus":
                return value
            return Expression(syntax.start_byte, syntax.end_byte, value)
        value = Sequence(syntax.start_byte, syntax.end_byte, self.read_all(children))
        return Expression(syntax.start_byte, syntax.end_byte, value)

    def read_return_statement(self, syntax: Syntax) -> Node:
        return Return(syntax.start_byte, syntax.end_byte, self.first(syntax))

    def first(self, syntax: Syntax) -> Node | None:
        children = self.children(syntax)
        return self.read(children[0]) if children else None

    def read_raise_statement(self, syntax: Syntax) -> Node:
        cause = self.field(syntax, "cause")
        value = self.children(syntax)[0] if self.children(syntax) else None
        return Raise(
            syntax.start_byte,
            syntax.end_byte,
            None if value is None or value == cause else self.read(value),
            self.read_optional(cause),
        )

    def read_assert_statement(self, syntax: Syntax) -> Node:
        return Assert(syntax.start_byte, syntax.end_byte, self.first(syntax) or self.nothing(syntax))

    def read_delete_statement(self, syntax: Syntax) -> Node:
        value = self.first(syntax)
        operands = value.items if isinstance(value, Sequence) else () if value is None else (value,)
        start, end = syntax.start_byte, syntax.end_byte
        return Expression(start, end, Operation(start, end, "delete", operands))

    def read_global_statement(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, "global", self.read_all(syntax.named_children))

    def read_nonlocal_statement(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, "nonlocal", self.read_all(syntax.named_children))

    def read_break_statement(self, syntax: Syntax) -> Node:
        return Exit(syntax.start_byte, syntax.end_byte, "break")

    def read_continue_statement(self, syntax: Syntax) -> Node:
        return Exit(syntax.start_byte, syntax.end_byte, "continue")

    def read_ellipsis(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, "ellipsis")

    # ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def read_if_statement(self, syntax: Syntax) -> Node:
        test = self.required(syntax, "condition")
        was_for_types, self.for_types_only = self.for_types_only, self.for_types_only or is_type_checking(test)
        then = self.body(self.field(syntax, "consequence"))
        self.for_types_only = was_for_types
        alternatives = syntax.children_by_field_name("alternative")
        return If(syntax.start_byte, syntax.end_byte, test, then, self.alternatives(alternatives))

    def alternatives(self, syntaxes: list[Syntax]) -> tuple[Node, ...]:
        """`elif` and `else` as nested `If`s."""
        if not syntaxes:
            return ()
        if syntaxes[0].type == "else_clause":
            return self.body(self.field(syntaxes[0], "body"))
        if self.depth >= DEEPEST:
            self.report(syntaxes[0])
            return ()
        self.depth += 1
        clause = syntaxes[0]
        test, then = self.required(clause, "condition"), self.body(self.field(clause, "consequence"))
        otherwise = self.alternatives(syntaxes[1:])
        self.depth -= 1
        return (If(clause.start_byte, syntaxes[-1].end_byte, test, then, otherwise),)

    def otherwise(self, syntax: Syntax) -> tuple[Node, ...]:
        clause = self.field(syntax, "alternative")
        return () if clause is None else self.body(self.field(clause, "body"))

    def read_for_statement(self, syntax: Syntax) -> Node:
        target, iterable = self.required(syntax, "left"), self.required(syntax, "right")
        return Loop(
            syntax.start_byte,
            syntax.end_byte,
            "each",
            self.body(self.field(syntax, "body")),
            target,
            iterable,
            otherwise=self.otherwise(syntax),
            is_async=syntax.children[0].type == "async",
        )

    def read_while_statement(self, syntax: Syntax) -> Node:
        test: Node | None = self.required(syntax, "condition")
        kind = "while"
        if isinstance(test, Literal) and test.value:
            kind, test = "forever", None
        body = self.body(self.field(syntax, "body"))
        return Loop(syntax.start_byte, syntax.end_byte, kind, body, test=test, otherwise=self.otherwise(syntax))

    def read_try_statement(self, syntax: Syntax) -> Node:
        handlers: list[Catch] = []
        otherwise: tuple[Node, ...] = ()
        final: tuple[Node, ...] = ()
        body = self.body(self.field(syntax, "body"))
        for child in self.children(syntax):
            match child.type:
                case "except_clause" | "except_group_clause":
                    handlers.append(self.handler(child))
                case "else_clause":
                    otherwise = self.body(self.field(child, "body"))
                case "finally_clause":
                    final = self.body(next((part for part in child.named_children if part.type == "block"), None))
        return Try(syntax.start_byte, syntax.end_byte, body, tuple(handlers), otherwise, final)

    def handler(self, syntax: Syntax) -> Catch:
        types: tuple[Node, ...] = ()
        name = ""
        block: Syntax | None = None
        for child in self.children(syntax):
            if child.type == "block":
                block = child
                continue
            value, alias = self.with_alias(child)
            if isinstance(alias, Name):
                name = alias.id
            types += value.items if isinstance(value, Sequence) else (value,)
        return Catch(syntax.start_byte, syntax.end_byte, types, name, self.body(block))

    def with_alias(self, syntax: Syntax) -> tuple[Node, Node | None]:
        """The two sides of `value as target`."""
        if syntax.type != "as_pattern":
            return self.read(syntax), None
        value, *rest = self.children(syntax)
        alias = self.children(rest[0]) if rest else []
        return self.read(value), self.read(alias[0]) if alias else None

    def read_with_statement(self, syntax: Syntax) -> Node:
        items: list[Scoped] = []
        for clause in self.children(syntax):
            if clause.type != "with_clause":
                continue
            for item in self.children(clause):
                value = self.field(item, "value")
                if value is not None:
                    items.append(Scoped(*self.with_alias(value)))
        is_async = syntax.children[0].type == "async"
        body = self.body(self.field(syntax, "body"))
        return With(syntax.start_byte, syntax.end_byte, tuple(items), body, is_async)


def accessor(decorator: Node) -> str:
    match decorator:
        case Name(id="property" | "cached_property"):
            return "get"
        case Attribute(name="setter"):
            return "set"
        case Attribute(name="cached_property" | "hybrid_property") | Name(id="hybrid_property" | "computed_field"):
            return "get"
        case Call(callee=callee) if not isinstance(callee, Call):
            return accessor(callee) if isinstance(callee, Name) and callee.id == "computed_field" else ""
    return ""


def declares(decorator: Node) -> bool:
    match decorator:
        case Name(id="declared_attr") | Attribute(name="declared_attr"):
            return True
        case Attribute(value=value, name="directive" | "cascading"):
            return declares(value)
    return False


def is_type_checking(test: Node) -> bool:
    match test:
        case Name(id="TYPE_CHECKING") | Attribute(name="TYPE_CHECKING"):
            return True
    return False
