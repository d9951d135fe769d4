"""Imports and exports of TypeScript and JavaScript, in both module systems."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.reader import named
from looktwice.code.syntax.languages.typescript_expressions import TypeScriptExpressions
from looktwice.code.syntax.tree import (
    Argument,
    Assignment,
    Attribute,
    Await,
    Call,
    Class,
    DefaultTarget,
    Entry,
    Expression,
    Function,
    Import,
    Literal,
    Mapping,
    Name,
    Node,
    Sequence,
    Spread,
)


class TypeScriptModules(TypeScriptExpressions):
    # ── import ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def record(self, found: Import) -> Import:
        if self.is_outline:
            self.imports.append(found)
        return found

    def list_import_statement(self, syntax: Syntax) -> Iterator[Node]:
        source = self.field(syntax, "source")
        clause = next((child for child in self.children(syntax) if child.type.startswith("import_")), None)
        if clause is not None and clause.type == "import_require_clause":  # import fs = require("fs")
            name, source = self.children(clause)[0], self.field(clause, "source")
            yield self.imported(name, source, "", self.text(name))
            return
        if clause is None:
            yield self.imported(syntax, source, "", "")
            return
        is_type = has_token(syntax, "type")
        for child in self.children(clause):
            match child.type:
                case "identifier":
                    yield self.imported(child, source, "default", self.text(child), is_type=is_type)
                case "namespace_import":
                    yield self.imported(child, source, "", self.text(self.children(child)[-1]), is_type=is_type)
                case "named_imports":
                    for specifier in self.children(child):
                        original, alias = self.specified(specifier)
                        for_type = is_type or has_token(specifier, "type")
                        yield self.imported(specifier, source, original, alias, is_type=for_type)

    def imported(
        self,
        at: Syntax,
        source: Syntax | None,
        name: str,
        alias: str,
        *,
        is_type: bool = False,
        reexports: bool = False,
    ) -> Import:
        module = self.member_name(source) if source is not None else ""
        return self.record(
            Import(at.start_byte, at.end_byte, module, name, alias, reexports=reexports, is_type=is_type)
        )

    def specified(self, syntax: Syntax) -> tuple[str, str]:
        name, alias = self.field(syntax, "name"), self.field(syntax, "alias")
        first = self.member_name(name) if name else ""
        return first, self.member_name(alias) if alias else first

    def required_modules(self, assignment: Node) -> Iterator[Node]:
        """`const x = require("m")` and `const {a} = await import("m")` as imports; other statements unchanged."""
        match assignment:
            case Assignment(targets=(target,), value=value, operator="") if module := required_module(value):
                path, member = module
                bindings = list(bound(target)) if not member else []
                if isinstance(target, Name):
                    bindings = [(member, target.id)]
                if bindings:
                    for name, alias in bindings:
                        yield self.record(Import(assignment.start, assignment.end, path, name, alias))
                    return
            case Expression(value=value) if module := required_module(value):
                yield self.record(Import(assignment.start, assignment.end, module[0], "", ""))
                return
        yield assignment

    def decorator(self, syntax: Syntax) -> Node:
        return self.inside(syntax)

    # ── export ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def export(self, name: str, local: str) -> None:
        if self.is_outline:
            self.exports[name] = local

    def list_export_statement(self, syntax: Syntax) -> Iterator[Node]:
        source, declaration = self.field(syntax, "source"), self.field(syntax, "declaration")
        is_default, is_type = has_token(syntax, "default"), has_token(syntax, "type")
        decorators = [self.decorator(item) for item in self.children(syntax) if item.type == "decorator"]
        if declaration is not None:
            for node in self.statements([declaration]):
                if decorators and isinstance(node, Class):
                    node.decorators, node.start = (*decorators, *node.decorators), decorators[0].start - 1
                yield self.exported(node, is_default)
            return
        if value := self.field(syntax, "value"):
            yield from self.default_export(syntax, value)
            return
        for child in self.children(syntax):
            match child.type:
                case "export_clause":
                    for specifier in self.children(child):
                        name, alias = self.specified(specifier)
                        self.export(alias, alias if source else name)
                        if source:
                            yield self.imported(specifier, source, name, alias, is_type=is_type, reexports=True)
                case "namespace_export":
                    alias = self.text(self.children(child)[-1])
                    self.export(alias, alias)
                    yield self.imported(child, source, "", alias, is_type=is_type, reexports=True)
                case "identifier" if has_token(syntax, "="):
                    self.export("=", self.text(child))
        if source and has_token(syntax, "*") and not any(c.type == "namespace_export" for c in syntax.named_children):
            yield self.imported(syntax, source, "*", "*", is_type=is_type, reexports=True)

    def exported(self, node: Node, is_default: bool) -> Node:
        match node:
            case Function() | Class():
                node.exported = "default" if is_default else node.name
                node.name = node.name or "default"
                self.export(node.exported, node.name)
            case Assignment(targets=targets):
                for target in targets:
                    for name in names_bound(target):
                        self.export(name, name)
                if isinstance(node.value, Function) and targets and isinstance(targets[0], Name):
                    node.value.exported = targets[0].id
        return node

    def default_export(self, syntax: Syntax, value: Syntax) -> Iterator[Node]:
        node = self.read(value)
        if isinstance(node, Name):
            self.export("default", node.id)
        elif isinstance(node, Function | Class):
            yield self.exported(node, True)
        else:
            self.export("default", "default")
            keyword = next((child for child in syntax.children if child.type == "default"), syntax)
            target = Name(keyword.start_byte, keyword.end_byte, "default")
            yield Assignment(syntax.start_byte, syntax.end_byte, (target,), named(node, "default"), declares="const")

    # ── CommonJS ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def common_export(self, node: Node) -> Node:
        """`module.exports = …` and `exports.x = …`: record what is exported and its local name."""
        if not isinstance(node, Assignment) or node.operator or node.value is None:
            return node
        targets: list[Node] = []
        for target in node.targets:
            exported = common_name(target)
            if exported is None:
                targets.append(target)
                continue
            local = "module.exports" if exported == "=" else f"exports.{exported}"
            targets.append(Name(target.start, target.end, local))
            if isinstance(node.value, Name):
                local = node.value.id
            elif isinstance(node.value, Function | Class):
                node.value.exported = exported
            self.export(exported, local)
            if exported == "=" and isinstance(node.value, Mapping):
                self.export_entries(node.value)
        node.targets = tuple(targets)
        return node

    def export_entries(self, mapping: Mapping) -> None:
        for entry in mapping.entries:
            if isinstance(entry.key, Literal):
                name = str(entry.key.value)
                self.export(name, entry.value.id if isinstance(entry.value, Name) else f"module.exports.{name}")


def has_token(syntax: Syntax, token: str) -> bool:
    return any(child.type == token for child in syntax.children)


def common_name(target: Node) -> str | None:
    """What an assignment to `target` exports: "=" for the whole module, a name, or None."""
    match target:
        case Attribute(value=Name(id="module"), name="exports"):
            return "="
        case Attribute(value=Name(id="exports"), name=name):
            return name
        case Attribute(value=Attribute(value=Name(id="module"), name="exports"), name=name):
            return name
    return None


def required_module(value: Node | None) -> tuple[str, str] | None:
    """The module and member of `require("m")`, `require("m").x` and `await import("m")`."""
    member = ""
    if isinstance(value, Await):
        value = value.value
    if isinstance(value, Attribute):
        member, value = value.name, value.value
    match value:
        case Call(callee=Name(id="require" | "import"), arguments=(Argument(value=Literal(value=str(path))),)):
            return path, member
    return None


def bound(pattern: Node) -> Iterator[tuple[str, str]]:
    """The member and local name of each plain entry of `const {a, b: c} = …`."""
    if isinstance(pattern, Mapping):
        for entry in pattern.entries:
            target = entry.value.target if isinstance(entry.value, DefaultTarget) else entry.value
            if isinstance(entry.key, Literal) and isinstance(target, Name):
                yield str(entry.key.value), target.id


def names_bound(target: Node | Entry | None) -> Iterator[str]:
    """Every name that a declaration's target binds."""
    match target:
        case Name(id=name):
            yield name
        case DefaultTarget(target=inner) | Spread(value=inner) | Entry(value=inner):
            yield from names_bound(inner)
        case Mapping(entries=items) | Sequence(items=items):
            for item in items:
                yield from names_bound(item)
