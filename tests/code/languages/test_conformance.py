"""The same program in two languages is the same neutral tree."""

from __future__ import annotations

import pytest
from neutral_trees import shape, whole

# name: (Python, TypeScript). Parameters, types and libraries have the same names; `self` and `this` are omitted.
PROGRAMS = {
    "names and attributes": ("a.b.c", "a.b?.c;"),
    "subscript": ("a[0]['k'][i]", "a[0]['k']?.[i];"),
    "call": ("f(1, 'x', *rest)", "f(1, 'x', ...rest);"),
    "method chain": ("a.b(1).c().d", "a.b(1).c()?.d;"),
    "constants": ("f(None, True, False, 3, 2.5, -1, 0x10)", "f(null, true, false, 3, 2.5, -1, 0x10);"),
    "text": (r"f('a\nb', 'it\'s', '')", r"""f("a\nb", "it's", "");"""),
    "template": ("f(f'a {b} c{d.e}')", "f(`a ${b} c${d.e}`);"),
    "list and mapping": ("f([1, *xs], {'a': 1, k: 2, **rest})", "f([1, ...xs], {a: 1, [k]: 2, ...rest});"),
    "operators": ("f(a + b * c, a % b, a ** b, a & b, ~a, -a)", "f(a + b * c, a % b, a ** b, a & b, ~a, -a);"),
    "one operation of many": ("f(a + b + c + d)", "f(a + b + c + d);"),
    "comparisons": ("f(a == b, a != b, a < b, a >= b, a in b)", "f(a === b, a !== b, a < b, a >= b, a in b);"),
    "logic": ("f(a and b and c or not d)", "f(a && b && c || !d);"),
    "conditional": ("f(x if t else y)", "f(t ? x : y);"),
    "assignment": ("a = 1\na.b = 2\na[0] = 3\na += 1", "a = 1;\na.b = 2;\na[0] = 3;\na += 1;"),
    "increment": ("i += 1\ni -= 1", "i++;\ni--;"),
    "chained assignment": ("a = b = c", "a = b = c;"),
    "unpacking": ("[a, *b] = xs", "[a, ...b] = xs;"),
    "delete": ("del a.b", "delete a.b;"),
    "if": (
        "if a:\n  f()\nelif b:\n  g()\nelse:\n  h()",
        "if (a) { f(); } else if (b) g(); else { h(); }",
    ),
    "each": (
        "for x in xs:\n  if x: continue\n  f(x)\n  break",
        "for (x of xs) { if (x) continue; f(x); break; }",
    ),
    "each with unpacking": ("for [k, v] in xs:\n  f(k)", "for ([k, v] of xs) f(k);"),
    "while": ("while a < 3:\n  a += 1", "while (a < 3) { a++; }"),
    "forever": ("while True:\n  f()\n  break", "for (;;) { f(); break; }"),
    "forever by a constant": ("while 1:\n  f()", "while (1) f();"),
    "try": (
        "try:\n  f()\nexcept:\n  g()\nfinally:\n  h()",
        "try { f(); } catch { g(); } finally { h(); }",
    ),
    "raise": ("raise Error('x')", "throw Error('x');"),
    "switch": (
        "match a:\n  case 1 | 2:\n    f()\n  case 'x':\n    g()\n  case _:\n    h()",
        "switch (a) { case 1: case 2: f(); break; case 'x': { g(); break; } default: h(); }",
    ),
    "function": (
        "def f(a, b=1, *rest):\n  return a",
        "function f(a, b = 1, ...rest) { return a; }",
    ),
    "coroutine": (
        "async def f():\n  await g()\n  async for x in xs:\n    h(x)",
        "async function f() { await g(); for await (x of xs) h(x); }",
    ),
    "generator": (
        "def f():\n  yield 1\n  yield from g()",
        "function* f() { yield 1; yield* g(); }",
    ),
    "function as a value": ("f(lambda a: a + 1)", "f(a => a + 1);"),
    "function within": (
        "def f():\n  def g():\n    return 1\n  return g",
        "function f() { function g() { return 1; } return g; }",
    ),
    "class": (
        "class A(B):\n  x = 1\n  def f(this, a):\n    this.x = a\n    return this.g()\n",
        "class A extends B { x = 1; f(a) { this.x = a; return this.g(); } }",
    ),
    "generic base": ("class A(B[T]):\n  pass", "class A extends B<T> { }"),
    "static and accessor": (
        "class A:\n  @staticmethod\n  def f(): pass\n  @property\n  def v(this): return 1\n",
        "class A { static f() {} get v() { return 1; } }",
    ),
    "enum": ("class E(Enum):\n  A = 'a'\n  B = 2", "enum E { A = 'a', B = 2 }"),
    "nested exits": (
        "def f(a):\n  if not a:\n    return\n  if a.x != b:\n    raise E(a)\n  return a.y",
        "function f(a) { if (!a) return; if (a.x !== b) throw E(a); return a.y; }",
    ),
}


def comparable(node: object) -> object:
    """The tree without language-specific parts: the parameter `this`, keywords as decorators."""
    if not isinstance(node, tuple):
        return node
    if node and node[0] in ("Function", "Class"):
        node = tuple(each for each in node if each[0] != "decorators")
    kept = (comparable(each) for each in node if each != ("Parameter", ("name", "this")))
    return tuple(each for each in kept if each != ("parameters", ()))


def normal(text: str, path: str) -> object:
    return comparable(shape(whole(text, path).body))


@pytest.mark.parametrize("name", PROGRAMS)
def test_two_languages_one_tree(name: str) -> None:
    python, typescript = PROGRAMS[name]
    expected = normal(python, "a.py")
    assert expected, "an empty tree would agree with anything that is not read"
    assert normal(typescript, "a.ts") == expected
    if "<T>" not in typescript and "enum" not in typescript:
        assert normal(typescript, "a.js") == expected
    assert normal(typescript, "a.tsx") == expected


IMPORTS = {
    "module": ("import a", "import * as a from 'a';", ("a", "", "a")),
    "renamed module": ("import a as b", "const b = require('a');", ("a", "", "b")),
    "name": ("from a import b", "import { b } from 'a';", ("a", "b", "b")),
    "renamed name": ("from a import b as c", "const { b: c } = require('a');", ("a", "b", "c")),
}


@pytest.mark.parametrize("name", IMPORTS)
def test_two_languages_one_import(name: str) -> None:
    python, typescript, expected = IMPORTS[name]
    for text, path in ((python, "a.py"), (typescript, "a.ts"), (typescript, "a.js")):
        module = whole(text, path)
        assert [(each.module, each.name, each.alias) for each in module.imports] == [expected]
        assert module.body == ()
