"""The calls of a chain, one after the other, and what their arguments say by themselves."""

from __future__ import annotations

from msgspec import Struct

from looktwice.code.syntax.tree import Argument, Attribute, Await, Call, Cast, Literal, Name, Node, Subscript, Template

PATH_WORDS = frozenset(["path", "url", "route", "rule", "pattern", "uri"])
"""Keywords and attributes that hold the path of a route."""


class Link(Struct, frozen=True):
    """One call of a chain. `receiver` is None for a call of a bare name."""

    call: Node
    name: str
    receiver: Node | None
    arguments: tuple[Argument, ...] = ()

    @property
    def positions(self) -> list[Node]:
        return [each.value for each in self.arguments if not each.name and not each.spread]

    @property
    def callee(self) -> Node:
        """What is called, as an expression."""
        return getattr(self.call, "callee", None) or getattr(self.call, "tag", None) or self.call

    @property
    def has_text(self) -> bool:
        return bool(self.positions) and bool(first_text(self.positions[0]))

    @property
    def receiver_name(self) -> str:
        """How the code names the object that the method is called on."""
        receiver = unwrapped(self.receiver) if self.receiver is not None else None
        return getattr(receiver, "name", "") or getattr(receiver, "id", "")

    @property
    def path(self) -> str:
        """The path among the first two arguments, or by keyword; "" for none."""
        named = [each.value for each in self.arguments if each.name in PATH_WORDS]
        texts = (first_text(each) for each in (*self.positions[:2], *named))
        return next((each for each in texts if each.startswith(("/", "^/"))), "")


def links(node: Node) -> list[Link]:
    """The calls of a chain, innermost first."""
    found: list[Link] = []
    current: Node | None = node
    while current is not None:
        match current:
            case Call(callee=callee, arguments=arguments):
                current = _link(found, current, unwrapped(callee), arguments)
            case Template(tag=tag) if tag is not None:
                current = _link(found, current, tag, ())
            case Attribute(value=value) | Subscript(value=value) | Cast(value=value) | Await(value=value):
                current = value
            case _:
                break
    return found[::-1]


def _link(found: list[Link], call: Node, target: Node, arguments: tuple[Argument, ...]) -> Node:
    if isinstance(target, Attribute):
        found.append(Link(call, target.name, target.value, arguments))
    elif isinstance(target, Name):
        found.append(Link(call, target.id, None, arguments))
    return target


def unwrapped(node: Node) -> Node:
    while isinstance(node, Cast | Await):
        node = node.value
    return node


def root_name(node: Node | None) -> str:
    """The name that a chain begins with; of `self.x` and `this.x`, x."""
    names: list[str] = []
    while node is not None:
        match node:
            case Attribute(value=value, name=name):
                names.append(name)
                node = value
            case Call(callee=value) | Subscript(value=value) | Cast(value=value) | Await(value=value):
                node = value
            case Name(id=name):
                return names[-1] if name in ("self", "this", "cls") and names else name
            case _:
                return ""
    return ""


def first_text(node: Node) -> str:
    """A text, or the text that a template begins with."""
    if isinstance(node, Template) and node.parts:
        return first_text(node.parts[0])
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else ""
