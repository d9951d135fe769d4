"""The options of one audit."""

from __future__ import annotations

from msgspec import Struct

from looktwice.core.config import Config


class Options(Struct, frozen=True, kw_only=True):
    """Settings of one audit.

    select, ignore: codes, names or sections of patterns; an empty `select` takes every pattern.
    exclude: gitignore patterns, beside those of the configuration.
    """

    config: Config = Config()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    use_cache: bool = True
