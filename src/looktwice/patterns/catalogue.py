"""The catalogue: every pattern in the package, found by walking its folders; there is no list to maintain."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from looktwice.patterns.page import Page, load
from looktwice.patterns.programs import Program, programs

if TYPE_CHECKING:
    from looktwice.patterns.match import Detector

ROOT = Path(__file__).parent
PRELUDES = "_preludes"


class Pattern(Struct, frozen=True):
    """One pattern: its page, its section ("races"), and the module of its detector, if it has one."""

    page: Page
    section: str
    module: str = ""

    @property
    def code(self) -> str:
        return self.page.header.code

    @property
    def name(self) -> str:
        return self.page.header.name

    def detector(self) -> Detector | None:
        """The detector, imported on demand; None for a page without one."""
        from looktwice.patterns.match import Detector  # imports all of the code analysis

        return Detector(self.page.header, importlib.import_module(self.module)) if self.module else None


class Catalogue(Struct, frozen=True):
    """All patterns in the order of their codes, and the imports that examples share."""

    patterns: tuple[Pattern, ...]
    preludes: Mapping[str, str]

    def find(self, word: str) -> Pattern | None:
        """The pattern with this code or name, ignoring case; None when there is none."""
        wanted = word.strip().lower()
        return next((pattern for pattern in self.patterns if wanted in (pattern.code.lower(), pattern.name)), None)

    def sections(self) -> tuple[str, ...]:
        """The names of the sections that have patterns, in the order of the codes."""
        return tuple(dict.fromkeys(pattern.section for pattern in self.patterns))

    def programs(self, pattern: Pattern) -> tuple[Program, ...]:
        """The programs of a pattern's page, complete with imports and contexts."""
        return programs(pattern.page, self.preludes)


def catalogue(root: Path = ROOT) -> Catalogue:
    """Read every page `<section>/<pattern>.md` under `root`. Raises PageError for the first invalid page."""
    found = []
    for path in sorted(root.glob("[a-z]*/*.md")):
        module = f"{__package__}.{path.parent.name}.{path.stem}" if path.with_suffix(".py").exists() else ""
        found.append(Pattern(load(path), path.parent.name, module))
    found.sort(key=lambda pattern: pattern.code)
    preludes = {
        path.name: path.read_text(encoding="utf-8") for path in sorted((root / PRELUDES).iterdir()) if path.is_file()
    }
    return Catalogue(tuple(found), preludes)
