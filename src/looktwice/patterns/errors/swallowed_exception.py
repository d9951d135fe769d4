"""LT201: a failure is caught, and the caller continues as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import RegionKind
from looktwice.code.ir.effects import STORE_WRITES, Effect, EffectKind
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.questions.control import handlers, innermost, is_inside
from looktwice.code.questions.failure import (
    Fate,
    attempts,
    calls_back,
    checks_credentials,
    complete_handler,
    fate,
    ignored_rejections,
    is_broad,
    is_probe,
    logs,
    matters,
    protected,
    reports_later,
    returned_constants,
)
from looktwice.code.questions.knowledge import Knowledge, Program
from looktwice.code.questions.outside import moves_money, service, url_texts
from looktwice.code.questions.places import place
from looktwice.code.questions.reaching import may_swallow
from looktwice.code.questions.trust import trust
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

WORK = STORE_WRITES | EffectKind.SEND | EffectKind.PUBLISH | EffectKind.COMMIT
CATCHES = (RegionKind.TRY, RegionKind.SCOPE, RegionKind.HANDLER)


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    leading = k.leading_to(lambda f: any(matters(each) for each in f.effects))
    for name in program.functions:
        own = program.functions[name]
        if not k.is_served(own) or own.path in k.scripts:
            continue
        if not any(region.kind in CATCHES for region in own.regions):
            continue
        if name not in leading or not may_swallow(own, matters, leading):
            continue
        f = program.expand(name)
        handler = k.routes.get(name)
        is_get = handler is not None and handler.method == "GET"
        if handler is not None and ("health" in handler.path or "ready" in handler.path):
            continue
        is_unattended = k.is_unrouted(name)
        for attempt in attempts(f):
            region = f.regions[attempt]  # inlined code is reported where it is defined
            if (region.path or f.path) == f.path and own.start <= region.start < own.end:
                yield from _attempt(k, own, f, attempt, is_get or is_unattended)
        yield from _suppressed(k, f)
        yield from _rejections(k, f)


def _attempt(
    k: Knowledge, own: FunctionSummary, f: FunctionSummary, attempt: int, is_log_enough: bool
) -> Iterator[Match]:
    work = list(protected(f, attempt))
    if (
        not work
        or checks_credentials(f, attempt)
        or is_probe(f.name, (text for each in work for text in url_texts(f, each)))
    ):
        return
    is_route = own.name in k.routes  # its caller is a client, which does not see the log
    for number in handlers(f, attempt):
        region = f.regions[number]
        if not is_broad(region) or calls_back(own, region):
            continue
        whole, there = complete_handler(own, f, number)
        outcome = fate(whole, there)
        if outcome in (Fate.HIDDEN, Fate.LOGGED) and is_cleanup(f, attempt):
            continue
        is_logged = logs(whole, there)
        if outcome is Fate.HIDDEN:
            yield _match(k, f, work[0], number, "hidden")
        elif outcome is Fate.DEFAULTED and (not is_logged or is_route or _means_something_else(f, number)):
            doubt = "it is logged" if is_logged else ""
            yield _match(k, f, work[0], number, "defaulted", doubt)
        elif outcome is Fate.LOGGED and not is_log_enough and not reports_later(f, number):
            if _is_main_work(f, attempt, work):
                yield _match(k, f, _main(work), number, "logged", "it is logged")
            elif (paid := next((each for each in work if moves_money(f, each)), None)) is not None:
                yield _match(k, f, paid, number, "logged", "it is logged")


def is_cleanup(f: FunctionSummary, attempt: int) -> bool:
    """Whether it cleans up in a handler or a finally block, where an earlier error is the one that matters."""
    return innermost(f, f.regions[attempt].parent, RegionKind.HANDLER, RegionKind.FINALLY) != NONE


def _means_something_else(f: FunctionSummary, handler: int) -> bool:
    """Whether the value returned for the failure is also an ordinary result of the function."""
    return bool(returned_constants(f, handler) & returned_constants(f, 0, but=handler))


def _is_main_work(f: FunctionSummary, attempt: int, work: list[Effect]) -> bool:
    """Whether what is attempted here is the function's only work."""
    if not any(each.kind & WORK for each in work):
        return False
    if innermost(f, attempt, RegionKind.LOOP) != NONE:
        return False
    return not any(
        each.kind & (STORE_WRITES | EffectKind.SEND | EffectKind.PUBLISH) and not is_inside(f, each.region, attempt)
        for each in f.effects
    )


def _main(work: list[Effect]) -> Effect:
    return next((each for each in work if each.kind & WORK), work[0])


def _rejections(k: Knowledge, f: FunctionSummary) -> Iterator[Match]:
    for number, work in ignored_rejections(f):
        is_own = (f.regions[number].path or f.path) == f.path
        is_lost = fate(f, number) in (Fate.HIDDEN, Fate.DEFAULTED) and not logs(f, number)
        if work and is_own and is_lost:
            yield _match(k, f, work[0], number, "hidden")


def _suppressed(k: Knowledge, f: FunctionSummary) -> Iterator[Match]:
    for number, region in enumerate(f.regions):
        if region.kind is RegionKind.SCOPE and region.detail.startswith("suppress:"):
            caught = region.detail.removeprefix("suppress:")
            if any(each.rpartition(".")[2] in ("Exception", "BaseException") for each in caught.split("|")):
                work = list(protected(f, number))
                if work:
                    yield _match(k, f, work[0], number, "hidden")


def _match(k: Knowledge, f: FunctionSummary, work: Effect, region: int, message: str, doubt: str = "") -> Match:
    confidence, because = trust(f, (work,), doubt)
    return Match(
        message=message,
        at=place(f, f.regions[region]),
        role=Role.GUARD,
        function=f.name,
        confidence=confidence,
        because=because,
        roles=((Role.CALL, place(f, work)),),
        handler=k.route_to(f.name),
        names={"effect": describe(k, f, work)},
        entity=work.target.name,
    )


def describe(k: Knowledge, f: FunctionSummary, effect: Effect) -> str:
    """A description of the effect, for a message."""
    entity = k.entity(effect)
    name = entity.name if entity else ""
    if effect.kind & STORE_WRITES:
        return f"the write to {name}" if name else "the write"
    if effect.kind is EffectKind.COMMIT:
        return "the commit"
    if effect.kind & (EffectKind.SEND | EffectKind.PUBLISH):
        return f"the call to {service(f, effect)}"
    return f"the query for {name}" if name else "the query"
