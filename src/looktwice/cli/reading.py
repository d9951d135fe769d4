"""What commands that show events share: what is shown, what counts, and where it goes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from looktwice.cli import terminal
from looktwice.core import writing
from looktwice.core.errors import ConfigurationError, LooktwiceError
from looktwice.core.event import Event, Finished, Found, Noted, Proven, Reached, Unread
from looktwice.core.files import is_present, kind_of
from looktwice.core.finding import Confidence, Finding
from looktwice.core.visible import line
from looktwice.render.renderer import Guide, Setting, renderer
from looktwice.render.words import plural

BESIDE = ("jsonl",)
"""Formats that hold nothing but findings: what was not read is said beside them, on standard error."""


def root_of(path: Path, verb: str) -> Path:
    """The directory that paths in the output are relative to. Raises LooktwiceError, which says that one cannot
    `verb` it, when there is none."""
    try:
        if path.is_dir():
            return path
        if path.is_file():
            return path.parent
    except OSError as error:
        raise LooktwiceError(
            f"cannot read {path}", (error.strerror or str(error)).lower(), "Name another one."
        ) from None
    why = "there is no such file or directory"
    if is_present(path):
        why = kind_of(path.stat().st_mode) if path.exists() else "it is a symbolic link that leads nowhere"
    raise LooktwiceError(f"cannot {verb} {path}", why, "Name the folder of a backend.")


class Tally:
    """Counts what decides the exit code, and lets through what is to be shown."""

    def __init__(self, fail_on: str, show_low: bool = False) -> None:
        levels = [str(level) for level in Confidence]
        if fail_on not in levels:
            raise ConfigurationError(
                f"cannot use fail_on = {fail_on!r}", "it is no confidence", f"Write one of {', '.join(levels)}."
            )
        self.threshold = Confidence(fail_on)
        self.show_low = show_low
        self.failing = 0
        self.hidden = 0
        self.asked = 0
        self.answered = 0

    def watch(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Found):
                self.failing += self.counts(event.finding)
                if event.finding.confidence is Confidence.LOW and not self.show_low:
                    self.hidden += not event.finding.suppressed
                    continue
            if isinstance(event, Finished) and self.hidden:
                yield Noted(f"{plural(self.hidden, 'finding')} of low confidence not shown: --show-low shows them")
            if isinstance(event, Reached):
                self.asked += 1
                self.answered += event.succeeded
            self.failing += isinstance(event, Proven)
            yield event

    def counts(self, finding: Finding) -> bool:
        """Preview patterns and accepted findings are shown and never fail a run."""
        return not finding.suppressed and finding.status == "stable" and finding.confidence.rank <= self.threshold.rank

    def exit_code(self) -> int:
        """Raises LooktwiceError when an application refused every request: what was not looked at is not clean."""
        if self.asked and not self.answered:
            raise LooktwiceError(
                "cannot prove anything",
                "no request was answered with success",
                "What was reached says why each was not.",
            )
        return 1 if self.failing else 0


def show(
    events: Iterable[Event], root: Path, form: str, output: Path | None = None, *, statistics: bool = False
) -> None:
    """Render the events in the format `form`, to the file `output` or to standard output."""
    chosen = renderer(form)
    events = terminal.with_progress(events)
    if form in BESIDE:
        events = aside(events)
    if output is None:
        chosen.render(events, sys.stdout, setting(root, sys.stdout, statistics))
        return
    with writing.output(output) as file:
        chosen.render(events, file, setting(root, file, statistics))
    terminal.say(line(f"Written: {output}"))


def aside(events: Iterable[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Unread):
            terminal.say(line(f"not read whole: {event.path}{f':{event.line}' if event.line else ''}: {event.why}"))
        elif isinstance(event, Noted):
            terminal.say(line(f"note: {f'{event.path}:{event.line}: ' if event.path else ''}{event.text}"))
        yield event


def setting(root: Path, stream: TextIO, statistics: bool) -> Setting:
    return Setting(
        root=root,
        width=terminal.width(stream),
        colour=terminal.takes_colour(stream),
        concise=terminal.is_concise(),
        statistics=statistics,
        guides=guides(),
    )


def guides() -> dict[str, Guide]:
    """What reports say of each pattern, from its page."""
    from looktwice.patterns.catalogue import catalogue
    from looktwice.patterns.page import INSTEAD, PRODUCTION

    return {
        it.code: Guide(
            code=it.code,
            name=it.name,
            section=it.section,
            severity=it.page.header.severity,
            summary=it.page.header.summary,
            experiment=it.page.header.experiment or "",
            production=it.page.section(PRODUCTION).prose.split("\n\n")[0],
            remedy=first_remedy(it.page.section(INSTEAD).prose),
        )
        for it in catalogue().patterns
    }


def first_remedy(prose: str) -> str:
    """The first paragraph that names a remedy: pages set its name in bold."""
    paragraphs = prose.split("\n\n")
    return next((it for it in paragraphs if it.startswith("**")), paragraphs[0])
