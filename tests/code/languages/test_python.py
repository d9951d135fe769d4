"""Python-specific constructs in the neutral syntax."""

from __future__ import annotations

import pytest
from neutral_trees import inside, parsed, shape, whole

from looktwice.code.syntax.tree import (
    Assignment,
    Call,
    Class,
    Comprehension,
    Expression,
    Function,
    Import,
    Literal,
    Module,
    Name,
    Node,
    Operation,
    Slice,
    Subscript,
    Switch,
    Template,
    Try,
    Type,
    With,
)


def statement(text: str) -> Node:
    (node,) = whole(text, "a.py").body
    return node


def value(text: str) -> Node:
    node = statement(text)
    assert isinstance(node, Expression)
    return node.value


def typed(annotation: str) -> object:
    node = statement(f"x: {annotation}")
    assert isinstance(node, Assignment)
    return written(node.annotation)


def written(node: Node | None) -> object:
    """A type as nested tuples."""
    if isinstance(node, Type):
        return (node.name, *map(written, node.arguments)) if node.arguments else node.name
    return type(node).__name__


IMPORTS = [
    ("import a.b", ("a", "", "a", 0)),
    ("import a.b as c", ("a.b", "", "c", 0)),
    ("from . import x", ("", "x", "x", 1)),
    ("from ..a.b import c as d", ("a.b", "c", "d", 2)),
    ("from a import *", ("a", "*", "*", 0)),
    ("from a import (\n  b, # why\n)", ("a", "b", "b", 0)),
    ("if x:\n  import a", ("a", "", "a", 0)),
    ("try:\n  import a\nexcept ImportError:\n  pass", ("a", "", "a", 0)),
]


@pytest.mark.parametrize(("text", "expected"), IMPORTS)
def test_imports(text: str, expected: tuple[object, ...]) -> None:
    (found,) = whole(text, "a.py").imports
    assert (found.module, found.name, found.alias, found.level) == expected


def test_an_import_under_type_checking_is_a_type_import() -> None:
    module = whole("if TYPE_CHECKING:\n  from a import b\nelse:\n  from c import d", "a.py")
    assert [(each.module, each.is_type) for each in module.imports] == [("a", True), ("c", False)]


def test_an_import_in_a_function_is_a_statement_and_not_an_import_of_the_module() -> None:
    module = whole("def f():\n  from a import b\n  b()", "a.py")
    (function,) = module.body
    assert isinstance(function, Function) and isinstance(function.body[0], Import)
    assert module.imports == ()


TYPES = [
    ("int", "int"),
    ("Optional[a.User]", ("Optional", "a.User")),
    ("int | str | None", ("|", "int", "str", "None")),
    ("dict[str, list[int]]", ("dict", "str", ("list", "int"))),
    ('"User | None"', ("|", "User", "None")),
    ('list["Order"]', ("list", "Order")),
    ('"dict[str, list[Order]]"', ("dict", "str", ("list", "Order"))),
    ("Annotated[Session, Depends(get_db)]", ("Annotated", "Session", "Call")),
    ('Literal["a", "b"]', ("Literal", "a", "b")),
    ("Callable[[int], str]", ("Callable", "Sequence", "str")),
]


@pytest.mark.parametrize(("annotation", "expected"), TYPES)
def test_types(annotation: str, expected: object) -> None:
    assert typed(annotation) == expected


TEXTS = [
    ("'a' 'b'", "ab"),
    (r"'\x41\u00e9\n\101'", "Aé\nA"),
    (r"r'\n'", r"\n"),
    ("b'x'", "x"),
    ("'''a\n'b' '''", "a\n'b' "),
    ("''", ""),
    ("'\\\n'", ""),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_text(text: str, expected: str) -> None:
    node = value(text)
    assert isinstance(node, Literal) and node.value == expected


def test_a_template_keeps_text_and_expressions_in_order() -> None:
    node = value("'select ' f'{a!r:>{width}} from ' 't'")
    assert isinstance(node, Template)
    parts = [part.value if isinstance(part, Literal) else getattr(part, "id", part) for part in node.parts]
    assert parts == ["select ", "a", "width", " from ", "t"]


def test_numbers() -> None:
    node = value("f(1_000, 0xff, 0o17, 1e3, 1.5, 10**400)")
    assert isinstance(node, Call)
    numbers = [each.value.value for each in node.arguments[:5] if isinstance(each.value, Literal)]
    assert numbers == [1000, 255, 15, 1000.0, 1.5]


def test_a_chain_of_comparisons_is_a_conjunction() -> None:
    assert shape(value("a < b <= c")) == shape(value("a < b and b <= c"))
    assert shape(value("a not in b")) == ("Operation", ("operator", "not-in"), *shape(value("a in b"))[2:])


def test_slices() -> None:
    node = value("x[1:2, ::3]")
    assert isinstance(node, Subscript)
    assert [type(each) for each in inside(node) if isinstance(each, Slice)] == [Slice, Slice]
    node = value("x[:10]")
    assert isinstance(node, Subscript) and isinstance(node.key, Slice)
    assert node.key.lower is None and isinstance(node.key.upper, Literal)


def test_comprehensions() -> None:
    node = value("{k: v async for k, v in xs if a if b for c in k}")
    assert isinstance(node, Comprehension) and node.key is not None
    first, second = node.clauses
    assert first.is_async and len(first.conditions) == 2 and isinstance(second.iterable, Name)
    call = value("f(x for x in xs)")
    assert isinstance(call, Call) and isinstance(call.arguments[0].value, Comprehension)


def test_arguments_and_parameters() -> None:
    node = statement("def f(a, /, b: int = 1, *args, c, d=2, **rest): pass")
    assert isinstance(node, Function)
    kinds = [(each.name, each.kind) for each in node.parameters]
    assert kinds == [("a", "/"), ("b", ""), ("args", "*"), ("c", "="), ("d", "="), ("rest", "**")]
    call = value("f(*a, k=1, **b)")
    assert isinstance(call, Call)
    assert [(each.name, each.spread) for each in call.arguments] == [("", "*"), ("k", ""), ("", "**")]


def test_walrus_is_an_expression_with_a_binding() -> None:
    node = statement("if (n := f()): pass")
    found = [each for each in inside(node) if isinstance(each, Assignment)]
    assert [each.declares for each in found] == ["walrus"]


def test_a_generator_is_distinguished_from_a_function_that_contains_one() -> None:
    module = whole("def f():\n  yield\ndef g():\n  def h(): yield\n  return h", "a.py")
    assert [each.is_generator for each in module.body if isinstance(each, Function)] == [True, False]


def test_except_with_several_types_else_and_finally() -> None:
    node = statement(
        "try:\n  a()\nexcept (A, B) as e:\n  b()\nexcept* C:\n  raise X from e\nelse:\n  c()\nfinally:\n  d()"
    )
    assert isinstance(node, Try)
    assert [(len(each.types), each.name) for each in node.handlers] == [(2, "e"), (1, "")]
    assert len(node.otherwise) == len(node.final) == 1


def test_with_items_and_their_targets() -> None:
    node = statement("async def f():\n  async with (a as b, c() as (d, e), g):\n    pass")
    assert isinstance(node, Function)
    (block,) = node.body
    assert isinstance(block, With) and block.is_async
    assert [type(each.target).__name__ for each in block.items] == ["Name", "Sequence", "NoneType"]


def test_classes() -> None:
    node = statement(
        "@d\nclass A(B, C[int], table=True):\n  x: int = 1\n  @p.setter\n  def v(self, w): pass\n  class D: pass"
    )
    assert isinstance(node, Class)
    assert (len(node.bases), node.keywords[0].name, len(node.decorators)) == (2, "table", 1)
    assert [type(each) for each in node.members] == [Assignment, Function, Class]
    assert node.members[1].accessor == "set"


MATCHES = [
    ("case 1 | 2: pass", ["Literal", "Literal"], []),
    ("case -1: pass", ["Literal"], []),
    ("case x: pass", [], ["x"]),
    ("case _: pass", [], []),
    ("case A(b=c): pass", ["Call"], ["c"]),
    ("case {'a': b, **rest}: pass", ["Mapping"], ["b", "rest"]),
    ("case [a, *_]: pass", ["Sequence"], ["a"]),
    ("case str() as s: pass", ["Assignment"], ["s"]),
    ("case a.b: pass", ["Attribute"], []),
    ("case a, b: pass", ["Sequence"], ["a", "b"]),
]


@pytest.mark.parametrize(("arm", "tests", "bound"), MATCHES)
def test_match(arm: str, tests: list[str], bound: list[str]) -> None:
    node = statement(f"match v:\n  {arm}")
    assert isinstance(node, Switch)
    (case,) = node.cases
    assert [type(each).__name__ for each in case.tests] == tests
    names = [
        target.id
        for each in inside((case,))
        if isinstance(each, Assignment) and each.declares == "match"
        for target in each.targets
        if isinstance(target, Name)
    ]
    assert names == bound


def test_delete_of_several() -> None:
    node = value("del a, b.c")
    assert isinstance(node, Operation) and node.operator == "delete" and len(node.operands) == 2


def test_an_outline_leaves_bodies_empty_until_requested() -> None:
    file = parsed("def f():\n  return g(lambda: 1)\nx = lambda a: a", "a.py")
    module = file.outline()
    assert isinstance(module, Module)
    function, assignment = module.body
    assert isinstance(function, Function) and function.body == ()
    assert isinstance(assignment, Assignment) and isinstance(assignment.value, Function)
    assert assignment.value.name == "x" and assignment.value.body == ()
    inner = [each for each in inside(file.body(function)) if isinstance(each, Function)]
    assert len(inner) == 1 and inner[0].body
    assert file.body(assignment.value)
    assert function.body == (), "the outline is kept as it was: it may be cached"


def test_names_that_a_function_calls_or_reads() -> None:
    file = parsed("def f(db):\n  db.session . add(x)\n  g(1)\n  return [h]\ndef other(): k()", "a.py")
    function = file.outline().body[0]
    assert isinstance(function, Function)
    assert {"session", "add", "g"} <= file.names(function)
    assert "k" not in file.names(function)


def test_syntax_errors_are_reported_and_the_rest_is_read() -> None:
    module = whole("def f(:\n  return 1\n\nclass A:\n  def g(self): return h()\n", "a.py")
    assert module.errors
    assert any(isinstance(each, Call) for each in inside(module))
