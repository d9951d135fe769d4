"""Text in Python source: string prefixes, escapes, and type annotations in quotes."""

from __future__ import annotations

import re

from looktwice.code.syntax.tree import Node, Type

ESCAPE = re.compile(
    r"\\(\r\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^{}\\]{0,99}\}|.)", re.DOTALL
)
SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": "", "\r\n": ""}
TYPE_TOKEN = re.compile(r"\s*([\w.]+|[\[\]|,]|\S)")
DEEPEST_TYPE = 20


def unescaped(text: str) -> str:
    """The text of a string literal, with escapes replaced by their characters."""
    return ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    body = escape[1]
    if body in SIMPLE:
        return SIMPLE[body]
    try:
        if body[0] in "xuU":
            return chr(int(body[1:], 16)) if len(body) > 1 else escape[0]
        if body[0] in "01234567":
            return chr(int(body, 8))
    except (ValueError, OverflowError):
        return escape[0]
    return body if body in "\\'\"" else escape[0]


def type_of_text(text: str, start: int, end: int) -> Node:
    """A type annotation in quotes (`"list[Order] | None"`); every part of it has the span of the whole."""
    tokens = TYPE_TOKEN.findall(text)
    node, _ = _union(tokens, 0, start, end, 0)
    return node


def _union(tokens: list[str], position: int, start: int, end: int, depth: int) -> tuple[Node, int]:
    members: list[Node] = []
    while True:
        member, position = _single(tokens, position, start, end, depth)
        members.append(member)
        if position >= len(tokens) or tokens[position] != "|":
            break
        position += 1
    return (members[0] if len(members) == 1 else Type(start, end, "|", tuple(members))), position


def _single(tokens: list[str], position: int, start: int, end: int, depth: int) -> tuple[Node, int]:
    name = ""
    if position < len(tokens) and tokens[position] not in "[]|,":
        name, position = tokens[position], position + 1
    arguments: list[Node] = []
    if position < len(tokens) and tokens[position] == "[" and depth < DEEPEST_TYPE:
        position += 1
        while position < len(tokens) and tokens[position] != "]":
            if tokens[position] == ",":
                position += 1
                continue
            before = position
            argument, position = _union(tokens, position, start, end, depth + 1)
            if position == before:
                break
            arguments.append(argument)
        position += 1
    return Type(start, end, name, tuple(arguments)), position
