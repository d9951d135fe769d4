"""What the outline of a file defines: names at its top, members of classes and tables, functions by their symbol."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.syntax.tree import (
    Argument,
    Assignment,
    Attribute,
    Await,
    Block,
    Call,
    Cast,
    Class,
    Expression,
    Function,
    If,
    Import,
    Module,
    Name,
    Node,
    Try,
    With,
)
from looktwice.code.syntax.tree import Mapping as ObjectLiteral

Definition = Import | Function | Class | Assignment


def definitions(body: tuple[Node, ...]) -> Iterator[tuple[str, Definition]]:
    """Names that the statements define, those under `if`, `try` and `with` included."""
    for node in body:
        if isinstance(node, Function | Class):
            if node.name:
                yield node.name, node
            if node.exported and node.exported != node.name:
                yield node.exported, node
        elif isinstance(node, Assignment):
            for target in node.targets:
                name = dotted(target)
                if name:
                    yield name, node
        elif isinstance(node, Expression) and isinstance(node.value, Assignment):
            yield from definitions((node.value,))
        elif isinstance(node, If):
            yield from definitions(node.then + node.otherwise)
        elif isinstance(node, Try):
            yield from definitions(node.body + node.otherwise)
        elif isinstance(node, With | Block):
            yield from definitions(node.body)


def dotted(node: Node) -> str:
    """ "a.b" for names and attributes of names, else ""."""
    parts: list[str] = []
    while isinstance(node, Attribute):
        parts.append(node.name)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, Name) else ""


def unwrapped(node: Node | None) -> Node | None:
    """Without casts, awaits and calls that only wrap a function (`asyncHandler(f)`, `useCallback(f)`)."""
    for _ in range(4):
        if isinstance(node, Cast | Await):
            node = node.value
        elif isinstance(node, Call) and (wrapped := _function_argument(node.arguments)) is not None:
            node = wrapped
        else:
            break
    return node


def _function_argument(arguments: tuple[Argument, ...]) -> Node | None:
    functions: list[Node] = [each.value for each in arguments if isinstance(each.value, Function)]
    if not functions:
        functions = [
            each.value
            for each in arguments
            if isinstance(each.value, Call) and _function_argument(each.value.arguments)
        ]
    return functions[-1] if functions else None


def method_names(member: Node) -> tuple[str, ...]:
    if isinstance(member, Function):
        return (member.name,)
    if isinstance(member, Assignment) and isinstance(unwrapped(member.value), Function):
        return tuple(target.id for target in member.targets if isinstance(target, Name))
    return ()


def members(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The members of a class, and the entries of an object that a name is bound to, by name."""
    if isinstance(node, Class):
        for member in node.members:
            if name := getattr(member, "name", ""):
                yield name, member
            elif isinstance(member, Assignment):
                yield from ((target.id, member) for target in member.targets if isinstance(target, Name))
    value = unwrapped(node.value) if isinstance(node, Assignment) else None
    for entry in value.entries if isinstance(value, ObjectLiteral) else ():
        for key in (getattr(entry.key, "value", None), getattr(entry.key, "id", None)):
            if isinstance(key, str):
                yield key, entry.value


def functions(module: Module, path: str) -> Iterator[tuple[str, Function, str]]:
    """Every function of an outline that has a name: (symbol, function, symbol of its class or "")."""
    for name, node in definitions(module.body):
        yield from _functions(f"{path}:{name}", node, "")


def _functions(symbol: str, node: Node | None, owner: str) -> Iterator[tuple[str, Function, str]]:
    if isinstance(node, Function):
        yield symbol, node, owner
    elif isinstance(node, Class):
        for member in node.members:
            name = getattr(member, "name", "") or (
                member.targets[0].id if isinstance(member, Assignment) and isinstance(member.targets[0], Name) else ""
            )
            if name and isinstance(member, Function | Assignment | Class):
                yield from _functions(f"{symbol}.{name}", member, symbol)
    elif isinstance(node, Assignment):
        value = unwrapped(node.value)
        if isinstance(value, Function):
            yield symbol, value, owner
        elif isinstance(value, ObjectLiteral):
            for entry in value.entries:
                name = getattr(entry.key, "value", None) or getattr(entry.key, "id", None)
                function = unwrapped(entry.value)
                if isinstance(name, str) and isinstance(function, Function):
                    yield f"{symbol}.{name}", function, ""
