"""How much of a program was understood, package by package: what is seen by its shape, beside what has a meaning here.

The light half of reading: it never lowers anything, and asks the syntax trees about few places only. packages.toml says
what packages are for; nothing here says what is understood, that is seen from what lowering made of the same places.
"""

from __future__ import annotations

from looktwice.code.coverage.measure import Reading, measure
from looktwice.code.coverage.understood import understood_of

__all__ = ["Reading", "measure", "understood_of"]
