"""LT601: a network call without a timeout."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import NONE
from looktwice.code.ir.control import FactKind
from looktwice.code.ir.effects import Effect, EffectKind, Trait
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.lowering.functions import MODULE_BODY
from looktwice.code.questions.definitions import defined_at, has_default_limit
from looktwice.code.questions.knowledge import Knowledge, Program
from looktwice.code.questions.outside import service
from looktwice.code.questions.places import place
from looktwice.code.questions.trust import trust
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

NETWORK = (
    EffectKind.SEND
    | EffectKind.PUBLISH
    | EffectKind.CACHE_READ
    | EffectKind.CACHE_WRITE
    | EffectKind.CACHE_DELETE
    | EffectKind.VERIFY
)

CONTROLLER = "builtins.AbortController"


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    for name, f in program.functions.items():
        if not k.is_served(f) or f.path in k.scripts or name.endswith(MODULE_BODY):
            continue
        for effect in f.effects:
            if effect.kind & NETWORK and (effect.traits & Trait.NO_TIMEOUT or has_idle_signal(f, effect)):
                yield _match(k, f, effect)


def _match(k: Knowledge, f: FunctionSummary, effect: Effect) -> Match:
    confidence, because = trust(f, (effect,))
    is_off = has_default_limit(effect, f.path)
    definition = defined_at(k.program, f, effect)
    return Match(
        message="switched-off" if is_off else "no-timeout",
        at=place(f, effect),
        role=Role.CALL,
        function=f.name,
        confidence=confidence,
        because=because,
        roles=((Role.DEFINITION, definition),) if definition else (),
        handler=k.route_to(f.name),
        names={
            "client": client(effect),
            "service": service(f, effect),
            **({} if definition else {"definition": "this call"}),
        },
    )


def has_idle_signal(f: FunctionSummary, effect: Effect) -> bool:
    """Whether the only limit is the signal of a controller that is created here and never aborted here."""
    limit = dict(effect.args).get("timeout", NONE)
    is_signal = any(origin.path[-1:] == ("signal",) for origin in (f.values[limit] if limit != NONE else ()))
    called = {each.name for each in f.facts if each.kind is FactKind.CALL}
    return is_signal and CONTROLLER in called and not any(name.rpartition(".")[2] == "abort" for name in called)


def client(effect: Effect) -> str:
    library, _, method = effect.name.partition(".")
    return method if library == "builtins" else library
