"""The work that a program does, so that deleting it is not accepted as a fix."""

from __future__ import annotations

from msgspec import Struct

from looktwice.code import build
from looktwice.code.ir.effects import STORE_READS, STORE_WRITES, EffectKind, Trait
from looktwice.core.config import Config
from looktwice.learn.exercise import Task


class Purpose(Struct, frozen=True):
    """A kind of work in words, the effects (flags of EffectKind) that do it, and those that may replace them."""

    words: str
    done_by: int
    or_by: int


# A program's purpose is the first entry that it has as written. A remedy may read less (one statement) or send later
# (an outbox), but what was written must still be written.
PURPOSES = (
    Purpose("writes to the database", STORE_WRITES | EffectKind.FLUSH, EffectKind.QUERY),
    Purpose("calls the other service", EffectKind.SEND | EffectKind.PUBLISH, STORE_WRITES),
    Purpose("reads the database", STORE_READS | EffectKind.QUERY, STORE_WRITES),
    Purpose("touches the cache", EffectKind.CACHE_WRITE | EffectKind.CACHE_DELETE, EffectKind.CACHE_READ),
)


class WorkDone(Struct, frozen=True):
    """The kinds of the functions' effects (flags of EffectKind) and the traits of these effects (flags of Trait)."""

    kinds: int = 0
    traits: int = 0


def lost_work(task: Task, text: str) -> str:
    """The work that the exercise does as written and `text` does not, in words; "" when it still does it."""
    had = work_done(task, task.bad.text).kinds
    purpose = next((purpose for purpose in PURPOSES if had & purpose.done_by), None)
    if purpose is None or work_done(task, text).kinds & (purpose.done_by | purpose.or_by):
        return ""
    return purpose.words


def remedy(task: Task, text: str) -> str:
    """The remedy for a race that `text` uses: "lock", "statement" (nothing is read first) or "condition".

    For code in which the audit finds nothing; the board then plays the remedy that the learner chose.
    """
    done = work_done(task, text)
    if done.kinds & EffectKind.LOCK or done.traits & Trait.LOCKS_ROW:
        return "lock"
    return "condition" if done.kinds & STORE_READS else "statement"


def work_done(task: Task, text: str) -> WorkDone:
    """What the functions in `text` do, without those of the context around it."""
    sources = {path: content.encode() for path, content in task.sources(text).items()}
    path = task.program.main.path
    above = len(sources[path]) - len(text.encode())
    kinds = traits = 0
    for summary in build(sources, Config()).functions.values():
        if summary.path == path and summary.end > above:
            for effect in summary.effects:
                kinds |= effect.kind
                traits |= effect.traits
    return WorkDone(kinds, traits)
