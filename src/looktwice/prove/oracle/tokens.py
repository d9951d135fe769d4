"""Made values and times inside longer text: `/orders/170001`, `slug-17`, an ETag, a log line."""

from __future__ import annotations

import re

from msgspec import Struct

from looktwice.prove.oracle.scalar import Scalar, parse_moment

Domain = tuple[str, str]
Node = tuple[str, str, str]  # table, column, value; ("", "", value) for texts, which are unlike enough to need no place

_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?"
_WORD = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9A-Za-z_]+(?:-[0-9A-Za-z_]+)*"
_PIECE = re.compile(f"({_TIME})|({_WORD})")
_DIGITS = re.compile(r"\d+")


class Made(Struct, frozen=True):
    """The values that came into being in one run: numbers with the columns they were made in, and texts."""

    numbers: dict[str, set[Domain]]
    texts: frozenset[str]

    def has(self, value: Scalar, domain: Domain) -> bool:
        if value.kind == "number":
            return domain in self.numbers.get(value.text, ())
        return value.text in self.texts

    def node(self, value: Scalar, domain: Domain | None) -> Node | None:
        """The node that stands for a value; None when it was not made in this run. domain: None for any."""
        if value.kind == "number":
            domains = self.numbers.get(value.text, set())
            if domain in domains and domain is not None:
                return (*domain, value.text)
            if domain is None and domains:
                return (*min(domains), value.text)
        return ("", "", value.text) if value.text in self.texts else None


class Substituted(Struct, frozen=True):
    """A text with holes: `skeleton` has a mark for each, `nodes` what stood there, in order."""

    skeleton: str
    nodes: tuple[Node, ...]


def substitute(text: str, made: Made, window: tuple[float, float]) -> Substituted:
    """Take made values and times out of a text. window: start and end of the run, seconds since the epoch."""
    nodes: list[Node] = []

    def hole(node: Node) -> str:
        nodes.append(node)
        return "\0#"

    def number(match: re.Match[str]) -> str:
        node = made.node(Scalar("number", match[0]), None)
        return hole(node) if node else match[0]

    def piece(match: re.Match[str]) -> str:
        if match[1]:
            moment = parse_moment(match[1])
            if moment is None or moment < window[0] - 1:
                return match[0]
            return "\0during" if moment <= window[1] + 1 else "\0after"
        if match[2] in made.texts:
            return hole(("", "", match[2]))
        for separator in ("-", "_"):
            if separator in match[2] and any(part in made.texts for part in match[2].split(separator)):
                return separator.join(
                    hole(("", "", part)) if part in made.texts else part for part in match[2].split(separator)
                )
        return _DIGITS.sub(number, match[2])

    if text in made.texts:
        return Substituted(hole(("", "", text)), tuple(nodes))
    return Substituted(_PIECE.sub(piece, text), tuple(nodes))
