"""Properties of the output: its width, whether it supports colour, whether a coding agent reads it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from looktwice.core.event import Event, Progress
from looktwice.core.visible import block, line

AGENTS = ("CLAUDECODE", "CLAUDE_CODE_REMOTE", "CURSOR_AGENT", "CODEX_THREAD_ID", "GEMINI_CLI", "AI_AGENT")
"""Set by coding agents in the commands they run; they get concise output."""

NARROW, WIDE, PLAIN = 60, 120, 100


def is_concise(environment: Mapping[str, str] = os.environ) -> bool:
    return any(environment.get(name) for name in AGENTS)


def takes_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """NO_COLOR (no-color.org) and TERM=dumb turn colour off, FORCE_COLOR turns it on, otherwise a terminal has it."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def width(stream: TextIO, environment: Mapping[str, str] = os.environ) -> int:
    """Width in columns. COLUMNS applies to files and pipes too; shells export it only on request."""
    if not stream.isatty() and not environment.get("COLUMNS"):
        return PLAIN
    return max(NARROW, min(WIDE, shutil.get_terminal_size((PLAIN, 24)).columns))


def say(text: str) -> None:
    """Print a message to standard error, apart from the output; names in it cannot act on the terminal."""
    print(block(text), file=sys.stderr)


def answer(text: str) -> None:
    """Print a message as the output."""
    print(block(text))


def with_progress(events: Iterable[Event]) -> Iterator[Event]:
    """Show progress on one transient line of standard error, when that is a terminal read by a person."""
    if not sys.stderr.isatty() or is_concise():
        yield from events
        return
    room = width(sys.stderr) - 1
    try:
        for event in events:
            if isinstance(event, Progress):
                count = f" {event.done}/{event.total}" if event.total > 1 and event.done else ""
                sys.stderr.write(f"\r\x1b[K{line(f'{event.phase}{count} {event.text}')[:room]}")
                sys.stderr.flush()
                continue
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            yield event
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
