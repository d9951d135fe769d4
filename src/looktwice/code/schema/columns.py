"""`Column(…)`, `mapped_column(…)`, `Field(…)` and constraints, as used in classes, tables and migrations."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from looktwice.code.ir.entities import Column, Index, Unique
from looktwice.code.schema.changes import nullable
from looktwice.code.schema.kinds import kind_of
from looktwice.code.syntax.tree import Attribute, Call, Literal, Name, Node, Operation, Sequence, Type

COLUMN_CALLS = frozenset({"Column", "mapped_column", "deferred", "column_property"})
WRAPPERS = frozenset({"Optional", "Mapped", "WriteOnlyMapped", "DynamicMapped", "Annotated", "Required", "Final"})
MANY = frozenset({"list", "List", "set", "Set", "Sequence", "Collection", "tuple", "WriteOnlyMapped", "DynamicMapped"})


class ReadColumn(Struct, frozen=True):
    """A column and the keys declared with it."""

    column: Column
    is_primary: bool = False
    is_unique: bool = False
    is_indexed: bool = False

    def unique(self) -> Unique | None:
        if self.is_primary or self.is_unique:
            return Unique((self.column.name,), primary=self.is_primary)
        return None

    def index(self) -> Index | None:
        return Index((self.column.name,)) if self.is_indexed and not self.is_unique else None


def last_name(node: Node | None) -> str:
    """The last part of a dotted name; for a call, that of the callee; "" for anything else."""
    match node:
        case Name(id=name) | Attribute(name=name):
            return name
        case Call(callee=callee):
            return last_name(callee)
        case Type(name=name):
            return name.rpartition(".")[2]
    return ""


def keyword(call: Call, name: str) -> Node | None:
    return next((each.value for each in call.arguments if each.name == name), None)


def positional(call: Call) -> list[Node]:
    return [each.value for each in call.arguments if not each.name and not each.spread]


def is_true(node: Node | None) -> bool:
    return isinstance(node, Literal) and node.value is True


def text_of(node: Node | None) -> str:
    """A short text for a default or predicate: the constant, the name or `name()`; "…" for anything else."""
    match node:
        case None:
            return ""
        case Literal(value=value):
            return str(value)
        case Name(id=name):
            return name
        case Attribute(value=value, name=name):
            return f"{text_of(value)}.{name}"
        case Call(callee=callee):
            first = positional(node)[:1]
            if last_name(callee) in ("text", "DDL", "literal") and first:
                return text_of(first[0])
            return f"{text_of(callee)}({', '.join(map(text_of, first))})"
        case Operation(operator=operator, operands=operands):
            return f" {operator} ".join(map(text_of, operands))
    return "…"


def names_in(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The column names in a constraint: as text, as class attributes, or in functions (`func.lower(email)`)."""
    found: list[str] = []
    for node in nodes:
        match node:
            case Literal(value=str(name)):
                found.append(name)
            case Name(id=name) | Attribute(name=name):
                found.append(name)
            case Call():
                found.append(text_of(node))
            case Sequence(items=items):
                found.extend(names_in(items))
    return tuple(found)


def annotated_type(annotation: Node | None) -> tuple[Type | None, bool, Call | None]:
    """The type inside `Mapped[…]`, `Optional[…]`, `X | None`, `Annotated[…]`; whether it allows None; a column call."""
    is_nullable, call = False, None
    node = annotation
    for _ in range(6):
        match node:
            case Type(name="|", arguments=arguments):
                others = [each for each in arguments if last_name(each) != "None"]
                is_nullable = is_nullable or len(others) < len(arguments)
                node = others[0] if others else None
            case Type(name=name, arguments=(first, *rest)) if name.rpartition(".")[2] in WRAPPERS:
                is_nullable = is_nullable or name.rpartition(".")[2] == "Optional"
                call = next((each for each in rest if isinstance(each, Call)), call)
                node = first
            case Type():
                return node, is_nullable, call
            case _:
                return None, is_nullable, call
    return None, is_nullable, call


def foreign_key(call: Call) -> str:
    """ "users.id" for `ForeignKey("users.id")` or `Field(foreign_key="users.id")`."""
    for node in [*positional(call), keyword(call, "sa_column")]:
        if isinstance(node, Call) and last_name(node.callee) == "ForeignKey":
            target = positional(node)[:1]
            return text_of(target[0]) if target else ""
        if isinstance(node, Call) and last_name(node.callee) == "Column":
            return foreign_key(node)
    written = keyword(call, "foreign_key")
    return str(written.value) if isinstance(written, Literal) else ""


def column_type(call: Call) -> str:
    """The ORM's type as written: the first positional argument that is one, otherwise `type_` or `sa_type`."""
    for node in positional(call):
        if isinstance(node, Name | Attribute) or (isinstance(node, Call) and last_name(node.callee) != "ForeignKey"):
            name = last_name(node)
            if name[:1].isupper() or name.isupper():
                return name if name not in ("Identity", "Computed", "Sequence", "FetchedValue") else ""
    return last_name(keyword(call, "type_") or keyword(call, "sa_type"))


def read_column(call: Call | None, field: str, annotation: Node | None, start: int, end: int) -> ReadColumn:
    """A column of a class or table.

    call: `Column(…)` or the like, None when only an annotation declares it. field: its name in the code.
    annotation: the type beside it.
    """
    of_type, allows_none, inner = annotated_type(annotation)
    calls = [each for each in (call, inner) if each is not None]
    name = next((str(p[0].value) for c in calls if (p := positional(c)) and isinstance(p[0], Literal)), field)
    if (stored := next((keyword(c, "name") for c in calls if keyword(c, "name")), None)) and isinstance(
        stored, Literal
    ):
        name = str(stored.value)
    sa_column = next((found for c in calls if isinstance(found := keyword(c, "sa_column"), Call)), None)
    calls += [sa_column] if sa_column is not None else []
    is_primary = any(is_true(keyword(each, "primary_key")) for each in calls)
    written = next((keyword(each, "nullable") for each in calls if keyword(each, "nullable") is not None), None)
    if isinstance(written, Literal) and isinstance(written.value, bool):
        is_nullable = written.value
    else:
        is_nullable = allows_none if of_type is not None else not is_primary
    type_name = next(filter(None, map(column_type, calls)), "") or last_name(of_type)
    references = next(filter(None, map(foreign_key, calls)), "")
    defaults = [keyword(each, key) for each in calls for key in ("default", "server_default", "default_factory")]
    default = next((text_of(each) for each in defaults if each is not None), "")
    column = Column(
        name,
        type_name,
        nullable(is_nullable and not is_primary),
        kind_of(name, type_name, is_key=is_primary or bool(references), default=default),
        default,
        references,
        field if field != name else "",
        start,
        end,
    )
    return ReadColumn(
        column,
        is_primary,
        any(is_true(keyword(each, "unique")) for each in calls),
        any(is_true(keyword(each, "index")) for each in calls),
    )


def predicate(call: Call) -> str:
    """The predicate of a partial index."""
    for each in call.arguments:
        if each.name.endswith("_where"):
            return text_of(each.value)
    return ""


class Constraints(Struct):
    """The constraints and indexes in `__table_args__`, a `Table(…)` or a migration."""

    uniques: list[Unique]
    indexes: list[Index]
    checks: list[str]


def read_constraint(call: Call, found: Constraints) -> None:
    """Add one constraint or index to `found`."""
    arguments = positional(call)
    match last_name(call.callee):
        case "UniqueConstraint":
            found.uniques.append(Unique(names_in(arguments)))
        case "PrimaryKeyConstraint":
            found.uniques.append(Unique(names_in(arguments), primary=True))
        case "ExcludeConstraint":
            found.checks.append("EXCLUDE")
        case "CheckConstraint":
            found.checks.append(text_of(arguments[0]) if arguments else "")
        case "Index":
            columns = names_in(arguments[1:])
            if is_true(keyword(call, "unique")):
                found.uniques.append(Unique(columns, predicate(call)))
            else:
                found.indexes.append(Index(columns, predicate(call)))


def is_many(annotation: Node | None) -> bool | None:
    """Whether a relation is to many, by its annotation; None without one."""
    if annotation is None:
        return None
    node: Node | None = annotation
    for _ in range(4):
        match node:
            case Type(name="|", arguments=arguments):
                node = next((each for each in arguments if last_name(each) != "None"), None)
            case Type(name=name, arguments=arguments):
                if name.rpartition(".")[2] in MANY:
                    return True
                if name.rpartition(".")[2] not in WRAPPERS or not arguments:
                    return False
                node = arguments[0]
            case _:
                return False
    return False


def literal_items(node: Node | None) -> tuple[Node, ...]:
    """The members of a tuple or list, including a mapping of table options at the end."""
    return node.items if isinstance(node, Sequence) else () if node is None else (node,)
