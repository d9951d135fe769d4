"""What a renderer is, and where renderers are found: by walking `render/formats/`, then among the entry points."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, TextIO, cast

from msgspec import Struct

from looktwice.core.errors import ConfigurationError
from looktwice.core.event import Event
from looktwice.core.finding import Severity

GROUP = "looktwice.renderers"


class Guide(Struct, frozen=True, kw_only=True):
    """What a report says of a pattern beside its findings; taken from the pattern's page."""

    code: str
    name: str
    section: str
    severity: Severity
    summary: str = ""
    experiment: str = ""  # by which `prove` shows it, if one does
    production: str = ""  # what happens in production, first paragraph, Markdown
    remedy: str = ""  # what to do instead, first sentence, Markdown


class Setting(Struct, frozen=True, kw_only=True):
    """How to render. `root` is where the sources are, `width` counts columns; programs like `concise` output."""

    root: Path
    width: int = 100
    colour: bool = False
    concise: bool = False
    statistics: bool = False
    guides: Mapping[str, Guide] = {}


class Renderer(Protocol):
    """A module in `render/formats/`, or an object named by an entry point; its name is the word after `--format`."""

    def render(self, events: Iterable[Event], out: TextIO, setting: Setting) -> None:
        """Consume the events as they come and write what they say to `out`."""
        ...


def names() -> tuple[str, ...]:
    """Every format there is, without importing one."""
    return (*own_names(), *sorted(point.name for point in entry_points(group=GROUP)))


def own_names() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent / "formats")])))


def renderer(name: str) -> Renderer:
    """The renderer of this name. Raises ConfigurationError when there is none."""
    if name in own_names():
        return cast(Renderer, importlib.import_module(f"{__package__}.formats.{name}"))
    for point in entry_points(group=GROUP, name=name):
        return cast(Renderer, point.load())
    raise ConfigurationError(
        f"cannot write the format `{name}`", "there is no such format", f"Use {', '.join(names())}."
    )
