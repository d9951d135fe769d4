"""The proof file: the requests, the schedule and the result, recorded so that they can be replayed."""

from __future__ import annotations

import hashlib
from typing import Any

from msgspec import Struct

from looktwice.core.trace import Trace

DIRECTORY = ".looktwice/proofs"


class Sent(Struct, frozen=True, kw_only=True):
    """A request as it was sent. `user` names an entry of `[prove.users]` (or a user that looktwice signed in), whose
    headers are obtained again for a replay, because a token may have expired."""

    method: str
    path: str
    headers: dict[str, str] = {}
    body: str = ""
    user: str = ""


class Move(Struct, frozen=True, kw_only=True):
    """One move of the schedule: `lane` runs until just before the `occurrence`-th operation with the fingerprint
    `before`, or to its end when that is empty. With `pause`, no lane moves for that many seconds."""

    lane: str = ""
    before: str = ""
    occurrence: int = 1
    pause: float = 0.0


class Breakage(Struct, frozen=True, kw_only=True):
    """The fault injected in place of an operation; `action` has its kind under "type"."""

    lane: str
    before: str
    occurrence: int = 1
    action: dict[str, Any]


class Proof(Struct, frozen=True, kw_only=True):
    """`code` is the pattern's, `experiment` the name of the experiment. `requests` are by lane; those of `prelude` are
    sent one after the other, before the initial rows are recorded. `expected` are the serial results, `observed` the
    result of the run, in words."""

    schema: int = 1
    code: str
    experiment: str
    endpoint: str
    verdict: str
    name: str = ""
    summary: str
    expected: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    requests: dict[str, Sent]
    prelude: tuple[Sent, ...] = ()
    once: bool = False
    is_found: bool = False  # the requests were derived from the application's own description, not named by the user
    schedule: tuple[Move, ...] = ()
    faults: tuple[Breakage, ...] = ()
    trace: Trace
    recorded: str = ""  # RFC 3339
    made_with: str = ""  # looktwice's version

    @property
    def fingerprint(self) -> str:
        """Equal for the same defect: made of pattern, experiment and endpoint, not of ids or statements."""
        text = "\0".join((self.code, self.experiment, self.endpoint))
        return "v1:" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def file_name(self) -> str:
        return f"{self.code}-{self.fingerprint.removeprefix('v1:')[:8]}.json"
