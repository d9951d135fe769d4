"""How much of a program was understood: of every framework and store that it uses, what was seen and what is known.

A finding says what is wrong; only this says what the absence of findings is worth.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

KINDS = ("handlers", "entities", "calls")
DECIDING = frozenset(("framework", "store", "queue", "payment"))
"""Roles of packages without which an audit is not complete."""
ALWAYS_MAJOR = frozenset(("framework", "payment"))
"""Roles of packages that matter however few their calls are."""


class Understanding(StrEnum):
    UNDERSTOOD = "understood"
    PARTLY = "partly"
    NOT = "not understood"


class Count(Struct, frozen=True):
    """Things of one kind: as many as were seen by their shape, and as many of them as were understood."""

    seen: int = 0
    understood: int = 0

    @property
    def missing(self) -> int:
        return self.seen - self.understood


class Package(Struct, frozen=True, kw_only=True):
    """One framework, store or other library, or one object that looks like one and leads nowhere.

    role: "framework", "store", "queue", "payment", "mail", "client", or several separated by ", ". files: files of the
    application that import it; aside: tests and scripts that do. examples: places of what was not understood, as
    "path:line". gap: the reason for which the user accepts that it is not understood. is_nowhere: it is an object whose
    definition is not there. is_minor: it has few places beside those of the same kinds that were understood.
    """

    name: str
    language: str
    role: str
    verdict: Understanding
    files: int = 0
    aside: int = 0
    handlers: Count = Count()
    entities: Count = Count()
    calls: Count = Count()
    examples: tuple[str, ...] = ()
    gap: str = ""
    is_nowhere: bool = False
    is_minor: bool = False

    @property
    def decides(self) -> bool:
        """Whether an audit that does not understand it is not done."""
        return not (self.is_aside or self.is_minor or self.gap) and bool(DECIDING & set(self.role.split(", ")))

    @property
    def missing(self) -> int:
        """How many of its places were not understood: files that import it where no place in them was seen."""
        return sum(getattr(self, kind).missing for kind in KINDS) or self.files

    @property
    def is_aside(self) -> bool:
        """Whether nothing but tests and scripts uses it."""
        return not self.files and self.aside > 0


class Coverage(Struct, frozen=True, kw_only=True):
    """What was understood of one program. is_part: of single files, which never have all that they use.

    not_checked: codes of the patterns that need what was not understood. fault: why nothing could be measured.
    """

    packages: tuple[Package, ...] = ()
    not_checked: tuple[str, ...] = ()
    is_part: bool = False
    fault: str = ""

    def of(self, verdict: Understanding) -> tuple[Package, ...]:
        return tuple(each for each in self.packages if each.verdict is verdict)

    @property
    def missing(self) -> tuple[Package, ...]:
        """Packages without which the audit is not done."""
        return tuple(each for each in self.of(Understanding.NOT) if each.decides)

    @property
    def is_done(self) -> bool:
        """Whether silence means something: nothing decisive is missing, or only a part was asked for."""
        return self.is_part or not (self.missing or self.fault)

    @property
    def share(self) -> float | None:
        """Share of the calls of stores and services that were understood; None where none were seen."""
        seen = sum(each.calls.seen for each in self.packages)
        return sum(each.calls.understood for each in self.packages) / seen if seen else None
