"""Tables from SQL text: scripts and migrations in `*.sql`."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from looktwice.code.ir.entities import Column, Index, Unique
from looktwice.code.schema.changes import Change, Migration, nullable
from looktwice.code.schema.kinds import kind_of
from looktwice.code.schema.script import cut, dialect_of
from looktwice.core.event import Unread
from looktwice.core.parsing import NotParsedError, attempt
from looktwice.core.source import Source
from looktwice.core.text import Offsets, decode

if TYPE_CHECKING:
    from sqlglot import exp

LEADING = r"(?:\s++|--[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+"
DEFINES = re.compile(
    LEADING
    + r"(CREATE\s+(?:UNLOGGED\s+|TEMP\w*\s+)?(?:TABLE|(?:UNIQUE\s+)?INDEX)|ALTER\s+TABLE|DROP\s+(?:TABLE|INDEX))\b",
    re.IGNORECASE,
)
POLICY = re.compile(
    LEADING + r'CREATE\s+POLICY\s+("[^"]+"|\w+)\s+ON\s+("?[\w.]+"?(?:\."?\w+"?)?)(.*)',
    re.IGNORECASE | re.DOTALL,
)
SUBJECT = re.compile(
    r"(?:\bTABLE\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?|\bON\s+(?:ONLY\s+)?)((?:[\"`\[]?\w+[\"`\]]?\s*\.\s*)?[\"`\[]?\w+)",
    re.IGNORECASE,
)
KEYS = re.compile(r"\bUNIQUE\b|\bPRIMARY\s+KEY\b|\bEXCLUDE\b", re.IGNORECASE)
ERRORS_KEPT = 5
UNKNOWN = "what is unique in it is not known"
LONGEST = 200_000  # a longer statement is from a dump and not written by hand


def read_sql(source: Source) -> Migration:
    """The changes that a script makes to tables, in order, and what of it could not be read. Never raises."""
    read = decode(source.data)
    text = read.text
    offsets = Offsets(text)
    dialect = dialect_of(text)
    changes: list[Change] = []
    unread: list[Unread] = [Unread(source.path, f"{read.wrong}; {UNKNOWN}", 1)] if read.wrong else []
    script = cut(text, dialect)
    for start, end in script.statements:
        statement = text[start:end]
        at = (offsets.of(start), offsets.of(end))
        if defines := DEFINES.match(statement):
            try:
                changes.extend(defined(statement, dialect, at))
            except NotParsedError as error:
                table = subject(statement)
                changes.append(Change("unread", table, *at))
                line = text.count("\n", 0, start + defines.start(1)) + 1
                what = " ".join(defines[1].upper().split())
                unread.append(Unread(source.path, f"{what} {table or '?'}: {error.why}; {UNKNOWN}", line))
        elif policy := POLICY.match(statement):
            table = policy[2].replace('"', "").rpartition(".")[2]
            changes.append(Change("add policy", table, *at, name=policy[1].strip('"'), check=policy[3].strip()))
    if script.open_at >= 0:
        line = text.count("\n", 0, script.open_at) + 1
        mark = text[script.open_at]
        unread.append(Unread(source.path, f"what is opened with {mark} is never closed; {UNKNOWN}", line))
    return Migration(source.path, tuple(changes), unread=tuple(unread[:ERRORS_KEPT]), note=read.note)


def subject(statement: str) -> str:
    """The table that a statement is about, as far as its words tell."""
    found = SUBJECT.search(statement)
    return re.split(r"[.\s]+", found[1])[-1].strip('"`[]') if found else ""


def defined(statement: str, dialect: str, at: tuple[int, int]) -> list[Change]:
    """What one statement that creates, alters or drops a table or index does.

    Raises NotParsedError when it cannot be read, and may say what is unique.
    """
    import sqlglot
    from sqlglot import exp

    if len(statement) > LONGEST:
        raise NotParsedError(f"it has {len(statement)} characters, and at most {LONGEST} are read")
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of syntax that it passes over, as do we
    parsed = attempt("SQL", lambda: sqlglot.parse_one(statement, dialect=dialect))
    if isinstance(parsed, exp.Command) and KEYS.search(statement):
        raise NotParsedError("its syntax is not known")
    return attempt("SQL", lambda: of_tree(parsed, at))  # whose parts may be other ones than expected


def changes_of(statement: str, dialect: str, at: tuple[int, int]) -> list[Change]:
    """As `defined`; what cannot be read is a change of kind "unread"."""
    try:
        return defined(statement, dialect, at)
    except NotParsedError:
        return [Change("unread", subject(statement), *at)]


def of_tree(parsed: object, at: tuple[int, int]) -> list[Change]:
    """The changes in a statement that was parsed."""
    from sqlglot import exp

    match parsed:
        case exp.Create(kind="TABLE", this=exp.Schema() as schema):
            table = schema.this.name
            created = [Change("create table", table, *at)]
            return created + [each for part in schema.expressions for each in parts_of(part, table, at)]
        case exp.Create(kind="INDEX", this=exp.Index() as index) if index.args.get("table") is not None:
            return [index_change(index, bool(parsed.args.get("unique")), at)]
        case exp.Alter(this=exp.Table() as table):
            return [
                each for action in parsed.args.get("actions") or () for each in action_changes(action, table.name, at)
            ]
        case exp.Drop(kind="TABLE"):
            return [Change("drop table", each.name, *at) for each in dropped(parsed)]
        case exp.Drop(kind="INDEX"):
            return [Change("drop", "", *at, name=each.name) for each in dropped(parsed)]
    return []


def dropped(statement: exp.Drop) -> list[exp.Expression]:
    this = statement.args.get("this")
    return list(statement.args.get("tables") or ([this] if this is not None else []))


def index_change(index: exp.Index, is_unique: bool, at: tuple[int, int]) -> Change:
    from sqlglot import exp

    parameters = index.args.get("params")
    ordered = parameters.args.get("columns") or () if parameters is not None else ()
    columns = tuple((each.this if isinstance(each, exp.Ordered) else each) for each in ordered)
    names = tuple(each.name if isinstance(each, exp.Column) else each.sql().lower() for each in columns)
    where = parameters.args.get("where") if parameters is not None else None
    predicate = where.this.sql() if where is not None else ""
    table = index.args["table"].name
    if is_unique:
        return Change("add unique", table, *at, name=index.name, unique=Unique(names, predicate))
    return Change("add index", table, *at, name=index.name, index=Index(names, predicate))


def action_changes(action: exp.Expression, table: str, at: tuple[int, int]) -> Iterator[Change]:
    """The changes of one action of ALTER TABLE."""
    from sqlglot import exp

    match action:
        case exp.ColumnDef():
            yield from parts_of(action, table, at)
        case exp.AddConstraint():
            for each in action.expressions:
                yield from parts_of(each, table, at)
        case exp.AlterRename():
            yield Change("rename table", table, *at, name=action.this.name)
        case exp.RenameColumn():
            yield Change("rename column", table, *at, name=action.args["to"].name, column=Column(action.this.name))
        case exp.Drop(kind="COLUMN"):
            for each in dropped(action):
                yield Change("drop column", table, *at, name=each.name)
        case exp.Drop():
            for each in dropped(action):
                yield Change("drop", table, *at, name=each.name)


def parts_of(part: exp.Expression, table: str, at: tuple[int, int], name: str = "") -> Iterator[Change]:
    """The changes of one column or constraint in CREATE TABLE."""
    from sqlglot import exp

    match part:
        case exp.Constraint():
            for each in part.expressions:
                yield from parts_of(each, table, at, part.name)
        case exp.ColumnDef():
            yield from column_changes(part, table, at)
        case exp.PrimaryKey():
            columns = tuple(each.name for each in part.expressions)
            yield Change("add unique", table, *at, name=name, unique=Unique(columns, primary=True))
        case exp.UniqueColumnConstraint(this=exp.Schema() as schema):
            columns = tuple(each.name for each in schema.expressions)
            own = schema.this.name if schema.this is not None else ""
            yield Change("add unique", table, *at, name=name or own, unique=Unique(columns))
        case exp.IndexColumnConstraint():
            columns = tuple(each.name for each in part.expressions)
            yield Change("add index", table, *at, name=name or part.name, index=Index(columns))
        case exp.CheckColumnConstraint():
            yield Change("add check", table, *at, name=name, check=part.this.sql())


def column_changes(definition: exp.ColumnDef, table: str, at: tuple[int, int]) -> Iterator[Change]:
    """The column itself, and the keys and checks declared with it."""
    from sqlglot import exp

    name, type_name = definition.name, definition.kind.sql() if definition.kind is not None else ""
    is_nullable, default, references = True, "", ""
    extra: list[Change] = []
    for constraint in definition.constraints:
        match constraint.kind:
            case exp.NotNullColumnConstraint() as found:
                is_nullable = bool(found.args.get("allow_null"))
            case exp.PrimaryKeyColumnConstraint():
                is_nullable = False
                extra.append(Change("add unique", table, *at, unique=Unique((name,), primary=True)))
            case exp.UniqueColumnConstraint():
                extra.append(Change("add unique", table, *at, name=f"{table}_{name}_key", unique=Unique((name,))))
            case exp.CheckColumnConstraint() as found:
                extra.append(Change("add check", table, *at, check=found.this.sql()))
            case exp.DefaultColumnConstraint() as found:
                default = found.this.sql()
            case exp.Reference() as found:
                references = reference(found)
    is_key = bool(references) or any(each.unique is not None and each.unique.primary for each in extra)
    plain_type = type_name.partition("(")[0]
    kind = kind_of(name, plain_type, is_key=is_key, default=default)
    column = Column(name, type_name, nullable(is_nullable), kind, default, references, "", *at)
    yield Change("add column", table, *at, column=column)
    yield from extra


def reference(found: exp.Reference) -> str:
    """ "users.id" for `REFERENCES users(id)`."""
    from sqlglot import exp

    target = found.this
    if isinstance(target, exp.Schema):
        columns = [each.name for each in target.expressions]
        return f"{target.this.name}.{columns[0]}" if columns else target.this.name
    return target.name if target is not None else ""
