"""Entities from SQLAlchemy's declarative classes, 1.4 and 2.0, and from SQLModel."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.entities import Column, Entity, Index, Relation, Unique
from looktwice.code.project.names import Names, split
from looktwice.code.schema.columns import (
    COLUMN_CALLS,
    Constraints,
    ReadColumn,
    annotated_type,
    is_many,
    is_true,
    keyword,
    last_name,
    literal_items,
    positional,
    read_column,
    read_constraint,
)
from looktwice.code.schema.reader import Reader
from looktwice.code.syntax.definitions import definitions
from looktwice.code.syntax.tree import (
    Assignment,
    Attribute,
    Call,
    Class,
    Function,
    Literal,
    Mapping,
    Name,
    Node,
    Subscript,
    Type,
)

LOADING = {"joined": "joined", "selectin": "selectin", "subquery": "selectin", "immediate": "selectin"}
NOT_LOADED = frozenset({"raise", "raise_on_sql", "noload", "write_only"})
NOT_FIELDS = frozenset({"ClassVar", "PrivateAttr"})


def sqlalchemy_entities(names: Names) -> Iterator[Entity]:
    """An entity for every mapped class or `Table` in the project, in order of files."""
    for path in names.modules:
        if not path.endswith(".py"):
            continue
        for name, node in definitions(names.modules[path].body):
            if isinstance(node, Class) and is_mapped(names, f"{path}:{name}", node):
                yield ClassReading(names, f"{path}:{name}", node).entity()
            elif isinstance(node, Assignment) and is_table(node.value):
                yield table_entity(path, name, node)


def is_mapped(names: Names, symbol: str, node: Class) -> bool:
    """Whether a class has its own table: by `__tablename__`, `__table__`, `table=True`, or a base that names it."""
    if any(each.name == "table" and is_true(each.value) for each in node.keywords):
        return True
    own = {target for member in node.members for target in assigned(member)}
    if "__abstract__" in own:
        return False
    if own & {"__tablename__", "__table__"}:
        return True
    has_columns = any(is_column(member) for member in node.members)
    if not has_columns or not node.bases:
        return False
    inherited = [member for _, base in names.classes(symbol) if base is not node for member in base.members]
    if any(isinstance(member, Function) and member.name == "__tablename__" for member in inherited):
        return True
    return any(library.endswith(("SQLAlchemy.Model", "db.Model")) for library in names.library_bases(symbol)) or any(
        isinstance(base, Attribute) and base.name == "Model" for base in node.bases
    )


def has_own_table(node: Class) -> bool:
    return any(isinstance(each, Assignment) and "__tablename__" in assigned(each) for each in node.members)


def assigned(member: Node) -> Iterator[str]:
    """The names that a class member binds."""
    if isinstance(member, Assignment):
        yield from (target.id for target in member.targets if isinstance(target, Name))
    elif isinstance(member, Function | Class):
        yield member.name


def is_column(member: Node) -> bool:
    if not isinstance(member, Assignment):
        return False
    return (isinstance(member.value, Call) and last_name(member.value.callee) in COLUMN_CALLS) or (
        isinstance(member.annotation, Type) and member.annotation.name.rpartition(".")[2] == "Mapped"
    )


def is_table(value: Node | None) -> bool:
    """`Table("name", metadata, Column(…), …)`."""
    return (
        isinstance(value, Call)
        and last_name(value.callee) == "Table"
        and len(positional(value)) >= 2
        and isinstance(positional(value)[0], Literal)
        and any(last_name(each) == "Column" for each in positional(value)[2:])
    )


def table_entity(path: str, name: str, node: Assignment) -> Entity:
    """The entity of a `Table(…)` without a class."""
    call = node.value
    assert isinstance(call, Call)
    columns: list[ReadColumn] = []
    found = Constraints([], [], [])
    for part in positional(call)[2:]:
        if isinstance(part, Call) and last_name(part.callee) == "Column":
            columns.append(read_column(part, "", None, part.start, part.end))
        elif isinstance(part, Call):
            read_constraint(part, found)
    return Entity(
        f"{path}:{name}",
        name,
        str(getattr(positional(call)[0], "value", name)),
        path,
        node.start,
        node.end,
        tuple(each.column for each in columns),
        (*filter(None, (each.unique() for each in columns)), *found.uniques),
        (*filter(None, (each.index() for each in columns)), *found.indexes),
        checks=tuple(found.checks),
    )


class ClassReading:
    """Reads one mapped class, with inherited members."""

    def __init__(self, names: Names, symbol: str, node: Class) -> None:
        self.names, self.symbol, self.node = names, symbol, node
        self.columns: dict[str, ReadColumn] = {}
        self.relations: dict[str, Relation] = {}
        self.constraints = Constraints([], [], [])
        self.version = ""
        self.table = ""
        self.complete = True

    def entity(self) -> Entity:
        path, name = split(self.symbol)
        classes = list(self.names.classes(self.symbol))
        is_model = any(library.startswith("sqlmodel.") for library in self.names.library_bases(self.symbol))
        for symbol, node in reversed(classes):
            if symbol != self.symbol and has_own_table(node):
                self.complete = False  # inherits from a table: joined or single-table inheritance
            for member in node.members:
                self.member(split(symbol)[0], member, is_model)
        own = self.own_columns()
        return Entity(
            self.symbol,
            name,
            self.table or name.lower(),
            path,
            self.node.start,
            self.node.end,
            own,
            self.uniques(),
            self.indexes(),
            tuple(self.with_columns(each) for each in self.relations.values()),
            tuple(self.constraints.checks),
            self.stored(self.version),
            complete=self.complete,
        )

    def member(self, path: str, member: Node, is_model: bool) -> None:
        if isinstance(member, Function):
            self.declared(member)
            return
        if not isinstance(member, Assignment) or not isinstance(member.targets[0], Name):
            return
        name, value = member.targets[0].id, member.value
        match name:
            case "__tablename__":
                self.table = str(value.value) if isinstance(value, Literal) else ""
            case "__table_args__":
                self.table_arguments(value)
            case "__mapper_args__":
                self.mapper_arguments(value)
            case "__table__" if isinstance(value, Call) and is_table(value):
                self.inline_table(value)
            case _ if not name.startswith("__"):
                self.field(path, name, member, is_model)

    def declared(self, member: Function) -> None:
        """A `@declared_attr`, whose result is only known at run time."""
        if any(last_name(each) in ("declared_attr", "directive") for each in member.decorators):
            if member.name == "__tablename__":
                self.table = ""
            else:
                self.complete = False

    def field(self, path: str, name: str, member: Assignment, is_model: bool) -> None:
        call = member.value if isinstance(member.value, Call) else None
        callee = last_name(call.callee) if call is not None else ""
        annotation = self.with_aliases(path, member.annotation)
        if callee in ("relationship", "Relationship", "dynamic_loader"):
            assert call is not None
            self.relations[name] = self.relation(path, name, call, annotation)
        elif callee in COLUMN_CALLS or last_name(annotation) == "Mapped":
            self.columns[name] = read_column(call, name, annotation, member.start, member.end)
        elif is_model and isinstance(annotation, Type) and annotation.name.rpartition(".")[2] not in NOT_FIELDS:
            self.columns[name] = read_column(
                call if callee == "Field" else None, name, annotation, member.start, member.end
            )

    def with_aliases(self, path: str, annotation: Node | None) -> Node | None:
        """`Mapped[intpk]` where `intpk = Annotated[int, mapped_column(primary_key=True)]`."""
        if not isinstance(annotation, Type) or len(annotation.arguments) != 1:
            return annotation
        inner = annotation.arguments[0]
        if not isinstance(inner, Type) or inner.arguments:
            return annotation
        definition = self.names.node(self.names.expression(path, inner)) if inner.name else None
        if not isinstance(definition, Assignment) or not isinstance(definition.value, Subscript):
            return annotation
        if last_name(definition.value.value) != "Annotated":
            return annotation
        first, *rest = literal_items(definition.value.key)
        of_type = Type(first.start, first.end, last_name(first))
        return Type(
            inner.start, inner.end, annotation.name, (Type(inner.start, inner.end, "Annotated", (of_type, *rest)),)
        )

    def relation(self, path: str, name: str, call: Call, annotation: Node | None) -> Relation:
        arguments = positional(call)
        written = str(arguments[0].value) if arguments and isinstance(arguments[0], Literal) else ""
        target = written.rpartition(".")[2] or (last_name(arguments[0]) if arguments else "") or related(annotation)
        lazy = keyword(call, "lazy")
        loading = str(lazy.value) if isinstance(lazy, Literal) else "select"
        many = is_many(annotation)
        uselist = keyword(call, "uselist")
        if isinstance(uselist, Literal) and isinstance(uselist.value, bool):
            many = uselist.value
        columns = local_columns(keyword(call, "foreign_keys"))
        symbol = self.names.lookup(path, target) or target
        kind = "none" if loading in NOT_LOADED else LOADING.get(loading, "")
        # Without an annotation, the side with the foreign key refers to one row: known when all columns are.
        return Relation(
            name, symbol, many if many is not None else keyword(call, "secondary") is not None, kind, columns
        )

    def with_columns(self, relation: Relation) -> Relation:
        """Add the columns of this table that refer to the other side, unless the relation names them."""
        if relation.columns:
            return Relation(
                relation.name,
                relation.target,
                relation.many,
                relation.loading,
                tuple(map(self.stored, relation.columns)),
            )
        target = relation.target.rpartition(":")[2].lower()
        found = [each.column for each in self.columns.values() if refers(each.column.references, target)]
        chosen = [each for each in found if relation.name in (each.field or each.name)] or found
        return Relation(
            relation.name, relation.target, relation.many, relation.loading, tuple(each.name for each in chosen[:1])
        )

    def table_arguments(self, value: Node | None) -> None:
        for part in literal_items(value):
            if isinstance(part, Call):
                read_constraint(part, self.constraints)

    def mapper_arguments(self, value: Node | None) -> None:
        if isinstance(value, Mapping):
            for entry in value.entries:
                if isinstance(entry.key, Literal) and entry.key.value == "version_id_col":
                    self.version = last_name(entry.value)

    def inline_table(self, call: Call) -> None:
        arguments = positional(call)
        self.table = str(getattr(arguments[0], "value", ""))
        for part in arguments[2:]:
            if isinstance(part, Call) and last_name(part.callee) == "Column":
                read = read_column(part, "", None, part.start, part.end)
                self.columns[read.column.name] = read
            elif isinstance(part, Call):
                read_constraint(part, self.constraints)

    def stored(self, field: str) -> str:
        """The column name of a field of the class."""
        return self.columns[field].column.name if field in self.columns else field

    def own_columns(self) -> tuple[Column, ...]:
        return tuple(each.column for each in self.columns.values())

    def uniques(self) -> tuple[Unique, ...]:
        own = [unique for each in self.columns.values() if (unique := each.unique()) and not unique.primary]
        keys = tuple(each.column.name for each in self.columns.values() if each.is_primary)
        primary = [Unique(keys, primary=True)] if keys else []
        written = [
            Unique(tuple(map(self.stored, each.columns)), each.where, each.primary) for each in self.constraints.uniques
        ]
        return (*primary, *own, *written)

    def indexes(self) -> tuple[Index, ...]:
        own = [index for each in self.columns.values() if (index := each.index())]
        written = [Index(tuple(map(self.stored, each.columns)), each.where) for each in self.constraints.indexes]
        return (*own, *written)


def related(annotation: Node | None) -> str:
    """The class that a relation's annotation names: the innermost in `Mapped[list["Order"]]`."""
    of_type, _, _ = annotated_type(annotation)
    while of_type is not None and of_type.arguments:
        inner, _, _ = annotated_type(of_type.arguments[-1])
        if inner is None:
            break
        of_type = inner
    return last_name(of_type)


def local_columns(node: Node | None) -> tuple[str, ...]:
    """The columns of `foreign_keys=[seller_id]`, also as text; not those of the other side ("Deal.seller_id")."""
    if isinstance(node, Literal):
        text = str(node.value).strip("[]")
        return () if "." in text else tuple(part.strip() for part in text.split(",") if part.strip())
    return tuple(each.id for each in literal_items(node) if isinstance(each, Name))


def refers(references: str, entity: str) -> bool:
    """Whether a foreign key's table is that of an entity, judged by name: "users.id" and "user"."""
    table = references.rpartition(".")[0].rpartition(".")[2].lower().replace("_", "")
    return bool(table) and table in (entity, f"{entity}s", f"{entity}es", f"{entity.removesuffix('y')}ies")


READER = Reader(entities=sqlalchemy_entities)
