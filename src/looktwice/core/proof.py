"""The file that a proof leaves: what was asked, under which schedule, what came of it. It can be played again."""

from __future__ import annotations

import hashlib
from typing import Any

from msgspec import Struct

from looktwice.core.trace import Trace

DIRECTORY = ".looktwice/proofs"


class Sent(Struct, frozen=True, kw_only=True):
    """A request as it went out. `user` names an entry of `[prove.users]` (or a person that looktwice signed in), whose
    headers are taken anew when the proof is played again: a token may have expired."""

    method: str
    path: str
    headers: dict[str, str] = {}
    body: str = ""
    user: str = ""


class Move(Struct, frozen=True, kw_only=True):
    """One move of the schedule: `lane` goes on until just before the `occurrence`-th operation with the fingerprint
    `before`, or to its end when that is empty. With `pause`, nobody moves for so many seconds."""

    lane: str = ""
    before: str = ""
    occurrence: int = 1
    pause: float = 0.0


class Breakage(Struct, frozen=True, kw_only=True):
    """What was done to an operation instead of letting it through; `action` has its kind under "type"."""

    lane: str
    before: str
    occurrence: int = 1
    action: dict[str, Any]


class Proof(Struct, frozen=True, kw_only=True):
    """`code` is the pattern's, `experiment` how it was shown. `requests` by lane; `prelude` is sent one after the other
    before the rows are remembered. `expected` are the serial results, `observed` what the run left, in words."""

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
    is_found: bool = False  # the requests were made from the application's own description, not named by the user
    schedule: tuple[Move, ...] = ()
    faults: tuple[Breakage, ...] = ()
    trace: Trace
    recorded: str = ""  # RFC 3339
    made_with: str = ""  # version of looktwice

    @property
    def fingerprint(self) -> str:
        """The same for the same defect: pattern, experiment, endpoint and the pair of requests. Requests that looktwice
        made name rows by ids of that run, so that of those the endpoint says it all."""
        text = "\0".join((self.code, self.experiment, self.endpoint, *self._pair()))
        return "v1:" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def _pair(self) -> tuple[str, ...]:
        if self.is_found:
            return ()
        return tuple(f"{it.method} {it.path} {it.body}" for _, it in sorted(self.requests.items()))

    @property
    def file_name(self) -> str:
        return f"{self.code or self.experiment}-{self.fingerprint.removeprefix('v1:')[:8]}.json"
