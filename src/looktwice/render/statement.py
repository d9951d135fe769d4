"""SQL for readers: the long lists that object mappers write are left out, names lose their quotes."""

from __future__ import annotations

import re

LONGEST_LIST = 32
"""Letters of a list of columns that is still shown."""

_LISTS = re.compile(r"\b(SELECT|RETURNING)\s+((?:DISTINCT\s+)?)(.+?)(?=\s+FROM\b|$)", re.IGNORECASE | re.DOTALL)
_QUALIFIER = re.compile(r'"public"\.|\bpublic\.(?=[\w"])')
_QUOTED = re.compile(r'"(\w+)"')
_CAST = re.compile(r"(\$\d+)::(?:double precision|character varying|\w+)(?:\[\])?")
_PADDING = re.compile(r"\(([^()]*?) AND 1=1\)")


def abridged(statement: str) -> str:
    """One line that says what the statement does. What is no SQL stays unchanged."""
    text = " ".join(statement.split())
    if not re.match(r"(?i)(select|insert|update|delete|with)\b", text):
        return text
    text = _CAST.sub(r"\1", _QUOTED.sub(r"\1", _QUALIFIER.sub("", text)))
    text = _PADDING.sub(r"(\1)", text)
    return _LISTS.sub(lambda it: f"{it[1]} {it[2]}{it[3] if len(it[3]) <= LONGEST_LIST else '…'}", text)
