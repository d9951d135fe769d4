"""What commands that show events share: what is shown, what counts, and where it goes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from looktwice.cli import terminal
from looktwice.core import writing
from looktwice.core.coverage import Coverage
from looktwice.core.errors import ConfigurationError, LooktwiceError
from looktwice.core.event import (
    Covered,
    Event,
    Executing,
    Finished,
    Found,
    Noted,
    NotProven,
    Proven,
    Reach,
    Started,
    Unread,
)
from looktwice.core.files import is_present, kind_of
from looktwice.core.finding import Confidence, Finding
from looktwice.core.visible import line
from looktwice.render.coverage import headline, not_read, unfinished
from looktwice.render.renderer import Guide, Setting, renderer
from looktwice.render.words import plural

STREAMED = ("console", "events", "jsonl")
"""Formats that write each event as it comes."""

BESIDE = ("jsonl",)
"""Formats that hold nothing but findings: what was not read is reported on standard error."""


ACCEPTED = '[audit] known_gaps = [{ package = "PATH", reason = "…" }], or exclude = ["PATH"]'
"""How a user accepts that a file of code is not read."""


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
        why = kind_of(path.stat().st_mode) if path.exists() else "it is a broken symbolic link"
    raise LooktwiceError(f"cannot {verb} {path}", why, "Name the folder of a backend.")


class Tally:
    """Counts what decides the exit code, and lets through what is to be shown. kept: gets the paths of what was written
    for proofs."""

    def __init__(
        self, fail_on: str, show_low: bool = False, required: float = 0.0, kept: list[str] | None = None
    ) -> None:
        """required: the least share of endpoints that must be reached."""
        levels = [str(level) for level in Confidence]
        if fail_on not in levels:
            raise ConfigurationError(
                f"cannot use fail_on = {fail_on!r}",
                "it is not a confidence level",
                f"Write one of {', '.join(levels)}.",
            )
        self.threshold = Confidence(fail_on)
        self.show_low, self.required = show_low, required
        self.failing = 0
        self.hidden = 0
        self.reach: Reach | None = None
        self.tried, self.undecided = 0, ""
        self.is_proving = False
        self.ended_early = ""
        self.kept = [] if kept is None else kept
        self.coverage = Coverage()
        self.unread: list[str] = []

    def watch(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Found):
                self.failing += self.counts(event.finding)
                if event.finding.confidence is Confidence.LOW and not self.show_low:
                    self.hidden += not event.finding.suppressed
                    continue
            if isinstance(event, Covered):
                self.coverage = event.coverage
            if isinstance(event, Unread) and event.is_code:
                self.unread.append(event.path)
            if isinstance(event, Finished) and self.hidden:
                yield Noted(f"{plural(self.hidden, 'finding')} of low confidence not shown: --show-low shows them")
            self.is_proving |= isinstance(event, Started) and event.verb == "prove"
            if isinstance(event, Reach):
                self.reach = event
            if isinstance(event, NotProven):
                self.tried += not event.is_open
                self.undecided = self.undecided or (f"{event.endpoint}: {event.why}" if event.is_open else "")
            if isinstance(event, Proven):
                self.failing += 1
                self.kept += [path for path in (event.proof, event.test) if path]
            if isinstance(event, Noted) and event.ended_early:
                self.ended_early = event.text
            yield event

    def counts(self, finding: Finding) -> bool:
        """Preview patterns and accepted findings are shown and never fail a run."""
        return not finding.suppressed and finding.status == "stable" and finding.confidence.rank <= self.threshold.rank

    def exit_code(self) -> int:
        """1 with findings or proofs. 2 without any: of an audit when a framework or store was not understood, or a file
        of code was not read, which is reported; of `prove`, by a LooktwiceError, when it ended early, or nothing, or
        less than was required, was looked at. That is not clean; else 0.
        """
        if self.failing:
            return 1
        if self.is_proving:
            self._require_results()
        why = " and ".join(filter(None, (unfinished(self.coverage), not_read(self.unread))))
        if not why:
            return 0
        terminal.say(line(f"Exit code 2: {why}, so that no findings does not mean that there are none."))
        if self.unread:
            terminal.say(line(f"A file that does not matter is accepted in looktwice.toml: {ACCEPTED}"))
        return 2

    def _require_results(self) -> None:
        if self.ended_early:
            raise LooktwiceError("not every experiment was completed", self.ended_early)
        if self.reach is not None and self.reach.endpoints and not self.reach.reached:
            raise LooktwiceError(
                "cannot prove anything",
                "no request was answered with success",
                "The reasons are listed under “What was reached”.",
            )
        if not self.tried:
            nothing = "nothing was tried: no experiment was run"
            raise LooktwiceError(
                "cannot conclude that anything holds",
                f"no experiment reached a result. {self.undecided}" if self.undecided else nothing,
                "Name other requests, endpoints or experiments." if not self.undecided else "",
            )
        if self.reach is not None and self.reach.reached < self.required * self.reach.endpoints:
            raise LooktwiceError(
                "cannot conclude that it holds",
                f"{self.reach}, and {self.required:.0%} are required",
                "Name requests for the others in looktwice.toml, or require less with --require-reach.",
            )


def show(
    events: Iterable[Event], root: Path, form: str, output: Path | None = None, *, statistics: bool = False
) -> None:
    """Render the events in the format `form`, to the file `output` or to standard output."""
    chosen = renderer(form)
    events = terminal.with_progress(events)
    if form in BESIDE:
        events = aside(events)
    if form not in STREAMED or output is not None:
        events = announced(events)
    if output is None:
        chosen.render(events, sys.stdout, setting(root, sys.stdout, statistics))
        return
    with writing.output(output) as file:
        chosen.render(events, file, setting(root, file, statistics))
    terminal.say(line(f"Written: {output}"))


def announced(events: Iterable[Event]) -> Iterator[Event]:
    """Show each command of the project on standard error before it is executed, as the output itself comes later."""
    for event in events:
        if isinstance(event, Executing):
            terminal.say(f"runs  {event}")
        yield event


def aside(events: Iterable[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Unread):
            terminal.say(line(f"not fully read: {event.path}{f':{event.line}' if event.line else ''}: {event.why}"))
        elif isinstance(event, Covered):
            for text in headline(event.coverage, guides()):
                terminal.say(line(text))
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
