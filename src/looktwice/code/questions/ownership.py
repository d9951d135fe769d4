"""What ties a row to the caller: conditions of the query, tests after it, permissions of the route."""

from __future__ import annotations

from looktwice.code.ir.common import NONE, Known, Maybe
from looktwice.code.ir.control import Comparison, Fact, FactKind, Op, RegionKind
from looktwice.code.ir.effects import STORE_WRITES, Effect, EffectKind, Rows
from looktwice.code.ir.entities import Entity
from looktwice.code.ir.handlers import GuardRole, Handler, HandlerKind
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import Origin, OriginKind
from looktwice.code.program.guards import RANK
from looktwice.code.questions.control import innermost, is_before
from looktwice.code.questions.guards import Check, guards, origins, sides
from looktwice.code.questions.knowledge import Knowledge, is_principal
from looktwice.code.questions.lookups import operator
from looktwice.code.questions.rows import column_name, identity, is_same_row

CAPABILITY = ("token", "secret", "code", "slug", "hash", "signature", "uuid_token")
REVEALS = EffectKind.RESPOND | EffectKind.SEND | EffectKind.PUBLISH
ROLE_WORDS = ("admin", "role", "staff", "superuser", "permission", "scope", "type", "moderator", "is_super")


def is_permitted(handler: Handler) -> bool:
    """Whether the route is public on purpose, or requires a role, a permission or a signature."""
    if handler.public is Maybe.YES:
        return True
    return any(guard.role in (GuardRole.AUTHORIZES, GuardRole.VERIFIES) for guard in handler.guards)


def has_unread_guard(handler: Handler | None) -> bool:
    """Whether project code guards the route, of which only the name is known."""
    guards = handler.guards if handler is not None else ()
    return any(
        guard.role is GuardRole.AUTHENTICATES
        and guard.known is Known.GUESSED
        and not guard.function
        and guard.name.isidentifier()
        for guard in guards
    )


def chosen_by_request(k: Knowledge, f: FunctionSummary, effect: Effect) -> tuple[Origin, int] | None:
    """The origin and the value of the key when the caller selects the row; None otherwise."""
    entity = k.entity(effect)
    for cond in effect.where:
        if cond.op is not Op.EQ or cond.value == NONE or is_capability(column_name(entity, cond.column)):
            continue
        if not is_key(entity, column_name(entity, cond.column)):
            continue
        for origin in f.values[cond.value]:
            if origin.kind is OriginKind.REQUEST:
                return origin, cond.value
    return None


def is_key(entity: Entity | None, column: str) -> bool:
    """Whether a column identifies the row, or its parent row."""
    if column in ("id", "pk", "uuid") or column.endswith(("_id", "Id")):
        return True
    if entity is None:
        return False
    return any(unique.columns == (column,) and unique.primary for unique in entity.uniques)


def is_capability(column: str) -> bool:
    """Whether knowing the value is a permission in itself: an unguessable token."""
    return any(word in column.lower() for word in CAPABILITY)


def is_scoped(f: FunctionSummary, effect: Effect) -> bool:
    """Whether the statement itself is restricted to the caller, or to rows found or created for the caller."""
    for cond in effect.where:
        if cond.op is Op.EQ and cond.value != NONE and _is_of_own_row(f, effect.order, cond.value):
            return True
    return _names_caller(f, effect)


def _is_of_own_row(f: FunctionSummary, before: int, value: int) -> bool:
    rows = [origin for origin in f.values[value] if origin.kind is not OriginKind.CONST]
    return bool(rows) and all(
        origin.kind is OriginKind.ROW and 0 <= origin.ref < len(f.effects) and _is_own(f, before, f.effects[origin.ref])
        for origin in rows
    )


def _is_own(f: FunctionSummary, before: int, row: Effect) -> bool:
    """Whether a row was found or created for the caller, or is such a row read again."""
    if row.order >= before:
        return False
    return _names_caller(f, row) or (not row.where and row.row != NONE and _is_of_own_row(f, row.order, row.row))


def _names_caller(f: FunctionSummary, effect: Effect) -> bool:
    return any(cond.value != NONE and is_principal(f, cond.value) for cond in effect.where) or any(
        put.value != NONE and is_principal(f, put.value) for put in effect.puts if effect.kind is EffectKind.CREATE
    )


def is_tied(f: FunctionSummary, use: Effect | Fact) -> bool:
    """Whether on every path to the use, a test compares the row with the caller or checks a role."""
    by_fact: dict[int, list[Check]] = {}
    for check in guards(f, use):
        if check.is_certain and _is_about_owner(f, check.atom):
            return True
        by_fact.setdefault(check.fact, []).append(check)
    # "neither an administrator nor the owner" was refused: the caller is one of the two
    return any(
        all(_is_about_owner(f, check.atom) for check in checks) for checks in by_fact.values() if len(checks) > 1
    )


def is_behind_scoped_read(k: Knowledge, f: FunctionSummary, use: Effect | Fact, key: int) -> bool:
    """Whether the same id must have been found among the caller's own rows before."""
    chosen = identity(f, f.values[key])
    for number, each in enumerate(f.effects):
        if each.kind is not EffectKind.READ or each.order >= use.order or not is_scoped(f, each):
            continue
        asked = (identity(f, f.values[c.value]) for c in each.where if c.op is Op.EQ and c.value != NONE)
        if any(chosen & value for value in asked) and (_never_absent(each) or _is_present(f, use, number)):
            return True
    return False


def _never_absent(read: Effect) -> bool:
    """Whether the call throws when there is no such row."""
    return read.name.endswith(("OrThrow", ".one", ".scalar_one", ".get_one"))


def _is_present(f: FunctionSummary, use: Effect | Fact, read: int) -> bool:
    return any(
        check.is_certain
        and any(o.kind is OriginKind.ROW and o.ref == read and not o.path for o in origins(f, check.atom))
        and operator(check.atom, False, check.holds) is Op.TRUE
        for check in guards(f, use)
    )


def partial_tests(f: FunctionSummary, use: Effect | Fact) -> tuple[int, ...]:
    """The facts of tests of the owner that some path to the use does not pass."""
    found = (check.fact for check in guards(f, use) if not check.is_certain and _is_about_owner(f, check.atom))
    return tuple(dict.fromkeys(found))


def _is_about_owner(f: FunctionSummary, atom: Comparison) -> bool:
    kinds = {origin.kind for origin in origins(f, atom)}
    if OriginKind.PRINCIPAL in kinds and (OriginKind.ROW in kinds or _is_role(f, atom)):
        return True
    return any(_names_role(f, origin) for origin in origins(f, atom))


def _names_role(f: FunctionSummary, origin: Origin) -> bool:
    """Whether a value is the name of a role, or whether the caller has one, however it was read."""
    if origin.path:
        return bool(RANK.search(origin.path[-1])) and origin.kind in (OriginKind.ROW, OriginKind.RESULT)
    is_constant = origin.kind in (OriginKind.CONST, OriginKind.MODULE) and 0 <= origin.ref < len(f.constants)
    text = f.constants[origin.ref] if is_constant else None
    return isinstance(text, str) and bool(RANK.search(text.rpartition(".")[2].rpartition(":")[2]))


def _is_role(f: FunctionSummary, atom: Comparison) -> bool:
    return any(
        origin.kind is OriginKind.PRINCIPAL and any(word in part.lower() for part in origin.path for word in ROLE_WORDS)
        for here, _ in sides(f, atom)
        for origin in here
    )


def uses(k: Knowledge, f: FunctionSummary, read: int) -> list[Effect | Fact]:
    """The uses of the row that was read: it is returned, sent on, or changed."""
    r, entity = f.effects[read], k.entity(f.effects[read])
    done: list[Effect | Fact] = []
    for number, each in enumerate(f.effects):
        if not is_before(f, r, each):
            continue
        is_revealed = each.kind & REVEALS and _carries(f, each, read)
        if is_revealed or (each.kind & STORE_WRITES and is_same_row(f, entity, read, number) is Maybe.YES):
            done.append(each)
    done += (
        fact
        for fact in f.facts
        if fact.kind is FactKind.RETURN
        and innermost(f, fact.region, RegionKind.CALL) == NONE
        and _is_row(f, fact.result, read)
    )
    return done


def _carries(f: FunctionSummary, effect: Effect, row: int) -> bool:
    return any(_is_row(f, value, row) for _, value in effect.args)


def _is_row(f: FunctionSummary, value: int, row: int) -> bool:
    return value != NONE and any(origin.kind is OriginKind.ROW and origin.ref == row for origin in f.values[value])


def is_publicly_listed(k: Knowledge, entity: str) -> bool:
    """Whether a public route lists the rows of this entity: then a single row is not confidential either."""
    return any(
        each.kind is EffectKind.READ
        and each.target.name == entity
        and each.rows in (Rows.MANY, Rows.BOUNDED)
        and not is_scoped(root.f, each)
        and root.f.regions[each.region].kind is not RegionKind.LOOP
        for root in k.roots
        if root.handler is not None and root.handler.kind is HandlerKind.HTTP and not is_permitted(root.handler)
        if k.program.reach[root.name] & EffectKind.READ
        for each in root.f.effects
    )
