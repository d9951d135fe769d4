"""Outcomes that experiments report under a code that no page describes yet: a name and a sentence for each.

Nothing else is imported here, so that `explain` can read the table without the packages that running needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

FAULTS = ("connection-lost", "upstream-down")


class Outcome(Struct, frozen=True):
    """name: as results call it. summary: what was observed, in one sentence. experiments: those that can show it."""

    name: str
    summary: str
    experiments: tuple[str, ...] = FAULTS


OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        "LT203": Outcome(
            "lie-success",
            "After a failure the application answers as if nothing had happened, but rows that the request writes are "
            "missing or others than usual.",
        ),
        "LT206": Outcome(
            "opaque",
            "A failure is answered without success, as it should be, but the application prints nothing about it, so "
            "that its cause cannot be found afterwards.",
        ),
        "LT207": Outcome("crash", "The failure of one operation ends the process of the application."),
        "LT208": Outcome(
            "poisoned",
            "After a failure the next request fails too although nothing is wrong any more, until the application is "
            "started again.",
        ),
        "LT510": Outcome(
            "wrong data stored",
            "A service answers with success and with content that cannot be used; the application reports success and "
            "stores something else than usual.",
            ("upstream-down",),
        ),
        "LT603": Outcome(
            "aborted transaction",
            "The database aborts one of two concurrent transactions, by a serialization failure or a deadlock, and the "
            "client gets the error although repeating the transaction would succeed.",
            ("twice",),
        ),
        "LT604": Outcome(
            "double apply",
            "After a failure the application answers with success, but has made a call to another system more often "
            "than once.",
            ("upstream-down",),
        ),
        "LT606": Outcome(
            "half",
            "After a failure the application reports that the request failed, but a part of its rows is kept, and "
            "sending the request again does not complete it.",
            ("connection-lost",),
        ),
    }
)
"""By code. A code leaves this table when it gets a page."""
