"""Wrong turns: whether what the learner tries is one that the page knows, so that it can say why it does not help."""

from __future__ import annotations

from difflib import SequenceMatcher

from looktwice.learn.exercise import Task

ALIKE = 0.8
"""From here on two programs are taken for the same idea: names and spacing differ, the steps do not."""


def turn(task: Task, text: str) -> str:
    """The title of the wrong turn that `text` is, "" when it is none of the page's.

    A turn must be nearer than the code that the learner began with: an edit of one letter is no idea yet.
    """
    best, title = max(likeness(text, task.bad.text), ALIKE), ""
    for known in task.turns:
        for fence in known.fences:
            if fence.language == task.bad.language and (near := likeness(text, fence.text)) > best:
                best, title = near, known.title.rstrip(".")
    return title


def likeness(one: str, other: str) -> float:
    """How alike two programs are, 0 to 1, by their lines without indentation."""
    return SequenceMatcher(None, _bare(one), _bare(other), autojunk=False).ratio()


def _bare(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())[:20_000]
