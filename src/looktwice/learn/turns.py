"""Wrong turns: recognises an attempt that the page describes, so that it can explain why that does not help."""

from __future__ import annotations

from difflib import SequenceMatcher

from looktwice.learn.exercise import Task

SIMILAR = 0.8
"""Two programs at least this similar count as the same idea: names and spacing differ, the steps do not."""


def turn(task: Task, text: str) -> str:
    """The title of the page's wrong turn that `text` matches, or "".

    A turn must be more similar to `text` than the code that the learner started from: a small edit matches none.
    """
    best, title = max(similarity(text, task.bad.text), SIMILAR), ""
    for known in task.turns:
        for fence in known.fences:
            if fence.language == task.bad.language and (near := similarity(text, fence.text)) > best:
                best, title = near, known.title.rstrip(".")
    return title


def similarity(one: str, other: str) -> float:
    """The similarity of two programs, 0 to 1, by their lines without indentation."""
    return SequenceMatcher(None, _normalized(one), _normalized(other), autojunk=False).ratio()


def _normalized(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())[:20_000]
