"""Whether a request says who it is, so that the same one arriving twice can be known."""

from __future__ import annotations

from looktwice.prove.app.requests.cases import Case

_KEYS = frozenset({"idempotency-key", "x-idempotency-key", "x-request-id"})


def carries_identity(case: Case) -> bool:
    """Whether the first request carries one: `once = true`, or an idempotency key in its headers."""
    return case.once or any(name.lower() in _KEYS for name, _ in case.first.headers)
