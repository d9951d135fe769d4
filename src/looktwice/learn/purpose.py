"""What a program is for, so that deleting the work is not taken for mending it."""

from __future__ import annotations

from msgspec import Struct

from looktwice.code import build
from looktwice.code.effects import STORE_READS, STORE_WRITES, EffectKind, Trait
from looktwice.core.config import Config
from looktwice.learn.exercise import Task


class Purpose(Struct, frozen=True):
    """A kind of work in words; the effects (flags of EffectKind) that are it, and those that may stand for it later."""

    words: str
    done_by: int
    or_by: int


# The first that the program as written has is what it is for. A remedy may read less (one statement) or send later (an
# outbox), but what was written must still be written.
PURPOSES = (
    Purpose("writes to the database", STORE_WRITES | EffectKind.FLUSH, EffectKind.QUERY),
    Purpose("calls the other service", EffectKind.SEND | EffectKind.PUBLISH, STORE_WRITES),
    Purpose("reads the database", STORE_READS | EffectKind.QUERY, STORE_WRITES),
    Purpose("touches the cache", EffectKind.CACHE_WRITE | EffectKind.CACHE_DELETE, EffectKind.CACHE_READ),
)


class Deeds(Struct, frozen=True):
    """What functions do: the kinds of their effects (flags of EffectKind) and the traits of these (flags of Trait)."""

    kinds: int = 0
    traits: int = 0


def undone(task: Task, text: str) -> str:
    """What the exercise as written does and `text` in its place does not, in words; "" when the work is still done."""
    had = deeds(task, task.bad.text).kinds
    purpose = next((purpose for purpose in PURPOSES if had & purpose.done_by), None)
    if purpose is None or deeds(task, text).kinds & (purpose.done_by | purpose.or_by):
        return ""
    return purpose.words


def remedy(task: Task, text: str) -> str:
    """Which way out of a race `text` took: "lock", "statement" (nothing is read first) or "condition".

    Meant for code that the audit finds nothing in; the board then plays the remedy that the learner chose.
    """
    done = deeds(task, text)
    if done.kinds & EffectKind.LOCK or done.traits & Trait.LOCKS_ROW:
        return "lock"
    return "condition" if done.kinds & STORE_READS else "statement"


def deeds(task: Task, text: str) -> Deeds:
    """What the functions in `text` do; those of the context around it do not count."""
    sources = {path: content.encode() for path, content in task.sources(text).items()}
    path = task.program.main.path
    above = len(sources[path]) - len(text.encode())
    kinds = traits = 0
    for summary in build(sources, Config()).functions.values():
        if summary.path == path and summary.end > above:
            for effect in summary.effects:
                kinds |= effect.kind
                traits |= effect.traits
    return Deeds(kinds, traits)
