"""Error handling: the effects that a `try` protects, and what its handlers do with an error."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from enum import StrEnum

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import Fact, FactKind, Region, RegionKind
from looktwice.code.ir.effects import STORE_READS, STORE_WRITES, Effect, EffectKind, TargetKind, Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.questions.bookkeeping import is_bookkeeping
from looktwice.code.questions.control import (
    ancestors,
    calls_inside,
    effects_inside,
    facts_inside,
    handlers,
    innermost,
    is_inside,
)
from looktwice.code.questions.once import once

BROAD = frozenset({"", "Exception", "BaseException", "builtins.Exception", "builtins.BaseException", "Error"})
FAMILIES = frozenset(
    {
        "SQLAlchemyError",
        "DBAPIError",
        "OperationalError",
        "DatabaseError",
        "InterfaceError",
        "HTTPError",
        "TransportError",
        "RequestError",
        "RequestException",
        "ConnectionError",
    }
)
"""Base errors of a library: catching one catches any failure of the database or the network."""

MATTERS = STORE_READS | STORE_WRITES | EffectKind.COMMIT | EffectKind.SEND | EffectKind.PUBLISH | EffectKind.QUERY
PASSES_ON = ("next", "NextFunction", "reject", "callback", "done", "cb", "captureException", "capture_exception")


PROBE = re.compile(r"health|alive|is_?up\b|\bping|ready|reachable|available|probe|heartbeat", re.IGNORECASE)


class Fate(StrEnum):
    """What happens to the error in a handler."""

    REPORTED = "reported"  # raised again, passed on, or turned into an error response
    HIDDEN = "hidden"  # ignored
    LOGGED = "logged"  # logged, and execution continues
    DEFAULTED = "defaulted"  # an ordinary value is returned, with or without logging


def is_probe(name: str, texts: Iterable[str] = ()) -> bool:
    """Whether something checks that the other side is available, so that a failure is a valid result."""
    return any(PROBE.search(each) for each in (name, *texts))


def is_broad(region: Region) -> bool:
    """Whether a handler catches every error, or every error of the database or the network."""
    caught = {each.rpartition(".")[2] for each in region.detail.split("|")}
    return bool(caught & (BROAD | FAMILIES))


def matters(effect: Effect) -> bool:
    """Whether a failure of the effect matters."""
    if not effect.kind & MATTERS or effect.target.kind is TargetKind.CACHE:
        return False
    return not effect.traits & (Trait.BEST_EFFORT | Trait.ATTRIBUTE | Trait.LAZY)


def protected(f: FunctionSummary, attempt: int) -> Iterator[Effect]:
    """The effects inside a region whose failure matters."""
    inside = [each for each in effects_inside(f, attempt) if each.kind & MATTERS]
    writes = [each for each in inside if each.kind & STORE_WRITES]
    only_notes = bool(writes) and all(is_bookkeeping(each.target.name) for each in writes)
    for each in inside:
        is_note = is_bookkeeping(each.target.name) or (only_notes and each.kind is EffectKind.COMMIT)
        if matters(each) and not is_note and not _is_handled_within(f, each, attempt):
            yield each


def _is_handled_within(f: FunctionSummary, effect: Effect, attempt: int) -> bool:
    """Whether an inner handler deals with every failure of the effect, so that none reaches `attempt`."""
    for number in ancestors(f, effect.region):
        if number == attempt:
            return False
        if f.regions[number].kind is RegionKind.TRY and any(
            is_broad(f.regions[handler]) and fate(f, handler) is not Fate.REPORTED for handler in handlers(f, number)
        ):
            return True
    return False


def complete_handler(own: FunctionSummary, f: FunctionSummary, handler: int) -> tuple[FunctionSummary, int]:
    """The complete handler: in a long function, inlining may have been cut off before the handler's end.

    own: the function as written. f: the same with inlined callees. Returns one of the two, and the handler's number.
    """
    region = f.regions[handler]
    if f.complete:
        return f, handler
    items: tuple[Fact | Effect, ...] = (*f.facts, *f.effects)
    written: tuple[Fact | Effect, ...] = (*own.facts, *own.effects)
    kept = {(each.start, each.end) for each in items if (each.path or f.path) == own.path}
    here = (each for each in written if region.start <= each.start < region.end)
    if all((each.start, each.end) in kept for each in here):
        return f, handler
    places = [(each.kind, each.start, each.end) for each in own.regions]
    place = (region.kind, region.start, region.end)
    return (own, places.index(place)) if place in places else (f, handler)


def logs(f: FunctionSummary, handler: int) -> bool:
    """Whether the handler logs something."""
    if any(each.kind is EffectKind.LOG for each in effects_inside(f, handler)):
        return True
    return any(each.kind is FactKind.CALL and is_log(each.name) for each in facts_inside(f, handler))


def is_log(name: str) -> bool:
    lowered = name.lower()
    return any(
        word in lowered for word in ("log", "console", "print", "capture", "report", "metric", "increment", "inc")
    )


@once
def fate(f: FunctionSummary, handler: int) -> Fate:
    """What the handler does with the error."""
    inside_facts, inside_effects = facts_inside(f, handler), effects_inside(f, handler)
    if any(each.kind is FactKind.RAISE for each in inside_facts):
        return Fate.REPORTED
    if any(each.kind is EffectKind.RESPOND for each in inside_effects):
        return Fate.REPORTED
    if any(_passes_on(f, each) for each in inside_facts) or any(
        _is_error(f, value) for call in calls_inside(f, handler) for _, value in call.args
    ):
        return Fate.REPORTED
    if any(each.kind & (MATTERS & ~EffectKind.COMMIT) for each in inside_effects):
        return Fate.REPORTED  # it acts on the error
    returned = [each for each in inside_facts if each.kind is FactKind.RETURN]
    if any(_carries_error(f, each.result) for each in returned):
        return Fate.REPORTED
    if returned:
        return Fate.DEFAULTED
    return Fate.LOGGED if logs(f, handler) else Fate.HIDDEN


def _passes_on(f: FunctionSummary, fact: Fact) -> bool:
    """Whether a call passes the error on: to the next handler, an error tracker, a function that responds."""
    if fact.kind is not FactKind.CALL:
        return False
    if fact.name.removesuffix(".()").rpartition(".")[2] in PASSES_ON:
        return True
    is_plain = fact.name.startswith("builtins.") or is_log(fact.name)
    return not is_plain and any(_is_error(f, value) for _, value in fact.args)


def _is_error(f: FunctionSummary, value: int) -> bool:
    return value != NONE and any(origin.kind is OriginKind.ERROR for origin in f.values[value])


def _carries_error(f: FunctionSummary, value: int) -> bool:
    """Whether a returned value contains the error, or is specific to this failure."""
    if value == NONE:
        return False
    kinds = {origin.kind for origin in f.values[value]}
    return OriginKind.ERROR in kinds or bool(kinds - {OriginKind.CONST, OriginKind.UNKNOWN})


def returned_constants(f: FunctionSummary, region: int, but: int = NONE) -> set[object]:
    """The constants that are returned unchanged inside a region, except those inside `but`."""
    return {
        f.constants[origin.ref]
        for each in facts_inside(f, region)
        if each.kind is FactKind.RETURN
        and each.result != NONE
        and innermost(f, each.region, RegionKind.CALL) == NONE
        and not is_inside(f, each.region, but)
        if all(origin.kind is OriginKind.CONST for origin in f.values[each.result])
        for origin in f.values[each.result]
        if 0 <= origin.ref < len(f.constants)
    }


def ignored_rejections(f: FunctionSummary) -> Iterator[tuple[int, list[Effect]]]:
    """The HANDLER regions of `promise.catch(…)`, with the effects whose failures they handle."""
    caught = [number for number, it in enumerate(f.regions) if it.kind is RegionKind.HANDLER and it.detail == "catch"]
    if not caught:
        return
    chained = sorted((each for each in f.facts if _is_catch(each)), key=lambda each: each.order)
    for number in caught:
        before = bisect_left(chained, f.regions[number].order, key=lambda each: each.order)
        if before:
            call = chained[before - 1]
            yield number, [each for each in f.effects if each.kind & MATTERS and _is_within(f, each, call)]


def _is_within(f: FunctionSummary, effect: Effect, call: Fact) -> bool:
    """Whether the effect, or the call that leads to it, is inside the source of `call`."""
    path, start = (effect.calls[0].path, effect.calls[0].start) if effect.calls else (effect.path, effect.start)
    return (path or f.path) == (call.path or f.path) and call.start <= start < call.end


def _is_catch(fact: Fact) -> bool:
    return fact.kind is FactKind.CALL and fact.name.rpartition(".")[2] == "catch"


def checks_credentials(f: FunctionSummary, attempt: int) -> bool:
    """Whether a token or password is verified inside: a failure there correctly denies access."""
    return any(each.kind is EffectKind.VERIFY for each in effects_inside(f, attempt))


def calls_back(own: FunctionSummary, handler: Region) -> bool:
    """Whether the handler passes its error to a function that was passed in (`done(error)`).

    own: the function before inlining, which still has such calls; `handler`: the region after inlining.
    """
    for each in own.invokes:
        if not any(_is_error(own, value) for value in each.args):
            continue
        around = (own.regions[number] for number in ancestors(own, each.region))
        if any(r.kind is RegionKind.HANDLER and (r.start, r.end) == (handler.start, handler.end) for r in around):
            return True
    return False


def reports_later(f: FunctionSummary, handler: int) -> bool:
    """Whether the later response shows if it worked: a flag that is true on one path and false on the other."""
    region = f.regions[handler]
    answers = [
        value
        for each in f.effects
        if each.kind is EffectKind.RESPOND and each.order > region.last
        for _, value in each.args
    ]
    answers += [each.result for each in f.facts if each.kind is FactKind.RETURN and each.order > region.last]
    for value in answers:
        found = {f.constants[o.ref] for o in (f.values[value] if value != NONE else ()) if o.kind is OriginKind.CONST}
        if True in found and False in found:
            return True
    return False


def attempts(f: FunctionSummary) -> Iterator[int]:
    """The numbers of the TRY regions."""
    return (number for number, region in enumerate(f.regions) if region.kind is RegionKind.TRY)
