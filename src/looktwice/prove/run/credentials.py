"""The caller's current credentials: a token that has expired is replaced by a fresh one wherever a request carries
it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from looktwice.prove.network.request import Request

Marks = Mapping[str, str]  # headers that say who asks


class Credentials:
    """Requests are made once, with the headers of then; `wears` gives them those of now."""

    def __init__(self) -> None:
        self._now: dict[tuple[str, str], str] = {}

    def renew(self, before: Mapping[str, Marks], now: Mapping[str, Marks]) -> None:
        """Each user's headers of before stand for those of now. Both by the user's name."""
        for user, marks in now.items():
            for name, value in before.get(user, {}).items():
                if name in marks:
                    self._now[name, value] = marks[name]

    def wears(self, request: Request) -> Request:
        """The request as its user would send it now."""
        if not any(pair in self._now for pair in request.headers):
            return request
        headers = tuple((name, self._now.get((name, value), value)) for name, value in request.headers)
        return replace(request, headers=headers)
