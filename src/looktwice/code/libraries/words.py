"""Whether the words of a model are words that lowering knows: a user's own table is checked before anything is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.effects import EffectKind, Fails, Rows, TargetKind, Trait
from looktwice.code.ir.handlers import GuardRole, HandlerKind
from looktwice.code.ir.values import OriginKind, Via

if TYPE_CHECKING:
    from looktwice.code.lowering.models import CallModel, Library

ORIGINS = frozenset(name.lower() for name in OriginKind.__members__)
TARGETS = frozenset(name.lower() for name in TargetKind.__members__)


def wrong_word(library: Library, shapes: Collection[str]) -> str:
    """The first word that means nothing, with where it stands and what it could be; "" when all mean something."""
    for where, word, known in words_of(library, shapes):
        if word not in known:
            return f"{where} is {word!r}, which is none of {', '.join(sorted(known))}"
    return ""


def words_of(library: Library, shapes: Collection[str]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """(place, word, the words that may stand there) for every word of a fixed vocabulary."""
    for name, call in library.calls.items():
        for key, word, known in words_of_call(call, shapes):
            yield f"{key} of {name}", word, known
    for name, model in library.types.items():
        if model.origin:
            yield f"origin of {name}", model.origin.lower(), ORIGINS
    for name, role in library.guards.items():
        yield f"the guard {name}", role, frozenset(GuardRole.__members__)


def words_of_call(call: CallModel, shapes: Collection[str]) -> Iterator[tuple[str, str, frozenset[str]]]:
    fixed: tuple[tuple[str, str, frozenset[str]], ...] = (
        ("kind", call.kind, frozenset(EffectKind.__members__)),
        ("rows", call.rows, frozenset(Rows.__members__)),
        ("fails", call.fails, frozenset(Fails.__members__)),
        ("around", call.around, frozenset(RegionKind.__members__)),
        ("handler", call.handler, frozenset(HandlerKind.__members__)),
        ("target", call.target.partition(":")[0].lower(), TARGETS),
        ("shape", call.shape, frozenset(shapes)),
    )
    yield from ((key, word, known) for key, word, known in fixed if word)
    yield from (("traits", word, frozenset(Trait.__members__)) for word in call.traits)
    yield from (("via", word, frozenset(Via.__members__)) for word in call.via)
    yield from (("region", each.region, frozenset(RegionKind.__members__)) for each in call.invokes)
