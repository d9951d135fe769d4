"""Constructs specific to TypeScript and JavaScript in the neutral syntax."""

from __future__ import annotations

import pytest
from neutral_trees import inside, shape, whole

from looktwice.code.syntax.tree import (
    Assignment,
    Await,
    Call,
    Cast,
    Class,
    DefaultTarget,
    Entry,
    Exit,
    Expression,
    Function,
    Literal,
    Mapping,
    Name,
    Node,
    Opaque,
    Sequence,
    Switch,
    Template,
    Type,
    With,
)


def statement(text: str, path: str = "a.ts") -> Node:
    (node,) = whole(text, path).body
    return node


def value(text: str, path: str = "a.ts") -> Node:
    node = statement(text, path)
    assert isinstance(node, Expression)
    return node.value


def written(node: Node | None) -> object:
    if isinstance(node, Type):
        return (node.name, *map(written, node.arguments)) if node.arguments else node.name
    if isinstance(node, Mapping):
        return {each.key.value: written(each.value) for each in node.entries if isinstance(each.key, Literal)}
    return node.value if isinstance(node, Literal) else getattr(node, "id", type(node).__name__)


IMPORTS = [
    ("import d from './m.js'", [("./m.js", "default", "d")]),
    ("import d, { a as b, c } from 'm'", [("m", "default", "d"), ("m", "a", "b"), ("m", "c", "c")]),
    ("import * as ns from 'm'", [("m", "", "ns")]),
    ("import './setup'", [("./setup", "", "")]),
    ("import fs = require('fs')", [("fs", "", "fs")]),
    ("const x = require('m')", [("m", "", "x")]),
    ("const { a, b: c } = require('m')", [("m", "a", "a"), ("m", "b", "c")]),
    ("const a = require('m').b", [("m", "b", "a")]),
    ("require('./setup')", [("./setup", "", "")]),
    ("const { a } = await import('m')", [("m", "a", "a")]),
]


@pytest.mark.parametrize(("text", "expected"), IMPORTS)
def test_imports(text: str, expected: list[tuple[str, str, str]]) -> None:
    module = whole(text, "a.ts")
    assert [(each.module, each.name, each.alias) for each in module.imports] == expected
    assert module.body == ()


def test_imports_of_types_are_marked() -> None:
    module = whole("import type { A } from 'a'; import { type B, c } from 'b'; export type { D } from 'd'", "a.ts")
    assert [(each.name, each.is_type) for each in module.imports] == [
        ("A", True),
        ("B", True),
        ("c", False),
        ("D", True),
    ]


EXPORTS = [
    ("export const a = 1, b = 2", {"a": "a", "b": "b"}),
    ("export const { a, b: [c] } = x", {"a": "a", "c": "c"}),
    ("export function f() {}", {"f": "f"}),
    ("export async function* g() {}", {"g": "g"}),
    ("export class A {}", {"A": "A"}),
    ("export default class A {}", {"default": "A"}),
    ("export default function () {}", {"default": "default"}),
    ("export default router", {"default": "router"}),
    ("export default make({ a: 1 })", {"default": "default"}),
    ("export { a, b as c }", {"a": "a", "c": "b"}),
    ("export { a as default } from './m'", {"default": "default"}),
    ("export * as ns from './m'", {"ns": "ns"}),
    ("export * from './m'", {}),
    ("export = a", {"=": "a"}),
    ("module.exports = a", {"=": "a"}),
    ("module.exports = { a, b: c, d() {} }", {"=": "module.exports", "a": "a", "b": "c", "d": "module.exports.d"}),
    ("exports.a = b", {"a": "b"}),
    ("module.exports.a = () => 1", {"a": "exports.a"}),
    ("exports.a = exports.b = f", {"a": "f", "b": "f"}),
    ("export enum E { A }", {"E": "E"}),
    ("export interface I { a: string }", {"I": "I"}),
    ("namespace N { export const a = 1 }", {}),
]


@pytest.mark.parametrize(("text", "expected"), EXPORTS)
def test_exports(text: str, expected: dict[str, str]) -> None:
    assert whole(text, "a.ts").exports == expected


def test_reexports_are_recorded_as_imports() -> None:
    module = whole("export { a as b } from './m'; export * from './n'", "a.ts")
    found = [(each.module, each.name, each.alias, each.reexports) for each in module.imports]
    assert found == [("./m", "a", "b", True), ("./n", "*", "*", True)]


TYPES = [
    ("string", "string"),
    ("User | null", ("|", "User", "None")),
    ("A | B | undefined", ("|", "A", "B", "None")),
    ("User[]", ("Array", "User")),
    ("Promise<Map<string, a.B>>", ("Promise", ("Map", "string", "a.B"))),
    ("readonly string[]", ("Array", "string")),
    ("{ a: string; b?: number }", {"a": "string", "b": ("|", "number", "None")}),
    ("(a: string) => Promise<void>", ("function", ("Promise", "None"))),
    ("typeof users", ("typeof", "users")),
    ("'a' | 'b'", ("|", "a", "b")),
    ("A & B", ("&", "A", "B")),
    ("(A)", "A"),
]


@pytest.mark.parametrize(("annotation", "expected"), TYPES)
def test_types(annotation: str, expected: object) -> None:
    node = statement(f"let x: {annotation}")
    assert isinstance(node, Assignment) and written(node.annotation) == expected


@pytest.mark.parametrize("cast", ["x as T", "<T>x", "x satisfies T", "x!"])
def test_casts_keep_their_value(cast: str) -> None:
    node = value(f"({cast})")
    assert isinstance(node, Cast) and isinstance(node.value, Name)


@pytest.mark.parametrize("tag", ["sql", "sql<Row>", "sql<Row[]>", "db.sql<{ a: string }>", "db.$q<Map<string, A>>"])
def test_tagged_templates_with_type_arguments(tag: str) -> None:
    node = value(f"await {tag}`select ${{a}} from t`")
    assert isinstance(node, Await) and isinstance(node.value, Template)
    assert node.value.tag is not None
    assert [getattr(part, "value", None) or getattr(part, "id", None) for part in node.value.parts] == [
        "select ",
        "a",
        " from t",
    ]


@pytest.mark.parametrize("parameters", ["in out T", "out T, in V = A", "\n  in T,\n  out V extends A\n", "in T"])
def test_variance_annotations(parameters: str) -> None:
    module = whole(f"export interface A<{parameters}> extends B<T> {{ a: T }}\nconst x = a in B;", "a.ts")
    assert module.errors == ()
    interface, assignment = module.body
    assert isinstance(interface, Class) and interface.name == "A"
    assert isinstance(assignment, Assignment) and shape(assignment.value)[:2] == ("Operation", ("operator", "in"))


def test_markup_in_a_template_is_text() -> None:
    node = value("`x<b>`")
    assert isinstance(node, Literal) and node.value == "x<b>"


@pytest.mark.parametrize("path", ["a.ts", "a.js"])
def test_using_lasts_until_the_end_of_its_block(path: str) -> None:
    node = statement("function f() { a(); await using x = open(); b(); c(); }", path)
    assert isinstance(node, Function)
    first, block = node.body
    assert isinstance(first, Expression) and isinstance(block, With)
    assert block.is_async and len(block.body) == 2 and isinstance(block.items[0].target, Name)


def test_destructuring() -> None:
    node = statement("const { a, b: c = 1, d: { e }, ...rest } = x")
    assert isinstance(node, Assignment) and node.declares == "const"
    (pattern,) = node.targets
    assert isinstance(pattern, Mapping)
    kinds = [(getattr(each.key, "value", None), type(each.value)) for each in pattern.entries]
    assert kinds == [("a", Name), ("b", DefaultTarget), ("d", Mapping), (None, Name)]
    node = statement("const [p, , q = 1, ...r] = x")
    assert isinstance(node, Assignment) and isinstance(node.targets[0], Sequence)
    assert [type(each).__name__ for each in node.targets[0].items] == ["Name", "Opaque", "DefaultTarget", "Spread"]


def test_parameters() -> None:
    node = statement("function f(this: A, { a, b = 1 }: In, c?: T, d = 2, ...rest: string[]) {}")
    assert isinstance(node, Function)
    pattern, optional, default, rest = node.parameters
    assert pattern.name == "" and isinstance(pattern.pattern, Mapping) and written(pattern.annotation) == "In"
    assert (optional.name, written(optional.annotation)) == ("c", ("|", "T", "None"))
    assert isinstance(default.default, Literal) and (rest.name, rest.kind) == ("rest", "*")


def test_functions_have_the_name_they_are_bound_to() -> None:
    module = whole(
        "const a = () => 1; const o = { b: async () => 1, c() {}, 'd-e': function () {} }; x.f = () => 2; "
        "class K { g = async () => 1 }",
        "a.ts",
    )
    names = [each.name for each in inside(module) if isinstance(each, Function)]
    assert names == ["a", "b", "c", "d-e", "f", "g"]


def test_classes() -> None:
    node = statement(
        "@Controller('x') export class A<T> extends B<T> implements C { @Column() name?: string; #p = 1; "
        "constructor(private readonly db: Db, @Inject(P) p: P) { super(); } "
        "@Get(':id') async find(@Param('id') id: string) {} handler = async () => {}; static { f(); } "
        "over(a: string): void; over(a: number): void; over(a: any) {} abstract m(): void; [key: string]: any }"
    )
    assert isinstance(node, Class)
    assert len(node.decorators) == 1 and node.exported == "A" and written(node.implements[0]) == "C"
    labels = [each.name if isinstance(each, Function) else type(each).__name__ for each in node.members]
    assert labels == ["Assignment", "Assignment", "constructor", "find", "handler", "Block", "over", "m"]
    field, _, constructor, find, *_ = node.members
    assert isinstance(field, Assignment) and len(field.decorators) == 1
    assert isinstance(constructor, Function) and constructor.parameters[0].is_property
    assert not constructor.parameters[1].is_property and len(constructor.parameters[1].decorators) == 1
    assert isinstance(find, Function) and find.is_async and len(find.decorators) == 1


def test_interfaces_and_object_types_are_classes_without_behaviour() -> None:
    module = whole("interface I extends J { a: string; m(x: number): void }\ntype T = { b?: I }", "a.ts")
    interface, alias = module.body
    assert isinstance(interface, Class) and interface.is_interface and len(interface.bases) == 1
    assert [type(each) for each in interface.members] == [Assignment, Function]
    assert isinstance(alias, Class) and alias.is_interface and alias.name == "T"


SWITCHES = [
    ("case 1: a(); break; case 2: b(); break;", [(1, 1, False), (1, 1, False)]),
    ("case 1: a(); case 2: b();", [(1, 1, True), (1, 1, False)]),
    ("case 1: case 2: return; default: b();", [(2, 1, False), (0, 1, False)]),
    ("case 1: { a(); break; } case 3:", [(1, 1, False), (1, 0, False)]),
    ("case 1: throw e; default:", [(1, 1, False), (0, 0, False)]),
]


@pytest.mark.parametrize(("arms", "expected"), SWITCHES)
def test_switch(arms: str, expected: list[tuple[int, int, bool]]) -> None:
    node = statement(f"function f() {{ switch (x) {{ {arms} }} }}")
    (found,) = [each for each in inside(node) if isinstance(each, Switch)]
    assert [(len(each.tests), len(each.body), each.falls) for each in found.cases] == expected


def test_a_break_records_what_it_leaves() -> None:
    loop = "out: for (;;) { switch (y) { case 2: break out; } }"
    node = statement(f"function f() {{ switch (x) {{ case 1: if (a) break; for (;;) {{ break; }} {loop} }} }}")
    assert [each.kind for each in inside(node) if isinstance(each, Exit)] == ["switch", "break", "break"]


def test_markup() -> None:
    module = whole(
        "const x = <Page title='a & b' onClick={() => save(id)} {...rest}>Cookies & more {list.map(f)}<br/></Page>",
        "a.tsx",
    )
    assert module.errors == ()
    calls = [each for each in inside(module) if isinstance(each, Call)]
    assert len(calls) == 2
    (element, _) = [each for each in inside(module) if isinstance(each, Opaque) and each.kind == "jsx"]
    component, attributes, *_ = element.children
    assert isinstance(component, Name) and component.id == "Page"
    assert isinstance(attributes, Mapping)
    assert [getattr(each.key, "value", None) for each in attributes.entries] == ["title", "onClick", None]


def test_namespaces_are_classes_of_static_members() -> None:
    node = statement("namespace N { export function f() {} }")
    assert isinstance(node, Class)
    assert [each.is_static for each in node.members if isinstance(each, Function)] == [True]


def test_the_comma_and_regular_expressions_lose_nothing() -> None:
    assert shape(value("(a(), b())"))[:2] == ("Opaque", ("kind", "comma"))
    assert isinstance(value("/a+/g"), Opaque)


def test_object_entries() -> None:
    node = value("({ a, 'b-c': 1, [d]: 2, e() {}, get f() { return 1 }, ...g, 3: h })")
    assert isinstance(node, Mapping)
    keys = [key(each) for each in node.entries]
    assert keys == ["a", "b-c", "<d>", "e", "f", None, 3]


def key(entry: Entry) -> object:
    return f"<{entry.key.id}>" if isinstance(entry.key, Name) else getattr(entry.key, "value", None)
