"""What a call of a store looks like: by its verb, its text, the name of its receiver and its neighbours in a chain."""

from __future__ import annotations

import re

from looktwice.code.coverage.links import Link, first_text, root_name
from looktwice.code.coverage.verbs import (
    ALWAYS_CLIENTS,
    CHANGING,
    CLIENTS,
    IN_SESSION,
    LINKING,
    NOT_OF_CLIENTS,
    REPOSITORIES,
    SQL_FUNCTIONS,
    STARTING,
    TELLING_VERBS,
    VERBS,
    plain,
)
from looktwice.code.syntax.tree import Attribute, Call, Name, Template

_DATA = re.compile(
    r"\s*(?:(?i:select\b.*\bfrom|insert\s+(?:or\s+\w+\s+)?into|update\s+\S+\s+set|delete\s+from|replace\s+into|merge\s+into|"
    r"with\s+(?:recursive\s+)?\w+\s+as)\b|(?:SELECT|INSERT|UPDATE|DELETE|WITH)\s)",
    re.DOTALL,
)
_SETTING = re.compile(r"\s*(?:pragma|set|show|explain|vacuum|analyze|listen|reset|discard)\b", re.IGNORECASE)

NAME = re.compile(r"[\w-]+")
"""A text that may be the name of a field, and no path or address."""

MAYBE, SURELY, NAMES_TABLE = 0, 1, 2
"""How surely a call is a store's: it may be something else, it can be nothing else, it also names a table."""


def is_verb(link: Link) -> bool:
    """Whether a call may read or change rows at all."""
    if plain(link.receiver_name) in SQL_FUNCTIONS or is_setting(link):
        return False
    return plain(link.name) in VERBS or has_sql(link)


def strength(chain: list[Link], number: int, receiver: str) -> int:
    """How surely a call is a store's. receiver: the name of the object that the method is called on."""
    if names_table(chain) and is_statement(chain):
        return NAMES_TABLE
    return SURELY if is_telling(chain, number, receiver) else MAYBE


def is_telling(chain: list[Link], number: int, receiver: str) -> bool:
    """Whether a call is a store's by its own name, its text, its receiver's name or the links beside it."""
    link = chain[number]
    verb, name, root = plain(link.name), plain(receiver), plain(root_name(link.receiver))
    if verb in TELLING_VERBS or has_sql(link) or {name, root} & ALWAYS_CLIENTS or name.endswith(REPOSITORIES):
        return True
    if name in CLIENTS or root in CLIENTS:
        return root != name or verb not in NOT_OF_CLIENTS
    if name.endswith("session"):
        return verb in IN_SESSION
    return is_statement(chain)


def client_name(link: Link) -> str:
    """What the client of a call is called: `prisma` in `prisma.wallet.find()`, `Wallet.objects`, `walletRepo`."""
    root, name = root_name(link.receiver), link.receiver_name
    if name == "objects":
        return f"{root}.{name}"
    return root if plain(root) in ALWAYS_CLIENTS | CLIENTS else name or root or link.name


def names_client(node: Name | Attribute) -> bool:
    """Whether a value is named like what the data is reached by: a session or a client, no row and no column."""
    name = plain(node.name if isinstance(node, Attribute) else node.id)
    return name in CLIENTS | ALWAYS_CLIENTS or name.endswith(("session", "client", "db", *REPOSITORIES))


def reads_field(link: Link, *, is_outer: bool) -> bool:
    """`answer.get("name")`: reads a field of what a service answered with, and asks nothing.

    is_outer: of a service that has no keys, so that the text cannot be one.
    """
    texts = [first_text(each) for each in link.positions]
    if plain(link.name) != "get" or not texts or not NAME.fullmatch(texts[0]) or len(texts) < len(link.arguments):
        return False
    return len(texts) == 2 or (is_outer and len(texts) == 1)


def is_telling_of_unknown(chain: list[Link], number: int, receiver: str) -> bool:
    """The same for what leads nowhere: two words in a row are not enough there, they need a table's name.

    A method that is given nothing says something only of what is named like a store, or a class: `e.scalars()`.
    """
    link, root = chain[number], root_name(chain[number].receiver)
    if receiver in ("this", "self", "cls"):
        return False
    if not link.arguments and len(receiver) <= 1 and root == receiver and isinstance(link.call, Call):
        return False
    if is_statement(chain) and not names_table(chain):
        return is_telling([chain[number]], 0, receiver)
    return is_telling(chain, number, receiver)


def is_statement(chain: list[Link]) -> bool:
    """A chain that names a table or builds a statement: `.table("x").where(…)`, `.update(x).set(…)`."""
    words = [plain(each.name) for each in chain]
    is_long = sum(word in LINKING for word in words) >= 2
    return is_long and (names_table(chain) or any(word in CHANGING for word in words))


def names_table(chain: list[Link]) -> bool:
    return any(plain(each.name) in STARTING and each.has_text for each in chain)


def has_sql(link: Link) -> bool:
    """Whether a call is given a statement that reads or changes rows, as text."""
    texts = [first_text(each) for each in link.positions[:2]]
    if isinstance(link.call, Template):
        texts.append(first_text(link.call))
    return any(_DATA.match(each) is not None for each in texts)


def is_setting(link: Link) -> bool:
    """`PRAGMA …`, `SET …`: text for the connection and not for its rows."""
    return any(_SETTING.match(first_text(each)) is not None for each in link.positions[:1])
