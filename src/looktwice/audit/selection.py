"""Which patterns an audit speaks of: by code, name or section."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Protocol

from looktwice.core.errors import ConfigurationError


class Selectable(Protocol):
    """What selection needs to know of a pattern."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def section(self) -> str: ...


def select(patterns: Sequence[Selectable], wanted: Iterable[str], unwanted: Iterable[str]) -> frozenset[str]:
    """The codes of the patterns that `wanted` names (all of them when it is empty), less those that `unwanted` names.

    A word is a code, a name, a section, or the beginning of codes ("LT3"); case does not matter. Raises
    ConfigurationError for a word that names nothing, with the nearest one that does.
    """
    wanted, unwanted = tuple(wanted), tuple(unwanted)
    chosen = {code for word in wanted for code in named(patterns, word)} if wanted else {it.code for it in patterns}
    return frozenset(chosen - {code for word in unwanted for code in named(patterns, word)})


def named(patterns: Sequence[Selectable], word: str) -> frozenset[str]:
    """The codes that one word stands for. Raises ConfigurationError when it stands for none."""
    key = word.strip().lower()
    found = frozenset(
        it.code
        for it in patterns
        if key in (it.name, it.section) or (key.startswith("lt") and it.code.lower().startswith(key))
    )
    if found and key:
        return found
    known = sorted({it.code for it in patterns} | {it.name for it in patterns} | {it.section for it in patterns})
    near = difflib.get_close_matches(word.strip(), known, 1) or difflib.get_close_matches(
        word.strip().upper(), known, 1
    )
    sections = ", ".join(sorted({it.section for it in patterns}))
    hint = (
        f"Did you mean `{near[0]}`?" if near else f"Use a code (LT301), a name (lost-update) or a section ({sections})."
    )
    raise ConfigurationError(f"cannot select `{word}`", "no pattern has this code, name or section", hint)
