"""The tables of a summary while they are being built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from looktwice.code.ir.common import NONE, Known, Maybe
from looktwice.code.ir.control import Fact, FactKind, Region, RegionKind
from looktwice.code.ir.effects import Effect, EffectKind
from looktwice.code.ir.summary import CallSite, Invoke
from looktwice.code.ir.values import Origin, OriginKind, Value
from looktwice.code.lowering.values import Val
from looktwice.code.syntax.tree import Node

EFFECTS_KEPT = 64
FACTS_KEPT = 2_000
Constant = str | int | float | bool | None


class Body:
    """The values, regions, facts, effects and calls of one function, in source order."""

    def __init__(self, start: int, end: int) -> None:
        self._values: dict[Value, int] = {}
        self._constants: dict[tuple[type, Constant], int] = {}
        self.values: list[Value] = []  # in the order of their numbers
        self.constants: list[Constant] = []
        self.regions: list[Region] = [Region(RegionKind.BODY, NONE, start, end)]
        self.facts: list[Fact] = []
        self.effects: list[Effect] = []
        self.calls: list[CallSite] = []
        self.invokes: list[Invoke] = []
        self.returns: list[int] = []
        self.raises: dict[str, None] = {}
        self.fields: dict[str, int] = {}
        self.unresolved: list[int] = []
        self.answered: dict[int, tuple[int, str]] = {}  # end of a call that has a model → its start, the name
        self.region = 0
        self.order = 0
        self.truncated = 0

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def value(self, value: Val | None) -> int:
        """The number of a value's origins."""
        return NONE if value is None else self.origins(value.origins)

    def origins(self, origins: Value) -> int:
        number = self._values.setdefault(origins, len(self.values))
        if number == len(self.values):
            self.values.append(origins)
        return number

    def constant(self, constant: Constant) -> int:
        number = self._constants.setdefault((type(constant), constant), len(self.constants))
        if number == len(self.constants):
            self.constants.append(constant)
        return number

    def of_constant(self, kind: OriginKind, constant: Constant, path: tuple[str, ...] = ()) -> Value:
        """An origin that refers to a constant: CONST, FUNCTION, MODULE, HANDLE, INSTANCE."""
        return (Origin(kind, self.constant(constant), path),)

    def named(self, origin: Origin) -> Constant:
        """The constant that an origin refers to."""
        return self.constants[origin.ref]

    # ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def open(
        self,
        kind: RegionKind,
        node: Node,
        *,
        value: int = NONE,
        fact: int = NONE,
        choice: int = NONE,
        holds: Maybe = Maybe.UNKNOWN,
        detail: str = "",
        end: int = 0,
    ) -> int:
        """Open a region inside the current one; what follows is in it until `close`."""
        self.order += 1
        number = len(self.regions)
        self.regions.append(
            Region(kind, self.region, node.start, end or node.end, value, fact, choice, holds, detail, self.order)
        )
        self.region = number
        return number

    def close(self, number: int) -> None:
        """Close a region and any that is still open inside it."""
        current = self.region
        while current != number:
            self.regions[current] = replace(self.regions[current], last=self.order)
            current = self.regions[current].parent
        self.regions[number] = replace(self.regions[number], last=self.order)
        self.region = self.regions[number].parent

    @contextmanager
    def inside(self, kind: RegionKind, node: Node, **more: object) -> Iterator[int]:
        number = self.open(kind, node, **more)  # type: ignore[arg-type]
        try:
            yield number
        finally:
            self.close(number)

    def amend(self, number: int, **changes: object) -> None:
        """Update a region with what became known later."""
        self.regions[number] = replace(self.regions[number], **changes)

    # ── facts, effects, calls ────────────────────────────────────────────────────────────────────────────────────────
    def next_order(self) -> int:
        self.order += 1
        return self.order

    def fact(self, kind: FactKind, node: Node, name: str = "", **more: object) -> int:
        """Add a fact; returns its number, NONE beyond the limit."""
        if len(self.facts) >= FACTS_KEPT:
            self.truncated += 1
            return NONE
        self.facts.append(Fact(kind, node.start, node.end, self.region, self.next_order(), name, **more))  # type: ignore[arg-type]
        return len(self.facts) - 1

    def effect(self, effect: Effect) -> int:
        """Add an effect at the current position; returns its number, NONE beyond the limit."""
        if len(self.effects) >= EFFECTS_KEPT:
            self.truncated += 1
            return NONE
        self.effects.append(replace(effect, region=self.region, order=self.next_order()))
        return len(self.effects) - 1

    def refine(self, number: int, **changes: object) -> None:
        """Update an effect with what a later link of the chain adds: number of rows, kind."""
        if 0 <= number < len(self.effects):
            self.effects[number] = replace(self.effects[number], **changes)

    def call(
        self, node: Node, candidates: tuple[str, ...], known: Known, args: tuple[tuple[str, int], ...], **more: object
    ) -> int:
        """Add a call of project code; its result has the origin RESULT(number)."""
        number = len(self.calls)
        result = self.origins((Origin(OriginKind.RESULT, number),))
        self.calls.append(
            CallSite(node.start, node.end, self.region, self.next_order(), candidates, known, args, result, **more)  # type: ignore[arg-type]
        )
        return number

    @property
    def emitted(self) -> int:
        """The number of items added so far."""
        return len(self.facts) + len(self.effects) + len(self.calls) + len(self.invokes)


def effect_of(kind: EffectKind, node: Node, **more: object) -> Effect:
    """An effect at a node; region and order are set when it is added."""
    from looktwice.code.ir.effects import Target, TargetKind

    more.setdefault("target", Target(TargetKind.NONE))
    return Effect(kind, node.start, node.end, 0, 0, **more)  # type: ignore[arg-type]
