"""Whether an error means that a server is gone."""

from __future__ import annotations

import sys
import time

from looktwice.prove.guardian.run import Run

_PATIENCE = 2.0  # seconds in which a server that has dropped its connections ends, if it does
_SHUTDOWN = ("57P", "08")  # classes of SQLSTATEs: the server goes down, the connection is lost


def why_ended(run: Run, error: BaseException | None) -> str:
    """Why the run cannot go on, given what came of it; "" when nothing that it needs is gone."""
    if not isinstance(error, Exception):
        return ""
    lost = _lost_connection(error)
    deadline = time.monotonic() + (_PATIENCE if lost else 0.0)
    while not (why := run.trouble()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return why or lost


def _lost_connection(error: BaseException) -> str:
    """What the error, or what led to it, reports of a lost connection; "" when it is about none."""
    # A library that is not loaded has raised nothing.
    psycopg, redis = sys.modules.get("psycopg"), sys.modules.get("redis")
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        if psycopg is not None and isinstance(at, psycopg.OperationalError):
            if at.sqlstate is None or at.sqlstate.startswith(_SHUTDOWN):
                return f"the connection to PostgreSQL was lost: {_line(at)}"
        elif redis is not None and isinstance(at, redis.ConnectionError | redis.TimeoutError):
            return f"the connection to Redis was lost: {_line(at)}"
        at = at.__cause__ or at.__context__
    return ""


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
