"""Functions that may refuse a request, and what they check: identity, permission or signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from looktwice.code.ir.common import Known, Place
from looktwice.code.ir.control import FactKind
from looktwice.code.ir.effects import EffectKind
from looktwice.code.ir.handlers import Guard, GuardRole, Scope
from looktwice.code.ir.summary import FunctionSummary
from looktwice.code.ir.values import OriginKind
from looktwice.code.lowering.registration import Reference
from looktwice.code.program.world import Workspace
from looktwice.code.project.names import split

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
RANK = re.compile(r"admin|staff|superuser|moderator", re.IGNORECASE)
FOLLOWED = 3
ENTRIES = ("dispatch", "__call__", "use", "canActivate")  # of a guard class
WHO = (GuardRole.AUTHENTICATES, GuardRole.AUTHORIZES)
REFUSALS = {"unauthorized": 401, "unauthenticated": 401, "unauthorised": 401, "forbidden": 403}
PRESENCE = frozenset(  # attributes that say whether the caller is authenticated, not what they may do
    [
        "id",
        "sub",
        "exp",
        "active",
        "is_active",
        "isActive",
        "enabled",
        "disabled",
        "is_disabled",
        "deleted",
        "deleted_at",
        "is_deleted",
        "verified",
        "is_verified",
        "banned",
        "is_banned",
        "token",
        "user_id",
        "userId",
        "credentials",
    ]
)
RANKED = (GuardRole.AUTHORIZES, GuardRole.VERIFIES, GuardRole.AUTHENTICATES, GuardRole.LIMITS, GuardRole.VALIDATES)


class Guarding:
    """Roles of functions, by what they do (exact) or, where that is not known, by their name (guessed)."""

    def __init__(self, world: Workspace, summaries: Mapping[str, FunctionSummary]) -> None:
        self._world, self._summaries = world, summaries
        self._roles: dict[str, tuple[GuardRole, Known]] = {}
        self._verified: dict[tuple[str, int], bool] = {}

    def guard(self, reference: Reference, scope: Scope) -> Guard:
        if reference.function:
            role, known = self.role(reference.function, reference.name)
        else:
            role = self.by_name(reference.name, reference.place.path)
            known = Known.GUESSED if role else Known.NONE
        return Guard(reference.name or reference.function, role, scope, reference.place, known, reference.function)

    def injected(self, function: str) -> Iterator[Guard]:
        """Guards among a handler's dependencies: calls that the framework makes for its parameters."""
        summary = self._summaries.get(function)
        if summary is None:
            return
        for call in summary.calls:
            if call.is_injected and call.candidates:
                role, known = self.role(call.candidates[0], "")
                if role is not GuardRole.UNKNOWN:
                    name = call.candidates[0].rpartition(":")[2]
                    yield Guard(
                        name, role, Scope.ROUTE, Place(summary.path, call.start, call.end), known, call.candidates[0]
                    )

    def role(self, function: str, name: str, depth: int = 0) -> tuple[GuardRole, Known]:
        """The role of a guard, and how it is known. A class has the role of its entry method."""
        if function not in self._summaries:
            entries = (f"{function}.{method}" for method in ENTRIES)
            function = next((entry for entry in entries if entry in self._summaries), function)
        if function in self._roles:
            return self._roles[function]
        summary = self._summaries.get(function)
        self._roles[function] = (GuardRole.UNKNOWN, Known.NONE)  # cuts cycles
        found = (GuardRole.UNKNOWN, Known.NONE)
        if summary is not None and refuses(summary):
            found = (self._by_body(summary, depth), Known.EXACT)
        if found[0] is GuardRole.UNKNOWN:
            guessed = self.by_name(name or function.partition(":")[2], split(function)[0])
            if guessed is not GuardRole.UNKNOWN:
                found = (guessed, Known.TYPED if summary is not None and refuses(summary) else Known.GUESSED)
        self._roles[function] = found
        return found

    def _by_body(self, summary: FunctionSummary, depth: int) -> GuardRole:
        """What a function that can refuse checks: a verified token, the caller's role, a shared secret."""
        kinds = {effect.kind for effect in summary.effects}
        inner = [
            self.role(candidate, "", depth + 1)[0]
            for call in summary.calls
            for candidate in call.candidates[:1]
            if depth < FOLLOWED
        ]
        if tests_principal(summary) or self._tests_result(summary, depth):
            return GuardRole.AUTHORIZES
        if EffectKind.VERIFY in kinds:
            verified = {
                effect.name.rpartition(".")[2] for effect in summary.effects if effect.kind is EffectKind.VERIFY
            }
            return (
                GuardRole.VERIFIES
                if verified & {"compare_digest", "timingSafeEqual", "construct_event", "constructEvent"}
                else GuardRole.AUTHENTICATES
            )
        for role in (GuardRole.AUTHORIZES, GuardRole.AUTHENTICATES, GuardRole.VERIFIES):
            if role in inner:
                return role
        if any(self._verifies(call.candidates, 0) for call in summary.calls):
            return GuardRole.AUTHENTICATES
        return self._by_answer(summary)

    def _by_answer(self, summary: FunctionSummary) -> GuardRole:
        """The role by response status: 401 means authentication, 403 authorization."""
        answers = set(answered(summary))
        for call in summary.calls:
            words = {word.lower() for name in call.candidates for word in WORDS.findall(name.rpartition(":")[2])}
            answers |= {status for word, status in REFUSALS.items() if word in words}
        if 401 in answers:
            return GuardRole.AUTHENTICATES
        return GuardRole.AUTHORIZES if 403 in answers else GuardRole.UNKNOWN

    def _tests_result(self, summary: FunctionSummary, depth: int) -> bool:
        """Whether a test inspects the result of an authenticating callee, or checks a role: `if not user.is_admin`."""
        for fact in summary.facts:
            for atom in fact.tests:
                for number in (atom.left, atom.right):
                    for origin in summary.values[number] if number >= 0 else ():
                        if origin.kind is OriginKind.ROW and origin.path and RANK.search(origin.path[-1]):
                            return True
                        if (
                            origin.kind is not OriginKind.RESULT
                            or not origin.path
                            or origin.ref < 0
                            or depth > FOLLOWED
                        ):
                            continue
                        callee = summary.calls[origin.ref].candidates[:1]
                        if not set(origin.path) & PRESENCE and any(
                            self.role(name, name, depth + 1)[0] in WHO for name in callee
                        ):
                            return True
        return False

    def _verifies(self, candidates: tuple[str, ...], depth: int) -> bool:
        """Whether a callee checks a token, a password or a signature."""
        return depth <= FOLLOWED and any(self._verifies_itself(name, depth) for name in candidates)

    def _verifies_itself(self, name: str, depth: int) -> bool:
        key = (name, depth)
        if (known := self._verified.get(key)) is None:
            summary = self._summaries.get(name)
            known = self._verified[key] = summary is not None and (
                any(effect.kind is EffectKind.VERIFY for effect in summary.effects)
                or any(self._verifies(call.candidates, depth + 1) for call in summary.calls)
            )
        return known

    def by_name(self, name: str, path: str) -> GuardRole:
        """The role suggested by the words of a name, with the models for the file `path`."""
        table = self._world.models(path).guards
        words = "_".join(each.lower() for each in WORDS.findall(name))
        padded = f"_{words}_"
        found = {GuardRole[role] for word, role in table.items() if f"_{word}_" in padded}
        return next((role for role in RANKED if role in found), GuardRole.UNKNOWN)

    @property
    def authenticating(self) -> frozenset[str]:
        """Functions whose result is the caller's identity."""
        roles = (GuardRole.AUTHENTICATES, GuardRole.AUTHORIZES)
        found = set()
        for name, summary in self._summaries.items():
            if not summary.returns or not refuses(summary):
                continue
            role, _ = self.role(name, name.rpartition(":")[2])
            if role in roles:
                found.add(name)
        return frozenset(found)

    def sources(self, function: str, summary: FunctionSummary | None, framework: str) -> tuple[int, ...]:
        """Parameters that hold the caller's input: those that nothing else provides."""
        if summary is None:
            return ()
        if framework in ("express", "fastify", "koa"):
            return ()
        provided = {"self", "cls", "background_tasks", "request", "response"}
        injected = self._world.injected_parameters(function)
        return tuple(n for n, name in enumerate(summary.parameters) if name not in provided and name not in injected)


def answered(summary: FunctionSummary) -> Iterator[int]:
    """The constant status codes with which a function responds or raises."""
    numbers = [fact.result for fact in summary.facts if fact.kind is FactKind.RAISE]
    for effect in summary.effects:
        if effect.kind is EffectKind.RESPOND:
            numbers += [value for name, value in effect.args if name == "status"]
    for number in numbers:
        for origin in summary.values[number] if number >= 0 else ():
            if origin.kind is OriginKind.CONST and isinstance(status := summary.constants[origin.ref], int):
                yield status


def refuses(summary: FunctionSummary) -> bool:
    """Whether a function can end by raising or responding instead of continuing."""
    if summary.raises or any(effect.kind is EffectKind.RESPOND for effect in summary.effects):
        return True
    return any(
        fact.kind is FactKind.CALL and fact.name.rpartition(".")[2] in ("next", "abort") for fact in summary.facts
    )


def tests_principal(summary: FunctionSummary) -> bool:
    """Whether a test inspects the caller: a role, a flag, an owner; that there is a caller is not enough."""
    for fact in summary.facts:
        for atom in fact.tests:
            for number in (atom.left, atom.right):
                if number >= 0 and any(
                    origin.kind is OriginKind.PRINCIPAL and len(origin.path) > 1 and origin.path[-1] not in PRESENCE
                    for origin in summary.values[number]
                ):
                    return True
    return False
