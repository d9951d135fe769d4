"""The canonical form of a run: made-up values are replaced by what they are connected with.

Documents and made values are the two sides of a graph. Every made value starts with the same colour; a document's
colour is the hash of what it holds, a value's the hash of where it stands. Repeated until nothing gets finer (colour
refinement, Weisfeiler and Leman 1968), values that play the same part have the same colour, and a run is the multiset
of its documents' colours. Equality survives: a token stored and the token returned stay one value, two rows that share
an invoice number share a colour that one row alone never has. Runs that differ only in names come out equal. The
reverse is not quite true (very regular graphs), which can hide a defect and cannot invent one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

from msgspec import Struct

from looktwice.prove.oracle.document import Document, Leaf, Tree
from looktwice.prove.oracle.observation import Observation
from looktwice.prove.oracle.roles import Roles, bucket, made_in
from looktwice.prove.oracle.scalar import moment_of
from looktwice.prove.oracle.tokens import Made, Node, substitute

_ROUNDS = 12
Colour = bytes


class Known(Struct, frozen=True, tag="known"):
    """A value that is compared literally, or its bucket."""

    text: str


class Named(Struct, frozen=True, tag="named"):
    """A text around made values; a made value alone has the skeleton of one hole."""

    skeleton: str
    nodes: tuple[Node, ...]


class Group(Struct, frozen=True, tag="group"):
    kind: str
    children: tuple[Resolved, ...]


Resolved = Known | Named | Group
_HOLE = "\0#"


class Signature(Struct, frozen=True):
    """The canonical form: equal signatures, equal runs. `colours` are those of the documents, in their order."""

    colours: tuple[Colour, ...]

    @property
    def multiset(self) -> Counter[Colour]:
        return Counter(self.colours)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and self.multiset == other.multiset

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.colours)))


def signature(found: Iterable[Document], run: Observation, roles: Roles, ordered: bool = True) -> Signature:
    """The canonical form of some documents of one run.

    ordered: False takes every list for a multiset.
    """
    chosen = tuple(found)
    made = made_in(chosen, roles.schema, roles.positions)
    window = (run.started, run.ended)
    resolved = [resolve(document.tree, made, window, roles) for document in chosen]
    colours: dict[Node, Colour] = {}
    classes = -1
    for _ in range(_ROUNDS):
        seen: dict[Node, list[bytes]] = {}
        documents = []
        for document, tree in zip(chosen, resolved, strict=True):
            here: list[tuple[Node, bytes]] = []
            mark = _digest("document", *document.label, _paint(tree, colours, here, ordered, ""))
            documents.append(mark)
            for node, place in here:
                seen.setdefault(node, []).append(_digest(mark, place))
        finer = {node: _digest(colours.get(node, b""), *sorted(places)) for node, places in seen.items()}
        if len(set(finer.values())) == classes:
            break
        classes, colours = len(set(finer.values())), finer
    return Signature(tuple(documents) if chosen else ())


def resolve(tree: Tree, made: Made, window: tuple[float, float], roles: Roles) -> Resolved:
    """A tree with every value either known or a name."""
    if isinstance(tree, Leaf):
        return _leaf(tree, made, window, roles)
    return Group(tree.kind, tuple(resolve(child, made, window, roles) for child in tree.children))


def _leaf(leaf: Leaf, made: Made, window: tuple[float, float], roles: Roles) -> Resolved:
    role, value = roles.of(leaf), leaf.value
    if value.kind == "null":
        return Known("null")
    if role.kind == "unstable":
        return Known("unstable")
    if role.kind == "opaque":
        return Named(_HOLE, (made.node(value, leaf.domain) or ("", "", value.text),))
    if role.kind == "clock" and (moment := moment_of(value)) is not None:
        return Known(f"time {bucket(moment, window, role.has_offset)}")
    if role.kind == "template":
        text = substitute(value.text, made, window)
        return Named(text.skeleton, text.nodes)
    domain = role.domain if role.kind == "reference" else leaf.domain
    if domain is not None and (node := made.node(value, domain)) is not None:
        return Named(_HOLE, (node,))
    if not roles.positions.get(leaf.position) and (uncalibrated := _uncalibrated(leaf, made, window)):
        return uncalibrated
    return Known(f"{value.kind} {value.text}")


def _uncalibrated(leaf: Leaf, made: Made, window: tuple[float, float]) -> Resolved | None:
    """A value at a place that no serial run touched: a time in the run, and long made-up texts, are still known by
    themselves. Numbers are not looked up."""
    if leaf.value.kind == "time" and window[0] - 1 <= float(leaf.value.text) <= window[1] + 1:
        return Known("time during")
    if leaf.value.kind == "text" and any(len(text) >= 16 and text in leaf.value.text for text in made.texts):
        text = substitute(leaf.value.text, made, window)
        return Named(text.skeleton, text.nodes)
    return None


def _paint(
    tree: Resolved, colours: dict[Node, Colour], here: list[tuple[Node, bytes]], ordered: bool, path: str
) -> Colour:
    """The colour of a tree; `here` collects each name in it with its surroundings."""
    if isinstance(tree, Known):
        return _digest("known", tree.text)
    if isinstance(tree, Named):
        mark = _digest("named", tree.skeleton, *(colours.get(node, b"") for node in tree.nodes))
        here += [(node, _digest(path, tree.skeleton, str(index))) for index, node in enumerate(tree.nodes)]
        return mark
    inner: list[tuple[Node, bytes]] = []
    if tree.kind == "map":
        parts = []
        for key, value in zip(tree.children[::2], tree.children[1::2], strict=True):
            name = _paint(key, colours, inner, ordered, f"{path}.key")
            step = f"{path}.{key.text}" if isinstance(key, Known) else f"{path}.*"
            parts.append(_digest(name, _paint(value, colours, inner, ordered, step)))
        mark = _digest("map", *sorted(parts))
    else:
        # A list's elements are distinguished by their place in documents of fixed form, never in data.
        parts = [_paint(child, colours, inner, ordered, f"{path}[]") for child in tree.children]
        is_ordered = tree.kind == "list" and ordered
        mark = _digest("list" if is_ordered else "set", *(parts if is_ordered else sorted(parts)))
    here += [(node, _digest(mark, place)) for node, place in inner]
    return mark


def _digest(*parts: str | bytes) -> Colour:
    hasher = blake2b(digest_size=12)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(4, "big"))
        hasher.update(data)
    return hasher.digest()
