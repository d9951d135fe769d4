"""What ties a row to whoever is asking: conditions of the query, tests after it, permissions of the route."""

from __future__ import annotations

from collections.abc import Iterator

from doubletake.code.effects import (
    NONE,
    Effect,
    EffectKind,
    Entity,
    FunctionSummary,
    GuardRole,
    Handler,
    Maybe,
    Op,
    Origin,
    OriginKind,
)
from doubletake.code.questions.guards import guards, origins, sides
from doubletake.code.questions.knowledge import Knowledge, is_principal
from doubletake.code.questions.rows import column_name

CAPABILITY = ("token", "secret", "code", "slug", "hash", "signature", "uuid_token")
ROLE_WORDS = ("admin", "role", "staff", "superuser", "permission", "scope", "type", "moderator", "is_super")


def is_permitted(handler: Handler) -> bool:
    """Whether the route is open to everyone on purpose, or asks for a role, a permission or a signature."""
    if handler.public is Maybe.YES:
        return True
    return any(guard.role in (GuardRole.AUTHORIZES, GuardRole.VERIFIES) for guard in handler.guards)


def chosen_by_request(k: Knowledge, f: FunctionSummary, effect: Effect) -> Origin | None:
    """The origin of the key when the caller chose which row this is; None when something else did."""
    entity = k.entity(effect)
    for cond in effect.where:
        if cond.op is not Op.EQ or cond.value == NONE or is_capability(column_name(entity, cond.column)):
            continue
        if not is_key(entity, column_name(entity, cond.column)):
            continue
        for origin in f.values[cond.value]:
            if origin.kind is OriginKind.REQUEST:
                return origin
    return None


def is_key(entity: Entity | None, column: str) -> bool:
    """Whether a column identifies a row, or the row that it belongs to."""
    if column in ("id", "pk", "uuid") or column.endswith(("_id", "Id")):
        return True
    if entity is None:
        return False
    return any(unique.columns == (column,) and unique.primary for unique in entity.uniques)


def is_capability(column: str) -> bool:
    """Whether knowing the value is itself the permission: an unguessable token."""
    return any(word in column.lower() for word in CAPABILITY)


def is_scoped(f: FunctionSummary, effect: Effect) -> bool:
    """Whether the statement itself names who is asking."""
    return any(cond.value != NONE and is_principal(f, cond.value) for cond in effect.where) or any(
        put.value != NONE and is_principal(f, put.value) for put in effect.puts if effect.kind is EffectKind.CREATE
    )


def is_tied_before(f: FunctionSummary, effect: Effect, uses: Iterator[Effect]) -> bool:
    """Whether a test that compares a row with who is asking, or asks for a role, stands before each use."""
    waiting = list(uses)
    return bool(waiting) and all(_is_tied(f, use) for use in waiting)


def _is_tied(f: FunctionSummary, use: Effect) -> bool:
    for check in guards(f, use):
        if not check.is_certain:
            continue
        kinds = {origin.kind for origin in origins(f, check.atom)}
        if OriginKind.PRINCIPAL in kinds and (OriginKind.ROW in kinds or _is_role(f, check.atom)):
            return True
    return False


def _is_role(f: FunctionSummary, atom: object) -> bool:
    from doubletake.code.effects import Comparison

    assert isinstance(atom, Comparison)
    return any(
        origin.kind is OriginKind.PRINCIPAL and any(word in part.lower() for part in origin.path for word in ROLE_WORDS)
        for here, _ in sides(f, atom)
        for origin in here
    )
