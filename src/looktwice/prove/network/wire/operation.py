"""What crosses a boundary: an operation that the application asks for, and the result that came back."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class OperationKind(StrEnum):
    STATEMENT = "statement"  # one SQL statement, or several in one message (then `atomic`)
    COPY = "copy"
    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SESSION = "session"  # SET, SAVEPOINT, DISCARD …: changes the session, not the data
    CATALOGUE = "catalogue"  # reads of the system catalogue, pings
    COMMAND = "command"  # a Redis command, MULTI … EXEC being one
    CALL = "call"  # a request to an outside HTTP service


SCHEDULING_POINTS = frozenset(
    {
        OperationKind.STATEMENT,
        OperationKind.COPY,
        OperationKind.COMMIT,
        OperationKind.ROLLBACK,
        OperationKind.COMMAND,
        OperationKind.CALL,
    }
)


class Operation(Struct, frozen=True, kw_only=True):
    """One thing that the application asked of the outside, as it arrived at the boundary.

    `number` is unique within a run of looktwice and grows in order of arrival. `lane` is the application's instance,
    known from the port it dialled. `backend` is PostgreSQL's process id for the connection, None elsewhere.
    """

    number: int
    lane: str
    wire: str  # "postgres", "redis", "http"
    connection: int
    kind: OperationKind
    text: str  # SQL, command or request line
    fingerprint: str  # `text` without its values
    parameters: tuple[str | None, ...] = ()
    backend: int | None = None
    status: str = "I"  # transaction status before it: I(dle), T(ransaction), E(rror)
    atomic: bool = False  # several statements in one message
    body: bytes = b""  # of a request to an outside service

    @property
    def is_scheduling_point(self) -> bool:
        """Whether a schedule may switch lanes before it."""
        return self.kind in SCHEDULING_POINTS


class Failure(Struct, frozen=True, kw_only=True):
    """An error that the other side answered with. `code` is an SQLSTATE, an HTTP status or a Redis error word."""

    code: str
    message: str = ""
    constraint: str = ""
    table: str = ""
    detail: str = ""


class Result(Struct, frozen=True, kw_only=True):
    """What came back for the operation with the same number."""

    number: int
    tag: str = ""  # PostgreSQL's command tag: "UPDATE 1"
    rows: int = 0  # data rows returned
    columns: tuple[str, ...] = ()
    sample: tuple[tuple[str | None, ...], ...] = ()  # the first rows as text
    failure: Failure | None = None
    status: str = "I"  # transaction status after it
    suspended: bool = False  # a portal with rows left

    @property
    def affected(self) -> int | None:
        """Rows changed or returned by the command tag's own count, None where the tag has none."""
        last = self.tag.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else None


class Chunk(NamedTuple):
    """Bytes of the application to forward in order. `operation` is set where they begin one; `opens` names what a
    connection asks for before its start-up ("ssl", "gssapi", "cancel", "startup")."""

    data: bytes
    operation: Operation | None = None
    opens: str = ""


class Reply(NamedTuple):
    """Bytes from the server, and the number of the operation that they answer (None: of none known).

    `ends`: nothing more comes for what was asked together with it.
    """

    data: bytes
    number: int | None
    ends: bool = False
