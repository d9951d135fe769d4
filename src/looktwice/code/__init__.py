"""Code analysis: languages, library models, effects, and the program that links them."""

from __future__ import annotations

from looktwice.code.build import build
from looktwice.code.program.program import Program

__all__ = ["Program", "build"]
