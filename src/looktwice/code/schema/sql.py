"""Tables from SQL text: scripts and migrations in `*.sql`."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from looktwice.code.effects import Column, Index, Unique
from looktwice.code.schema.changes import Change, Migration, nullable
from looktwice.code.schema.kinds import kind_of
from looktwice.core.source import Source

if TYPE_CHECKING:
    from sqlglot import exp

# Text that may contain a semicolon which ends no statement, or the semicolon that ends one.
BREAK = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|(\$[A-Za-z_]*\$).*?\1|;", re.DOTALL)
DEFINES = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(CREATE\s+(?:UNLOGGED\s+|TEMP\w*\s+)?(?:TABLE|(?:UNIQUE\s+)?INDEX)|ALTER\s+TABLE|DROP\s+(?:TABLE|INDEX))\b",
    re.IGNORECASE | re.DOTALL,
)
POLICY = re.compile(
    r'(?:\s|--[^\n]*\n)*CREATE\s+POLICY\s+("[^"]+"|\w+)\s+ON\s+("?[\w.]+"?(?:\."?\w+"?)?)(.*)',
    re.IGNORECASE | re.DOTALL,
)
LONGEST = 200_000  # a longer statement is from a dump and not written by hand


def read_sql(source: Source) -> Migration:
    """The changes that a script makes to tables, in order. What does not parse or defines nothing is skipped."""
    text = source.data.decode("utf-8", "replace")
    dialect = dialect_of(text)
    changes: list[Change] = []
    for start, end in statements(text):
        statement = text[start:end]
        at = (len(text[:start].encode()), len(text[:end].encode()))
        if len(statement) > LONGEST:
            continue
        if DEFINES.match(statement):
            changes.extend(changes_of(statement, dialect, at))
        elif policy := POLICY.match(statement):
            table = policy[2].replace('"', "").rpartition(".")[2]
            changes.append(Change("add policy", table, *at, name=policy[1].strip('"'), check=policy[3].strip()))
    return Migration(source.path, tuple(changes))


def statements(text: str) -> Iterator[tuple[int, int]]:
    """Where each statement starts and ends, without its semicolon."""
    start = 0
    for found in BREAK.finditer(text):
        if found[0] == ";":
            yield start, found.start()
            start = found.end()
    if text[start:].strip():
        yield start, len(text)


def dialect_of(text: str) -> str:
    if "`" in text or re.search(r"\bENGINE\s*=|AUTO_INCREMENT", text, re.IGNORECASE):
        return "mysql"
    return "sqlite" if re.search(r"\bAUTOINCREMENT\b", text, re.IGNORECASE) else "postgres"


def changes_of(statement: str, dialect: str, at: tuple[int, int]) -> list[Change]:
    """The changes of one statement that creates, alters or drops a table or index."""
    import sqlglot
    from sqlglot import exp

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns about syntax that it skips; so do we
    try:
        parsed = sqlglot.parse_one(statement, dialect=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return []
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
