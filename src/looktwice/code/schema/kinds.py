"""The kind of a column, by its name and type: money, secret, state, counter, owner, time."""

from __future__ import annotations

import re

from looktwice.code.ir.entities import ColumnKind

NUMBERS = frozenset(
    (
        *("int", "integer", "bigint", "biginteger", "smallint", "smallinteger", "int2", "int4", "int8", "serial"),
        *("bigserial", "number", "numeric", "decimal", "float", "double", "real", "money"),
    )
)
TIMES = frozenset(("datetime", "date", "time", "timestamp", "timestamptz", "interval"))
BOOLEANS = frozenset(("bool", "boolean"))
WORDS: tuple[tuple[ColumnKind, re.Pattern[str]], ...] = (
    (
        ColumnKind.SECRET,
        re.compile(
            r"\b(password|passwd|pwd|secret|token|(api|private|access|secret) key|(access|reset|verification) code|salt"
            r"|otp|pin|ssn|iban|cvv)( (hash|hashed|digest|encrypted|value))?$"
        ),
    ),
    (ColumnKind.STATUS, re.compile(r"\b(status|state|phase|stage)$")),
    (
        ColumnKind.OWNER,
        re.compile(
            r"^(.* )?(user|owner|author|creator|tenant|org|organisation|organization|account|customer|member|workspace"
            r"|company|team|agency|seller|buyer|client|patient|student|employee|profile)( (id|uuid|pk))?$"
            r"|^(created|owned|uploaded|submitted|assigned) (by|to)( id)?$"
        ),
    ),
)
MONEY = re.compile(
    r"\btotal$|\b(amount|balance|price|subtotal|cost|fee|fees|cents|tax|discount|refund|credit|credits|budget|salary|payout"
    r"|deposit|fare|revenue|commission|earnings|paid|due|funds|cash|wallet|limit amount)\b"
)
COUNTER = re.compile(
    r"\b(count|counter|quantity|qty|stock|inventory|remaining|available|seats|views|likes|attempts|usage|used|uses|sum|num|total"
    r"|number|points|score|capacity|votes|hits|downloads|streak|tries|retries|left|reserved|sold|version|sequence|seq)\b"
)
STATES = re.compile(
    r"\b(used|redeemed|claimed|paid|processed|sent|locked|consumed|revoked|approved|completed|done|closed|cancelled"
    r"|canceled|refunded|active|published|confirmed|accepted|settled|finished|expired)\b"
)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words(name: str) -> str:
    """The words of a name: "remainingSeats" and "remaining_seats" are both "remaining seats"."""
    return " ".join(WORD.findall(name)).lower()


def kind_of(name: str, type_name: str, *, is_key: bool = False, default: str = "") -> ColumnKind:
    """The kind of a column.

    name: in the store or in the code. type_name: of the language, the ORM or SQL ("Numeric", "TIMESTAMPTZ").
    is_key: a primary or foreign key. default: a number that starts at 0 is a counter.
    """
    text, kind = words(name), type_name.lower().rpartition(".")[2]
    for found, pattern in WORDS:
        if pattern.search(text) and (found is not ColumnKind.OWNER or is_key or text.endswith((" id", " by", " uuid"))):
            return found
    if is_key:
        return ColumnKind.KEY
    if kind in TIMES or text.endswith(" at"):
        return ColumnKind.TIME
    if kind in BOOLEANS:
        return ColumnKind.STATUS if STATES.search(text) else ColumnKind.FREE
    if kind in NUMBERS or not kind:
        if MONEY.search(text):
            return ColumnKind.MONEY
        if COUNTER.search(text) or default == "0":
            return ColumnKind.COUNTER
    return ColumnKind.FREE
