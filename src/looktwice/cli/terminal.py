"""What the output goes to: how wide it is, whether it takes colours, whether a person reads it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from looktwice.core.event import Event, Progress
from looktwice.core.visible import block, line

AGENTS = ("CLAUDECODE", "CLAUDE_CODE_REMOTE", "CURSOR_AGENT", "CODEX_THREAD_ID", "GEMINI_CLI", "AI_AGENT")
"""Set by coding agents in the commands they run: they want facts in few lines."""

NARROW, WIDE, PLAIN = 60, 120, 100


def is_concise(environment: Mapping[str, str] = os.environ) -> bool:
    return any(environment.get(name) for name in AGENTS)


def takes_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """NO_COLOR (no-color.org) and TERM=dumb say no, FORCE_COLOR says yes, else a terminal does."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def width(stream: TextIO, environment: Mapping[str, str] = os.environ) -> int:
    """Columns. COLUMNS says it for files and pipes too; shells export it only when they are told to."""
    if not stream.isatty() and not environment.get("COLUMNS"):
        return PLAIN
    return max(NARROW, min(WIDE, shutil.get_terminal_size((PLAIN, 24)).columns))


def say(text: str) -> None:
    """Words to the person, beside the output; a name in them cannot act on the terminal."""
    print(block(text), file=sys.stderr)


def answer(text: str) -> None:
    """Words to the person, as the output."""
    print(block(text))


def with_progress(events: Iterable[Event]) -> Iterator[Event]:
    """Show what is being done on one passing line of standard error, when that is a terminal that people read."""
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
