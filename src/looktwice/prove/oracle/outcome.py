"""What an answer means for the history: the request happened, did not, or that is unknown."""

from __future__ import annotations

from collections.abc import Mapping

from looktwice.core.trace import Outcome


def outcome(
    status: int | None, headers: Mapping[str, str] = {}, faulted: bool = False, refused: bool = False
) -> Outcome:
    """Jepsen's three outcomes of a request.

    status: HTTP status, None for no answer. headers: lower-case names. faulted: a fault was injected in the run.
    refused: its body or its `Location` says that nothing was done (see `success`).
    2xx and 3xx are ok; 4xx, and 503 with Retry-After, refused; all else, and anything under a fault, unknown.
    """
    if faulted or status is None:
        return Outcome.UNKNOWN
    if 200 <= status < 400:
        return Outcome.REFUSED if refused else Outcome.OK
    if 400 <= status < 500 or (status == 503 and "retry-after" in headers):
        return Outcome.REFUSED
    return Outcome.UNKNOWN
