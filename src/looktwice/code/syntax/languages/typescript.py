"""TypeScript and JavaScript: statements and the outline of a module."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import ClassVar

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language
from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.adapter import Parsed, parse_with
from looktwice.code.syntax.languages.javascript_text import normalized
from looktwice.code.syntax.languages.reader import Grammar, named
from looktwice.code.syntax.languages.typescript_definitions import TypeScriptDefinitions
from looktwice.code.syntax.tree import (
    Assignment,
    Block,
    Case,
    Catch,
    Exit,
    Expression,
    If,
    Import,
    Literal,
    Loop,
    Module,
    Name,
    Node,
    Opaque,
    Raise,
    Return,
    Scoped,
    Switch,
    Try,
    With,
)
from looktwice.core.source import Source


class TypeScript:
    """The adapter for TypeScript. JSX needs another grammar, as `<T>x` has a different meaning there."""

    name = "typescript"
    suffixes = (".ts", ".mts", ".cts", ".tsx")

    def parse(self, source: Source) -> Parsed:
        grammar = tsx_grammar() if source.path.lower().endswith(".tsx") else typescript_grammar()
        return parse_with(grammar, TypeScriptReader, source, outline, normalized)


class JavaScript:
    """The adapter for JavaScript, JSX included."""

    name = "javascript"
    suffixes = (".js", ".mjs", ".cjs", ".jsx")

    def parse(self, source: Source) -> Parsed:
        return parse_with(javascript_grammar(), TypeScriptReader, source, outline, normalized)


@cache
def typescript_grammar() -> Grammar:
    return Grammar(Language(tree_sitter_typescript.language_typescript()), TypeScriptReader)


@cache
def tsx_grammar() -> Grammar:
    return Grammar(Language(tree_sitter_typescript.language_tsx()), TypeScriptReader)


@cache
def javascript_grammar() -> Grammar:
    return Grammar(Language(tree_sitter_javascript.language()), TypeScriptReader)


def outline(reader: TypeScriptReader, root: Syntax) -> Module:
    reader.record_errors(root)
    body = tuple([node for node in reader.statements(root.named_children) if not isinstance(node, Import)])
    return Module(0, len(reader.data), tuple(reader.imports), body, reader.exports, tuple(reader.errors))


class TypeScriptReader(TypeScriptDefinitions):
    skipped_kinds: ClassVar[frozenset[str]] = frozenset({"comment", "html_comment", "hash_bang_line"})
    break_leaves = "break"  # "switch" where the innermost thing to break from is a switch

    def is_harmless(self, error: Syntax) -> bool:
        """Whether it is a bare `&` in JSX text or attributes, which the grammar takes for the start of an entity."""
        parent = error.parent
        is_markup = parent is not None and (parent.type.startswith("jsx") or parent.type == "string")
        return is_markup and self.data.startswith(b"&", error.start_byte)

    # ── declarations ─────────────────────────────────────────────────────────────────────────────────────────────────
    def list_lexical_declaration(self, syntax: Syntax) -> Iterator[Node]:
        kind = self.field(syntax, "kind")
        keyword = kind.type if kind is not None else "var"
        for declarator in self.children(syntax):
            yield from self.required_modules(self.declared(declarator, keyword))

    list_variable_declaration = list_lexical_declaration

    def declared(self, syntax: Syntax, keyword: str) -> Node:
        target, value = self.required(syntax, "name"), self.read_optional(self.field(syntax, "value"))
        if isinstance(target, Name):
            named(value, target.id)
        annotation = self.annotation(syntax)
        return Assignment(syntax.start_byte, syntax.end_byte, (target,), value, annotation=annotation, declares=keyword)

    def statements(self, syntaxes: list[Syntax]) -> tuple[Node, ...]:
        """As in the base class, but what follows `using x = …` is the body of a `With`."""
        for position, syntax in enumerate(syntaxes):
            if syntax.type == "lexical_declaration" and not self.data.startswith((b"const", b"let"), syntax.start_byte):
                before = super().statements(syntaxes[:position])
                return (*before, self.using(syntax, syntaxes[position + 1 :]))
        return super().statements(syntaxes)

    def using(self, syntax: Syntax, rest: list[Syntax]) -> Node:
        items = [
            Scoped(self.required(declarator, "value"), self.required(declarator, "name"))
            for declarator in self.children(syntax)
        ]
        end = rest[-1].end_byte if rest else syntax.end_byte
        is_async = self.data.startswith(b"await", syntax.start_byte)
        return With(syntax.start_byte, end, tuple(items), self.statements(rest), is_async)

    # ── simple statements ────────────────────────────────────────────────────────────────────────────────────────────
    def list_empty_statement(self, syntax: Syntax) -> Iterator[Node]:
        yield from ()

    list_debugger_statement = list_empty_statement

    def read_empty_statement(self, syntax: Syntax) -> Node:
        return Opaque(syntax.start_byte, syntax.end_byte, "empty")

    def read_statement_block(self, syntax: Syntax) -> Node:
        return Block(syntax.start_byte, syntax.end_byte, self.statements(syntax.named_children))

    def list_expression_statement(self, syntax: Syntax) -> Iterator[Node]:
        yield from self.required_modules(self.read_expression_statement(syntax))

    def read_expression_statement(self, syntax: Syntax) -> Node:
        children = self.children(syntax)
        if not children:
            return Opaque(syntax.start_byte, syntax.end_byte, "error")
        value = self.read(children[0])
        if isinstance(value, Assignment):
            return self.common_export(value) if self.is_outline else value
        if children[0].type in ("internal_module", "module"):
            return value
        return Expression(syntax.start_byte, syntax.end_byte, value)

    def read_return_statement(self, syntax: Syntax) -> Node:
        children = self.children(syntax)
        return Return(syntax.start_byte, syntax.end_byte, self.read(children[0]) if children else None)

    def read_throw_statement(self, syntax: Syntax) -> Node:
        return Raise(syntax.start_byte, syntax.end_byte, self.inside(syntax))

    def read_break_statement(self, syntax: Syntax) -> Node:
        has_label = self.field(syntax, "label") is not None
        return Exit(syntax.start_byte, syntax.end_byte, "break" if has_label else self.break_leaves)

    def read_continue_statement(self, syntax: Syntax) -> Node:
        return Exit(syntax.start_byte, syntax.end_byte, "continue")

    def list_labeled_statement(self, syntax: Syntax) -> Iterator[Node]:
        if body := self.field(syntax, "body"):
            yield from self.statements([body])

    # ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def body(self, syntax: Syntax | None) -> tuple[Node, ...]:
        if syntax is None:
            return ()
        return self.statements(syntax.named_children if syntax.type == "statement_block" else [syntax])

    def read_if_statement(self, syntax: Syntax) -> Node:
        test, then = self.required(syntax, "condition"), self.body(self.field(syntax, "consequence"))
        alternative = self.field(syntax, "alternative")
        otherwise = () if alternative is None else self.body(next(iter(self.children(alternative)), None))
        return If(syntax.start_byte, syntax.end_byte, test, then, otherwise)

    def loop_body(self, syntax: Syntax) -> tuple[Node, ...]:
        outside, self.break_leaves = self.break_leaves, "break"
        body = self.body(self.field(syntax, "body"))
        self.break_leaves = outside
        return body

    def read_for_in_statement(self, syntax: Syntax) -> Node:
        target, iterable = self.required(syntax, "left"), self.required(syntax, "right")
        is_async = any(child.type == "await" for child in syntax.children)
        body = self.loop_body(syntax)
        return Loop(syntax.start_byte, syntax.end_byte, "each", body, target, iterable, is_async=is_async)

    def read_for_statement(self, syntax: Syntax) -> Node:
        before = self.body(self.field(syntax, "initializer"))
        test, step = self.loop_test(self.field(syntax, "condition")), self.field(syntax, "increment")
        after = () if step is None else (self.read(step),)
        kind = "forever" if test is None else "for"
        body = self.loop_body(syntax)
        return Loop(syntax.start_byte, syntax.end_byte, kind, body, test=test, before=before, after=after)

    def loop_test(self, syntax: Syntax | None) -> Node | None:
        if syntax is None or not syntax.is_named or syntax.type == "empty_statement":
            return None
        return self.inside(syntax) if syntax.type == "expression_statement" else self.read(syntax)

    def read_while_statement(self, syntax: Syntax) -> Node:
        test: Node | None = self.required(syntax, "condition")
        kind = "while"
        if isinstance(test, Literal) and test.value:
            kind, test = "forever", None
        return Loop(syntax.start_byte, syntax.end_byte, kind, self.loop_body(syntax), test=test)

    read_do_statement = read_while_statement

    def read_try_statement(self, syntax: Syntax) -> Node:
        body, handler = self.body(self.field(syntax, "body")), self.field(syntax, "handler")
        final = self.field(syntax, "finalizer")
        handlers: tuple[Catch, ...] = ()
        if handler is not None:
            parameter = self.field(handler, "parameter")
            name = self.text(parameter) if parameter is not None and parameter.type == "identifier" else ""
            caught = self.body(self.field(handler, "body"))
            handlers = (Catch(handler.start_byte, handler.end_byte, (), name, caught),)
        finally_body = () if final is None else self.body(self.field(final, "body"))
        return Try(syntax.start_byte, syntax.end_byte, body, handlers, (), finally_body)

    def read_switch_statement(self, syntax: Syntax) -> Node:
        subject, body = self.required(syntax, "value"), self.field(syntax, "body")
        outside, self.break_leaves = self.break_leaves, "switch"
        cases: list[Case] = []
        tests: list[Node] = []
        is_default = False
        for arm in self.children(body) if body is not None else ():
            if arm.type == "switch_default":
                is_default = True
            else:
                tests.append(self.required(arm, "value"))
            statements = self.arm_body(arm)
            if statements is None:  # `case 1:` directly before `case 2:` shares its body
                continue
            cases.append(arm_case(() if is_default else tuple(tests), statements))
            tests, is_default = [], False
        if tests or is_default:
            cases.append(Case(() if is_default else tuple(tests), ()))
        if cases:
            cases[-1].falls = False
        self.break_leaves = outside
        return Switch(syntax.start_byte, syntax.end_byte, subject, tuple(cases))

    def arm_body(self, syntax: Syntax) -> tuple[Node, ...] | None:
        """The statements of a case, without a block around all of them; None when there are none."""
        syntaxes = [item for item in syntax.children_by_field_name("body") if item.is_named]
        if not syntaxes:
            return None
        statements = self.statements(syntaxes)
        if statements and isinstance(statements[0], Block):
            statements = (*statements[0].body, *statements[1:])
        return statements


def arm_case(tests: tuple[Node, ...], statements: tuple[Node, ...]) -> Case:
    match statements[-1:]:
        case (Exit(kind="switch"),):
            return Case(tests, statements[:-1])
        case (Return() | Raise() | Exit(),):
            return Case(tests, statements)
    return Case(tests, statements, falls=True)
