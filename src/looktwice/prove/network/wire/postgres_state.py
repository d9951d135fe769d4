"""What is known of a PostgreSQL connection: statements, portals, the answers that are owed, what has come back."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from looktwice.prove.network.wire.operation import Failure, OperationKind


class Statement(NamedTuple):
    text: str
    fingerprint: str
    kind: OperationKind
    oids: tuple[int, ...]


class Owed:
    """An answer that the server owes for a client message."""

    __slots__ = ("before", "code", "hidden", "name", "number")

    def __init__(self, code: str, number: int | None = None, name: str | None = None) -> None:
        self.code, self.number, self.name, self.hidden = code, number, name, False
        self.before: Statement | None = None  # what a Parse replaced: an error in its batch brings it back


class Running:
    """What has come back so far for an operation."""

    __slots__ = ("columns", "failure", "formats", "is_news", "oids", "rows", "sample", "suspended", "tag")

    def __init__(self, formats: tuple[int, ...] = ()) -> None:
        self.tag, self.rows, self.suspended, self.is_news = "", 0, False, True
        self.failure: Failure | None = None
        self.columns: tuple[str, ...] = ()
        self.oids: tuple[int, ...] = ()
        self.formats: tuple[int, ...] = formats
        self.sample: list[tuple[str | None, ...]] = []


class State:
    """Shared by the two directions of one connection: the client's messages fill it, the server's answers empty it."""

    def __init__(self) -> None:
        self.backend: int | None = None
        self.status = "I"
        self.is_ready = False  # authenticated
        self.owed_answers: deque[Owed] = deque()
        self.statements: dict[str, Statement] = {}
        self.described: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {}
        self.portals: dict[str, int] = {}
        self.portal_statement: dict[str, str] = {}
        self.running: dict[int, Running] = {}
        self.is_copying_in = False
