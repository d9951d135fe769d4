"""Entities from `schema.prisma`.

A schema consists of lines: a block starts with `model X {`, each line in it is a field or an attribute of the block
(`@@…`), and an attribute's arguments are in parentheses. Entities need no more of the language.
"""

from __future__ import annotations

import re

from msgspec import Struct

from looktwice.code.effects import Column, Entity, Index, Relation, Unique
from looktwice.code.schema.changes import nullable
from looktwice.code.schema.kinds import kind_of
from looktwice.core.source import Source

BLOCK = re.compile(r"^[ \t]*(model|enum|view|type)[ \t]+(\w+)[ \t]*\{", re.MULTILINE)
FIELD = re.compile(r"^[ \t]*(\w+)[ \t]+(\w+(?:\([^)\n]*\))?)(\[\]|\?)?", re.MULTILINE)
ATTRIBUTE = re.compile(r"@@?([\w.]+)")
FIELDS = re.compile(r"\[([^\]]*)\]")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*')
SCALARS = frozenset(("String", "Boolean", "Int", "BigInt", "Float", "Decimal", "DateTime", "Json", "Bytes"))


class Attribute(Struct, frozen=True):
    """`@name(arguments)`; arguments as written, "" when there are none."""

    name: str
    arguments: str


class Block(Struct, frozen=True):
    """A model, view, type or enum: the text between its braces and its position."""

    kind: str
    name: str
    text: str
    start: int
    end: int


def read_prisma(source: Source) -> tuple[Entity, ...]:
    """The entity of every model, in order. Never raises: what does not look like Prisma is skipped."""
    text = source.data.decode("utf-8", "replace")
    plain = COMMENT.sub(lambda found: found[1] or " " * len(found[0]), text)
    found = blocks(plain)
    models = {block.name: block for block in found if block.kind in ("model", "view")}
    stores = {name: stored_names(block) for name, block in models.items()}
    return tuple(entity(source.path, text, block, stores) for block in models.values())


def blocks(text: str) -> list[Block]:
    found: list[Block] = []
    for opening in BLOCK.finditer(text):
        end = closing(text, opening.end(), "{", "}")
        inner = text[opening.end() : end]
        found.append(Block(opening[1], opening[2], inner, opening.start(1), min(end + 1, len(text))))
    return found


def closing(text: str, position: int, opens: str, closes: str) -> int:
    """Where the bracket opened directly before `position` is closed; the end of the text when it is not."""
    depth = 1
    for found in re.compile(rf'"(?:[^"\\\n]|\\.)*"|[{re.escape(opens + closes)}]').finditer(text, position):
        if found[0] == opens:
            depth += 1
        elif found[0] == closes:
            depth -= 1
            if depth == 0:
                return found.start()
    return len(text)


def stored_names(block: Block) -> dict[str, str]:
    """The column names in the store, by field."""
    names: dict[str, str] = {}
    for line in block.text.splitlines():
        if (field := FIELD.match(line)) and not line.lstrip().startswith("@@"):
            mapped = next((each for each in attributes(line) if each.name == "map"), None)
            names[field[1]] = text_in(mapped.arguments) or field[1] if mapped else field[1]
    return names


def attributes(line: str) -> list[Attribute]:
    """The attributes of a line, with the text between their parentheses."""
    found: list[Attribute] = []
    position = 0
    while opening := ATTRIBUTE.search(line, position):
        position = opening.end()
        arguments = ""
        if line[position : position + 1] == "(":
            end = closing(line, position + 1, "(", ")")
            arguments, position = line[position + 1 : end], end + 1
        found.append(Attribute(opening[1], arguments))
    return found


def logical_lines(text: str) -> list[tuple[int, str]]:
    """The lines with their offsets; a line with open parentheses is continued."""
    lines: list[tuple[int, str]] = []
    position = 0
    pending, pending_at = "", 0
    for line in text.splitlines(keepends=True):
        pending_at = position if not pending else pending_at
        pending += line
        position += len(line)
        if pending.count("(") <= pending.count(")") or len(pending) > 4000:
            lines.append((pending_at, pending))
            pending = ""
    return [*lines, (pending_at, pending)] if pending else lines


def entity(path: str, text: str, block: Block, stores: dict[str, dict[str, str]]) -> Entity:
    columns: list[Column] = []
    uniques: list[Unique] = []
    indexes: list[Index] = []
    relations: list[Relation] = []
    table = block.name
    own = stores[block.name]
    body_at = text.index("{", block.start) + 1
    for offset, line in logical_lines(block.text):
        found = attributes(line)
        if line.lstrip().startswith("@@"):
            for each in found:
                table = text_in(each.arguments) if each.name == "map" else table
                block_attribute(each, own, uniques, indexes)
            continue
        if not (field := FIELD.match(line)):
            continue
        name, type_name, mark = field[1], field[2], field[3] or ""
        start = body_at + offset + field.start(1)
        span = (byte_offset(text, start), byte_offset(text, start + len(name)))
        if type_name in stores:
            relations.append(relation(name, type_name, mark == "[]", found, own))
            continue
        columns.append(column(own[name], field, found, span))
        for each in found:
            if each.name in ("id", "unique"):
                uniques.append(Unique((own[name],), primary=each.name == "id"))
    columns = [referring(each, relations, block, stores) for each in columns]
    return Entity(
        f"{path}:{block.name}",
        block.name,
        table,
        path,
        byte_offset(text, block.start),
        byte_offset(text, block.end),
        tuple(columns),
        tuple(uniques),
        tuple(indexes),
        tuple(
            Relation(each.name, f"{path}:{each.target}", each.many, each.loading, each.columns) for each in relations
        ),
    )


def byte_offset(text: str, position: int) -> int:
    return position if text.isascii() else len(text[:position].encode())


def block_attribute(found: Attribute, own: dict[str, str], uniques: list[Unique], indexes: list[Index]) -> None:
    if found.name not in ("id", "unique", "index", "fulltext"):
        return
    columns = field_list(found.arguments, own)
    if found.name in ("id", "unique"):
        uniques.append(Unique(columns, condition(found.arguments), found.name == "id"))
    else:
        indexes.append(Index(columns, condition(found.arguments)))


def field_list(arguments: str, own: dict[str, str]) -> tuple[str, ...]:
    """The columns of `[a, b(sort: Desc)]`."""
    listed = FIELDS.search(arguments)
    names = [part.strip().partition("(")[0] for part in listed[1].split(",")] if listed else []
    return tuple(own.get(name, name) for name in names if name)


def condition(arguments: str) -> str:
    """The predicate of a partial index (`where: raw("…")` or `where: { … }`)."""
    _, found, rest = arguments.partition("where:")
    return (text_in(rest) or rest.strip()) if found else ""


def text_in(arguments: str) -> str:
    found = TEXT.search(arguments)
    return found[1] if found else ""


def relation(name: str, target: str, many: bool, found: list[Attribute], own: dict[str, str]) -> Relation:
    written = next((each.arguments for each in found if each.name == "relation"), "")
    _, has_fields, rest = written.partition("fields:")
    columns = field_list(rest, own) if has_fields else ()
    return Relation(name, target, many, "none", columns)  # Prisma loads a relation only where the query includes it


def column(stored: str, field: re.Match[str], found: list[Attribute], span: tuple[int, int]) -> Column:
    name, type_name, mark = field[1], field[2], field[3] or ""
    default = next((each.arguments for each in found if each.name == "default"), "")
    default = text_in(default) if default.startswith('"') else default
    if any(each.name == "updatedAt" for each in found):
        default = "updatedAt"
    is_key = any(each.name == "id" for each in found)
    kind = kind_of(name, type_name if type_name in SCALARS else "enum", is_key=is_key, default=default)
    full = type_name + ("[]" if mark == "[]" else "")
    return Column(stored, full, nullable(mark == "?"), kind, default, "", name if stored != name else "", *span)


def referring(found: Column, relations: list[Relation], block: Block, stores: dict[str, dict[str, str]]) -> Column:
    """The column, with a reference to the key of the other side when it is a relation's foreign key."""
    for each in relations:
        if found.name in each.columns:
            kind = kind_of(found.field or found.name, found.type, is_key=True)
            return Column(
                found.name,
                found.type,
                found.nullable,
                kind,
                found.default,
                each.target,
                found.field,
                found.start,
                found.end,
            )
    return found
