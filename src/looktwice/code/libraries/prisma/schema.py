"""Entities from `schema.prisma`.

A schema consists of lines: a block starts with `model X {`, each line in it is a field or an attribute of the block
(`@@…`), and an attribute's arguments are in parentheses. Entities need no more of the language.
"""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from looktwice.code.ir.entities import Column, Entity, Index, Relation, Unique
from looktwice.code.schema.changes import nullable
from looktwice.code.schema.kinds import kind_of
from looktwice.code.schema.reader import Reader, Schema
from looktwice.core.event import Unread
from looktwice.core.source import Source
from looktwice.core.text import Offsets, decode

BLOCK = re.compile(r"^[ \t]*+(model|enum|view|type|generator|datasource)[ \t]+(\w+)[ \t]*\{", re.MULTILINE)
FIELD = re.compile(r"^[ \t]*(\w+)[ \t]+(\w+(?:\([^)\n]*\))?)(\[\]|\?)?", re.MULTILINE)
ATTRIBUTE = re.compile(r"@@?([\w.]+)")
FIELDS = re.compile(r"\[([^\]]*)\]")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r'("(?:[^"\\\n]|\\[^\n])*+")|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)')
BRACKETS = {
    "{": re.compile(r'"(?:[^"\\\n]|\\[^\n])*+"|[{}]'),
    "(": re.compile(r'"(?:[^"\\\n]|\\[^\n])*+"|[()]'),
}
LONGEST_LINE = 4_000  # characters of one attribute: what is still open then was never closed
ERRORS_KEPT = 5
UNKNOWN = "what is unique in it is not known"
NOT_A_LINE_END = re.compile(r"[^\n]")
SCALARS = frozenset(("String", "Boolean", "Int", "BigInt", "Float", "Decimal", "DateTime", "Json", "Bytes"))


class Attribute(Struct, frozen=True):
    """`@name(arguments)`; arguments as written, "" when there are none."""

    name: str
    arguments: str


class Block(Struct, frozen=True):
    """A model, view, type or enum: the text between its braces and where it stands.

    body: where that text begins. odd: where something in it begins that is no Prisma, the block's own start when it is
    never closed; -1 when all of it was understood.
    """

    kind: str
    name: str
    text: str
    start: int
    body: int
    end: int
    odd: int = -1


def read_schema(source: Source) -> Schema:
    """What a schema file says, and what of it could not be read. Never raises."""
    read = decode(source.data)
    text = read.text
    plain = COMMENT.sub(lambda found: found[1] or NOT_A_LINE_END.sub(" ", found[0]), text)
    found = blocks(plain)
    models = {block.name: block for block in found if block.kind in ("model", "view")}
    stores = {name: stored_names(block) for name, block in models.items()}
    offsets = Offsets(text)
    entities = tuple(entity(source.path, offsets, block, stores) for block in models.values())
    wrong = [problem(source.path, text, block) for block in found if block.odd >= 0]
    if read.wrong:
        wrong.insert(0, Unread(source.path, f"{read.wrong}; {UNKNOWN}", 1))
    elif plain.strip() and not found:
        wrong.append(Unread(source.path, f"there is no Prisma in it; {UNKNOWN}"))
    return Schema(entities, tuple(wrong[:ERRORS_KEPT]), read.note)


def problem(path: str, text: str, block: Block) -> Unread:
    line = text.count("\n", 0, block.odd) + 1
    if block.odd == block.start:
        return Unread(path, f"the {block.kind} {block.name} is not closed; {UNKNOWN}", line)
    return Unread(path, f"line {line} in the {block.kind} {block.name} is not Prisma; {UNKNOWN}", line)


def blocks(text: str) -> list[Block]:
    """The blocks of a schema. One that is not closed ends where the next one opens."""
    openings = list(BLOCK.finditer(text))
    starts = [*(each.start() for each in openings), len(text)]
    return [block(text, opening, limit) for opening, limit in zip(openings, starts[1:], strict=True)]


def block(text: str, opening: re.Match[str], limit: int) -> Block:
    start = opening.end()
    end = closing(text, start, limit, "{", "}")
    inner = text[start:end]
    odd = opening.start(1) if end == limit else -1
    if odd < 0 and opening[1] in ("model", "view"):
        odd = next((start + offset for offset, line in logical_lines(inner) if is_odd(line)), -1)
    return Block(opening[1], opening[2], inner, opening.start(1), start, min(end + 1, limit), odd)


def is_odd(line: str) -> bool:
    """Whether a line of a model is neither a field nor an attribute nor empty."""
    return bool(line.strip()) and not line.lstrip().startswith("@@") and not FIELD.match(line)


def closing(text: str, position: int, limit: int, opens: str, closes: str) -> int:
    """Where the bracket closes that was opened right before `position`; `limit` when it does not before that."""
    depth = 1
    for found in BRACKETS[opens].finditer(text, position, limit):
        if found[0] == opens:
            depth += 1
        elif found[0] == closes:
            depth -= 1
            if depth == 0:
                return found.start()
    return limit


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
            end = closing(line, position + 1, len(line), "(", ")")
            arguments, position = line[position + 1 : end], end + 1
        found.append(Attribute(opening[1], arguments))
    return found


def logical_lines(text: str) -> list[tuple[int, str]]:
    """The lines with their offsets; a line with open parentheses is continued."""
    lines: list[tuple[int, str]] = []
    start = position = depth = 0
    for line in text.splitlines(keepends=True):
        position += len(line)
        depth += line.count("(") - line.count(")")
        if depth <= 0 or position - start > LONGEST_LINE:
            lines.append((start, text[start:position]))
            start, depth = position, 0
    return [*lines, (start, text[start:])] if start < len(text) else lines


def entity(path: str, offsets: Offsets, block: Block, stores: dict[str, dict[str, str]]) -> Entity:
    columns: list[Column] = []
    uniques: list[Unique] = []
    indexes: list[Index] = []
    relations: list[Relation] = []
    table = block.name
    own = stores[block.name]
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
        start = block.body + offset + field.start(1)
        span = (offsets.of(start), offsets.of(start + len(name)))
        if type_name in stores:
            relations.append(relation(name, type_name, mark == "[]", found, own))
            continue
        columns.append(column(own[name], field, found, span))
        for each in found:
            if each.name in ("id", "unique"):
                uniques.append(Unique((own[name],), primary=each.name == "id"))
    targets = {name: each.target for each in reversed(relations) for name in each.columns}
    columns = [referring(each, targets[each.name]) if each.name in targets else each for each in columns]
    return Entity(
        f"{path}:{block.name}",
        block.name,
        table,
        path,
        offsets.of(block.start),
        offsets.of(block.end),
        tuple(columns),
        tuple(uniques),
        tuple(indexes),
        tuple(
            Relation(each.name, f"{path}:{each.target}", each.many, each.loading, each.columns) for each in relations
        ),
        complete=block.odd < 0,
    )


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


def referring(found: Column, target: str) -> Column:
    """The column, with a reference to the key of the other side when it is a relation's foreign key."""
    kind = kind_of(found.field or found.name, found.type, is_key=True)
    return replace(found, kind=kind, references=target)


READER = Reader(suffix=".prisma", read_file=read_schema)
