"""Any bytes give a tree with correct positions, in bounded depth and time, and no exception."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from neutral_trees import PARTS, fields, inside, parsed, whole

from looktwice.code.syntax.languages import adapters
from looktwice.code.syntax.languages.reader import DEEPEST, ERRORS_KEPT
from looktwice.code.syntax.tree import Function, Module, Name, Node, Parameter

PATHS = ("a.py", "a.ts", "a.tsx", "a.js")
PYTHON = """\
from a.b import c as d
@app.get("/é/{id}")
async def f(id: int, *, db: Session = Depends(get_db)) -> Order | None:
    order = await db.get(Order, id)
    if order is None or order.user_id != user.id:
        raise HTTPException(404, f"no {id}")
    for x in [y for y in order.items if y.price > 0]:
        total += x.price * x.quantity
    match total:
        case 0: return None
        case n if n > 3: pass
    with lock as l, open("x") as (g, h):
        l.x[1:2] = {**a, "k": lambda z: z}
    try:
        del a.b
    except (A, B) as e:
        raise
    finally:
        await db.commit()
class A(B[int], metaclass=M):
    x: Mapped[int] = mapped_column(default=0)
    def g(self): return (yield self.x)
"""
TYPESCRIPT = """\
import e, { a as b } from './é.js';
@Controller('x') export class A<T> extends B<T> {
  constructor(private readonly db: Db) { super(); }
  @Get(':id') async find({ id, ...rest }: In, n?: number): Promise<User[]> {
    const { a = 1, b: [c, ...d] } = await this.db.user.findMany({ where: { id, a: { gt: 1 } } });
    if (!a || c?.x[0] !== rest.y) { throw new Error(`no ${id}`); } else if (d) return;
    for (const x of d) { i++; switch (x) { case 1: case 2: f(); break; default: { g(); } } }
    try { await db.$q<Row[]>`select ${id}`; } catch (e) { x ??= <T>y as any; } finally { delete o.k; }
  }
}
export default router.get('/x', auth, async (req, res) => { res.json({ ...req.body, k: 'ü' }); });
module.exports.h = function () { using z = open(); return z ? 1 : void 0; };
"""


@pytest.mark.parametrize(("text", "path"), [(PYTHON, "a.py"), (TYPESCRIPT, "a.ts"), (TYPESCRIPT, "a.tsx")])
def test_positions(text: str, path: str) -> None:
    module = whole(text, path)
    assert module.errors == () or path == "a.tsx"
    check_places(module, parsed(text, path).source.data)


def check_places(module: Module, data: bytes) -> None:
    """Every node lies within its parent, and a name's span contains that name."""
    waiting: list[tuple[object, int, int]] = [(module, 0, len(data))]
    while waiting:
        part, start, end = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend((each, start, end) for each in part)
            continue
        if isinstance(part, Node):
            assert start <= part.start <= part.end <= end, (part, start, end)
            start, end = part.start, part.end
        if type(part) is Name and start < end and not part.id.startswith(("default", "module.exports", "exports.")):
            written = data[start:end].decode("utf-8", "replace")
            assert part.id == written or written[0] in "\"'[", "the quotes of a member's name are no part of it"
        if isinstance(part, PARTS) and not isinstance(part, Parameter):
            waiting.extend((value, start, end) for name, value in fields(part) if name not in ("annotation", "returns"))
        elif isinstance(part, Parameter):
            waiting.extend((value, start, end) for _, value in fields(part))


def depth(node: object) -> int:
    deepest, waiting = 0, [(node, 0)]
    while waiting:
        part, level = waiting.pop()
        deepest = max(deepest, level)
        if isinstance(part, PARTS):
            waiting.extend((value, level + isinstance(part, Node)) for _, value in fields(part))
        elif isinstance(part, tuple):
            waiting.extend((each, level) for each in part)
    return deepest


DEEP = {
    "parentheses": ("(" * 10_000 + "x" + ")" * 10_000, PATHS),
    "lists": ("[" * 10_000 + "]" * 10_000, PATHS),
    "unclosed": ("f([{" * 5_000, PATHS),
    "chain of calls": ("a" + ".b()" * 5_000, PATHS),
    "sum": ("x = " + "+".join(["a"] * 20_000), PATHS),
    "negation": ("not " * 5_000 + "x", ("a.py",)),
    "elif": ("if a: pass\n" + "elif b: pass\n" * 5_000, ("a.py",)),
    "else if": ("if (a) b();" + " else if (c) d();" * 5_000, ("a.ts", "a.js")),
    "blocks": ("{" * 10_000 + "}" * 10_000, ("a.ts", "a.js")),
    "arrows": ("x = " + "a => " * 5_000 + "1", ("a.ts", "a.js")),
    "types": ("let x: " + "A<" * 3_000 + "B" + ">" * 3_000, ("a.ts",)),
    "python types": ("x: " + "A[" * 3_000 + "B" + "]" * 3_000, ("a.py",)),
    "types in text": ('x: "' + "A[" * 3_000 + '"', ("a.py",)),
    "unions": ("x: " + "|".join(["A"] * 5_000), ("a.py",)),
    "indentation": ("".join("  " * level + "if a:\n" for level in range(300)) + "  " * 300 + "f()\n", ("a.py",)),
    "markup": ("x = " + "<a>" * 3_000 + "</a>" * 3_000, ("a.tsx", "a.js")),
    "assignments": ("a = " * 5_000 + "1", PATHS),
    "templates": ("`${" * 2_000 + "x" + "}`" * 2_000, ("a.ts",)),
    "decorators": ("@a" + "(@b" * 10 + "\ndef f(): pass", ("a.py",)),
    "patterns": ("match x:\n  case " + "[" * 3_000 + "]" * 3_000 + ": pass", ("a.py",)),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_ends_in_a_shallow_tree(name: str) -> None:
    text, paths = DEEP[name]
    for path in paths:
        module = whole(text, path)
        assert depth(module) <= DEEPEST + 20
        assert len(module.errors) <= ERRORS_KEPT


def test_excessive_nesting_is_reported() -> None:
    file = parsed("def f():\n  return " + "[" * 500 + "]" * 500, "a.py")
    function = file.outline().body[0]
    assert isinstance(function, Function) and file.errors == ()
    file.body(function)
    assert file.errors


def test_a_line_of_a_megabyte() -> None:
    began = time.process_time()
    for path in PATHS:
        module = parsed("x = [" + "f(1, 'a')," * 100_000 + "]", path).outline()
        assert module.errors == () and len(module.body) == 1
    assert time.process_time() - began < 40, "seconds for four times a megabyte: it takes about one each"


ENCODINGS = [
    ("x = 'é'".encode("utf-8-sig"), "a.py"),
    ("x = 'é'".encode("utf-16"), "a.py"),
    ("const x = 'é'".encode("utf-16-be").replace(b"", b"", 1), "a.ts"),
    ("# -*- coding: latin-1 -*-\nx = 'é'".encode("latin-1"), "a.py"),
    ("# vim: set fileencoding=cp1252 :\nx = 'é'".encode("cp1252"), "a.py"),
    ("x = 'é'".encode("latin-1"), "a.py"),
    ("# coding: nonsense\nx = 'é'".encode(), "a.py"),
    ("# coding: rot13\nx = 'é'".encode(), "a.py"),
    ("\ufeffconst x = 'é'".encode("utf-16-le"), "a.ts"),
]


@pytest.mark.parametrize(("data", "path"), [case for case in ENCODINGS if case[0][:1] != b"\0"])
def test_encodings(data: bytes, path: str) -> None:
    module = whole(data, path)
    assert module.errors == ()
    assert any(getattr(each, "value", None) == "é" for each in inside(module))
    check_places(module, parsed(data, path).source.data)


@pytest.mark.parametrize("data", [b"\0\1\2" * 100, "const x = 1".encode("utf-16-be"), b"x = 1\0"])
def test_a_binary_file_is_reported_as_unreadable(data: bytes) -> None:
    for path in PATHS:
        module = whole(data, path)
        assert module.errors == ((0, len(data)),) and module.body == ()


TOKENS = (
    *("def", "class", "if", "else", ":", "\n", "  ", "(", ")", "[", "]", "{", "}", "=", "x", "1", "'", '"', "`", "${"),
    *(",", ".", "=>", "async", "await", "for", "in", "of", "case", "match", "switch", "export", "import", "from", "@"),
    *("<", ">", "/", "*", "?", "|", "&", "lambda", "yield", "const", "function", "try", "except", "catch", "é", "\\"),
)


@settings(max_examples=60, deadline=None)
@example(b"")
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf\xef\xbb\xbf")
@given(
    st.one_of(
        st.binary(max_size=200), st.lists(st.sampled_from(TOKENS), max_size=60).map(lambda it: " ".join(it).encode())
    )
)
def test_any_bytes_give_a_module(data: bytes) -> None:
    for path in PATHS:
        module = whole(data, path)
        check_places(module, parsed(data, path).source.data)


@pytest.mark.thorough
@settings(max_examples=3_000, deadline=None)
@given(st.data())
def test_damaged_programs_give_a_module(data: st.DataObject) -> None:
    path, text = data.draw(st.sampled_from([("a.py", PYTHON), ("a.ts", TYPESCRIPT), ("a.tsx", TYPESCRIPT)]))
    position = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 40))
    damage = data.draw(st.lists(st.sampled_from(TOKENS), max_size=4)).__str__() if data.draw(st.booleans()) else ""
    damaged = text[:position] + damage + text[position + length :]
    check_places(whole(damaged, path), parsed(damaged, path).source.data)


def test_every_suffix_has_one_adapter() -> None:
    suffixes = [suffix for adapter in adapters() for suffix in adapter.suffixes]
    assert len(suffixes) == len(set(suffixes))
