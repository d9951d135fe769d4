"""A run as documents: one for each changed row, Redis key, outside call and answer, with every value at its position.

A position names the place, not the value: `("row", "public.orders", "id")`, `("answer", "A", "items", "[]", "id")`.
Roles (see `roles`) are learnt per position.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from looktwice.prove.oracle import array
from looktwice.prove.oracle.observation import Observation
from looktwice.prove.oracle.scalar import Scalar, from_column, from_json
from looktwice.prove.servers.postgres.catalogue import Schema, Table
from looktwice.prove.servers.postgres.change import Values
from looktwice.prove.servers.postgres.net import NetRow, net

Position = tuple[str, ...]
Domain = tuple[str, str]  # (table, column) where values of this kind are made


class Leaf(Struct, frozen=True):
    """One value. `domain` is the column that it is made in, for the columns of keys and references."""

    position: Position
    value: Scalar
    domain: Domain | None = None


class Branch(Struct, frozen=True):
    """Values together: a map (children in pairs, key before value) or a list. A plain list of a body may be
    unordered."""

    kind: Literal["map", "list", "set"]
    children: tuple[Tree, ...]


Tree = Leaf | Branch


class Document(Struct, frozen=True):
    """`part` is "state" (rows, keys, calls) or "answer"; `label` what colours it before its values do."""

    part: Literal["state", "answer"]
    label: tuple[str, ...]
    tree: Branch
    row: NetRow | None = None


# Of the elements of arrays, whose type the catalogue does not spell out.
_CATEGORIES = {"boolean": "B"} | dict.fromkeys(
    ("smallint", "integer", "bigint", "numeric", "real", "double precision"), "N"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z_.-]*")
_VARIABLE = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{12,}|\d+")


def documents(seen: Observation, schema: Schema) -> tuple[Document, ...]:
    """Everything in one observation that is compared. schema: of the database when the snapshot was taken."""
    return (*_rows(seen, schema), *_keys(seen), *_calls(seen), *_answers(seen))


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Every value of a tree."""
    if isinstance(tree, Leaf):
        yield tree
        return
    for child in tree.children:
        yield from leaves(child)


def pattern(text: str) -> str:
    """A path or key with its numbers and identifiers taken out: `/orders/*/items`."""
    return _VARIABLE.sub("*", text)


def net_rows(seen: Observation, schema: Schema) -> tuple[NetRow, ...]:
    """The rows of one observation that differ from the snapshot."""
    return net(
        (change for change in seen.changes if change.kind != "truncate"),
        {name: table.primary_key for name, table in schema.tables.items()},
    )


def json_tree(value: Any, position: Position, ordered: bool = True) -> Tree:
    """A JSON value as a tree. ordered: whether the order of lists in it means anything."""
    if isinstance(value, dict):
        children: list[Tree] = []
        for key, item in sorted(value.items(), key=lambda pair: str(pair[0])):
            name = str(key) if _NAME.fullmatch(str(key)) else "{}"
            children.append(Leaf((*position, name, "key"), Scalar("text", str(key))))
            children.append(json_tree(item, (*position, name), ordered))
        return Branch("map", tuple(children))
    if isinstance(value, list | tuple):
        items = tuple(json_tree(item, (*position, "[]"), ordered) for item in value)
        return Branch("list" if ordered else "set", items)
    return Leaf(position, from_json(value))


def _rows(seen: Observation, schema: Schema) -> Iterator[Document]:
    truncated = sorted({change.table for change in seen.changes if change.kind == "truncate"})
    for name in truncated:
        yield Document("state", ("truncate", name), Branch("map", ()))
    for row in net_rows(seen, schema):
        table = schema.tables.get(row.table) or Table(name=row.table, schema="", relation=row.table, columns=())
        yield Document("state", ("row", row.kind, row.table), _columns(row, table, schema), row)


def _columns(row: NetRow, table: Table, schema: Schema) -> Branch:
    """What identifies the row and what became of it: of an updated row the columns that changed, of a deleted row the
    key. What did not change says nothing about the run."""
    image: Values = row.after or row.before or {}
    names = set(image)
    if row.before is not None and table.primary_key:
        changed = {name for name in image if row.after is not None and row.before.get(name) != image[name]}
        names = set(table.primary_key) | changed
    children: list[Tree] = []
    for name in sorted(names):
        children.append(Leaf(("row", table.name, name, "key"), Scalar("text", name)))
        children.append(_column(table, name, image[name], schema))
    return Branch("map", tuple(children))


def _column(table: Table, name: str, text: str | None, schema: Schema) -> Tree:
    column, position = table.column(name), ("row", table.name, name)
    type_name, category = (column.type, column.category) if column else ("text", "S")
    if type_name in ("json", "jsonb") and text is not None:
        try:
            return json_tree(json.loads(text), position)
        except ValueError:
            return Leaf(position, Scalar("text", text))
    if type_name.endswith("[]") and text is not None and (items := array.parse(text)) is not None:
        return _array(items, type_name.removesuffix("[]"), position)
    return Leaf(position, from_column(text, type_name, category), domain_of(table, name, schema))


def _array(items: list[object], type_name: str, position: Position) -> Branch:
    category = _CATEGORIES.get(type_name, "S")
    inner = (*position, "[]")
    return Branch(
        "list",
        tuple(
            _array(item, type_name, inner)
            if isinstance(item, list)
            else Leaf(inner, from_column(None if item is None else str(item), type_name, category))
            for item in items
        ),
    )


def domain_of(table: Table, name: str, schema: Schema) -> Domain | None:
    """Where the values of a column are made: its own place for keys and filled columns, another's for references."""
    root = schema.root(table.name, name)
    if root != (table.name, name):
        return root
    column = table.column(name)
    is_made_here = name in table.primary_key or (column is not None and column.filled in ("sequence", "uuid"))
    return root if is_made_here else None


def _keys(seen: Observation) -> Iterator[Document]:
    for item in seen.keys:
        place = ("redis", pattern(item.key))
        value = json_tree(item.value, place, ordered=item.type == "list")
        expiry = Leaf((*place, "expires"), from_json(item.expires))
        named = Leaf((*place, "key"), Scalar("text", item.key))
        yield Document("state", ("redis", item.type), Branch("map", (named, value, expiry, expiry)))


def _calls(seen: Observation) -> Iterator[Document]:
    for call in seen.upstream:
        place = ("call", call.method, pattern(call.path))
        path = Leaf((*place, "path"), Scalar("text", call.path))
        body = json_tree(call.body, (*place, "body"))
        answer = json_tree(call.answer, (*place, "answer"))
        yield Document("state", ("call", call.method), Branch("list", (path, body, answer)))


def _answers(seen: Observation) -> Iterator[Document]:
    """Bodies as sets: without ORDER BY the order of rows is the database's, and what it is worth is not known here."""
    for answer in seen.answers:
        place = ("answer", answer.lane)
        status = Leaf((*place, "status"), from_json(answer.status))
        body = json_tree(answer.body, (*place, "body"), ordered=False)
        headers = json_tree(answer.headers, (*place, "headers"))
        yield Document("answer", ("answer", answer.lane), Branch("list", (status, body, headers)))
