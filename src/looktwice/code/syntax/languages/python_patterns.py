"""Python's `match`: patterns become tests, and the names they bind become assignments."""

from __future__ import annotations

from tree_sitter import Node as Syntax

from looktwice.code.syntax.languages.reader import DEEPEST, Reader
from looktwice.code.syntax.tree import (
    Argument,
    Assignment,
    Call,
    Case,
    Entry,
    Literal,
    Mapping,
    Name,
    Node,
    Opaque,
    Sequence,
    Spread,
    Switch,
)


class PythonPatterns(Reader):
    def read_match_statement(self, syntax: Syntax) -> Node:
        subjects = self.read_all(syntax.children_by_field_name("subject"))
        subject = subjects[0] if len(subjects) == 1 else None
        if subject is None:
            start, end = (subjects[0].start, subjects[-1].end) if subjects else (syntax.start_byte, syntax.start_byte)
            subject = Sequence(start, end, subjects)
        block = self.field(syntax, "body")
        arms = [child for child in self.children(block) if child.type == "case_clause"] if block else []
        return Switch(syntax.start_byte, syntax.end_byte, subject, tuple(map(self.case, arms)))

    def case(self, syntax: Syntax) -> Case:
        patterns = [child for child in self.children(syntax) if child.type == "case_pattern"]
        tests = self.alternatives_of(patterns[0]) if len(patterns) == 1 else self.together(patterns)
        guard = self.field(syntax, "guard")
        body = self.body(self.field(syntax, "consequence"))
        if len(tests) == 1 and isinstance(tests[0], Assignment) and tests[0].value is None:
            body, tests = (tests[0], *body), ()
        elif len(tests) == 1 and isinstance(tests[0], Opaque) and tests[0].kind == "anything":
            tests = ()
        guards = self.children(guard) if guard else []
        return Case(tests, body, self.read(guards[0]) if guards else None)

    def together(self, patterns: list[Syntax]) -> tuple[Node, ...]:
        """`case a, b:` tests one sequence."""
        if not patterns:
            return ()
        return (Sequence(patterns[0].start_byte, patterns[-1].end_byte, tuple(map(self.pattern, patterns))),)

    def alternatives_of(self, syntax: Syntax) -> tuple[Node, ...]:
        children = self.children(syntax)
        if len(children) == 1 and children[0].type == "union_pattern":
            return tuple(map(self.pattern, self.children(children[0])))
        return (self.pattern(syntax),)

    def pattern(self, syntax: Syntax) -> Node:
        self.depth += 1
        node = self.pattern_by_kind(syntax) if self.depth < DEEPEST else self.read(syntax)
        self.depth -= 1
        return node

    def pattern_by_kind(self, syntax: Syntax) -> Node:
        start, end = syntax.start_byte, syntax.end_byte
        children = self.children(syntax)
        match syntax.type:
            case "case_pattern" if not children:
                return Opaque(start, end, "anything")
            case "case_pattern" if len(children) == 1:
                node = self.pattern(children[0])
                if isinstance(node, Literal) and self.data[start : start + 1] == b"-":
                    return self.negated(start, end, node)
                return node
            case "dotted_name" if len(children) == 1:
                return self.bound(children[0])
            case "class_pattern" if children:
                arguments = tuple(map(self.pattern_argument, children[1:]))
                return Call(start, end, self.read(children[0]), arguments)
            case "dict_pattern":
                return Mapping(start, end, self.dict_entries(syntax))
            case "list_pattern" | "tuple_pattern" | "union_pattern":
                items = tuple(map(self.pattern, children))
                return items[0] if syntax.type == "tuple_pattern" and len(items) == 1 else Sequence(start, end, items)
            case "splat_pattern":
                return Spread(start, end, self.bound(children[0]) if children else Opaque(start, end, "anything"))
            case "as_pattern" if len(children) == 2:
                return Assignment(start, end, (self.read(children[1]),), self.pattern(children[0]), declares="match")
        return self.read(syntax)

    def bound(self, syntax: Syntax) -> Node:
        name = Name(syntax.start_byte, syntax.end_byte, self.text(syntax))
        return Assignment(name.start, name.end, (name,), None, declares="match")

    def pattern_argument(self, syntax: Syntax) -> Argument:
        children = self.children(syntax)
        if len(children) == 1 and children[0].type == "keyword_pattern":
            parts = self.children(children[0])
            if len(parts) == 2:
                return Argument(self.pattern(parts[1]), self.text(parts[0]))
        return Argument(self.pattern(syntax))

    def dict_entries(self, syntax: Syntax) -> tuple[Entry, ...]:
        entries: list[Entry] = []
        keys = [self.read(key) for key in syntax.children_by_field_name("key")]
        values = [self.pattern(value) for value in syntax.children_by_field_name("value")]
        entries.extend(Entry(key, value) for key, value in zip(keys, values, strict=False))
        for child in self.children(syntax):
            if child.type == "splat_pattern":
                entries.append(Entry(None, self.pattern(child)))
        return tuple(entries)
