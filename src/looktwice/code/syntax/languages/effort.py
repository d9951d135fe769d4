"""How much work a parser may put into one file, counted and not timed, so that the answer is always the same.

A grammar's recovery from nonsense, and its search for the end of a comment that is never closed, can take the square of
a file's length: sixteen kilobytes of `<!--` cost the Python grammar half a minute.
"""

from __future__ import annotations

from tree_sitter import Parser, Point, Tree

CHUNK = 4_096
STEPS_A_BYTE = 0.12
"""Steps of a hundred operations for a byte. Code takes 0.01, lists of one-letter numbers 0.06, dense text 0.09."""
STEPS_AT_LEAST = 3_000
STEP_IN_ERROR = 4
"""What a step counts while the parser recovers: each one is dearer then."""
TIMES_READ = 50
"""How often the whole text may be read. Code is read once or twice; each comment left open is sought to the end."""
READS_AT_LEAST = 500


class Effort:
    """Counts while one text is parsed, and says stop."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._steps = len(data) * STEPS_A_BYTE + STEPS_AT_LEAST
        self._reads = len(data) // CHUNK * TIMES_READ + READS_AT_LEAST

    def read(self, offset: int, point: Point) -> bytes:
        """The next piece of the text; nothing more once it was read too often."""
        self._reads -= 1
        return self._data[offset : offset + CHUNK] if self._reads >= 0 else b""

    def stops(self, offset: int, has_error: bool) -> bool:
        """Whether the parser is to give up."""
        self._steps -= STEP_IN_ERROR if has_error else 1
        return self._steps < 0

    @property
    def is_spent(self) -> bool:
        return self._reads < 0 or self._steps < 0


def parse_within(parser: Parser, data: bytes) -> Tree | None:
    """The tree of a text; None for one that the grammar would need too long for."""
    effort = Effort(data)
    try:
        tree = parser.parse(effort.read, progress_callback=effort.stops)
    except ValueError:  # so it says that it was stopped
        return None
    return None if effort.is_spent else tree
