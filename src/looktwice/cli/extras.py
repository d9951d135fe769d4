"""Commands that need an optional extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from looktwice.core.errors import MissingExtraError


@contextmanager
def needs(command: str, extra: str) -> Iterator[None]:
    """Context for the imports of `command`'s engine. Raises MissingExtraError when a package of `extra` is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "looktwice":
            raise
        raise MissingExtraError(command, extra, error.name or "?") from None
