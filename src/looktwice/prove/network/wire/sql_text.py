"""What a proxy needs to know of SQL text: its fingerprint (values taken out) and what kind of operation it is.

Deliberately lexical. A proxy sees every statement of every driver, in dialect corners no parser knows, and may never
refuse one; sqlglot is used elsewhere, on the few statements that matter.
"""

from __future__ import annotations

import re

from looktwice.prove.network.wire.operation import OperationKind

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<string>  [eEbBxXnN]?'(?:[^'\\]|''|\\.)*(?:'|\Z) | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$).*?(?:(?P=dollar)|\Z) )
    | (?P<quoted>  "(?:[^"]|"")*(?:"|\Z) )
    | (?P<placeholder> \$\d+ )
    | (?P<number>  (?<![\w.])\d+(?:\.\d*)?(?:[eE][+-]?\d+)? )
    | (?P<word>    [^\W\d][\w$]* )
    | (?P<space>   \s+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_LISTS = re.compile(r"\((?:\s*\?\s*,)*\s*\?\s*\)(?:\s*,\s*\((?:\s*\?\s*,)*\s*\?\s*\))*")
_SPACE = re.compile(r"\s+")

_FIRST_WORD = {
    "begin": OperationKind.BEGIN,
    "start": OperationKind.BEGIN,
    "commit": OperationKind.COMMIT,
    "end": OperationKind.COMMIT,
    "rollback": OperationKind.ROLLBACK,
    "abort": OperationKind.ROLLBACK,
    "copy": OperationKind.COPY,
} | dict.fromkeys(
    (
        [
            "set",
            "reset",
            "show",
            "savepoint",
            "release",
            "discard",
            "deallocate",
            "listen",
            "unlisten",
            "prepare",
            "close",
        ]
    ),
    OperationKind.SESSION,
)
_SAVEPOINT_ROLLBACK = re.compile(r"^(?:rollback|abort)(?: work| transaction)? to\b")
_PING = re.compile(r"^select \?(?: as \S+)?$")
_SETTING = re.compile(
    r"^select (?:pg_catalog\.)?(?:version|current_schema|current_schemas|current_database|current_setting|set_config)\("
)
_RESET = "select pg_advisory_unlock_all()"  # what asyncpg's pool says with CLOSE ALL, UNLISTEN * and RESET ALL
_RELATION = re.compile(r"\b(?:from|join)\s+([\w.\"]+(?:\s+\w+)?(?:\s*,\s*[\w.\"]+(?:\s+\w+)?)*)")
_SYSTEM_RELATION = re.compile(r'^"?(?:pg_catalog|information_schema)"?\.|^"?pg_')
_TARGET = re.compile(
    r'^(?:with .*?\) )?(?:insert into|update(?: only)?|delete from(?: only)?|merge into|copy) ([\w."]+)'
)
_SOURCES = re.compile(r'\b(?:from|join|using)\s+(?:only\s+)?([\w."]+)')
_LONGEST_SUMMARY = 60
_VOLATILE_SYSTEM_CALL = re.compile(r"\bpg_(?:try_)?advisory|\bpg_notify|\blo_")


def fingerprint(text: str) -> str:
    """The statement with values replaced by `?`, comments dropped, words in lower case, spaces single."""

    def replace(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "dollar":
            kind = "string"
        if kind in ("string", "number", "placeholder"):
            return "?"
        if kind in ("comment", "space"):
            return " "
        return match.group().lower() if kind == "word" else match.group()

    flat = _SPACE.sub(" ", _TOKEN.sub(replace, text)).strip().rstrip("; ")
    return _LISTS.sub("(?)", flat)


def statements(text: str) -> list[str]:
    """The statements of a fingerprint: a simple query may carry several, separated by semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]


def kind_of(print_: str) -> OperationKind:
    """The kind of operation of a fingerprint. Several statements in one message count as one statement."""
    parts = statements(print_)
    if len(parts) > 1:
        kinds = {kind_of(part) for part in parts}
        return kinds.pop() if len(kinds) == 1 else OperationKind.STATEMENT
    if not parts:
        return OperationKind.SESSION
    only = parts[0]
    kind = _FIRST_WORD.get(only.split(" ", 1)[0].split("(", 1)[0], OperationKind.STATEMENT)
    if kind is OperationKind.ROLLBACK and _SAVEPOINT_ROLLBACK.match(only):
        return OperationKind.SESSION
    if only == _RESET:
        return OperationKind.SESSION
    if kind is OperationKind.STATEMENT and _reads_only_the_catalogue(only):
        return OperationKind.CATALOGUE
    return kind


def _reads_only_the_catalogue(statement: str) -> bool:
    if not statement.startswith(("select", "with")) or _VOLATILE_SYSTEM_CALL.search(statement):
        return False
    if _PING.match(statement) or _SETTING.match(statement):
        return True
    relations = [name.strip() for found in _RELATION.findall(statement) for name in found.split(",")]
    return bool(relations) and all(_SYSTEM_RELATION.match(relation) for relation in relations)


def written_table(print_: str) -> str:
    """The table that a fingerprint's first statement writes, as it spells it; "" when it writes none that is named."""
    match = _TARGET.match(print_)
    return match[1].replace('"', "") if match else ""


def tables(print_: str) -> list[str]:
    """Tables that a fingerprint names, the written one first. May hold names of subqueries and functions too."""
    found = [written_table(print_), *(name.replace('"', "") for name in _SOURCES.findall(print_))]
    return [name for name in dict.fromkeys(found) if name]


def summary(print_: str) -> str:
    """A fingerprint in a few words, for a sentence: "update wallets", "select from users", "POST payments/charges"."""
    if match := _TARGET.match(print_):
        verb = print_[: match.start(1)].replace("only ", "")
        return (verb if not verb.startswith("with") else "with … ") + short_name(match[1])
    sources = _SOURCES.findall(print_)
    if print_.startswith(("select", "with")) and sources:
        return f"{print_.split(' ', 1)[0]} from {short_name(sources[0])}"
    return print_ if len(print_) <= _LONGEST_SUMMARY else print_[: _LONGEST_SUMMARY - 1] + "…"


def short_name(table: str) -> str:
    """A table's name without quotes and without the schema `public`."""
    return table.replace('"', "").removeprefix("public.")
