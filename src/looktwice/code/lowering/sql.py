"""The effects of SQL text: sqlglot parses each text once, after a check of its first word."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

import sqlglot
from msgspec import Struct
from sqlglot import expressions as exp

from looktwice.code.ir.common import NONE, Known
from looktwice.code.ir.control import Op
from looktwice.code.ir.effects import Cond, EffectKind, Put, Rows, Target, TargetKind, Trait
from looktwice.code.ir.values import Origin, OriginKind, Via
from looktwice.code.lowering.body import effect_of
from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.values import UNKNOWN, UNSET, Val, merge
from looktwice.code.syntax.tree import Node
from looktwice.core.parsing import NotParsedError, attempt

VERB = re.compile(
    r"\s*+(?:/\*(?:[^*]|\*(?!/))*+\*/\s*+|--[^\n]*+\n\s*+)*+(select|with|insert|update|delete|begin|start|commit|rollback|lock|merge|set|"
    r"savepoint|truncate|create|alter|drop|copy|listen|notify|explain|values|end|release)\b",
    re.I | re.S,
)
ADVISORY = re.compile(r"pg_(?:try_)?advisory_(?:xact_)?lock", re.I)
PLACEHOLDERS = re.compile(r"%\((\w+)\)s|%s|(?<![:\w]):([A-Za-z_]\w*)|\$(\d+)|(?<![?\w])\?(?![?|&])")
HOLE = "lt_hole_"
LONGEST = 20_000


class Column(Struct, frozen=True):
    name: str
    op: Op
    parameter: str = ""  # "1", "name", "hole 2"; "" for a constant or an expression
    relative: bool = False
    constant: str | int | float | None = None


class Parsed(Struct, frozen=True):
    """The relevant parts of one SQL statement."""

    kind: EffectKind
    table: str = ""
    where: tuple[Column, ...] = ()
    puts: tuple[Column, ...] = ()
    traits: int = 0
    rows: Rows = Rows.UNKNOWN
    joins: tuple[str, ...] = ()
    column: str = ""  # when one column is selected
    columns: tuple[str, ...] = ()  # when several are, by position
    aggregate: str = ""
    detail: str = ""


def text_of(value: Val) -> tuple[str, tuple[Val, ...]]:
    """The text with a placeholder for every piece that is not constant, and those pieces."""
    holes: list[Val] = []
    spelled: list[str] = []
    waiting, length = [value], 0
    while waiting and length <= LONGEST:
        piece = waiting.pop()
        if piece.options and piece.constant is UNSET and (parts := piece.options.get("parts")) and parts.items:
            waiting.extend(reversed(parts.items))
            continue
        if piece.constant is UNSET:
            spelled.append(f"{HOLE}{len(holes)}")
            holes.append(piece)
        else:
            spelled.append(str(piece.constant))
        length += len(spelled[-1])
    return "".join(spelled), tuple(holes)


def execute(
    low: Lowering,
    node: Node,
    name: str,
    text: Val,
    bound: Val | None,
    handle: Val | None,
    rows: Rows,
    entities: tuple[str, ...] = (),
) -> Val:
    """Run SQL text on a handle: adds its effects and returns its result."""
    spelled, holes = text_of(text)
    is_tagged = text.options is not None and "tagged" in text.options
    parsed = parse(spelled[:LONGEST]) if VERB.match(spelled) else (Parsed(EffectKind.QUERY),)
    args = [("text", low.body.value(text))]
    if bound is not None:
        args.append(("bound", low.body.value(bound)))
    traits = (Trait.BOUND if bound is not None or not holes else 0) | (0 if is_tagged else Trait.RAW)
    if holes and not is_tagged:
        args.append(("built", low.body.origins(merge(each.origins for each in holes))))
    value = UNKNOWN
    resolve = _Parameters(low, bound, holes, is_tagged)
    for statement in parsed:
        kind = statement.kind
        target = Target(TargetKind.NONE)
        if kind is EffectKind.LOCK and statement.detail == "advisory":
            target = Target(
                TargetKind.LOCK, "advisory", resolve.number(statement.where[0]) if statement.where else NONE
            )
        elif statement.table or entities:
            entity = (
                low.world.entity(f"table:{statement.table}")
                if statement.table and HOLE not in statement.table
                else None
            )
            target = Target(
                TargetKind.ENTITY,
                entity.key if entity else (f"table:{statement.table}" if statement.table else entities[0]),
            )
        number = low.body.effect(
            effect_of(
                kind,
                node,
                target=target,
                where=tuple(Cond(each.name, each.op, resolve.number(each)) for each in statement.where),
                puts=tuple(Put(each.name, resolve.number(each), each.relative) for each in statement.puts),
                handle=low.body.value(handle) if handle is not None and handle.origins else NONE,
                rows=statement.rows if statement.rows is not Rows.UNKNOWN else rows,
                traits=traits | statement.traits | (Trait.BULK if kind in (EffectKind.WRITE, EffectKind.DELETE) else 0),
                fails=failure_mode(kind),
                known=Known.TYPED,
                name=name,
                args=tuple(args),
            )
        )
        if number == NONE:
            return UNKNOWN
        origin = Origin(OriginKind.ROW, number, (statement.column,) if statement.column else ())
        if kind in (EffectKind.COUNT, EffectKind.EXISTS):
            origin = Origin(OriginKind.COUNT, number)
        if statement.aggregate in ("max", "min"):
            origin = Origin(OriginKind.ROW, number, (statement.column,) if statement.column else (), Via.EXTREME)
        low.body.refine(number, result=low.body.origins((origin,)))
        columns = (
            {"columns": Val(items=tuple(low.constant(each) for each in statement.columns))}
            if statement.columns
            else None
        )
        value = Val((origin,), "", "", effect=number, options=columns)
    return value


def failure_mode(kind: EffectKind) -> object:
    from looktwice.code.ir.effects import Fails

    return Fails.ROWCOUNT if kind in (EffectKind.WRITE, EffectKind.DELETE) else Fails.RAISES


class _Parameters:
    """The values of a statement's placeholders."""

    def __init__(self, low: Lowering, bound: Val | None, holes: tuple[Val, ...], is_tagged: bool) -> None:
        self.low, self.bound, self.holes, self.is_tagged = low, bound, holes, is_tagged

    def number(self, column: Column) -> int:
        if column.parameter.startswith("hole "):
            position = int(column.parameter[5:])
            return self.low.body.value(self.holes[position]) if position < len(self.holes) else NONE
        if column.parameter and self.bound is not None:
            bound = self.bound
            if bound.entries is not None and column.parameter in bound.entries:
                return self.low.body.value(bound.entries[column.parameter])
            if column.parameter.isdigit() and bound.items is not None and int(column.parameter) - 1 < len(bound.items):
                return self.low.body.value(bound.items[int(column.parameter) - 1])
            return self.low.body.value(bound)
        if column.parameter:
            return NONE
        if column.constant is not None:
            return self.low.body.origins(self.low.body.of_constant(OriginKind.CONST, column.constant))
        return NONE


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@lru_cache(maxsize=5_000)
def parse(text: str) -> tuple[Parsed, ...]:
    """The statements of a text; one QUERY when it cannot be parsed."""
    counter = iter(range(1, 10_000))

    def named(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3] or str(next(counter))
        return f":p_{name}"

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns about what it cannot parse; here that is a QUERY
    try:
        trees = sqlglot.parse(PLACEHOLDERS.sub(named, text), read="postgres", error_level=sqlglot.ErrorLevel.IGNORE)
    except Exception:  # sqlglot raises many kinds of errors on text that is not SQL
        return (Parsed(EffectKind.QUERY),)
    found = tuple(each for tree in trees[:8] if tree is not None for each in _read(tree))
    return found or (Parsed(EffectKind.QUERY),)


def _read(tree: Any) -> list[Parsed]:
    """As `_statement`; a tree that lacks parts, because the text ends early, is a QUERY as well."""
    try:
        return attempt("SQL", lambda: _statement(tree))
    except NotParsedError:
        return [Parsed(EffectKind.QUERY)]


def _statement(tree: Any) -> list[Parsed]:
    if isinstance(tree, exp.Select):
        return _select(tree)
    if isinstance(tree, exp.Update):
        sets = tuple(_put(each) for each in tree.expressions if isinstance(each, exp.EQ))
        return [Parsed(EffectKind.WRITE, _table(tree.this), _where(tree), sets)]
    if isinstance(tree, exp.Insert):
        return [_insert(tree)]
    if isinstance(tree, exp.Delete):
        return [Parsed(EffectKind.DELETE, _table(tree.this), _where(tree))]
    if isinstance(tree, exp.Transaction):
        return [Parsed(EffectKind.BEGIN, detail=str(tree.args.get("modes") or ""))]
    if isinstance(tree, exp.Commit):
        return [Parsed(EffectKind.COMMIT)]
    if isinstance(tree, exp.Rollback):
        return [Parsed(EffectKind.ROLLBACK)]
    if isinstance(tree, exp.Command | exp.Alias | exp.Column):
        word = tree.sql().strip().lower()
        if word.startswith(("begin", "start transaction")):
            return [Parsed(EffectKind.BEGIN)]
        if word.startswith("lock"):
            return [Parsed(EffectKind.LOCK, detail="table")]
    return [Parsed(EffectKind.QUERY)]


def _select(tree: exp.Select) -> list[Parsed]:
    source = tree.args.get("from_") or tree.args.get("from")
    table = _table(source.this) if source is not None else ""
    if not table and ADVISORY.search(tree.sql()):
        call = next(iter(tree.find_all(exp.Anonymous)), None)
        arguments = tuple(_value("key", Op.EQ, each) for each in (call.expressions if call is not None else ())[:1])
        return [Parsed(EffectKind.LOCK, "", arguments, detail="advisory")]
    kind, rows, column, aggregate = EffectKind.READ, Rows.UNKNOWN, "", ""
    columns: tuple[str, ...] = ()
    if len(tree.expressions) > 1 and all(isinstance(each.unalias(), exp.Column) for each in tree.expressions):
        columns = tuple(each.alias_or_name for each in tree.expressions)
    if len(tree.expressions) == 1:
        only = tree.expressions[0].unalias()
        if isinstance(only, exp.Count):
            kind, rows, aggregate = EffectKind.COUNT, Rows.ONE, "count"
        elif isinstance(only, exp.Exists):
            kind, rows, aggregate = EffectKind.EXISTS, Rows.ONE, "exists"
        elif isinstance(only, exp.AggFunc):
            rows, aggregate = Rows.ONE, type(only).__name__.lower()
            column = only.this.name if isinstance(only.this, exp.Column) else ""
        elif isinstance(only, exp.Column):
            column = only.name
    if tree.args.get("limit") is not None and rows is Rows.UNKNOWN:
        number = tree.args["limit"].expression
        rows = Rows.ONE if isinstance(number, exp.Literal) and number.name == "1" else Rows.BOUNDED
    traits = Trait.LOCKS_ROW if any(each.args.get("update") for each in tree.args.get("locks") or ()) else 0
    joins = tuple(_table(each.this) for each in tree.args.get("joins") or ())
    where = _where(tree)
    return [
        Parsed(
            kind,
            table,
            where,
            traits=traits,
            rows=rows,
            joins=joins,
            column=column,
            columns=columns,
            aggregate=aggregate,
        )
    ]


def _insert(tree: exp.Insert) -> Parsed:
    target = tree.this
    names = [each.name for each in target.expressions] if isinstance(target, exp.Schema) else []
    puts: tuple[Column, ...] = ()
    if isinstance(tree.expression, exp.Values) and tree.expression.expressions:
        row = tree.expression.expressions[0]
        values = row.expressions if isinstance(row, exp.Tuple) else [row]
        puts = tuple(_value(name, Op.EQ, value) for name, value in zip(names, values, strict=False))
    elif isinstance(tree.expression, exp.Select):
        puts = tuple(Column(name, Op.EQ) for name in names)
    return Parsed(EffectKind.CREATE, _table(target), puts=puts, traits=Trait.UPSERT if tree.args.get("conflict") else 0)


def _table(node: Any) -> str:
    if isinstance(node, exp.Schema):
        node = node.this
    return node.name if isinstance(node, exp.Table) else ""


def _where(tree: Any) -> tuple[Column, ...]:
    clause = tree.args.get("where")
    if clause is None:
        return ()
    found = []
    for part in clause.this.flatten() if isinstance(clause.this, exp.And) else (clause.this,):
        found.append(_condition(part.unnest() if hasattr(part, "unnest") else part))
    return tuple(found)


OPERATIONS = {exp.EQ: Op.EQ, exp.NEQ: Op.NE, exp.GT: Op.MORE, exp.GTE: Op.MORE, exp.LT: Op.LESS, exp.LTE: Op.LESS,
              exp.Like: Op.LIKE, exp.ILike: Op.LIKE}  # fmt: skip


def _condition(node: Any) -> Column:
    op = OPERATIONS.get(type(node))
    if op is not None:
        left, right = node.this, node.expression
        if not isinstance(left, exp.Column):
            left, right = right, left
            op = {Op.LESS: Op.MORE, Op.MORE: Op.LESS}.get(op, op)
        if isinstance(left, exp.Column):
            return _value(left.name, op, right)
    if isinstance(node, exp.In) and isinstance(node.this, exp.Column):
        values = node.expressions
        return _value(node.this.name, Op.IN, values[0]) if values else Column(node.this.name, Op.IN)
    if isinstance(node, exp.Is) and isinstance(node.this, exp.Column):
        return Column(node.this.name, Op.TRUE if node.args.get("negate") else Op.NULL)
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Is):
        return Column(node.this.this.name, Op.TRUE)
    column = node.find(exp.Column)
    return Column(column.name if column is not None else "*", Op.OPAQUE)


def _put(node: exp.EQ) -> Column:
    name = node.this.name
    found = _value(name, Op.EQ, node.expression)
    relative = any(each.name == name for each in node.expression.find_all(exp.Column))
    return Column(name, Op.EQ, found.parameter, relative, found.constant)


def _value(name: str, op: Op, node: Any) -> Column:
    holder = node.find(exp.Placeholder)
    if holder is not None:
        return Column(name, op, holder.name.removeprefix("p_"))
    hole = next((each for each in node.find_all(exp.Identifier) if each.name.startswith(HOLE)), None)
    if hole is not None:
        return Column(name, op, f"hole {hole.name.removeprefix(HOLE)}")
    if isinstance(node, exp.Literal):
        if node.is_string and HOLE in node.name:
            position = re.search(rf"{HOLE}(\d+)", node.name)
            return Column(name, op, f"hole {position[1]}" if position else "")
        return Column(name, op, constant=node.name)
    if isinstance(node, exp.Boolean):
        return Column(name, op, constant=str(node.this).lower())
    if isinstance(node, exp.Column) and op is Op.EQ:
        return Column(name, Op.OPAQUE)
    return Column(name, op)
