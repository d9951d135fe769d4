"""LT303: a limit, a state or a quota is checked on a value read earlier, and a write relies on the result."""

from __future__ import annotations

from collections.abc import Iterator

from looktwice.code.ir.common import Maybe
from looktwice.code.ir.effects import STORE_READS, EffectKind
from looktwice.code.questions.knowledge import Knowledge, Program, Root
from looktwice.code.questions.limits import Limit, limits
from looktwice.code.questions.places import function_of, place, route_to
from looktwice.code.questions.protection import SAFE, Verdict, protection
from looktwice.code.questions.shared_lock import has_parent_lock
from looktwice.code.questions.trust import trust
from looktwice.core.finding import Role
from looktwice.patterns.match import Match

CHANGES = EffectKind.WRITE | EffectKind.CREATE


def detect(program: Program) -> Iterator[Match]:
    k = Knowledge(program)
    for root in k.shared_roots(STORE_READS, CHANGES):
        if root.name not in k.reading_and_writing:
            continue
        reported: set[object] = set()
        for number, effect in enumerate(root.f.effects):
            if effect.kind & CHANGES:
                for limit in limits(k, root.f, number):
                    if (match := _match(k, root, number, limit)) is not None:
                        # other writes behind the same check are the same race, and have the same fix
                        race = (match.roles, match.function, limit.check.check.fact)
                        if race not in reported:
                            reported.add(race)
                            yield match
                        break


def _match(k: Knowledge, root: Root, write: int, limit: Limit) -> Match | None:
    f, read = root.f, limit.check.read
    r, w = f.effects[read], f.effects[write]
    entity = k.entity(w)
    verdict = protection(f, entity, read, write, frozenset((limit.column,)), processes=k.processes).verdict
    if verdict in SAFE or has_parent_lock(f, read, write):
        return None
    confidence, because = trust(f, (r, w), *_doubts(limit, verdict), k.doubt_about(root))
    return Match(
        message=limit.kind,
        at=place(f, w),
        role=Role.ACT,
        function=function_of(f, w),
        confidence=confidence,
        because=because,
        roles=((Role.CHECK, place(f, r)), (Role.GUARD, place(f, f.facts[limit.check.check.fact]))),
        names={"entity": k.name(w), "column": limit.column},
        entity=entity.name if entity else "",
        handler=root.route,
        path=route_to(w),
    )


def _doubts(limit: Limit, verdict: Verdict) -> Iterator[str]:
    if limit.is_same is Maybe.UNKNOWN:
        yield "it could not be determined whether it is the same row"
    if not limit.check.check.is_certain:
        yield "the check applies on some paths only"
    if verdict is Verdict.UNKNOWN:
        yield str(verdict)
