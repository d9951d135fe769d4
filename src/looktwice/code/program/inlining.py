"""Inlines callees into a function: one summary in which the values, regions and effects of all are connected.

Each callee's values are rewritten in terms of its arguments; what it returns becomes the result of the call. Depth,
number of effects and number of implementations of an interface (three) are bounded; a result that was cut off is
marked as incomplete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from looktwice.code.ir.common import NONE, Known, Place
from looktwice.code.ir.control import Comparison, Fact, Region, RegionKind
from looktwice.code.ir.effects import Cond, Effect, Put, Target, TargetKind, Trait
from looktwice.code.ir.summary import CallSite, FunctionSummary, Invoke
from looktwice.code.ir.values import Origin, OriginKind, Value, Via
from looktwice.code.lowering.values import PATH_KEPT, merge
from looktwice.code.program.purity import ACTS, is_pure
from looktwice.code.program.purity import UNKNOWN as NOT_UNDERSTOOD

DEEPEST = 5
INLINED = (1_000, 700, 450, 300, 200)
"""By depth, how many calls may already be inlined for another one to be: distant callees are cut off first. Handlers
stay below a hundred; the schedulers of large systems reach everything."""
EFFECTS_KEPT = 256
UNKNOWN: Value = (Origin(OriginKind.UNKNOWN),)
CONSTRUCTORS = ("__init__", "constructor")
OF_EFFECTS = frozenset({OriginKind.ROW, OriginKind.COUNT, OriginKind.RESPONSE, OriginKind.HANDLE})
OF_CONSTANTS = frozenset({OriginKind.CONST, OriginKind.FUNCTION, OriginKind.MODULE, OriginKind.INSTANCE})
CHANGED = OF_EFFECTS | OF_CONSTANTS | {
    OriginKind.PARAM, OriginKind.SELF, OriginKind.RESULT, OriginKind.ERROR, OriginKind.CALLBACK, OriginKind.ARGUMENT
}  # fmt: skip
UNCHANGED = frozenset(OriginKind) - CHANGED  # the same in every function
Lookup = Callable[[str], FunctionSummary | None]
Step = tuple[str, int, int]  # kind of the item, its number, and the inline function that contains it, or NONE
Plan = tuple[tuple[Step, ...], tuple[int, ...]]  # the steps in order, and the inline functions that are placed later


class Frame:
    """One function being inlined: maps its numbers to those of the result."""

    __slots__ = (
        "arguments",
        "calls",
        "depth",
        "effects",
        "facts",
        "is_pure",
        "items",
        "me",
        "path",
        "regions",
        "results",
        "summary",
        "values",
    )

    def __init__(
        self, summary: FunctionSummary, arguments: Mapping[int, Value], me: Value, calls: tuple[Place, ...], depth: int
    ) -> None:
        self.summary, self.arguments, self.me, self.calls, self.depth = summary, arguments, me, calls, depth
        self.path = summary.path
        self.regions: dict[int, int] = {}
        self.effects: dict[int, int] = {}
        self.facts: dict[int, int] = {}
        self.results: dict[int, Value] = {}  # by number of the call; invokes at -2 - number
        self.values: dict[int, int] = {}
        self.items: dict[int, list[tuple[str, int]]] = {}
        self.is_pure = False  # only its value is needed: calls are evaluated when something needs their result


class Instance:
    """The attributes of a new object, as its constructor set them."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Value]) -> None:
        self.fields = fields


class Expansion:
    """The tables of the result while they are being built."""

    def __init__(
        self,
        lookup: Lookup,
        is_authenticating: Callable[[str], bool],
        impurity: Callable[[str], int | None] = lambda name: ACTS,
        plans: dict[str, Plan] | None = None,
        is_entity: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._is_entity = is_entity
        self._lookup, self._authenticates, self._impurity = lookup, is_authenticating, impurity
        self._plans = {} if plans is None else plans
        self._values: dict[Value, int] = {}
        self._listed: list[Value] = []
        self._constants: dict[tuple[type, object], int] = {}
        self._named: list[object] = []  # the constants, in the order of their numbers
        self._choices: dict[tuple[Frame, str, int], int] = {}
        self.regions: list[Region] = []
        self._lasts: list[int] = []
        self.facts: list[Fact] = []
        self.effects: list[Effect] = []
        self.calls: list[CallSite] = []
        self.order = 0
        self.is_complete = True
        self.truncated = 0
        self.inlined = 0
        self._instances: dict[int, Instance] = {}  # by number of the INSTANCE-making call in the result
        self._closures: dict[int, tuple[Frame, int]] = {}  # region in the result → the frame and region it came from
        self._stack: list[str] = []
        self._injected: dict[str, Value] = {}  # dependencies that the framework has already called for this request

    # ── entry ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def run(self, summary: FunctionSummary, arguments: Mapping[int, Value]) -> FunctionSummary:
        frame = Frame(summary, arguments, (Origin(OriginKind.SELF),), (), 0)
        self._open(Region(RegionKind.BODY, NONE, summary.start, summary.end, path=summary.path))
        frame.regions[0] = 0
        self._stack.append(summary.name)
        self._emit(frame)
        returns = tuple(dict.fromkeys(self.value(frame, number) for number in summary.returns))
        return replace(
            summary,
            values=tuple(self._values),
            constants=tuple(self._named),  # type: ignore[arg-type]
            regions=self._placed_regions(),
            facts=tuple(self.facts),
            effects=tuple(self.effects),
            calls=tuple(self.calls),
            invokes=(),
            returns=returns,
            complete=self.is_complete and summary.complete,
            truncated=self.truncated,
        )

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def intern(self, value: Value) -> int:
        number = self._values.setdefault(value, len(self._values))
        if number == len(self._listed):
            self._listed.append(value)
        return number

    def _choice(self, frame: Frame, kind: str, choice: int) -> int:
        """A choice's number in the result; choices of different functions are distinct."""
        return NONE if choice == NONE else self._choices.setdefault((frame, kind, choice), len(self._choices))

    def _open(self, region: Region) -> int:
        self.regions.append(region)
        self._lasts.append(self.order)
        return len(self.regions) - 1

    def constant(self, constant: object) -> int:
        number = self._constants.setdefault((type(constant), constant), len(self._named))
        if number == len(self._named):
            self._named.append(constant)
        return number

    def value(self, frame: Frame, number: int) -> int:
        """The number of a frame's value in the result."""
        if number == NONE:
            return NONE
        if (known := frame.values.get(number)) is not None:
            return known
        origins = self.origins(frame, frame.summary.values[number])
        mapped = self.intern(origins)
        if origins != UNKNOWN:  # what is unknown now may be known once a call is inlined
            frame.values[number] = mapped
        return mapped

    def origins(self, frame: Frame, value: Value) -> Value:
        """A frame's origins in terms of the result."""
        if len(value) == 1:
            return self._origin(frame, value[0])
        return merge([self._origin(frame, origin) for origin in value])

    def _origin(self, frame: Frame, origin: Origin) -> Value:
        kind = origin.kind
        if kind in UNCHANGED:
            return (origin,)
        if kind in OF_EFFECTS:
            ref = frame.effects.get(origin.ref, NONE)
            return (Origin(kind, ref, origin.path, origin.via),) if ref != NONE else UNKNOWN
        if kind is OriginKind.PARAM:
            given = frame.arguments.get(origin.ref)
            if given is None:
                return (origin,) if frame.depth == 0 else UNKNOWN
            return self._continued(given, origin)
        if kind is OriginKind.SELF:
            return self._continued(frame.me, origin) if frame.depth else (origin,)
        if kind is OriginKind.RESULT:
            given = frame.results.get(origin.ref)
            if given is None:
                given = self._value_of_call(frame, origin.ref) if frame.is_pure and origin.ref >= 0 else UNKNOWN
            return self._continued(given, origin)
        if kind in OF_CONSTANTS:
            return (Origin(kind, self.constant(frame.summary.constants[origin.ref]), origin.path, origin.via),)
        if kind in (OriginKind.ERROR, OriginKind.CALLBACK):
            return (Origin(kind, frame.regions.get(origin.ref, NONE), origin.path, origin.via),)
        if kind is OriginKind.ARGUMENT:
            given = frame.results.get(-1000 - origin.ref)
            return self._continued(given, origin) if given is not None else UNKNOWN
        return (origin,)

    def _continued(self, base: Value, origin: Origin, followed: tuple[tuple[int, str], ...] = ()) -> Value:
        """The origins of a base, extended by a path; attributes of new objects are those that their constructor set.

        followed: objects and attributes followed so far; one that refers to itself is not followed again.
        """
        if not origin.path and not origin.via and len(base) == 1:
            return base
        found: list[Value] = []
        for each in base:
            path = (*each.path, *origin.path)
            if each.kind is OriginKind.RESULT and each.ref in self._instances and path:
                field = self._instances[each.ref].fields.get(path[0])
                step = (each.ref, path[0])
                if field is not None and step not in followed:
                    rest = Origin(OriginKind.UNKNOWN, NONE, path[1:], each.via | origin.via)
                    found.append(self._continued(field, rest, (*followed, step)))
                    continue
            found.append((Origin(each.kind, each.ref, path[:PATH_KEPT], each.via | origin.via),))
        return found[0] if len(found) == 1 else merge(found)

    # ── items ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _emit(self, frame: Frame) -> None:
        """Add all items of the frame in order; inline functions are added where they are called."""
        steps, held = self._plan(frame.summary)
        frame.items = {region: [] for region in held}
        for kind, number, holder in steps:
            if holder != NONE:
                frame.items[holder].append((kind, number))
            else:
                self._item(frame, kind, number)

    def _plan(self, summary: FunctionSummary) -> Plan:
        """The items of a function in order, computed once however often it is inlined."""
        if (plan := self._plans.get(summary.name)) is None:
            plan = self._plans[summary.name] = planned(summary)
        return plan

    def _item(self, frame: Frame, kind: str, number: int) -> None:
        self.order += 1
        if kind == "region":
            self._region(frame, number)
        elif kind == "fact":
            self._fact(frame, number)
        elif kind == "effect":
            self._effect(frame, number)
        elif kind == "call":
            self._call(frame, number)
        else:
            self._invoke(frame, number)

    def _region(self, frame: Frame, number: int, parent: int | None = None) -> int:
        region = frame.summary.regions[number]
        frame.regions[number] = len(self.regions)
        outer = frame.regions[region.parent] if parent is None else parent
        return self._open(
            replace(
                region,
                parent=outer,
                value=NONE if region.kind is RegionKind.CALLBACK else self.value(frame, region.value),
                fact=frame.facts.get(region.fact, NONE),
                choice=self._choice(frame, "region", region.choice),
                order=self.order,
                path=frame.path,
            )
        )

    def _placed_regions(self) -> tuple[Region, ...]:
        """The regions, each extended to include its content. An outer region always precedes its inner ones."""
        lasts = self._lasts
        for number in range(len(lasts) - 1, 0, -1):
            outer = self.regions[number].parent
            if outer != NONE and lasts[outer] < lasts[number]:
                lasts[outer] = lasts[number]
        return tuple([replace(each, last=last) for each, last in zip(self.regions, lasts, strict=True)])

    def _fact(self, frame: Frame, number: int) -> None:
        fact = frame.summary.facts[number]
        frame.facts[number] = len(self.facts)
        region = frame.regions[fact.region]
        self._lasts[region] = self.order
        self.facts.append(
            replace(
                fact,
                region=region,
                order=self.order,
                receiver=self.value(frame, fact.receiver),
                result=self.value(frame, fact.result),
                args=tuple([(name, self.value(frame, value)) for name, value in fact.args]) if fact.args else (),
                tests=tuple([self._comparison(frame, each) for each in fact.tests]) if fact.tests else (),
                path=frame.path,
            )
        )

    def _comparison(self, frame: Frame, atom: Comparison) -> Comparison:
        return Comparison(self.value(frame, atom.left), atom.op, self.value(frame, atom.right), atom.negated)

    def _effect(self, frame: Frame, number: int) -> None:
        effect = frame.summary.effects[number]
        if len(self.effects) >= EFFECTS_KEPT:
            self.truncated += 1
            self.is_complete = False
            return
        target = self._target(frame, effect)
        if target is None:
            return
        region = frame.regions[effect.region]
        frame.effects[number] = placed = len(self.effects)
        self._lasts[region] = self.order
        self.effects.append(effect)  # its own number is known to values that refer to it
        self.effects[placed] = replace(
            effect,
            target=target,
            region=region,
            order=self.order,
            where=tuple(Cond(c.column, c.op, self.value(frame, c.value)) for c in effect.where),
            puts=tuple(Put(p.column, self.value(frame, p.value), p.relative) for p in effect.puts),
            handle=self._handle(frame, effect),
            result=self.value(frame, effect.result),
            row=self.value(frame, effect.row),
            args=tuple((name, self.value(frame, value)) for name, value in effect.args),
            path=frame.path,
            calls=frame.calls,
            function=frame.summary.name,
        )

    def _handle(self, frame: Frame, effect: Effect) -> int:
        """The handle; for an attribute write or a lazy read, the one on which the row was read."""
        if effect.handle != NONE or effect.row == NONE:
            return self.value(frame, effect.handle)
        for origin in self._listed[self.value(frame, effect.row)]:
            if origin.kind is OriginKind.ROW and 0 <= origin.ref < len(self.effects):
                return self.effects[origin.ref].handle
        return NONE

    def _target(self, frame: Frame, effect: Effect) -> Target | None:
        """The target of an effect once the value that determines it is known; None when it is not an effect."""
        target = effect.target
        if target.ref == NONE or target.kind is not TargetKind.ENTITY:
            return replace(target, ref=self.value(frame, target.ref)) if target.ref != NONE else target
        number = self.value(frame, target.ref)
        for origin in self._listed[number]:
            is_class = origin.kind is OriginKind.MODULE and not origin.path and not effect.traits & Trait.ATTRIBUTE
            if is_class and self._is_entity(name := str(self._named[origin.ref])):
                return Target(TargetKind.ENTITY, name)
            if (
                origin.kind is OriginKind.ROW
                and not origin.path
                and not origin.via & (Via.ARITH | Via.CONCAT | Via.OPAQUE)
            ):
                row = self.effects[origin.ref] if 0 <= origin.ref < len(self.effects) else None
                if row is not None and row.traits & Trait.TRACKED and row.target.kind is TargetKind.ENTITY:
                    return Target(TargetKind.ENTITY, row.target.name)
            if origin.kind is OriginKind.INSTANCE:
                name = str(self._named[origin.ref])
                return Target(TargetKind.ENTITY, name) if not effect.traits & Trait.ATTRIBUTE else None
        if effect.traits & Trait.ATTRIBUTE:
            return None
        return Target(TargetKind.ENTITY, "", number)

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _call(self, frame: Frame, number: int) -> None:
        call = frame.summary.calls[number]
        region = frame.regions[call.region]
        self._lasts[region] = self.order
        placed = len(self.calls)
        arguments = tuple((name, self.value(frame, value)) for name, value in call.args)
        self.calls.append(replace(call, region=region, order=self.order, args=arguments, result=NONE, callbacks=()))
        if call.is_injected and (made := self._injected.get(call.candidates[0])) is not None:
            frame.results[number] = made
            self.calls[placed] = replace(self.calls[placed], result=self.intern(made))
            return
        values = {name: self._values_at(value) for name, value in arguments}
        for name, callback in call.callbacks:
            values[name] = (Origin(OriginKind.CALLBACK, self._closure(frame, callback)),)
        found = [summary for name in call.candidates[:3] if (summary := self._enter(name, frame.depth, call.known))]
        results: list[Value] = []
        for summary in found:
            if self._is_pure(summary, values):
                results.append(self._value_of(frame, call, summary, values, placed))
                continue
            choice = self._choice(frame, "call", number) if len(found) > 1 else NONE
            results.append(self._inline(frame, call, summary, values, region, choice, placed))
        if not found:
            results.append(self._opaque(values, placed, call))
        for _, callback in call.callbacks:
            if callback not in frame.regions:
                self._place_callback(frame, callback, region, ())
        frame.results[number] = merge(results)
        if call.is_injected:
            self._injected[call.candidates[0]] = frame.results[number]
        self.calls[placed] = replace(self.calls[placed], result=self.intern(frame.results[number]))

    def _values_at(self, number: int) -> Value:
        return self._listed[number] if number != NONE else UNKNOWN

    def _enter(self, name: str, depth: int, known: Known) -> FunctionSummary | None:
        if known <= Known.GUESSED or name in self._stack:
            return None
        summary = self._lookup(name)
        if summary is None:
            return None
        if depth >= DEEPEST or self.inlined >= INLINED[depth]:
            self.truncated += 1
            self.is_complete = False
            return None
        return summary

    # ── calls of which only the value is needed ──────────────────────────────────────────────────────────────────────
    def _is_pure(self, summary: FunctionSummary, values: Mapping[str, Value]) -> bool:
        impurity = self._impurity(summary.name)
        if impurity is None or self._authenticates(summary.name) or not is_pure(impurity, values.values()):
            return False
        if impurity & NOT_UNDERSTOOD:
            self.is_complete = False
        return True

    def _value_of_call(self, frame: Frame, number: int) -> Value:
        """The result of a call inside a pure function."""
        call = frame.summary.calls[number]
        frame.results[number] = UNKNOWN  # for a call whose arguments depend on its own result
        values = {name: self._values_at(self.value(frame, value)) for name, value in call.args}
        names = call.candidates[:3] if call.known > Known.GUESSED and frame.depth < DEEPEST else ()
        found = [summary for name in names if name not in self._stack and (summary := self._lookup(name)) is not None]
        if found:
            results = [self._value_of(frame, call, summary, values, NONE) for summary in found]
        else:
            results = [self._opaque(values, NONE, call)]
        frame.results[number] = merge(results)
        return frame.results[number]

    def _value_of(
        self, frame: Frame, call: CallSite, summary: FunctionSummary, values: Mapping[str, Value], placed: int
    ) -> Value:
        """The result of a pure function for these arguments; for a constructor, the object with its attributes."""
        calls = (*frame.calls, Place(frame.path, call.start, call.end))
        inner = Frame(summary, self._bind(summary, values), values.get("self", UNKNOWN), calls, frame.depth + 1)
        inner.is_pure = True
        is_constructor = summary.name.rpartition(".")[2] in CONSTRUCTORS
        if is_constructor:
            if placed == NONE:
                placed = len(self.calls)
                self.calls.append(replace(call, region=0, order=self.order, args=(), result=NONE, callbacks=()))
            inner.me = (Origin(OriginKind.RESULT, placed),)
            self._instances[placed] = Instance({})
        self._stack.append(summary.name)
        if is_constructor:
            fields = {name: self._values_at(self.value(inner, value)) for name, value in summary.fields}
            self._instances[placed].fields.update(fields)
            result = inner.me
        else:
            result = merge([self._values_at(self.value(inner, value)) for value in summary.returns])
        self._stack.pop()
        return merge(((Origin(OriginKind.PRINCIPAL),), result)) if self._authenticates(summary.name) else result

    def _opaque(self, values: Mapping[str, Value], placed: int, call: CallSite) -> Value:
        """The result of a function that is not inlined: derived from all of its arguments."""
        origins = merge(
            tuple(Origin(o.kind, o.ref, o.path, o.via | Via.OPAQUE) for o in value if o.kind is not OriginKind.CONST)
            for value in values.values()
        )
        if any(self._authenticates(name) for name in call.candidates):
            origins = merge(((Origin(OriginKind.PRINCIPAL),), origins))
        return origins or UNKNOWN

    def _inline(
        self,
        frame: Frame,
        call: CallSite,
        summary: FunctionSummary,
        values: Mapping[str, Value],
        region: int,
        choice: int,
        placed: int,
    ) -> Value:
        self.inlined += 1
        is_later = summary.is_async and not call.is_awaited
        kind = RegionKind.DEFERRED if is_later else RegionKind.CALL
        self.order += 1
        number = self._open(
            Region(
                kind,
                region,
                call.start,
                call.end,
                choice=choice,
                order=self.order,
                detail=summary.name,
                path=frame.path,
            )
        )
        inner = Frame(
            summary,
            {**(self._asked(summary) if call.is_injected else {}), **self._bind(summary, values)},
            values.get("self", UNKNOWN),
            (*frame.calls, Place(frame.path, call.start, call.end)),
            frame.depth + 1,
        )
        is_constructor = summary.name.rpartition(".")[2] in CONSTRUCTORS
        if is_constructor:
            inner.me = (Origin(OriginKind.RESULT, placed),)
            self._instances[placed] = Instance({})
        inner.regions[0] = number
        self._stack.append(summary.name)
        self._emit(inner)
        self._stack.pop()
        self._lasts[number] = self.order
        if is_constructor:
            self._instances[placed].fields.update(
                {name: self._values_at(self.value(inner, value)) for name, value in summary.fields}
            )
            return (Origin(OriginKind.RESULT, placed),)
        result = merge(self._values_at(self.value(inner, value)) for value in summary.returns)
        if self._authenticates(summary.name):
            result = merge(((Origin(OriginKind.PRINCIPAL),), result))
        if not summary.complete:
            self.is_complete = False
        return result

    @staticmethod
    def _asked(summary: FunctionSummary) -> dict[int, Value]:
        """The parameters of a dependency, which the framework takes from the request like those of a handler."""
        return {number: (Origin(OriginKind.REQUEST, NONE, (name,)),) for number, name in enumerate(summary.parameters)}

    @staticmethod
    def _bind(summary: FunctionSummary, values: Mapping[str, Value]) -> dict[int, Value]:
        """Arguments by parameter number."""
        names = summary.parameters
        first = 1 if names and names[0] in ("self", "cls") else 0
        bound: dict[int, Value] = {}
        for name, value in values.items():
            if name.isdigit():
                bound[int(name) + first] = value
            elif name in names:
                bound[names.index(name)] = value
        return bound

    # ── functions that are passed ────────────────────────────────────────────────────────────────────────────────────
    def _closure(self, frame: Frame, callback: int) -> int:
        """A number that identifies an inline function until it is placed."""
        key = -(len(self._closures) + 10)
        self._closures[key] = (frame, callback)
        return key

    def _invoke(self, frame: Frame, number: int) -> None:
        """The callee calls a parameter: the passed function is placed here."""
        invoke = frame.summary.invokes[number]
        region = frame.regions[invoke.region]
        given = frame.arguments.get(invoke.param, UNKNOWN)
        arguments = tuple(self._values_at(self.value(frame, value)) for value in invoke.args)
        results: list[Value] = []
        for origin in given:
            if origin.kind is OriginKind.CALLBACK and origin.ref in self._closures:
                owner, callback = self._closures[origin.ref]
                if callback not in owner.regions:
                    results.append(self._place_callback(owner, callback, region, arguments))
            elif origin.kind is OriginKind.FUNCTION:
                name = str(self._named[origin.ref])
                summary = self._enter(name, frame.depth, Known.EXACT)
                if summary is not None:
                    call = CallSite(
                        frame.summary.start, frame.summary.start, invoke.region, 0, (name,), Known.EXACT, (), NONE, True
                    )
                    placed = len(self.calls)
                    self.calls.append(replace(call, region=region, order=self.order))
                    values = {str(position): value for position, value in enumerate(arguments)}
                    results.append(self._inline(frame, call, summary, values, region, NONE, placed))
        frame.results[-2 - number] = merge(results) or UNKNOWN

    def _place_callback(self, frame: Frame, callback: int, parent: int, arguments: Sequence[Value]) -> Value:
        """Put an inline function into the region where it is called."""
        for position, value in enumerate(arguments[:8]):
            frame.results[-1000 - (callback * 8 + position)] = value
        self.order += 1
        placed = self._region(frame, callback, parent)
        for kind, number in frame.items.get(callback, ()):
            if kind == "region" and number == callback:
                continue
            self._item(frame, kind, number)
        self._lasts[placed] = self.order
        given = frame.summary.regions[callback].value
        self.regions[placed] = replace(self.regions[placed], value=self.value(frame, given))
        return self._values_at(self.value(frame, given))


def planned(summary: FunctionSummary) -> Plan:
    """The steps of a function, and those inside inline functions, which are placed when a callee calls them."""
    held = frozenset(region for call in summary.calls for _, region in call.callbacks)
    steps: list[tuple[int, str, int]] = []
    steps += ((each.order, "fact", n) for n, each in enumerate(summary.facts))
    steps += ((each.order, "effect", n) for n, each in enumerate(summary.effects))
    steps += ((each.order, "call", n) for n, each in enumerate(summary.calls))
    steps += ((each.order, "invoke", n) for n, each in enumerate(summary.invokes))
    steps += ((each.order, "region", n) for n, each in enumerate(summary.regions) if n)
    steps.sort()
    tables: Mapping[str, Sequence[Fact | Effect | CallSite | Invoke]] = {
        "fact": summary.facts,
        "effect": summary.effects,
        "call": summary.calls,
        "invoke": summary.invokes,
    }

    def holder(kind: str, number: int) -> int:
        region = number if kind == "region" else tables[kind][number].region
        outermost = NONE
        while region != NONE:
            outermost = region if region in held else outermost
            region = summary.regions[region].parent
        return outermost

    return tuple((kind, n, holder(kind, n) if held else NONE) for _, kind, n in steps), tuple(held)
