"""Types inferred from use: an untyped object that receives a SQLAlchemy statement is a session."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from looktwice.code.lowering.context import Lowering
from looktwice.code.lowering.sql import VERB
from looktwice.code.lowering.values import Val
from looktwice.code.syntax.tree import Attribute, Node

SESSION = "sqlalchemy.orm.Session"
ASYNC_SESSION = "sqlalchemy.ext.asyncio.AsyncSession"
PRISMA = "@prisma/client.PrismaClient"
SESSIONS = frozenset(("db", "session", "db_session", "database"))
TAKES_STATEMENT = frozenset(("execute", "scalars", "scalar", "exec", "stream", "stream_scalars"))
TAKES_ENTITY = frozenset(("get", "get_one", "query"))
TAKES_INSTANCE = frozenset(("add", "add_all", "delete", "merge", "refresh"))
TAKES_TEXT = {"query": "pg.Client", "execute": "psycopg.Cursor"}
WRITES_IN_PRISMA = frozenset(("create", "update", "delete", "count"))
DISTINCTIVE_IN_PRISMA = frozenset(
    (
        "findUnique",
        "findUniqueOrThrow",
        "findFirst",
        "findFirstOrThrow",
        "findMany",
        "createMany",
        "updateMany",
        "deleteMany",
        "upsert",
        "aggregate",
        "groupBy",
    )
)


def by_arguments(low: Lowering, method: str, receiver: Val, given: Sequence[Val]) -> str:
    """The name of a method of an untyped object, when its argument is conclusive; "" otherwise.

    From here on, all names of the object have the type.
    """
    first = given[0] if given else None
    if first is None:
        return ""
    kind = ""
    if low.is_python and (
        (method in TAKES_STATEMENT and first.statement is not None)
        or (method in TAKES_ENTITY and low.is_entity(first.symbol))
        or (method in TAKES_INSTANCE and _is_instance(low, first))
    ):
        kind = SESSION
    elif method in TAKES_TEXT and _is_sql(first) and low.is_python == (method == "execute"):
        kind = TAKES_TEXT[method]
    if not kind:
        return ""
    low.scope.replace(receiver, replace(receiver, type=kind))
    return f"{kind}.{method}"


def _is_instance(low: Lowering, value: Val) -> bool:
    items = value.items if value.items is not None else (value,)
    return bool(items) and all(each.made is not None or low.is_entity(each.type) for each in items)


def _is_sql(value: Val) -> bool:
    text = value.constant
    if not isinstance(text, str) and value.options and (parts := value.options.get("parts")) and parts.items:
        text = parts.items[0].constant
    return isinstance(text, str) and VERB.match(text) is not None


def delegate(low: Lowering, method: str, node: Node) -> str:
    """`x.wallet.findMany(…)` is Prisma's, whatever x is, when the schema has a Wallet."""
    if low.is_python or method not in DISTINCTIVE_IN_PRISMA | WRITES_IN_PRISMA:
        return ""
    owner = node.value if isinstance(node, Attribute) else None
    if not isinstance(owner, Attribute) or low.world.entity(f"prisma:{owner.name}") is None:
        return ""
    if method in WRITES_IN_PRISMA and getattr(owner.value, "id", "") not in ("prisma", "db", "tx", "trx", "client"):
        return ""
    return f"{PRISMA}.{owner.name}.{method}"


def by_name(low: Lowering, name: str, is_async: bool) -> str:
    """The type of an untyped parameter with a conventional name for a session, where SQLAlchemy is available."""
    if not low.is_python or name not in SESSIONS or not low.names.imports(low.path, "sqlalchemy", "sqlmodel"):
        return ""
    return ASYNC_SESSION if is_async else SESSION
