"""The one place where what a third-party parser raises becomes a sentence about the file.

Parsers raise more than they document: a TOML integer of five thousand digits is a ValueError, deep brackets are a
RecursionError, a YAML date of month 99 is a ValueError, a SQL parser fails on an attribute of None. None of it is a
reason to stop, and none of it may pass in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

_LONGEST = 160
_UNPRINTABLE = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

Parsed = TypeVar("Parsed")


class NotParsedError(Exception):
    """A text that a parser does not understand; `why` says so in one clause: "it is not valid TOML: …"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def attempt(language: str, parse: Callable[[], Parsed]) -> Parsed:
    """What `parse` gives. language: the name of what it reads, for the message. Raises NotParsedError and nothing else.

    Only a call into a third-party parser belongs in `parse`: a fault of ours would be taken for one of the file.
    """
    try:
        return parse()
    except RecursionError:
        why = f"its {language} is nested too deeply"
    except UnicodeError:
        why = "it is not UTF-8"
    except MemoryError:
        why = f"its {language} takes too much memory"
    except Exception as error:
        why = f"it is not valid {language}{detail(error)}"
    raise NotParsedError(why) from None


def detail(error: Exception) -> str:
    """What an error says, as the end of a sentence: one line, and not the whole file."""
    text = " ".join(_UNPRINTABLE.sub(" ", str(error)).split())
    return f": {text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}" if text else ""
