"""What the output goes to: how wide it is, whether it takes colours, whether a person reads it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import TextIO

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


def width(stream: TextIO) -> int:
    if not stream.isatty():
        return PLAIN
    return max(NARROW, min(WIDE, shutil.get_terminal_size((PLAIN, 24)).columns))


def say(text: str) -> None:
    """One line to the person, beside the output."""
    print(text, file=sys.stderr)
