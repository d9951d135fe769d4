"""The neutral syntax: the output of every language adapter, and the only input of lowering.

Small on purpose: a closed set of expressions and statements in which Python and TypeScript express the same things with
the same nodes (`a?.b` and `a.b` are both `Attribute`; `for…of` and `for…in` are both `Loop`). Syntax without an
equivalent here becomes `Opaque` with its children, so that nothing inside it is lost.

`start` and `end` are byte offsets into the source; a `Source` converts them to lines and columns.
"""

from __future__ import annotations

from msgspec import Struct


class Node(Struct, gc=False):
    """Anything that has a position in the source."""

    start: int
    end: int


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────
class Name(Node, gc=False):
    id: str


class Literal(Node, gc=False):
    """A constant: text, number, truth value, or None for `None`, `null` and `undefined`."""

    value: str | int | float | bool | None


class Attribute(Node, gc=False):
    value: Node
    name: str


class Subscript(Node, gc=False):
    value: Node
    key: Node


class Slice(Node, gc=False):
    """The key of `xs[lower:upper:step]`; absent bounds are None."""

    lower: Node | None = None
    upper: Node | None = None
    step: Node | None = None


class Argument(Struct, gc=False):
    """One argument of a call; `name` is the keyword, `spread` is "", "*" or "**" ("*" also for `...xs`)."""

    value: Node
    name: str = ""
    spread: str = ""


class Call(Node, gc=False):
    callee: Node
    arguments: tuple[Argument, ...]
    is_new: bool = False  # `new X()`; in Python a call of a class is recognised by its resolved name


class Await(Node, gc=False):
    value: Node


class Operation(Node, gc=False):
    """An operation, with the operator in its neutral spelling.

    + - * / % ** // @ & | ^ << >> == != < <= > >= in not-in is is-not instanceof and or ?? (of two or more operands:
    `a + b + c` and `a and b and c` are one operation; `a < b < c` is an `and`), not neg pos ~ typeof void delete.
    """

    operator: str
    operands: tuple[Node, ...]


class Conditional(Node, gc=False):
    test: Node
    then: Node
    otherwise: Node


class Template(Node, gc=False):
    """An f-string or template literal: text and expressions in order; `tag` is the function of a tagged template."""

    parts: tuple[Node, ...]
    tag: Node | None = None


class Entry(Struct, gc=False):
    """One entry of a mapping; `key` None spreads `value` into it."""

    key: Node | None
    value: Node


class Mapping(Node, gc=False):
    entries: tuple[Entry, ...]


class Sequence(Node, gc=False):
    """List, tuple, set or array; also a destructuring target."""

    items: tuple[Node, ...]


class Spread(Node, gc=False):
    value: Node


class Clause(Struct, gc=False):
    target: Node
    iterable: Node
    conditions: tuple[Node, ...] = ()
    is_async: bool = False


class Comprehension(Node, gc=False):
    """Python's comprehensions and generator expressions; `element` is an `Entry`'s value for dicts (key in `key`)."""

    element: Node
    clauses: tuple[Clause, ...]
    key: Node | None = None
    is_generator: bool = False


class Assignment(Node, gc=False):
    """Assignment as a statement or an expression; `operator` is that of `+=`, `??=` and the like (`+`, `??`), or "".

    A destructuring target is a `Mapping` (object pattern: key → target, possibly a `DefaultTarget`) or a `Sequence`.
    """

    targets: tuple[Node, ...]
    value: Node | None
    operator: str = ""
    annotation: Node | None = None
    declares: str = ""  # "const", "let", "var", "walrus", "match", "type" (a type alias); "" for plain assignment
    decorators: tuple[Node, ...] = ()  # of a field of a TypeScript class


class DefaultTarget(Node, gc=False):
    """`{a = 1}` in a destructuring pattern or a parameter list."""

    target: Node
    default: Node


class Yield(Node, gc=False):
    value: Node | None
    delegates: bool = False


class Cast(Node, gc=False):
    """`x as T`, `<T>x`, `x!`, `x satisfies T`; `typing.cast` is an ordinary call. Never validates."""

    value: Node
    type: Node | None


class Type(Node, gc=False):
    """A type in an annotation, by head name and arguments: `Optional[User]` → Type("Optional", (Type("User"),)).

    Unions are Type("|", …), `None`, `null`, `undefined` and `void` are Type("None"), `T[]` is Type("Array", (T,)), an
    object type is a `Mapping` of names to types. A non-type inside it (`Annotated[X, Depends(f)]`) is an expression.
    """

    name: str
    arguments: tuple[Node, ...] = ()


class Opaque(Node, gc=False):
    """Syntax without an equivalent here; its children are still read."""

    kind: str
    children: tuple[Node, ...] = ()


# ── functions and classes ────────────────────────────────────────────────────────────────────────────────────────────
class Parameter(Struct, gc=False):
    """`kind`: "" positional or keyword, "*" rest, "**" keywords, "/" positional only, "=" keyword only.

    `pattern` when it is destructured.
    """

    name: str
    annotation: Node | None = None
    default: Node | None = None
    kind: str = ""
    pattern: Node | None = None
    decorators: tuple[Node, ...] = ()
    is_property: bool = False  # TypeScript `constructor(private readonly db: Db)`


class Function(Node, gc=False):
    """A function, method, lambda, arrow or accessor; also an expression. `body` is empty until it is requested.

    A function bound where it is defined (`const f = () => …`, a class field, an object's entry) has that name. The body
    of `x => e` is `return e`. The span starts at the first decorator.
    """

    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Node, ...] = ()
    decorators: tuple[Node, ...] = ()
    returns: Node | None = None
    is_async: bool = False
    is_generator: bool = False
    is_static: bool = False
    accessor: str = ""  # "get", "set"
    exported: str = ""  # TypeScript: the exported name, including "default"


class Class(Node, gc=False):
    name: str
    bases: tuple[Node, ...]
    members: tuple[Node, ...]  # Function, Assignment (fields), Class, and other statements of the body
    decorators: tuple[Node, ...] = ()
    implements: tuple[Node, ...] = ()
    keywords: tuple[Argument, ...] = ()  # class X(Base, table=True)
    is_interface: bool = False
    exported: str = ""


# ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────────
class Expression(Node, gc=False):
    """An expression used as a statement."""

    value: Node


class If(Node, gc=False):
    test: Node
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()


class Case(Struct, gc=False):
    """One arm of a switch or match; `tests` is empty for default; `guard` for `case x if …`.

    `falls`: control falls through into the next arm. A name bound by a pattern is an `Assignment` with
    `declares="match"` and no value: among the tests or, in an arm that matches everything, first in the body.
    """

    tests: tuple[Node, ...]
    body: tuple[Node, ...]
    guard: Node | None = None
    falls: bool = False


class Switch(Node, gc=False):
    subject: Node
    cases: tuple[Case, ...]


class Loop(Node, gc=False):
    """`kind`: "each" (target over iterable), "while", "for" (C style: `before` runs first), "forever"."""

    kind: str
    body: tuple[Node, ...]
    target: Node | None = None
    iterable: Node | None = None
    test: Node | None = None
    before: tuple[Node, ...] = ()
    after: tuple[Node, ...] = ()  # C style: the step
    otherwise: tuple[Node, ...] = ()
    is_async: bool = False


class Catch(Node, gc=False):
    """One handler: `types` is empty when it catches everything; `name` is the bound error."""

    types: tuple[Node, ...]
    name: str
    body: tuple[Node, ...]


class Try(Node, gc=False):
    body: tuple[Node, ...]
    handlers: tuple[Catch, ...]
    otherwise: tuple[Node, ...] = ()
    final: tuple[Node, ...] = ()


class Scoped(Struct, gc=False):
    value: Node
    target: Node | None = None


class With(Node, gc=False):
    """`with`, `async with`, TypeScript `using`."""

    items: tuple[Scoped, ...]
    body: tuple[Node, ...]
    is_async: bool = False


class Return(Node, gc=False):
    value: Node | None


class Raise(Node, gc=False):
    """`raise` and `throw`; `value` None re-raises."""

    value: Node | None
    cause: Node | None = None


class Exit(Node, gc=False):
    """`break`, `continue`, or `switch`: a `break` that leaves a switch, not a loop (omitted at the end of an arm)."""

    kind: str


class Assert(Node, gc=False):
    test: Node


class Block(Node, gc=False):
    body: tuple[Node, ...]


# ── a file ───────────────────────────────────────────────────────────────────────────────────────────────────────────
class Import(Node, gc=False):
    """One imported name: `from a.b import c as d` → module "a.b", name "c", alias "d".

    `name` "*" imports everything (`from m import *`, `export * from`), "" binds the module itself (`import m`,
    `import * as m`, `const m = require(…)`; `import a.b` names and binds `a`), "default" is TypeScript's default.
    `level` counts leading dots. `alias` "" binds nothing (`import "./setup"`). `reexports` marks `export {x} from` and
    `export * from`; `is_type` an import that does not exist at run time. Imports inside functions and branches are
    statements in place.
    """

    module: str
    name: str
    alias: str
    level: int = 0
    reexports: bool = False
    is_type: bool = False


class Module(Node, gc=False):
    """The outline of a file: top-level statements in order, with functions and classes as nodes among them.

    `imports` are all those outside functions and classes, including those under `if` and `try`. In `exports`, "=" is
    the value of `module.exports = …` for the whole module; a value exported without a name is assigned to the names
    `default`, `module.exports` or `exports.x` in the body.
    """

    imports: tuple[Import, ...]
    body: tuple[Node, ...]
    exports: dict[str, str]  # exported name → local name ("default" → …); empty in Python, where all is exported
    errors: tuple[tuple[int, int], ...] = ()  # byte ranges that could not be parsed


def names_in(node: Node) -> frozenset[str]:
    """The names that are mentioned anywhere in a node."""
    found: set[str] = set()
    waiting: list[object] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Name):
            found.add(part.id)
        elif isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, Struct):
            waiting.extend(getattr(part, field) for field in part.__struct_fields__)
    return frozenset(found)
